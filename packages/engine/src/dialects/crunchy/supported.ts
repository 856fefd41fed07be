/** What of a PostgresCluster is carried out. */
import type { Manifest } from '../manifest.ts';
import { annotations } from './profile.ts';
import type { Field } from '../common/fields.ts';
import { at, isPresent } from '../common/fields.ts';
import { always, filled, onlyIf, supportChecker, unless, type Feature, type Request, type Support } from '../common/support.ts';

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
  'databaseInitSQL',
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
  'patroni.switchover',
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
const deprecated: readonly string[] = ['backups.pgbackrest.repoHost.sshConfigMap', 'backups.pgbackrest.repoHost.sshSecret'];

/** Annotations that ask for something that is not carried out yet, with the section of the spec that they need to have any effect. */
const requests: readonly Request[] = [
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
  {
    annotation: annotations.exporterCollectors,
    what: 'choosing the collectors of the metrics exporter',
    asks: (_, spec) => isPresent(at(spec, 'monitoring', 'pgmonitor', 'exporter')),
  },
  { annotation: annotations.backupServerAddress, what: 'a pgBackRest server on IPv6', asks: (value) => value.toLowerCase() === 'ipv6' },
  { annotation: annotations.cloudLogVolume, what: 'logging of pgBackRest to another volume', asks: always },
];

export const support: Support = { supported, features, deprecated, requests };

const check = supportChecker(support);

/** Reports what of the manifest is not carried out yet. */
export const checkSupport = (spec: Field, manifest: Manifest, bootstrapped: boolean): void => {
  // Where the data came from matters once: afterwards the original looks at it no more, and manifests keep it.
  check(spec, manifest, new Set(bootstrapped ? ['dataSource'] : []));
};
