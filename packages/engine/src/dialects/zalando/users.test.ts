import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { UserIntent } from '../../model/cluster.ts';
import { postgresqlFixture } from '../../testing/clusters.ts';

type Spec = Readonly<Record<string, unknown>>;

const read = (change: Spec): ReturnType<typeof postgresqlFixture> =>
  postgresqlFixture('minimal', (spec) => ({ ...spec, users: {}, databases: {}, ...change }));

/** Names of the roles that are made, without those of every cluster. */
const rolesOf = (change: Spec): readonly string[] =>
  read(change)
    .cluster.users.map(({ name }) => name)
    .filter((name) => !['postgres', 'standby', 'admin'].includes(name));

const roleOf = (change: Spec, name: string): UserIntent | undefined => read(change).cluster.users.find((user) => user.name === name);
const pathsOf = (change: Spec): readonly string[] => read(change).findings.map(({ path }) => path);
const messagesOf = (change: Spec): string =>
  read(change)
    .findings.map(({ message }) => message)
    .join('\n');

test('users: of two whose Secrets would be one neither is made, so that none takes what the other has', () => {
  const change = { users: { 'foo-user': [], foo_user: [], zalando: [] } };
  assert.deepEqual(rolesOf(change), ['zalando']);
  assert.deepEqual(pathsOf(change), ['spec.users.foo-user', 'spec.users.foo_user']);
  const secret = 'foo-user.acid-minimal-cluster.credentials.postgresql.acid.zalan.do';
  assert.match(messagesOf(change), new RegExp(`^spec.users.foo-user: foo-user and foo_user would share Secret ${secret}, so neither`, 'm'));
  assert.match(messagesOf(change), new RegExp(`^spec.users.foo_user: foo_user and foo-user would share Secret ${secret}, so neither`, 'm'));
});

test('users: one that cannot log in has no Secret to share', () => {
  const change = { users: { 'foo-user': ['nologin'], foo_user: [] } };
  assert.deepEqual([rolesOf(change), pathsOf(change)], [['foo-user', 'foo_user'], []]);
});

test('users: a role of a prepared database goes before a user of its name', () => {
  const change = { users: { bar_owner: ['superuser'] }, preparedDatabases: { bar: {} } };
  assert.deepEqual(pathsOf(change), ['spec.users.bar_owner']);
  assert.match(messagesOf(change), /comes with spec\.preparedDatabases\.bar, .*; rename it, or remove it/);
  assert.equal(rolesOf(change).filter((name) => name === 'bar_owner').length, 1);
  assert.deepEqual(roleOf(change, 'bar_owner')?.memberOf[0], { role: 'bar_reader', withAdmin: true });
  assert.ok(!roleOf(change, 'bar_owner')?.options.includes('SUPERUSER'));
});

test('users: nothing takes LOGIN from a role that has it and becomes one of a prepared database', () => {
  const change = { users: { bar_owner: [] }, preparedDatabases: { bar: {} } };
  assert.deepEqual([roleOf(change, 'bar_owner')?.options, roleOf(change, 'bar_owner')?.passwordCharacters], [[], undefined]);
});

test('users: nor does a user of a prepared database share a Secret with another', () => {
  const change = { users: { 'bar-owner-user': [] }, preparedDatabases: { bar: { defaultUsers: true } } };
  assert.deepEqual(pathsOf(change), ['spec.preparedDatabases.bar.defaultUsers', 'spec.users.bar-owner-user']);
  const roles = rolesOf(change);
  assert.ok(!roles.includes('bar-owner-user') && !roles.includes('bar_owner_user') && roles.includes('bar_writer_user'), String(roles));
  const creators = read(change).cluster.databases.flatMap(({ schemas }) => schemas.flatMap((schema) => schema.creators));
  assert.deepEqual(creators, ['bar_owner', 'bar_data_owner']);
});

test('users: names that PostgreSQL keeps to itself are refused', () => {
  for (const name of ['pg_x', 'public', 'none']) {
    const change = { users: { [name]: [], zalando: [] } };
    assert.deepEqual([rolesOf(change), pathsOf(change)], [['zalando'], [`spec.users.${name}`]]);
    assert.match(messagesOf(change), new RegExp(`PostgreSQL keeps .*, so ${name} is not made; rename it`));
  }
  assert.deepEqual(rolesOf({ users: { 'pg-x': [], current_user: [] } }), ['pg-x', 'current_user']);
});

test("users: the cluster's own roles are its own, and names that the original keeps to itself are its", () => {
  for (const name of ['postgres', 'standby', 'admin']) {
    assert.match(messagesOf({ users: { [name]: [] } }), new RegExp(`^spec.users.${name}: role ${name} is the cluster's own`));
  }
  for (const name of ['cron_admin', 'pooler']) {
    assert.match(messagesOf({ users: { [name]: [] } }), new RegExp(`^spec.users.${name}: .*reserved for the original's own use`));
  }
  assert.deepEqual(rolesOf({ users: { robot_zmon: [] } }), ['robot_zmon']);
});

test('users: role admin cannot log in, makes databases, and hands on what owners of prepared ones may do', () => {
  const { passwordCharacters, memberOf, options } =
    roleOf({ preparedDatabases: { bar: { schemas: { data: {}, more: {} } } } }, 'admin') ?? {};
  assert.deepEqual([passwordCharacters, memberOf, options], [undefined, [{ role: 'bar_owner', withAdmin: true }], ['CREATEDB']]);
  assert.deepEqual(roleOf({}, 'admin')?.memberOf, []);
});

test('users: one whose Secret belongs into another namespace is not carried out yet', () => {
  const change = { users: { 'elsewhere.foo': [], zalando: [] } };
  assert.deepEqual([rolesOf(change), read(change).findings.map(({ kind }) => kind)], [['zalando'], ['unsupported']]);
});
