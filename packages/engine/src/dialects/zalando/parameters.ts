/**
 * PostgreSQL's parameters: what the original's image starts with < `postgresql.parameters` < what the cluster cannot run without. The original keeps
 * some of them in each pod, and makes all pods anew when one of these changes. Here all stand in Patroni's store, and no change needs another pod.
 */
import type { Parameters } from '../../model/cluster.ts';
import { parseQuantity } from '../../quantity.ts';
import type { Field } from '../common/fields.ts';
import { at, membersOf, report, shown, textOf } from '../common/fields.ts';
import { betterDefaults, decidedByCluster, indispensable, isLogDirectory, isParameter, ordered } from '../common/parameters.ts';
import { profile } from './profile.ts';

const mebibyte = 1024 * 1024;

const mandatory = indispensable(profile);

const reserved: ReadonlySet<string> = new Set(decidedByCluster);

/** Sizes follow the memory that the container may use: a fifth for shared buffers, a connection for each 30 MiB. */
const defaults = (memoryBytes: number, majorVersion: number): Parameters => ({
  ...betterDefaults(profile, majorVersion),
  archive_timeout: '1800s',
  max_connections: String(Math.min(1000, Math.max(100, Math.floor(memoryBytes / mebibyte / 30)))),
  shared_buffers: `${Math.max(16, Math.floor(memoryBytes / mebibyte / 5))}MB`,
  shared_preload_libraries: 'pg_stat_statements',
  wal_level: 'replica',
});

/** Archiving comes with backups. */
const archiving: ReadonlySet<string> = new Set(['archive_command', 'archive_library', 'archive_mode', 'restore_command']);

/** Libraries that the original's image has and pgherd's has not. The server would not start without one that it is to load. */
const foreignLibraries: ReadonlySet<string> = new Set([
  'bg_mon',
  'pg_auth_mon',
  'pg_cron',
  'pg_stat_kcache',
  'pgextwlist',
  'set_user',
  'timescaledb',
]);

/** Without those that pgherd's own image has not. An image of the manifest's own may have any. */
const loadable = (text: string, field: Field, ownImage: boolean): string => {
  const libraries = text
    .split(',')
    .map((library) => library.trim())
    .filter((library) => library !== '');
  const missing = ownImage ? [] : libraries.filter((library) => foreignLibraries.has(library));
  if (missing.length > 0) {
    report(field, {
      kind: 'unsupported',
      reason: 'NotYetSupported',
      message: `loading ${missing.join(', ')} is not carried out yet; the cluster runs without, unless spec.dockerImage names an image that has it`,
    });
  }
  return libraries.filter((library) => !missing.includes(library)).join(',');
};

const given = (field: Field, ownImage: boolean): Parameters => {
  const seen = new Set<string>();
  return Object.fromEntries(
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
      if (seen.has(lower))
        return refuse(`${lower} is there twice, since its case means nothing, and the first one counts; remove one of them`);
      seen.add(lower);
      if (archiving.has(lower)) {
        report(member, {
          kind: 'unsupported',
          reason: 'NotYetSupported',
          message: 'archiving of WAL is not carried out yet; the cluster runs without it',
        });
        return [];
      }
      if (reserved.has(lower)) return refuse(`${lower} cannot be set here, so it is left out: the cluster decides it; remove it`);
      if (lower === 'shared_preload_libraries') return [[lower, loadable(text, member, ownImage)] as const];
      const forced = Object.hasOwn(mandatory, lower) ? mandatory[lower] : undefined;
      if (forced === undefined || forced === text) return [[lower, text] as const];
      report(member, {
        kind: 'warning',
        reason: 'ParameterOverridden',
        message: `the value has no effect: the cluster needs ${lower} as it sets it itself; remove the parameter`,
      });
      return [];
    }),
  );
};

/** What the cluster as a whole decides about its parameters. */
export interface ParameterInputs {
  readonly majorVersion: number;
  /** The limit of the container of PostgreSQL, a quantity. */
  readonly memoryLimit: string | undefined;
  /** Mount points that the manifest adds, below which log files may lie. */
  readonly logMounts: readonly string[];
}

/** The parameters in force, by name in alphabetical order. */
export const parametersOf = (spec: Field, { majorVersion, memoryLimit, logMounts }: ParameterInputs): Parameters => {
  const image = textOf(at(spec, 'dockerImage')) ?? '';
  const field = at(spec, 'postgresql', 'parameters');
  const own = given(field, image !== '');
  const usual = defaults(parseQuantity(memoryLimit) ?? 0, majorVersion);
  const mounts = [profile.paths.dataMount, ...logMounts];
  const directory = own['log_directory'];
  if (directory === undefined || isLogDirectory(directory, mounts)) return ordered({ ...usual, ...own, ...mandatory });
  report(at(field, 'log_directory'), {
    kind: 'invalid',
    reason: 'InvalidParameter',
    message: `${shown(directory)} is on no volume of the pod, so logs go to ${profile.paths.logDirectory}; choose a directory below ${mounts.join(', ')}`,
  });
  return ordered({ ...usual, ...own, log_directory: profile.paths.logDirectory, ...mandatory });
};
