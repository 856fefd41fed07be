import assert from 'node:assert/strict';
import { test } from 'node:test';
import { postgresqlFixture } from '../../testing/clusters.ts';

type Spec = Readonly<Record<string, unknown>>;

const read = (change: Spec): ReturnType<typeof postgresqlFixture> =>
  postgresqlFixture('minimal', (spec) => ({ ...spec, users: { zalando: [] }, databases: {}, ...change }));

const ownersOf = (change: Spec): readonly string[] => read(change).cluster.databases.map(({ name, owner }) => `${name}:${owner}`);

/** The paths of the findings, with what matches `says` asserted of the last. */
const assertRefused = (change: Spec, path: string, says: RegExp): void => {
  const { findings } = read(change);
  const last = findings.at(-1);
  assert.equal(last?.path, path);
  assert.match(last.message, says);
};

test('databases: one whose owner is not made is left as it is', () => {
  const change = { users: { 'foo-user': [], foo_user: [] }, databases: { foo: 'foo_user' } };
  assert.deepEqual(ownersOf(change), []);
  assertRefused(
    change,
    'spec.databases.foo',
    /its owner "foo_user" is not made: see what is said of spec\.users\.foo_user; the database is left/,
  );
});

test('databases: one whose owner nobody asks for is left as it is', () => {
  assertRefused({ databases: { foo: 'nobody' } }, 'spec.databases.foo', /"nobody" is no role of the manifest: add it to spec\.users/);
});

test('databases: one may belong to a role of a prepared database', () => {
  const change = { databases: { app: 'bar_owner' }, preparedDatabases: { bar: {} } };
  assert.deepEqual([ownersOf(change), read(change).findings], [['app:bar_owner', 'bar:bar_owner'], []]);
});

test('databases: a prepared one may be listed with the owner that it comes with, as who moves from the one to the other does', () => {
  const change = { databases: { bar: 'bar_owner' }, preparedDatabases: { bar: {} } };
  assert.deepEqual([ownersOf(change), read(change).findings], [['bar:bar_owner'], []]);
  assert.equal(read(change).cluster.databases[0]?.schemas.length, 1);
});

test('databases: a prepared one that belongs to somebody else is not prepared', () => {
  const change = { databases: { bar: 'zalando' }, preparedDatabases: { bar: {} } };
  assert.deepEqual(ownersOf(change), ['bar:zalando']);
  assertRefused(
    change,
    'spec.preparedDatabases.bar',
    /in spec\.databases, too, where its owner is "zalando" and not bar_owner.*; take it out of one of them, or/,
  );
});

test('databases: nothing belongs to the role that members stream with', () => {
  const change = { databases: { foo: 'standby' } };
  assert.deepEqual(ownersOf(change), []);
  assertRefused(change, 'spec.databases.foo', /standby .*members stream.*: name another owner/);
});

test("databases: those that new ones are copied from are nobody else's", () => {
  for (const name of ['template0', 'template1']) {
    const change = { databases: { [name]: 'zalando' } };
    assert.deepEqual(ownersOf(change), []);
    assertRefused(change, `spec.databases.${name}`, /new databases are copied from/);
  }
});
