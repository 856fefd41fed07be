import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { customResourceDefinition } from '../crd.ts';
import { structuralProblems } from '../schema/check.ts';
import type { SchemaNode } from '../schema/node.ts';
import { allPaths } from '../schema/paths.ts';
import type { StructuralSchema } from '../schema/structural-schema.ts';
import { postgresCluster } from './postgres-cluster.ts';

const definition = customResourceDefinition(postgresCluster);
const schemaOf = (version: string): StructuralSchema => {
  const found = definition.spec.versions.find(({ name }) => name === version)?.schema?.openAPIV3Schema;
  assert.ok(found !== undefined, `version ${version} has a schema`);
  return found as StructuralSchema;
};

/** What only the versions' rules may differ in. */
const versioned = new Set(['x-kubernetes-validations', 'maxItems']);
const withoutRules = (value: unknown): unknown =>
  JSON.parse(JSON.stringify(value, (key, inner: unknown) => (versioned.has(key) ? undefined : inner)));

const fields = allPaths(postgresCluster.schema);
const fieldAt = (path: string): SchemaNode => {
  const found = fields.find((field) => field.path === path);
  assert.ok(found !== undefined, `field ${path}`);
  return found.node;
};

test('PostgresCluster: every field of the original is there', () => {
  const golden = readFileSync(new URL('golden/original-fields.txt', import.meta.url), 'utf8');
  const original = golden.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  assert.ok(original.length > 300, 'the list of fields is not empty');
  const ours = new Set(fields.map(({ path }) => path));
  assert.deepEqual(
    original.filter((path) => !ours.has(path)),
    [],
  );
});

test('PostgresCluster: the spec has no field beyond the original, the status three', () => {
  const golden = new Set(readFileSync(new URL('golden/original-fields.txt', import.meta.url), 'utf8').split('\n'));
  assert.deepEqual(
    fields.map(({ path }) => path).filter((path) => !golden.has(path)),
    ['status.readyMembers', 'status.primary', 'status.serverVersion'],
  );
});

test('PostgresCluster: every field says what it is for', () => {
  const silent = fields.filter(({ node }) => node.description === '' && node.deprecated === undefined);
  assert.deepEqual(
    silent.map(({ path }) => path),
    [],
  );
});

test('PostgresCluster: descriptions are sentences', () => {
  const odd = fields.filter(({ node }) => node.description !== '' && !/^[A-Z0-9a-z].*\.$/s.test(node.description));
  assert.deepEqual(
    odd.map(({ path, node }) => `${path}: ${node.description}`),
    [],
  );
});

test('PostgresCluster: both versions have one structure, so that objects need no conversion', () => {
  assert.deepEqual(withoutRules(schemaOf('v1beta1')), withoutRules(schemaOf('v1')));
});

for (const { name } of postgresCluster.versions) {
  test(`PostgresCluster ${name}: the schema is structural`, () => {
    assert.deepEqual(structuralProblems(schemaOf(name)), []);
  });
}

test('PostgresCluster: v1beta1 is stored, and both versions are served', () => {
  assert.deepEqual(
    definition.spec.versions.map(({ name, served, storage }) => ({ name, served, storage })),
    [
      { name: 'v1beta1', served: true, storage: true },
      { name: 'v1', served: true, storage: false },
    ],
  );
});

test('PostgresCluster: v1 has every rule of v1beta1 and more', () => {
  const messages = (version: string): ReadonlySet<string> => {
    const found = new Set<string>();
    JSON.stringify(schemaOf(version), (key, value: unknown) => {
      if (key === 'x-kubernetes-validations') for (const { message } of value as { message: string }[]) found.add(message);
      return value;
    });
    return found;
  };
  const loose = messages('v1beta1');
  const strict = messages('v1');
  assert.deepEqual(
    [...loose].filter((message) => !strict.has(message)),
    [],
  );
  assert.equal(strict.size - loose.size, 11);
});

test('PostgresCluster: a definition below 1 MB as JSON fits into etcd with room to spare', () => {
  const sizeBytes = Buffer.byteLength(JSON.stringify(definition));
  assert.ok(sizeBytes < 1_000_000, `${sizeBytes} bytes`);
});

test('PostgresCluster: embedded Kubernetes types bring no descriptions', () => {
  const node = fieldAt('spec.instances[].affinity');
  assert.ok(node.kind === 'embedded');
  assert.doesNotMatch(JSON.stringify(node.schema), /"description"/);
});

test('PostgresCluster: a repository name may go on after its number, as in the original', () => {
  const node = fieldAt('spec.backups.pgbackrest.repos[].name');
  assert.ok(node.kind === 'string');
  assert.equal(node.pattern, '^repo[1-4]');
});

test('PostgresCluster: columns read from the object alone', () => {
  const columns = definition.spec.versions[0]?.additionalPrinterColumns ?? [];
  assert.deepEqual(
    columns.map(({ name }) => name),
    ['Ready', 'Status', 'Primary', 'Version', 'Server', 'Age'],
  );
  const paths = new Set(fields.map(({ path }) => path));
  for (const { jsonPath } of columns) {
    const path = jsonPath.slice(1).replace(/\[\?.*?\]/, '[]');
    assert.ok(path.startsWith('metadata.') || paths.has(path), `${jsonPath} is a field`);
  }
});

const defaults: Readonly<Record<string, unknown>> = {
  'spec.port': 5432,
  'spec.instances[].name': '',
  'spec.instances[].replicas': 1,
  'spec.patroni.leaderLeaseDurationSeconds': 30,
  'spec.patroni.syncPeriodSeconds': 10,
  'spec.patroni.port': 8008,
  'spec.patroni.logging.level': 'INFO',
  'spec.patroni.switchover.type': 'Switchover',
  'spec.proxy.pgBouncer.port': 5432,
  'spec.proxy.pgBouncer.replicas': 1,
  'spec.proxy.pgBouncer.service.type': 'ClusterIP',
  'spec.service.type': 'ClusterIP',
  'spec.replicaService.type': 'ClusterIP',
  'spec.standby.enabled': true,
  'spec.users[].password.type': 'ASCII',
  'spec.backups.pgbackrest.restore.enabled': false,
  'spec.dataSource.pgbackrest.stanza': 'db',
  'spec.instrumentation.logs.batches.maxDelay': '200ms',
  'spec.instrumentation.logs.batches.minRecords': 8192,
  'spec.instrumentation.metrics.customQueries.add[].collectionInterval': '5s',
  'spec.userInterface.pgAdmin.replicas': 1,
  'spec.userInterface.pgAdmin.service.type': 'ClusterIP',
};

test('PostgresCluster: the API server writes those defaults that it writes for the original, and no other', () => {
  const ours = Object.fromEntries(fields.flatMap(({ path, node }) => (node.default === undefined ? [] : [[path, node.default]])));
  assert.deepEqual(ours, defaults);
});
