/**
 * Changes of the complete postgresql with what has to be said of each, for the schema alone and for the API server. The rules in CEL, of which
 * the schema alone knows nothing, have theirs apart.
 */
import type { Changes } from './manifests.ts';

const flags = 'spec.users.owner';

/** What has to stay possible. */
export const possible: Readonly<Record<string, Changes>> = {
  'a user without flags, by null': { 'spec.users': { app: null } },
  'flags that contradict each other, which the operator reports': { [flags]: ['login', 'nologin'] },
  'names of databases that PostgreSQL will not take, which the operator reports': { 'spec.databases': { 'a b': 'owner' } },
  'no instances': { 'spec.numberOfInstances': 0 },
  'lists that are null': {
    'spec.allowedSourceRanges': null,
    'spec.usersIgnoringSecretRotation': null,
    'spec.usersWithSecretRotation': null,
    'spec.usersWithInPlaceSecretRotation': null,
    'spec.additionalVolumes[0].targetContainers': null,
  },
  'sections that are null': { 'spec.databases': null, 'spec.patroni': null, 'spec.sidecars': null, 'spec.initContainers': null },
  'an empty preparedDatabases': { 'spec.preparedDatabases': {} },
  'a certificate that is switched off': { 'spec.tls': { secretName: '' } },
  'a clone that is switched off': { 'spec.clone': { cluster: '' } },
  'a clone of the running cluster': { 'spec.clone': { cluster: 'acid-minimal-cluster' } },
  'a clone at a time, of a cluster with any name': { 'spec.clone.cluster': 'Not_A.Service' },
  'a time of fractions of a second': { 'spec.clone.timestamp': '2026-01-31t12:40:33.125-08:00' },
  'a uid in capitals': { 'spec.clone.uid': 'EFD12E58-5786-11E8-B5A7-06148230260C' },
  'a standby of a server alone': { 'spec.standby': { standby_host: 'primary' } },
  'a standby of an archive in Google Cloud Storage and a server': {
    'spec.standby': { gs_wal_path: 'gs://bucket', standby_host: 'primary' },
  },
  'addresses of every kind': {
    'spec.allowedSourceRanges': ['0.0.0.0/0', '127.0.0.1/32', '10.0.0.0/8', '::/0', '::1/128', 'fd01::/48', '::ffff:192.0.2.1/120'],
  },
  'windows of every kind': { 'spec.maintenanceWindows': ['1:00-6:0', ' Sun:23:59-23:59 ', '00:00-23:59'] },
  'schedules of every kind': { 'spec.logicalBackupSchedule': '*/15  0 * * 7/2' },
  'an environment variable twice': {
    'spec.env': [
      { name: 'A', value: '1' },
      { name: 'A', value: '2' },
    ],
  },
  'a toleration of everything': { 'spec.tolerations': [{ operator: 'Exists' }] },
  'a sidecar with nothing but resources': { 'spec.sidecars': [{ resources: { limits: { cpu: '1' } } }] },
  'resources of one kind': { 'spec.resources': { limits: { memory: '1e9' } } },
  'sizes of every kind': { 'spec.volume.size': '1.5e3Ti' },
  'a port of a node that Kubernetes picks': { 'spec.masterNodePort': 0 },
};

export interface Refused {
  readonly field: string;
  /** What the schema alone says. */
  readonly objection: RegExp;
  readonly changes: Changes;
}

/** What no check of a whole field finds, since it is in the values of a map or in a pattern. */
export const refused: Readonly<Record<string, Refused>> = {
  'an unknown flag': { field: `${flags}[0]`, objection: /is none of/, changes: { [flags]: ['admin'] } },
  'a flag in mixed spelling': { field: `${flags}[0]`, objection: /is none of/, changes: { [flags]: ['SuperUser'] } },
  'a flag that is null': { field: `${flags}[0]`, objection: /is null/, changes: { [flags]: [null] } },
  'a parameter that is a number': {
    field: 'spec.postgresql.parameters.max_connections',
    objection: /is no string/,
    changes: { 'spec.postgresql.parameters.max_connections': 100 },
  },
  'an older major version': { field: 'spec.postgresql.version', objection: /is none of/, changes: { 'spec.postgresql.version': '13' } },
  'a CPU that is a number': { field: 'spec.resources.limits.cpu', objection: /is no string/, changes: { 'spec.resources.limits.cpu': 1 } },
  'a CPU of more than three decimals': {
    field: 'spec.resources.limits.cpu',
    objection: /does not match/,
    changes: { 'spec.resources.limits.cpu': '0.1234' },
  },
  'a small k, as in the original': {
    field: 'spec.resources.limits.memory',
    objection: /does not match/,
    changes: { 'spec.resources.limits.memory': '1000k' },
  },
  'ranges in a schedule': {
    field: 'spec.logicalBackupSchedule',
    objection: /does not match/,
    changes: { 'spec.logicalBackupSchedule': '0 0 * * 1-5' },
  },
  'a time without an offset in numbers': {
    field: 'spec.clone.timestamp',
    objection: /does not match/,
    changes: { 'spec.clone.timestamp': '2026-01-31T12:40:33Z' },
  },
  'a network without its length': {
    field: 'spec.allowedSourceRanges[0]',
    objection: /does not match/,
    changes: { 'spec.allowedSourceRanges': ['192.0.2.1'] },
  },
  'a network that is none': {
    field: 'spec.allowedSourceRanges[0]',
    objection: /does not match/,
    changes: { 'spec.allowedSourceRanges': ['192.0.2.256/24'] },
  },
  'a window with a day at its end': {
    field: 'spec.maintenanceWindows[0]',
    objection: /does not match/,
    changes: { 'spec.maintenanceWindows': ['Sat:00:00-Sun:04:00'] },
  },
  'a window past the end of the day': {
    field: 'spec.maintenanceWindows[0]',
    objection: /does not match/,
    changes: { 'spec.maintenanceWindows': ['20:00-24:00'] },
  },
  'a slot whose database is a number': {
    field: 'spec.patroni.slots.logical.database',
    objection: /is no string/,
    changes: { 'spec.patroni.slots.logical.database': 1 },
  },
};

/** Changes that break a rule in CEL: its message, and the field to be blamed. */
export const breaches: readonly { readonly message: string; readonly field: string; readonly changes: Changes }[] = [
  ...['Not_A.Service', '1st', 'ends-', 'x'.repeat(64)].map((cluster) => ({
    message: 'without a timestamp the cluster is copied through its Service: give the name of a cluster that can have one',
    field: 'spec.clone.cluster',
    changes: { 'spec.clone': { cluster } },
  })),
  {
    message: 'a standby needs a source: s3_wal_path, gs_wal_path or standby_host',
    field: 'spec.standby',
    changes: { 'spec.standby': { standby_port: '5432' } },
  },
  {
    message: 'give one of s3_wal_path and gs_wal_path, not both',
    field: 'spec.standby',
    changes: { 'spec.standby.gs_wal_path': 'gs://bucket' },
  },
];
