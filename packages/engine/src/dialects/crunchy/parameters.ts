/**
 * PostgreSQL's parameters: built-in defaults < `patroni.dynamicConfiguration.postgresql.parameters` < `config.parameters` < what the cluster
 * cannot run without. Lists that both sides may add to are merged instead.
 */
import type { Parameters } from '../../model/cluster.ts';
import { profile } from './profile.ts';
import type { Field } from '../common/fields.ts';
import { at, isPresent, membersOf, objectOf, report, shown } from '../common/fields.ts';
import { betterDefaults, decidedByCluster, indispensable, isLogDirectory, isParameter, ordered } from '../common/parameters.ts';

/** What the cluster as a whole decides about its parameters. */
export interface ParameterInputs {
  readonly majorVersion: number;
  /** How WAL is archived and fetched; undefined: without backups it goes nowhere. */
  readonly archiving: { readonly archiveCommand: string; readonly restoreCommand: string } | undefined;
  /** Every instance set's database container may use huge pages. */
  readonly hugePages: boolean;
  /** Mount points, common to all instance sets, below which log files may lie. */
  readonly logMounts: readonly string[];
}

/** Parameters that `config.parameters` may not hold: another field or pgherd itself decides them. The CRD refuses them, too. */
const reserved: ReadonlySet<string> = new Set([
  ...decidedByCluster,
  'archive_command',
  'archive_mode',
  'log_file_mode',
  'logging_collector',
  'restore_command',
  'ssl',
  'wal_log_hints',
]);
const reservedFamilies = /^(?:ssl_(?!groups$|ecdh_curve$)|unix_socket_|recovery_target(?:_|$))/;

const isReserved = (name: string, value: string): boolean =>
  reserved.has(name) || reservedFamilies.test(name) || (name === 'wal_level' && value !== 'logical');

/** Where the server's own files lie and on what it listens: it would not start with another opinion on these, wherever it comes from. */
const locations: ReadonlySet<string> = new Set([
  'config_file',
  'data_directory',
  'external_pid_file',
  'hba_file',
  'ident_file',
  'listen_addresses',
  'port',
]);

const mandatory = (archiving: ParameterInputs['archiving']): Parameters => ({
  ...indispensable(profile),
  ...(archiving !== undefined && { archive_command: archiving.archiveCommand, restore_command: archiving.restoreCommand }),
  log_file_mode: '0660',
  shared_preload_libraries: 'pgaudit',
  wal_level: 'logical',
});

const defaults = ({ hugePages, majorVersion }: ParameterInputs): Parameters => ({
  ...betterDefaults(profile, majorVersion),
  archive_timeout: '60s',
  huge_pages: hugePages ? 'try' : 'off',
  jit: 'off',
});

/** Any JSON value as PostgreSQL reads it; a list becomes one value with commas. Undefined when it is no value of a parameter. */
const parameterText = (value: unknown): string | undefined => {
  if (typeof value === 'string') return value;
  if (typeof value === 'number') return String(value);
  if (typeof value === 'boolean') return value ? 'on' : 'off';
  if (!Array.isArray(value)) return undefined;
  const texts = value.map((item: unknown) => (Array.isArray(item) ? undefined : parameterText(item)));
  return texts.every((text) => text !== undefined) ? texts.join(', ') : undefined;
};

interface Given {
  readonly name: string;
  readonly text: string;
  readonly field: Field;
}

/** Parameters as the manifest gives them. PostgreSQL's names know no case, so they are brought to one. */
const given = (field: Field): readonly Given[] =>
  membersOf(field).flatMap(({ name, field: member }) => {
    const text = parameterText(member.value);
    if (text !== undefined && isParameter(name, text)) {
      return [{ name: name.toLowerCase(), text, field: member }];
    }
    report(member, {
      kind: 'invalid',
      reason: 'InvalidParameter',
      message: 'this is no parameter of PostgreSQL with a value, so it is left out; write text on one line, a number, true or false',
    });
    return [];
  });

const listOf = (text: string): readonly string[] =>
  text
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '');

/** Preloaded libraries: ours and theirs, each once. Citus insists on being the first. */
const mergedLibraries = (ours: string, theirs: string | undefined): string => {
  const libraries = [...new Set([...listOf(ours), ...listOf(theirs ?? '')])];
  return [...libraries.filter((library) => library === 'citus'), ...libraries.filter((library) => library !== 'citus')].join(',');
};

/** The parameters in force, by name in alphabetical order. */
export const parametersOf = (spec: Field, inputs: ParameterInputs): Parameters => {
  const forced = mandatory(inputs.archiving);
  const result: Record<string, string> = defaults(inputs);
  const origins = new Map<string, Given>();
  const take = (parameter: Given): void => {
    result[parameter.name] = parameter.text;
    origins.set(parameter.name, parameter);
  };

  const dynamic = at(spec, 'patroni', 'dynamicConfiguration', 'postgresql', 'parameters');
  for (const parameter of given(dynamic)) {
    const { name, text, field } = parameter;
    if (locations.has(name) || (forced[name] !== undefined && forced[name] !== text && name !== 'shared_preload_libraries')) {
      report(field, {
        kind: 'warning',
        reason: 'ParameterOverridden',
        message: `the value has no effect: the cluster needs ${name} as it sets it itself; remove the parameter`,
      });
      continue;
    }
    take(parameter);
  }

  for (const parameter of given(at(spec, 'config', 'parameters'))) {
    if (parameter.name === 'ssl_groups' && inputs.majorVersion < 18) {
      report(parameter.field, {
        kind: 'invalid',
        reason: 'InvalidParameter',
        message: `PostgreSQL ${inputs.majorVersion} has no ssl_groups, so it is left out; remove it, or use version 18 or later`,
      });
      continue;
    }
    if (isReserved(parameter.name, parameter.text)) {
      report(parameter.field, {
        kind: 'invalid',
        reason: 'InvalidParameter',
        message: `${parameter.name} cannot be set here, so it is left out: the cluster decides it; remove it`,
      });
      continue;
    }
    take(parameter);
  }

  const directory = origins.get('log_directory');
  if (directory !== undefined && !isLogDirectory(directory.text, inputs.logMounts)) {
    report(directory.field, {
      kind: 'invalid',
      reason: 'InvalidParameter',
      message: `${shown(directory.text)} is on no volume that every instance set has, so logs go to ${profile.paths.logDirectory}; choose a directory below ${inputs.logMounts.join(', ')}`,
    });
    result['log_directory'] = profile.paths.logDirectory;
  }

  const libraries = mergedLibraries(forced['shared_preload_libraries'] ?? '', result['shared_preload_libraries']);
  return ordered({ ...result, ...forced, shared_preload_libraries: libraries });
};

/** Whether the resources of a database container let it use huge pages. */
export const mayUseHugePages = (resources: Field): boolean =>
  isPresent(resources) &&
  Object.entries(objectOf(at(resources, 'limits')) ?? {}).some(
    ([name, amount]) => name.startsWith('hugepages-') && amount !== 0 && amount !== '0',
  );
