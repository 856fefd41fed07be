import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Finding } from '../../model/cluster.ts';
import { postgresqlManifest, testConfiguration, testNowMs, postgresqlFixture, withSpec } from '../../testing/clusters.ts';
import { read as readManifest } from './read.ts';

type Prepared = Readonly<Record<string, unknown>>;

const read = (preparedDatabases: Prepared): ReturnType<typeof postgresqlFixture> =>
  postgresqlFixture('minimal', (spec) => ({ ...spec, users: {}, databases: {}, preparedDatabases }));

const databasesOf = (prepared: Prepared): readonly string[] => read(prepared).cluster.databases.map(({ name }) => name);

/** Names of roles, without those of every cluster. */
const rolesOf = (prepared: Prepared): readonly string[] =>
  read(prepared)
    .cluster.users.slice(3)
    .map(({ name }) => name);

const said = (findings: readonly Finding[]): string => findings.map(({ message }) => message).join('\n');

/** One finding, at `path`. */
const assertFound = (prepared: Prepared, path: string, says: RegExp): void => {
  const { findings } = read(prepared);
  assert.deepEqual(
    findings.map((finding) => finding.path),
    [path],
  );
  assert.match(said(findings), says);
};

test('prepared databases: of two that would share roles neither is made, so that no owner gets power over the other', () => {
  const prepared = { foo: { schemas: { bar: {} } }, foo_bar: {}, other: {} };
  assert.deepEqual(databasesOf(prepared), ['other']);
  assert.ok(rolesOf(prepared).every((name) => name.startsWith('other')));
  const { findings } = read(prepared);
  assert.deepEqual(
    findings.map(({ path }) => path),
    ['spec.preparedDatabases.foo', 'spec.preparedDatabases.foo_bar'],
  );
  assert.match(findings[0]?.message ?? '', /foo and foo_bar would share role foo_bar_\w+.*; rename one of them or its schema/);
});

test('prepared databases: users whose Secrets could have no name are not made, and the rest is', () => {
  for (const name of ['Foo', '_bar']) {
    const prepared = { [name]: { defaultUsers: true } };
    assertFound(prepared, `spec.preparedDatabases.${name}.defaultUsers`, /Secret.*small letters/);
    assert.ok(rolesOf(prepared).includes(`${name}_owner`));
    assert.ok(rolesOf(prepared).every((role) => !role.endsWith('_user')));
  }
  assertFound({ bar: { schemas: { Data: { defaultUsers: true } } } }, 'spec.preparedDatabases.bar.schemas.Data.defaultUsers', /Secret/);
});

test('prepared databases: names that PostgreSQL keeps to itself are refused', () => {
  for (const name of ['pg', 'pg_main']) {
    assert.deepEqual(rolesOf({ [name]: {} }), []);
    assertFound({ [name]: {} }, `spec.preparedDatabases.${name}`, /would begin with pg_, .*; use another name/);
  }
  for (const name of ['template0', 'template1']) assertFound({ [name]: {} }, `spec.preparedDatabases.${name}`, /copied from/);
  for (const name of ['pg_data', 'information_schema']) {
    const prepared = { bar: { schemas: { [name]: {}, data: {} } } };
    assertFound(prepared, `spec.preparedDatabases.bar.schemas.${name}`, /PostgreSQL keeps/);
    assert.deepEqual(
      read(prepared).cluster.databases[0]?.schemas.map((schema) => schema.name),
      ['data'],
    );
  }
});

test('prepared databases: where the cluster gives a name that cannot be, the finding says how to give another', () => {
  const manifest = withSpec(postgresqlManifest(), (spec) => ({ ...spec, preparedDatabases: {} }));
  const { cluster, findings } = readManifest(
    { ...manifest, metadata: { ...manifest.metadata, name: 'pg-main' } },
    testConfiguration,
    testNowMs,
  );
  assert.deepEqual(
    findings.map(({ path }) => path),
    ['spec.preparedDatabases'],
  );
  assert.match(said(findings), /"pg_main".*begin with pg_.*; name the database here/);
  assert.ok(!cluster.users.some(({ name }) => name.startsWith('pg_')));
});

test('prepared databases: users of a schema that has no roles are told of', () => {
  const prepared = { bar: { schemas: { data: { defaultRoles: false, defaultUsers: true } } } };
  assertFound(prepared, 'spec.preparedDatabases.bar.schemas.data.defaultUsers', /defaultRoles: false.*; remove/);
  assert.deepEqual(rolesOf(prepared), ['bar_reader', 'bar_writer', 'bar_owner']);
});

test('prepared databases: a schema that is refused is in no search path', () => {
  const { cluster } = read({ bar: { schemas: { data: {}, 'no-name': {} } } });
  for (const { settings } of cluster.users.slice(3)) assert.deepEqual(settings, { search_path: ['$user', 'data'] });
});

test('prepared databases: names may be as long as those of the roles that are asked for allow', () => {
  const longest = 'f'.repeat(56);
  assert.deepEqual(databasesOf({ [longest]: { schemas: { s: { defaultRoles: false } } } }), [longest]);
  assert.deepEqual(said(read({ [longest]: { schemas: { s: { defaultRoles: false } } } }).findings), '');
  assertFound({ [`${longest}f`]: {} }, `spec.preparedDatabases.${longest}f`, /longer than 63/);
  // Users have longer names than the roles they log in as.
  const prepared = { ['f'.repeat(52)]: { defaultUsers: true, schemas: { s: { defaultRoles: false } } } };
  assertFound(prepared, `spec.preparedDatabases.${'f'.repeat(52)}.defaultUsers`, /longer than 63/);
  assert.equal(rolesOf(prepared).length, 3);
});

test('prepared databases: an extension has a place that there is', () => {
  const inside = (schema: string): Prepared => ({ bar: { schemas: { mine: {} }, extensions: { pg_trgm: schema } } });
  const extensionsIn = (schema: string): unknown => read(inside(schema)).cluster.databases[0]?.extensions;
  for (const schema of ['mine', 'public', 'pg_catalog']) {
    assert.deepEqual([extensionsIn(schema), read(inside(schema)).findings], [[{ name: 'pg_trgm', schema }], []]);
  }
  assertFound(inside(''), 'spec.preparedDatabases.bar.extensions.pg_trgm', /name the schema/);
  assert.deepEqual(extensionsIn(''), []);
  // Somebody may make it by hand: the statement waits for that.
  assertFound(inside('data'), 'spec.preparedDatabases.bar.extensions.pg_trgm', /schema "data" .*spec\.preparedDatabases\.bar\.schemas/);
  assert.deepEqual(extensionsIn('data'), [{ name: 'pg_trgm', schema: 'data' }]);
});
