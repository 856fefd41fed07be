/** What every kind of manifest asks of PostgreSQL's parameters. */
import type { Parameters } from '../../model/cluster.ts';
import type { Profile } from '../../model/profile.ts';

/** The server would not start with another opinion on these, or nobody could reach it. */
export const indispensable = ({ paths }: Profile): Parameters => ({
  archive_mode: 'on',
  // `true` lets PostgreSQL recycle its WAL, and archiving can begin later without a restart.
  archive_command: 'true',
  ssl: 'on',
  ssl_ca_file: `${paths.certificates}/ca.crt`,
  ssl_cert_file: `${paths.certificates}/tls.crt`,
  ssl_key_file: `${paths.certificates}/tls.key`,
  unix_socket_directories: paths.socketDirectory,
});

/** What is better than PostgreSQL's own default for every member of a cluster. Any manifest may say otherwise. */
export const betterDefaults = ({ paths }: Profile, majorVersion: number): Parameters => ({
  log_directory: paths.logDirectory,
  password_encryption: 'scram-sha-256',
  // A standby whose primary was away, or had not made its slot yet, would ask it again after five seconds only; a synchronous one holds up every
  // commit for as long.
  wal_retrieve_retry_interval: '1s',
  // After a crash one call makes the volume's files safe, not one for each file: a third of the time until a small database serves again, and minutes
  // of a large one.
  ...(majorVersion >= 14 && { recovery_init_sync_method: 'syncfs' }),
});

/** Patroni or the pod decides them, whatever kind of manifest it is. */
export const decidedByCluster = [
  'cluster_name',
  'config_file',
  'data_directory',
  'external_pid_file',
  'hba_file',
  'hot_standby',
  'ident_file',
  'listen_addresses',
  'port',
  'primary_conninfo',
  'primary_slot_name',
  'recovery_min_apply_delay',
  'synchronous_standby_names',
] as const;

/** Whether PostgreSQL's configuration can hold it: the name's case does not count, the value is text on one line. */
export const isParameter = (name: string, text: string): boolean =>
  /^[a-z_][\w$]*(?:\.[a-z_][\w$]*)*$/i.test(name) && !/[\0\r\n]/.test(text);

/** Whether a directory of logs, which is relative to the data directory or absolute, lies below one of these mount points. */
export const isLogDirectory = (directory: string, mounts: readonly string[]): boolean => {
  if (directory.split('/').includes('..') || directory === '') return false;
  return !directory.startsWith('/') || mounts.some((mount) => directory.startsWith(`${mount}/`));
};

/** By name in alphabetical order: the order in a manifest means nothing, and restarts nothing. */
export const ordered = (parameters: Parameters): Parameters =>
  Object.fromEntries(Object.entries(parameters).toSorted(([left], [right]) => (left < right ? -1 : 1)));
