/** `spec.config`: settings of PostgreSQL itself. */
import { volumeProjection } from '../kubernetes/embedded.ts';
import { intOrString, list, map, object } from '../schema/builders.ts';
import type { Rule } from '../schema/node.ts';
import { strict } from './shared.ts';

/** Parameters that nobody but the operator may set, and why. */
const refused: readonly (readonly [parameter: string, why: string])[] = [
  ['config_file', 'the operator decides where configuration is'],
  ['data_directory', 'the operator decides where data is'],
  ['external_pid_file', 'the operator decides where files are'],
  ['hba_file', 'use authentication.rules'],
  ['ident_file', 'the operator decides where configuration is'],
  ['listen_addresses', 'PostgreSQL always listens on the network'],
  ['port', 'use spec.port'],
  ['wal_log_hints', 'it is always on'],
  ['archive_mode', 'use backups.pgbackrest'],
  ['archive_command', 'use backups.pgbackrest'],
  ['restore_command', 'use backups.pgbackrest'],
  ['hot_standby', 'it is always on'],
  ['synchronous_standby_names', 'use synchronous_mode in patroni.dynamicConfiguration'],
  ['primary_conninfo', 'Patroni sets it'],
  ['primary_slot_name', 'Patroni sets it'],
  ['recovery_min_apply_delay', 'delayed replicas are not supported'],
  ['cluster_name', 'it is the name of the PostgresCluster'],
  ['logging_collector', 'without it log lines can be lost'],
  ['log_file_mode', 'the operator decides who reads log files'],
];

const refusedRules: readonly Rule[] = refused.map(([parameter, why]) => ({
  rule: `!has(self.${parameter})`,
  message: `${parameter} cannot be set: ${why}`,
  fieldPath: `.${parameter}`,
  reason: 'FieldValueForbidden',
}));

const logDirectories = ['/pgdata', '/pgtmp', '/pgwal', '/volumes'].map((volume) => `'${volume}/logs/postgres'`).join(', ');

const parameterRules: readonly Rule[] = [
  ...refusedRules,
  {
    rule: "!has(self.ssl) && !self.exists(k, k.startsWith('ssl_') && k != 'ssl_groups' && k != 'ssl_ecdh_curve')",
    message: 'TLS is always on: of ssl and ssl_* only ssl_groups and ssl_ecdh_curve can be set; certificates come from customTLSSecret',
    reason: 'FieldValueForbidden',
  },
  {
    rule: "!self.exists(k, k.startsWith('unix_socket_'))",
    message: 'unix_socket_* cannot be set: the operator decides where sockets are',
    reason: 'FieldValueForbidden',
  },
  {
    rule: "!has(self.wal_level) || self.wal_level in ['logical']",
    message: 'wal_level can only be logical (replica is what it is otherwise)',
    fieldPath: '.wal_level',
  },
  {
    rule: "!has(self.recovery_target) && !self.exists(k, k.startsWith('recovery_target_'))",
    message: 'recovery_target and recovery_target_* cannot be set: use dataSource or backups.pgbackrest.restore',
    reason: 'FieldValueForbidden',
  },
  {
    rule: `!has(self.log_directory) || (type(self.log_directory) == string && (self.log_directory == 'log' || self.log_directory.startsWith('/volumes') || [${logDirectories}].exists(d, self.log_directory == d || self.log_directory.startsWith(d + '/'))))`,
    message:
      'log_directory has to be log, or /pgdata/logs/postgres, /pgtmp/logs/postgres, /pgwal/logs/postgres or a directory below them, or one below /volumes',
    fieldPath: '.log_directory',
    versions: strict,
  },
];

export const config = object('Settings of PostgreSQL.', {
  files: list(
    'Files from ConfigMaps and Secrets, to be read at /etc/postgres: Kerberos keys, CA certificates and the like.',
    volumeProjection(),
  ),
  parameters: map(
    'Parameters of postgresql.conf. They win over those of patroni.dynamicConfiguration; some cannot be set, and some restart PostgreSQL when they change.',
    intOrString(''),
    { mapType: 'granular', maxProperties: 50, rules: parameterRules },
  ),
});
