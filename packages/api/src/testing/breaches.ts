/**
 * For each CEL rule of PostgresCluster changes of the complete example that break it, with the field that is to be blamed. The messages are
 * written out, so that a change of what users read is a change here.
 */
import type { Changes } from './manifests.ts';
import { firstPlace, placeName, valueAt } from './objects.ts';
import { complete, specFields } from './postgres-cluster.ts';
import type { Version } from './postgres-cluster.ts';

/** A change of the complete example that a rule refuses, and the field that is blamed for it. */
export interface Breach {
  readonly message: string;
  readonly field: string;
  readonly changes: Changes;
  /** Versions that refuse it; the others accept it. */
  readonly versions?: readonly Version[];
}

const v1: readonly Version[] = ['v1'];
const rule0 = 'spec.authentication.rules[0]';
const parameters = 'spec.config.parameters';

const cannotBeSet: Readonly<Record<string, string>> = {
  config_file: 'the operator decides where configuration is',
  data_directory: 'the operator decides where data is',
  external_pid_file: 'the operator decides where files are',
  hba_file: 'use authentication.rules',
  ident_file: 'the operator decides where configuration is',
  listen_addresses: 'PostgreSQL always listens on the network',
  port: 'use spec.port',
  wal_log_hints: 'it is always on',
  archive_mode: 'use backups.pgbackrest',
  archive_command: 'use backups.pgbackrest',
  restore_command: 'use backups.pgbackrest',
  hot_standby: 'it is always on',
  synchronous_standby_names: 'use synchronous_mode in patroni.dynamicConfiguration',
  primary_conninfo: 'Patroni sets it',
  primary_slot_name: 'Patroni sets it',
  recovery_min_apply_delay: 'delayed replicas are not supported',
  cluster_name: 'it is the name of the PostgresCluster',
  logging_collector: 'without it log lines can be lost',
  log_file_mode: 'the operator decides who reads log files',
};

const accessModes = 'a volume claim needs at least one access mode, for example ReadWriteOnce';
const storage = 'a volume claim needs a storage request, for example 10Gi';
const oneOfHba = 'give either hba or the other fields, not both';
const ldapNeeds = 'method ldap needs option ldapbasedn, ldapprefix or ldapsuffix';
const ldapMixes =
  'method ldap either searches (ldapbasedn, ldapbinddn, ldapbindpasswd, ldapsearchattribute, ldapsearchfilter) or builds the name (ldapprefix, ldapsuffix), not both';
const radiusNeeds = 'method radius needs options radiusservers and radiussecrets';
const tlsAlwaysOn =
  'TLS is always on: of ssl and ssl_* only ssl_groups and ssl_ecdh_curve can be set; certificates come from customTLSSecret';
const noRecoveryTarget = 'recovery_target and recovery_target_* cannot be set: use dataSource or backups.pgbackrest.restore';
const logDirectory =
  'log_directory has to be log, or /pgdata/logs/postgres, /pgtmp/logs/postgres, /pgwal/logs/postgres or a directory below them, or one below /volumes';
const noBatches = 'for no batches both minRecords and maxDelay have to be 0';
const keyName = 'a key may neither be "." nor begin with ".."';
const oneSource = 'give exactly one of claimName and image';
const collectorNames = 'the operator sets K8S_POD_NAMESPACE, K8S_POD_NAME and PGPASSWORD itself';
const upToHour = 'has to be between 0 and 60 minutes';

const claims = specFields
  .filter(({ node }) => node.kind === 'embedded' && node.type === 'PersistentVolumeClaimSpec')
  .map(({ path }) => path);

export const breaches: readonly Breach[] = [
  ...claims.flatMap((path): readonly Breach[] => {
    const place = firstPlace(complete, path);
    if (place === undefined) return [];
    const name = placeName(place);
    return [
      { message: accessModes, field: `${name}.accessModes`, changes: { [`${name}.accessModes`]: [] } },
      { message: accessModes, field: `${name}.accessModes`, changes: { [`${name}.accessModes`]: undefined } },
      { message: storage, field: `${name}.resources.requests.storage`, changes: { [`${name}.resources`]: undefined } },
      { message: storage, field: `${name}.resources.requests.storage`, changes: { [`${name}.resources.requests`]: { cpu: 1 } } },
    ];
  }),
  { message: oneOfHba, field: rule0, changes: { [`${rule0}.hba`]: 'host all all all md5' } },
  { message: oneOfHba, field: rule0, changes: { [rule0]: {} } },
  {
    message: 'connection and method are required',
    field: rule0,
    changes: { [`${rule0}.connection`]: undefined, [`${rule0}.method`]: undefined },
  },
  { message: 'trust would let in anybody', field: `${rule0}.method`, changes: { [`${rule0}.method`]: 'trust' } },
  {
    message: 'other files cannot be included',
    field: `spec.authentication.rules[1].hba`,
    changes: { 'spec.authentication.rules[1].hba': ' include x' },
  },
  { message: ldapNeeds, field: rule0, changes: { [`${rule0}.options`]: { ldapport: 636 } } },
  { message: ldapNeeds, field: rule0, changes: { [`${rule0}.options`]: undefined } },
  { message: ldapMixes, field: rule0, changes: { [`${rule0}.options`]: { ldapprefix: 'cn=', ldapbasedn: 'dc=example' } } },
  { message: radiusNeeds, field: rule0, changes: { [`${rule0}.method`]: 'radius', [`${rule0}.options`]: { radiusservers: '10.0.0.1' } } },
  ...Object.entries(cannotBeSet).map(([parameter, why]) => ({
    message: `${parameter} cannot be set: ${why}`,
    field: `${parameters}.${parameter}`,
    changes: { [`${parameters}.${parameter}`]: 'on' },
  })),
  { message: tlsAlwaysOn, field: parameters, changes: { [`${parameters}.ssl`]: 'off' } },
  { message: tlsAlwaysOn, field: parameters, changes: { [`${parameters}.ssl_ciphers`]: 'HIGH' } },
  {
    message: 'unix_socket_* cannot be set: the operator decides where sockets are',
    field: parameters,
    changes: { [`${parameters}.unix_socket_group`]: 'x' },
  },
  {
    message: 'wal_level can only be logical (replica is what it is otherwise)',
    field: `${parameters}.wal_level`,
    changes: { [`${parameters}.wal_level`]: 'minimal' },
  },
  { message: noRecoveryTarget, field: parameters, changes: { [`${parameters}.recovery_target`]: 'immediate' } },
  { message: noRecoveryTarget, field: parameters, changes: { [`${parameters}.recovery_target_time`]: '2026-01-01' } },
  { message: logDirectory, field: `${parameters}.log_directory`, changes: { [`${parameters}.log_directory`]: '/tmp' }, versions: v1 },
  { message: logDirectory, field: `${parameters}.log_directory`, changes: { [`${parameters}.log_directory`]: 7 }, versions: v1 },
  {
    message: logDirectory,
    field: `${parameters}.log_directory`,
    changes: { [`${parameters}.log_directory`]: '/pgdata/logs/postgresql' },
    versions: v1,
  },
  { message: 'ssl_groups needs PostgreSQL 18 or later', field: `${parameters}.ssl_groups`, changes: { 'spec.postgresVersion': 17 } },
  {
    message: 'log_directory in /pgtmp/logs/postgres needs volumes.temp in every instance set',
    field: `${parameters}.log_directory`,
    changes: { [`${parameters}.log_directory`]: '/pgtmp/logs/postgres', 'spec.instances[0].volumes.temp': undefined },
    versions: v1,
  },
  {
    message: 'log_directory in /pgwal/logs/postgres needs walVolumeClaimSpec in every instance set',
    field: `${parameters}.log_directory`,
    changes: { [`${parameters}.log_directory`]: '/pgwal/logs/postgres/today', 'spec.instances[0].walVolumeClaimSpec': undefined },
    versions: v1,
  },
  {
    message: 'log_directory in /volumes needs that additional volume in every instance set',
    field: `${parameters}.log_directory`,
    changes: { [`${parameters}.log_directory`]: '/volumes/other' },
    versions: v1,
  },
  {
    message: 'backups.pgbackrest.log.path in /volumes needs that additional volume in every instance set',
    field: 'spec.backups.pgbackrest.log.path',
    changes: { 'spec.backups.pgbackrest.log.path': '/volumes/other' },
    versions: v1,
  },
  {
    message: 'the log path has to be in an additional volume: /volumes/NAME/…',
    field: 'spec.backups.pgbackrest.log.path',
    changes: { 'spec.backups.pgbackrest.log.path': '/pgdata/log' },
    versions: v1,
  },
  {
    message: 'the log path of the repository host has to be in one of its additional volumes: /volumes/NAME/…',
    field: 'spec.backups.pgbackrest.repoHost.log.path',
    changes: { 'spec.backups.pgbackrest.repoHost.log.path': '/volumes/other' },
    versions: v1,
  },
  {
    message: 'the log path of backup jobs has to be in one of its additional volumes: /volumes/NAME/…',
    field: 'spec.backups.pgbackrest.jobs.log.path',
    changes: { 'spec.backups.pgbackrest.jobs.volumes': undefined },
    versions: v1,
  },
  {
    message: 'set log.path, repoHost.log.path or jobs.log.path instead of log-path',
    field: 'spec.backups.pgbackrest.global',
    changes: { 'spec.backups.pgbackrest.global.log-path': '/tmp' },
    versions: v1,
  },
  {
    message: 'only a repository in s3, gcs or azure can be a data source',
    field: 'spec.dataSource.pgbackrest.repo.volume',
    changes: {
      'spec.dataSource.pgbackrest.repo.volume': {
        volumeClaimSpec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } },
      },
    },
  },
  {
    message: 'the name of the log file has to end in .log',
    field: 'spec.proxy.pgBouncer.config.global.logfile',
    changes: { 'spec.proxy.pgBouncer.config.global.logfile': '/tmp/logs/pgbouncer/out.txt' },
  },
  {
    message: 'the log file has to be below /tmp/logs/pgbouncer or in one of the additional volumes: /volumes/NAME/…',
    field: 'spec.proxy.pgBouncer.config.global.logfile',
    changes: { 'spec.proxy.pgBouncer.config.global.logfile': '/var/log/pgbouncer.log' },
    versions: v1,
  },
  {
    message: 'the password is in the Secret of the role, not here',
    field: 'spec.users[0].options',
    changes: { 'spec.users[0].options': "LOGIN pAssWord 'x'" },
  },
  { message: 'SQL comments are not allowed', field: 'spec.users[0].options', changes: { 'spec.users[0].options': 'LOGIN -- x' } },
  { message: 'SQL comments are not allowed', field: 'spec.users[0].options', changes: { 'spec.users[0].options': 'LOGIN /* x' } },
  {
    message: oneSource,
    field: 'spec.instances[0].volumes.additional[0]',
    changes: { 'spec.instances[0].volumes.additional[0].claimName': undefined },
  },
  {
    message: oneSource,
    field: 'spec.instances[0].volumes.additional[0]',
    changes: { 'spec.instances[0].volumes.additional[0].image': { reference: 'x' } },
  },
  {
    message: 'a volume from an image is always read-only',
    field: 'spec.instances[0].volumes.additional[1].readOnly',
    changes: { 'spec.instances[0].volumes.additional[1].readOnly': false },
  },
  {
    message: keyName,
    field: 'spec.instrumentation.metrics.customQueries.add[0].queries.key',
    changes: { 'spec.instrumentation.metrics.customQueries.add[0].queries.key': '..x' },
  },
  {
    message: collectorNames,
    field: 'spec.instrumentation.config.environmentVariables[0].name',
    changes: { 'spec.instrumentation.config.environmentVariables[0].name': 'PGPASSWORD' },
  },
  {
    message: 'has to be between 0 and 5 minutes',
    field: 'spec.instrumentation.logs.batches.maxDelay',
    changes: { 'spec.instrumentation.logs.batches.maxDelay': '6 min' },
  },
  { message: noBatches, field: 'spec.instrumentation.logs.batches', changes: { 'spec.instrumentation.logs.batches.maxDelay': '0' } },
  { message: noBatches, field: 'spec.instrumentation.logs.batches', changes: { 'spec.instrumentation.logs.batches.minRecords': 0 } },
  {
    message: 'minRecords may not be above maxRecords',
    field: 'spec.instrumentation.logs.batches.minRecords',
    changes: { 'spec.instrumentation.logs.batches': { maxRecords: 10 } },
  },
  {
    message: 'has to be between one hour and one year (8760h)',
    field: 'spec.instrumentation.logs.retentionPeriod',
    changes: { 'spec.instrumentation.logs.retentionPeriod': '53 weeks' },
  },
  {
    message: upToHour,
    field: 'spec.instrumentation.metrics.customQueries.add[0].collectionInterval',
    changes: { 'spec.instrumentation.metrics.customQueries.add[0].collectionInterval': '61m' },
  },
  {
    message: 'API version v1 has no userInterface: run pgAdmin as a workload of its own',
    field: 'spec.userInterface',
    changes: { 'spec.userInterface': valueAt(complete, ['spec', 'userInterface']) },
    versions: v1,
  },
];
