/** `spec.proxy`: connection pooling. */
import { container, secretProjection, volumeProjection } from '../kubernetes/embedded.ts';
import { integer, intOrString, list, map, object, required, string } from '../schema/builders.ts';
import { metadata, scheduling, service, sidecar, strict, topologySpreadConstraints, volumes } from './shared.ts';

const config = object('Settings of PgBouncer.', {
  global: map('Settings of the section [pgbouncer] of pgbouncer.ini. They win over those of the operator.', string(''), {
    mapType: 'granular',
    maxProperties: 50,
    rules: [
      {
        rule: "!has(self.logfile) || self.logfile.endsWith('.log')",
        message: 'the name of the log file has to end in .log',
        fieldPath: '.logfile',
      },
    ],
  }),
  databases: map('Databases of pgbouncer.ini: name → connection string. Absent: every name leads to the primary.', string('')),
  users: map('Users of pgbouncer.ini: name → settings.', string('')),
  files: list(
    'Files from ConfigMaps and Secrets, to be read at /etc/pgbouncer. pgbouncer.ini among them is read before all else.',
    volumeProjection(),
  ),
});

const pgBouncer = object(
  'A pooler with PgBouncer, reached by Service CLUSTER-pgbouncer.',
  {
    replicas: integer('Number of pods.', { format: 'int32', minimum: 0, default: 1 }),
    minAvailable: intOrString('How many pods a voluntary disruption, like a node drain, has to leave. 0: no PodDisruptionBudget.', {
      assumed: '1 with more than one replica, otherwise none',
    }),
    port: integer('Port that PgBouncer listens on. A change restarts it.', { format: 'int32', minimum: 1024, default: 5432 }),
    image: string('Image of PgBouncer.', { assumed: "the operator's" }),
    config,
    customTLSSecret: secretProjection(
      'Certificate that clients see, with its key and CA (tls.crt, tls.key, ca.crt). Absent: one of the operator.',
      {
        mapType: 'atomic',
      },
    ),
    service: service('Service CLUSTER-pgbouncer.'),
    metadata: metadata('everything that belongs to the pooler'),
    containers: list('Containers of your own in each pod.', container()),
    sidecars: object("The operator's helper containers.", {
      pgbouncerConfig: sidecar('The container that reloads the configuration.'),
    }),
    volumes: volumes('the pooler'),
    ...scheduling('the pooler'),
    topologySpreadConstraints: topologySpreadConstraints('the pooler'),
  },
  {
    rules: [
      {
        rule: "!self.?config.global.logfile.hasValue() || self.config.global.logfile.startsWith('/tmp/logs/pgbouncer/') || (self.?volumes.additional.hasValue() && self.volumes.additional.exists(v, self.config.global.logfile.startsWith('/volumes/' + v.name)))",
        message: 'the log file has to be below /tmp/logs/pgbouncer or in one of the additional volumes: /volumes/NAME/…',
        fieldPath: '.config.global.logfile',
        versions: strict,
      },
    ],
  },
);

export const proxy = object('Connection pooling.', { pgBouncer: required(pgBouncer) });
