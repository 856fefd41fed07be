import assert from 'node:assert/strict';
import { test } from 'node:test';
import { atRest, conditionIn, deleteCluster, editSpec, restedSharedWorld, restedWorld, settled } from '../testing/worlds.ts';
import type { World } from '../world/world.ts';

type Users = Readonly<Record<string, unknown>>;

const withUsers = (world: World, change: (users: Users) => Users): World =>
  editSpec(world, (spec) => ({ ...spec, users: change(spec['users'] as Users) }));

const without =
  (name: string) =>
  (users: Users): Users =>
    Object.fromEntries(Object.entries(users).filter(([other]) => other !== name));

const secretsOf = (world: World): readonly string[] =>
  [...world.secrets.keys()].filter((name) => /pguser|credentials/.test(name)).toSorted();

test("stale Secrets: a user's goes with the user", () => {
  const world = editSpec(restedWorld('dev'), (spec) => ({ ...spec, users: [{ name: 'other' }] }));
  assert.deepEqual([secretsOf(restedWorld('dev')), secretsOf(atRest(world))], [['hippo-pguser-hippo'], ['hippo-pguser-other']]);
});

test('stale Secrets: where roles outlive their entry in the manifest, so do their Secrets', () => {
  const world = atRest(withUsers(restedSharedWorld(), without('foo_user')));
  assert.deepEqual(world.secrets, restedSharedWorld().secrets);
  assert.deepEqual(secretsOf(atRest(deleteCluster(world))), [], 'with the cluster they go');
  const back = atRest(withUsers(world, (users) => ({ ...users, foo_user: null })));
  assert.deepEqual(back.secrets, restedSharedWorld().secrets, 'and the password is the same when it comes back');
});

test('stale Secrets: a new user takes no Secret from one that is there, and the mistake heals once it is taken back (I7)', () => {
  const mistaken = atRest(withUsers(restedSharedWorld(), (users) => ({ 'foo-user': [], ...users })));
  assert.equal(conditionIn(mistaken, 'ManifestInvalid')?.reason, 'InvalidUser');
  assert.equal(conditionIn(mistaken, 'Ready')?.status, 'True');
  assert.deepEqual(mistaken.secrets, restedSharedWorld().secrets);
  assert.deepEqual(mistaken.database, restedSharedWorld().database);
  const healed = settled(withUsers(mistaken, without('foo-user')));
  assert.equal(conditionIn(healed.world, 'ManifestInvalid'), undefined);
  assert.deepEqual(healed.world.secrets, restedSharedWorld().secrets);
});
