import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  atRest,
  dialect,
  editSet,
  editSpec,
  lent,
  namesOf,
  restedSharedWorld,
  restedWorld,
  situationIn,
  withInstances,
} from '../testing/worlds.ts';
import { passOver } from '../world/run.ts';
import { remove, type World } from '../world/world.ts';

const three = lent(() => atRest(editSet(restedWorld('dev'), { replicas: 3 })));

const recalledIn = (world: World) => situationIn(world).recalled;

const withoutPods = (world: World): World =>
  namesOf(world, 'Pod')
    .filter((name) => name.includes('-pgdb-'))
    .reduce((next, name) => remove(next, 'Pod', name), world);

test('outcome: while nothing leads, the status goes on telling who led last, and a pass that comes later still knows whose data to keep', () => {
  const primary = situationIn(three()).primary?.name ?? assert.fail('no primary');
  let world = withoutPods(three());
  for (let pass = 0; pass < 3; pass++) {
    world = passOver(world, dialect).world;
    assert.equal(recalledIn(world).primary, primary);
  }
  assert.deepEqual(
    situationIn(editSet(world, { replicas: 1 })).wanted.map(({ name }) => name),
    [primary],
  );
  const stopped = atRest(editSpec(three(), (spec) => ({ ...spec, shutdown: true })));
  assert.equal(recalledIn(stopped).primary, primary);
  const shared = situationIn(restedSharedWorld()).primary?.name ?? assert.fail('no primary');
  assert.equal(recalledIn(atRest(withInstances(0)(restedSharedWorld()))).primary, shared);
});

test('outcome: a member that is gone altogether led for the last time', () => {
  const world = withoutPods(restedWorld('dev'));
  const [member = ''] = namesOf(world, 'StatefulSet').filter((name) => name.includes('-pgdb-'));
  const bare = remove(remove(world, 'StatefulSet', member), 'PersistentVolumeClaim', `${member}-pgdata`);
  const manifest = bare.manifest ?? assert.fail('no manifest');
  const renamed = { ...bare, manifest: { ...manifest, status: { ...(manifest.status as object), primary: 'hippo-pgdb-gone' } } };
  assert.equal(recalledIn(passOver(renamed, dialect).world).primary, undefined);
});

test('outcome: a store of Patroni that is away for a while makes no other database of the cluster, nor of its repository', () => {
  const { systemIdentifier, repositories } = recalledIn(restedWorld('dev'));
  assert.ok(systemIdentifier !== undefined && repositories.some(({ stanzaCreated }) => stanzaCreated));
  const { world, decision } = passOver(remove(restedWorld('dev'), 'Endpoints', 'hippo-ha-config'), dialect);
  assert.equal(recalledIn(world).systemIdentifier, systemIdentifier);
  assert.deepEqual(recalledIn(world).repositories, repositories);
  assert.deepEqual(
    decision?.commands.map(({ key }) => key),
    [],
  );
});
