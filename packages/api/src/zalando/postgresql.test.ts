import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { structuralProblems } from '../schema/check.ts';
import type { SchemaNode } from '../schema/node.ts';
import type { FieldPath } from '../schema/paths.ts';
import type { StructuralSchema } from '../schema/structural-schema.ts';
import { definitions, fields } from '../testing/postgresql.ts';

const [definition] = definitions;
const version = definition.spec.versions[0];
const schema = version?.schema?.openAPIV3Schema as StructuralSchema;
const original = readFileSync(new URL('golden/original-fields.txt', import.meta.url), 'utf8')
  .split('\n')
  .filter((line) => line !== '' && !line.startsWith('#'))
  .map((line) => line.trimEnd());
const originalPaths = new Set(original.map((line) => line.slice(0, line.indexOf(' '))));

/** The patterns of the original that are ours to the letter, and names for those that say the same in other words. */
const patterns: Readonly<Record<string, string | RegExp>> = {
  CPU: '^(\\d+m|\\d+(\\.\\d{1,3})?)$',
  SIZE: '^(\\d+(e\\d+)?|\\d+(\\.\\d+)?(e\\d+)?[EPTGMK]i?)$',
  CRON: '^(\\d+|\\*)(/\\d+)?(\\s+(\\d+|\\*)(/\\d+)?){4}$',
  RANGE: /0-9A-Fa-f:/,
  WINDOW: /Mon\|Tue/,
  TIME: /Tt/,
};

const patternName = (pattern: string): string =>
  Object.entries(patterns).find(([, known]) => (typeof known === 'string' ? known === pattern : known.test(pattern)))?.[0] ?? pattern;

const typeOf = (node: SchemaNode): string => {
  const nullable = node.nullable === true ? 'nullable ' : '';
  switch (node.kind) {
    case 'list':
      return `${nullable}list of ${typeOf(node.items)}`;
    case 'map':
      return `${nullable}map of ${typeOf(node.values)}`;
    case 'embedded':
      return nullable + node.type;
    case 'freeForm':
      return `${nullable}any object`;
    case 'string':
    case 'integer':
      return nullable + (node.format ?? node.kind);
    case 'boolean':
    case 'intOrString':
    case 'object':
      return nullable + node.kind;
    default:
      throw new TypeError(`unknown kind ${JSON.stringify(node satisfies never)}`);
  }
};

/** Of the field, or of what the list or map in it holds. */
const checksOf = (node: SchemaNode): readonly string[] => {
  if (node.kind === 'list') return checksOf(node.items);
  if (node.kind === 'map') return checksOf(node.values);
  if (node.kind === 'integer') {
    return [
      ...(node.minimum === undefined ? [] : [`at least ${node.minimum}`]),
      ...(node.maximum === undefined ? [] : [`at most ${node.maximum}`]),
    ];
  }
  if (node.kind !== 'string') return [];
  return [
    ...(node.enum === undefined ? [] : [`one of ${node.enum.join(' ')}`]),
    ...(node.pattern === undefined ? [] : [patternName(node.pattern)]),
    ...(node.minLength === undefined ? [] : [`at least ${node.minLength} characters`]),
    ...(node.maxLength === undefined ? [] : [`at most ${node.maxLength} characters`]),
  ];
};

const lineOf = ({ path, node, required }: FieldPath): string =>
  `${path} | ${typeOf(node)} | ${[...(required ? ['required'] : []), ...checksOf(node)].join(', ')}`.trimEnd();

test('postgresql: every field of the original is there, with its type and what is checked', () => {
  assert.ok(original.length > 150, 'the list of fields is not empty');
  const ours = new Set(fields.map(lineOf));
  assert.deepEqual(
    original.filter((line) => !ours.has(line)),
    [],
  );
});

test('postgresql: the spec has no field beyond the original, the status those of every kind', () => {
  assert.deepEqual(
    fields.map(({ path }) => path).filter((path) => !originalPaths.has(path) && !path.startsWith('status.conditions[].')),
    [
      'status.observedGeneration',
      'status.conditions',
      'status.readyMembers',
      'status.primary',
      'status.serverVersion',
      'status.patroni',
      'status.patroni.systemIdentifier',
      'status.startupInstance',
      'status.databaseRevision',
      'status.usersRevision',
    ],
  );
});

test('postgresql: the API server writes no default, as for the original', () => {
  assert.deepEqual(
    fields.filter(({ node }) => node.default !== undefined).map(({ path }) => path),
    [],
  );
});

test('postgresql: lists have no keys and no bounds, so that whatever the original takes passes; rules are few', () => {
  const bounded = fields.filter(
    ({ path, node }) =>
      path.startsWith('spec') &&
      ((node.kind === 'list' && (node.listType !== undefined || (node.minItems ?? node.maxItems) !== undefined)) ||
        (node.kind === 'map' && (node.minProperties ?? node.maxProperties) !== undefined)),
  );
  assert.deepEqual(
    bounded.map(({ path }) => path),
    [],
  );
  assert.deepEqual(
    fields.filter(({ node }) => node.rules !== undefined).map(({ path }) => path),
    ['spec.clone', 'spec.standby'],
  );
});

test('postgresql: every field says what it is for, in sentences', () => {
  assert.deepEqual(
    fields.filter(({ node }) => !/^[A-Z0-9a-z].*\.$/s.test(node.description)).map(({ path, node }) => `${path}: ${node.description}`),
    [],
  );
});

test('postgresql: the schema is structural', () => {
  assert.deepEqual(structuralProblems(schema), []);
});

test('postgresql: names and version are those of the original', () => {
  const { metadata, spec } = definition;
  assert.deepEqual([metadata?.name, spec.scope], ['postgresqls.acid.zalan.do', 'Namespaced']);
  assert.deepEqual(spec.names, {
    kind: 'postgresql',
    listKind: 'postgresqlList',
    plural: 'postgresqls',
    singular: 'postgresql',
    shortNames: ['pg'],
    categories: ['all'],
  });
  assert.deepEqual(
    spec.versions.map(({ name, served, storage, subresources }) => ({ name, served, storage, subresources })),
    [{ name: 'v1', served: true, storage: true, subresources: { status: {} } }],
  );
});

test('postgresql: the columns of the original come first, and all read from fields that there are', () => {
  const columns = version?.additionalPrinterColumns ?? [];
  assert.deepEqual(
    columns.map(({ name, jsonPath }) => `${name} ${jsonPath}`),
    [
      'Team .spec.teamId',
      'Version .spec.postgresql.version',
      'Pods .spec.numberOfInstances',
      'Volume .spec.volume.size',
      'CPU-Request .spec.resources.requests.cpu',
      'Memory-Request .spec.resources.requests.memory',
      'Age .metadata.creationTimestamp',
      'Status .status.PostgresClusterStatus',
      'Ready .status.readyMembers',
      'Reason .status.conditions[?(@.type=="Ready")].reason',
      'Primary .status.primary',
      'Server .status.serverVersion',
    ],
  );
  const paths = new Set(fields.map(({ path }) => path));
  for (const { jsonPath } of columns) {
    const path = jsonPath.slice(1).replace(/\[\?.*?\]/, '[]');
    assert.ok(path.startsWith('metadata.') || paths.has(path), `${jsonPath} is a field`);
  }
});

test('postgresql: spec has to be there', () => {
  assert.deepEqual(schema.required, ['spec']);
});

test('postgresql: a definition below 1 MB as JSON fits into etcd with room to spare', () => {
  const sizeBytes = Buffer.byteLength(JSON.stringify(definition));
  assert.ok(sizeBytes < 1_000_000, `${sizeBytes} bytes`);
});
