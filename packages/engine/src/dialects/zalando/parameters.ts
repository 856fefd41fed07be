/** PostgreSQL's parameters: what the original's image starts with < `postgresql.parameters` < what the cluster cannot run without. */
import type { Parameters } from '../../model/cluster.ts';
import { parseQuantity } from '../../quantity.ts';
import type { Field } from '../common/fields.ts';
import { at, membersOf, report, textOf } from '../common/fields.ts';
import { indispensable, isParameter, ordered } from '../common/parameters.ts';
import { profile } from './profile.ts';

const mebibyte = 1024 * 1024;

const mandatory = indispensable(profile);

/** Patroni or the pod decides them. */
const reserved: ReadonlySet<string> = new Set([
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
  'restore_command',
  'synchronous_standby_names',
]);

/** Sizes follow the memory that the container may use: a fifth for shared buffers, a connection for each 30 MiB. */
const defaults = (memoryBytes: number, majorVersion: number): Parameters => ({
  archive_timeout: '1800s',
  log_directory: profile.paths.logDirectory,
  max_connections: String(Math.min(1000, Math.max(100, Math.floor(memoryBytes / mebibyte / 30)))),
  password_encryption: 'scram-sha-256',
  shared_buffers: `${Math.max(16, Math.floor(memoryBytes / mebibyte / 5))}MB`,
  shared_preload_libraries: 'pg_stat_statements',
  wal_level: 'replica',
  // A new replica asks for its slot before the primary has made it, and would wait five seconds before it asks again.
  wal_retrieve_retry_interval: '500ms',
  // After a crash one call makes the volume's files safe, not one for each file.
  ...(majorVersion >= 14 && { recovery_init_sync_method: 'syncfs' }),
});

const given = (field: Field): Parameters =>
  Object.fromEntries(
    membersOf(field).flatMap(({ name, field: member }) => {
      const text = textOf(member);
      if (text === undefined) return [];
      const refuse = (message: string): readonly (readonly [string, string])[] => {
        report(member, { kind: 'invalid', reason: 'InvalidParameter', message });
        return [];
      };
      const lower = name.toLowerCase();
      if (!isParameter(name, text)) {
        return refuse('this is no parameter of PostgreSQL with a value, so it is left out; write text on one line');
      }
      if (reserved.has(lower)) return refuse(`${lower} cannot be set here, so it is left out: the cluster decides it; remove it`);
      const forced = mandatory[lower];
      if (forced === undefined || forced === text) return [[lower, text] as const];
      report(member, {
        kind: 'warning',
        reason: 'ParameterOverridden',
        message: `the value has no effect: the cluster needs ${lower} as it sets it itself; remove the parameter`,
      });
      return [];
    }),
  );

/** The parameters in force, by name in alphabetical order. `memoryLimit` is the container's. */
export const parametersOf = (spec: Field, majorVersion: number, memoryLimit: string | undefined): Parameters => {
  const memoryBytes = parseQuantity(memoryLimit) ?? 0;
  return ordered({ ...defaults(memoryBytes, majorVersion), ...given(at(spec, 'postgresql', 'parameters')), ...mandatory });
};
