/** `spec.instrumentation`: logs and metrics by OpenTelemetry. */
import { envVar, resourceRequirements, volumeProjection } from '../kubernetes/embedded.ts';
import { atomicList, boolean, freeForm, integer, list, listMap, map, object, required, set, string } from '../schema/builders.ts';
import { configMapKey } from './shared.ts';

/** Whole numbers with a unit: the API server's own check of format duration lets through fractions that it then misreads. */
const shortDuration = '^((PT)?( *[0-9]+ *(?i:(ms|s|m)|(milli|sec|min)s?))+|0)$';
const longDuration = '^(PT)?( *[0-9]+ *(?i:(h|hr|d|w|wk)|(hour|day|week)s?))+$';

const config = object('Settings of the collector.', {
  detectors: listMap(
    'Resource detectors, in the order in which they run: each adds attributes to all logs and metrics.',
    ['name'],
    object(
      '',
      {
        name: required(string('Name of the detector: aks, eks, gcp and so on.', { minLength: 1, maxLength: 20 })),
        attributes: map('Attributes to add (true) or to leave out (false). Others: as the detector does it.', boolean(''), {
          mapType: 'atomic',
          minProperties: 1,
          maxProperties: 30,
        }),
      },
      { mapType: 'atomic' },
    ),
    { minItems: 1, maxItems: 10 },
  ),
  exporters: freeForm("Section exporters of the collector's configuration."),
  environmentVariables: atomicList(
    'Environment variables of the collector.',
    envVar({
      rules: [
        {
          rule: "!(self.name in ['K8S_POD_NAMESPACE', 'K8S_POD_NAME', 'PGPASSWORD'])",
          message: 'the operator sets K8S_POD_NAMESPACE, K8S_POD_NAME and PGPASSWORD itself',
          fieldPath: '.name',
          reason: 'FieldValueForbidden',
        },
      ],
    }),
    { minItems: 1 },
  ),
  files: atomicList('Files from ConfigMaps and Secrets, to be read at /etc/otel-collector.', volumeProjection(), { minItems: 1 }),
});

const logs = object('Logs.', {
  exporters: set("Exporters that logs go to. Absent: the collector's own output.", string(''), { minItems: 1 }),
  batches: object(
    'How many log records are sent together.',
    {
      maxDelay: string('Longest time that a record waits, up to 5 minutes. 0 together with minRecords 0: no batches.', {
        format: 'duration',
        pattern: shortDuration,
        minLength: 1,
        maxLength: 20,
        default: '200ms',
        rules: [{ rule: "duration('0') <= self && self <= duration('5m')", message: 'has to be between 0 and 5 minutes' }],
      }),
      maxRecords: integer('A batch of this size is sent without waiting.', { format: 'int32', minimum: 1 }),
      minRecords: integer('Number of records to wait for. 0 together with maxDelay 0: no batches.', {
        format: 'int32',
        minimum: 0,
        default: 8192,
      }),
    },
    {
      mapType: 'atomic',
      rules: [
        {
          rule: "(has(self.minRecords) && self.minRecords == 0) == (has(self.maxDelay) && self.maxDelay == duration('0'))",
          message: 'for no batches both minRecords and maxDelay have to be 0',
        },
        {
          rule: '!has(self.maxRecords) || !has(self.minRecords) || self.minRecords <= self.maxRecords',
          message: 'minRecords may not be above maxRecords',
          fieldPath: '.minRecords',
        },
      ],
    },
  ),
  retentionPeriod: string('How long log files stay on the volume, from one hour to a year: 12h, 3 days, 4 weeks.', {
    format: 'duration',
    pattern: longDuration,
    minLength: 1,
    maxLength: 20,
    rules: [{ rule: "duration('1h') <= self && self <= duration('8760h')", message: 'has to be between one hour and one year (8760h)' }],
  }),
});

const queries = object('', {
  name: required(string('Name of the receiver for these queries.', { pattern: '^[^\\pZ\\pC\\pS]+$', maxLength: 20 })),
  queries: required(configMapKey("Where the queries are, in the form of the collector's sqlquery receiver.")),
  databases: list('Databases in which the queries run.', string(''), { assumed: 'postgres' }),
  collectionInterval: string('Time between two runs, up to an hour.', {
    format: 'duration',
    pattern: shortDuration,
    minLength: 1,
    maxLength: 20,
    default: '5s',
    rules: [{ rule: "duration('0') <= self && self <= duration('60m')", message: 'has to be between 0 and 60 minutes' }],
  }),
});

const metrics = object('Metrics.', {
  exporters: set('Exporters that metrics go to, beside Prometheus.', string(''), { minItems: 1 }),
  perDBMetricTargets: list('Databases of which metrics of their own are collected.', string('')),
  customQueries: object('Metrics of your own.', {
    add: list('Queries to run beside the built-in ones.', queries),
    remove: list('Built-in metrics to leave out.', string('')),
  }),
});

export const instrumentation = object('Logs and metrics by an OpenTelemetry collector beside PostgreSQL, PgBouncer and pgBackRest.', {
  image: string('Image of the collector.', { assumed: "the operator's" }),
  resources: resourceRequirements('CPU and memory of a collector.'),
  config,
  logs,
  metrics,
});
