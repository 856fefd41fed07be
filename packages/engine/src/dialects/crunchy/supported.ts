/**
 * What of a manifest is carried out, field by field, so that nothing is lost in silence: every field that is present and not carried out yet
 * becomes a finding with its path. Paths are those of the schema: `[]` stands for each item of a list.
 */
import type { Manifest } from '../dialect.ts';
import { annotations } from './profile.ts';
import type { Field } from './fields.ts';
import { at, isObject, isPresent, itemsOf, membersOf, report } from './fields.ts';

/** Fields that are carried out, with everything below them. */
export const supported: readonly string[] = [
  'authentication.rules',
  'backups.pgbackrest.configuration',
  'backups.pgbackrest.global',
  'backups.pgbackrest.image',
  'backups.pgbackrest.jobs.affinity',
  'backups.pgbackrest.jobs.priorityClassName',
  'backups.pgbackrest.jobs.resources',
  'backups.pgbackrest.jobs.tolerations',
  'backups.pgbackrest.jobs.ttlSecondsAfterFinished',
  'backups.pgbackrest.metadata',
  'backups.pgbackrest.repoHost.affinity',
  'backups.pgbackrest.repoHost.priorityClassName',
  'backups.pgbackrest.repoHost.resources',
  'backups.pgbackrest.repoHost.tolerations',
  'backups.pgbackrest.repoHost.topologySpreadConstraints',
  'backups.pgbackrest.repos[].name',
  'backups.pgbackrest.repos[].volume.volumeClaimSpec',
  'backups.pgbackrest.sidecars.pgbackrest.resources',
  'backups.pgbackrest.sidecars.pgbackrestConfig.resources',
  'config.files',
  'config.parameters',
  'customReplicationTLSSecret',
  'customTLSSecret',
  'disableDefaultPodScheduling',
  'image',
  'imagePullPolicy',
  'imagePullSecrets',
  'instances[].affinity',
  'instances[].containers',
  'instances[].dataVolumeClaimSpec',
  'instances[].metadata',
  'instances[].minAvailable',
  'instances[].name',
  'instances[].priorityClassName',
  'instances[].replicas',
  'instances[].resources',
  'instances[].sidecars.replicaCertCopy.resources',
  'instances[].tolerations',
  'instances[].topologySpreadConstraints',
  'instances[].volumes.additional',
  'instances[].volumes.temp',
  'instances[].walVolumeClaimSpec',
  'metadata',
  'openshift',
  'patroni.dynamicConfiguration',
  'patroni.leaderLeaseDurationSeconds',
  'patroni.logging',
  'patroni.port',
  'patroni.syncPeriodSeconds',
  'paused',
  'port',
  'postgresVersion',
  'replicaService',
  'service',
  'shutdown',
  'supplementalGroups',
  'users',
];

interface Feature {
  /** Completes "… is not carried out yet". */
  readonly what: string;
  /** Whether the value asks for anything at all. */
  readonly asks: (value: unknown) => boolean;
  /** To go on without it would do harm, so nothing is made or changed. Its text says what the harm is. */
  readonly harm?: string;
}

const always = (): boolean => true;

/** There is something in it, however deep. */
const filled = (value: unknown): boolean => {
  if (Array.isArray(value)) return value.length > 0;
  if (isObject(value)) return Object.values(value).some(filled);
  return value !== undefined && value !== null;
};

const unless = (name: string, state: boolean) => (value: unknown) => !isObject(value) || value[name] !== state;
const onlyIf = (name: string, state: boolean) => (value: unknown) => isObject(value) && value[name] === state;

const growth: Feature = { what: 'growing a volume that fills up', asks: filled };
const objectStore: Feature = { what: 'a repository in an object store', asks: always };
const furtherVolumes: Feature = { what: 'mounting further volumes here', asks: filled };
const logFiles: Feature = { what: 'logging of pgBackRest to another directory', asks: filled };

/** Fields whose meaning is known and not carried out yet. They win over `supported`. */
const features: Readonly<Record<string, Feature>> = {
  'backups.pgbackrest.jobs.log': logFiles,
  'backups.pgbackrest.jobs.volumes': furtherVolumes,
  'backups.pgbackrest.log': logFiles,
  'backups.pgbackrest.manual': { what: 'a backup on demand', asks: filled },
  'backups.pgbackrest.repoHost.log': logFiles,
  'backups.pgbackrest.repoHost.volumes': furtherVolumes,
  'backups.pgbackrest.repos[].azure': objectStore,
  'backups.pgbackrest.repos[].gcs': objectStore,
  'backups.pgbackrest.repos[].s3': objectStore,
  'backups.pgbackrest.repos[].schedules': { what: 'a backup by schedule', asks: filled },
  'backups.pgbackrest.repos[].volume.volumeClaimSpec.autoGrow': growth,
  'backups.pgbackrest.repos[].volume.volumeClaimSpec.resources.limits.storage': growth,
  'backups.pgbackrest.restore': { what: 'a restore in place', asks: onlyIf('enabled', true) },
  'backups.snapshots': { what: 'a backup by volume snapshots', asks: always },
  databaseInitSQL: { what: 'running SQL once after the creation', asks: filled },
  dataSource: {
    what: 'creating a cluster from existing data',
    asks: filled,
    harm: 'an empty database would be created in its place, so nothing is made',
  },
  'instances[].dataVolumeClaimSpec.autoGrow': growth,
  'instances[].dataVolumeClaimSpec.resources.limits.storage': growth,
  'instances[].tablespaceVolumes': { what: 'volumes for tablespaces', asks: filled },
  'instances[].walVolumeClaimSpec.autoGrow': growth,
  'instances[].walVolumeClaimSpec.resources.limits.storage': growth,
  instrumentation: { what: 'collecting logs and metrics with OpenTelemetry', asks: always },
  'monitoring.pgmonitor.exporter': { what: 'the metrics exporter', asks: always },
  'patroni.switchover': { what: 'a switchover on demand', asks: unless('enabled', false) },
  postGISVersion: { what: 'PostGIS', asks: filled },
  'proxy.pgBouncer': { what: 'connection pooling with PgBouncer', asks: always },
  standby: {
    what: 'a standby cluster',
    asks: unless('enabled', false),
    harm: 'it would become a primary of its own in its place, so nothing is made or changed',
  },
  'userInterface.pgAdmin': { what: 'pgAdmin', asks: always },
};

/** Fields that have no effect in the original either. */
const deprecated: ReadonlySet<string> = new Set(['backups.pgbackrest.repoHost.sshConfigMap', 'backups.pgbackrest.repoHost.sshSecret']);

const supportedPaths: ReadonlySet<string> = new Set(supported);

/** Every proper beginning of a path in the tables: what lies there is only the way to something else. */
const ways: ReadonlySet<string> = new Set(
  [...supported, ...Object.keys(features), ...deprecated].flatMap((path) => {
    const names = path.split('.');
    return names.slice(1).flatMap((_, index) => {
      const way = names.slice(0, index + 1).join('.');
      return way.endsWith('[]') ? [way.slice(0, -2), way] : [way];
    });
  }),
);

const reportFeature = (field: Field, feature: Feature): void => {
  if (!feature.asks(field.value)) return;
  report(field, {
    kind: 'unsupported',
    reason: 'NotYetSupported',
    message: `${feature.what} is not carried out yet; ${feature.harm ?? 'the cluster runs without it'}`,
    blocking: feature.harm !== undefined,
  });
};

const walk = (field: Field, path: string, skip: ReadonlySet<string>): void => {
  if (!isPresent(field) || skip.has(path)) return;
  const feature = Object.hasOwn(features, path) ? features[path] : undefined;
  if (feature !== undefined) {
    reportFeature(field, feature);
  } else if (deprecated.has(path)) {
    report(field, { kind: 'warning', reason: 'DeprecatedField', message: 'the field has had no effect for long; remove it' });
  } else if (ways.has(`${path}[]`)) {
    for (const item of itemsOf(field)) walk(item, `${path}[]`, skip);
  } else if (path === '' || ways.has(path)) {
    for (const member of membersOf(field)) {
      const below = path === '' ? member.name : `${path}.${member.name}`;
      // What is below a supported field is supported, but for the features in it.
      if (!supportedPaths.has(path) || ways.has(below) || Object.hasOwn(features, below)) walk(member.field, below, skip);
    }
  } else if (!supportedPaths.has(path) && !supported.some((above) => path.startsWith(`${above}.`))) {
    report(field, {
      kind: 'unsupported',
      reason: 'NotYetSupported',
      message: 'the field is not carried out yet; the cluster runs without it',
    });
  }
};

/** Annotations that ask for something that is not carried out yet, with the section of the spec that they need to have any effect. */
const requests: readonly { readonly annotation: string; readonly what: string; readonly asks: (value: string, spec: Field) => boolean }[] =
  [
    {
      annotation: annotations.switchover,
      what: 'a switchover on demand',
      asks: (_, spec) => at(spec, 'patroni', 'switchover', 'enabled').value === true,
    },
    {
      annotation: annotations.backup,
      what: 'a backup on demand',
      asks: (_, spec) => isPresent(at(spec, 'backups', 'pgbackrest', 'manual')),
    },
    {
      annotation: annotations.restore,
      what: 'a restore in place',
      asks: (_, spec) => at(spec, 'backups', 'pgbackrest', 'restore', 'enabled').value === true,
    },
    { annotation: annotations.allowUpgrade, what: 'an upgrade to another major version', asks: always },
    { annotation: annotations.userSchemas, what: 'a schema for each user', asks: (value) => value === 'true' },
    {
      annotation: annotations.exporterCollectors,
      what: 'choosing the collectors of the metrics exporter',
      asks: (_, spec) => isPresent(at(spec, 'monitoring', 'pgmonitor', 'exporter')),
    },
    { annotation: annotations.backupServerAddress, what: 'a pgBackRest server on IPv6', asks: (value) => value.toLowerCase() === 'ipv6' },
    { annotation: annotations.cloudLogVolume, what: 'logging of pgBackRest to another volume', asks: always },
  ];

/** Reports what of the manifest is not carried out yet. */
export const checkSupport = (spec: Field, manifest: Manifest, bootstrapped: boolean): void => {
  // Where the data came from matters once: afterwards the original looks at it no more, and manifests keep it.
  walk(spec, '', new Set(bootstrapped ? ['dataSource'] : []));
  for (const { annotation, what, asks } of requests) {
    const value = manifest.metadata.annotations?.[annotation];
    if (typeof value !== 'string' || !asks(value, spec)) continue;
    const field: Field = { path: `metadata.annotations[${JSON.stringify(annotation)}]`, value, findings: spec.findings };
    report(field, {
      kind: 'unsupported',
      reason: 'NotYetSupported',
      message: `${what} is not carried out yet; the annotation has no effect`,
    });
  }
};
