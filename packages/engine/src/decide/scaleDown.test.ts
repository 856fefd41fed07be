import assert from 'node:assert/strict';
import { test } from 'node:test';
import { join } from 'node:path';
import { testTable } from '../testing/tables.ts';
import {
  atRest,
  conditionIn,
  decisionIn,
  dialect,
  editObject,
  editSet,
  namesOf,
  restedWorld,
  situationIn,
  lent,
} from '../testing/worlds.ts';
import { passOver, turn } from '../world/run.ts';
import { keyOf, remove, type World, type WorldObject } from '../world/world.ts';
import { scaleDown } from './scaleDown.ts';

const three = lent(() => atRest(editSet(restedWorld('dev'), { replicas: 3 })));
/** Two of three members are surplus. */
const shrinking = (): World => editSet(three(), { replicas: 1 });
/** One pass and one turn. */
const onward = (world: World): World => turn(passOver(world, dialect).world, dialect);

const surplusOf = (world: World): readonly string[] => situationIn(world).surplus.map(({ name }) => name);
const going = (object: WorldObject): WorldObject => ({
  ...object,
  metadata: { ...object.metadata, deletionTimestamp: '2026-01-01T00:00:00Z' },
});
const scaledToNothing = (world: World, name: string): World =>
  editObject(world, 'StatefulSet', name, (object) => ({ ...object, spec: { ...(object['spec'] as object), replicas: 0 } }));

/** One surplus member, without a pod. */
const down = (): { readonly world: World; readonly name: string } => {
  const world = editSet(three(), { replicas: 2 });
  const [name = ''] = surplusOf(world);
  return { world: remove(scaledToNothing(world, name), 'Pod', `${name}-0`), name };
};

testTable('scale down', join(import.meta.dirname, 'scaleDown.ts'), 1, {
  'leads, a member that stays is fit': () => {
    let world = editSet(restedWorld('dev'), { name: 'other' });
    for (let pass = 0; pass < 6 && scaleDown(situationIn(world)).step === undefined; pass++) world = onward(world);
    const step = scaleDown(situationIn(world)).step;
    assert.equal(step?.kind, 'switchover');
    assert.match(step.reason, /set pgdb is no longer in the manifest.*another takes over first/);
  },
  'leads, none is fit': () => {
    const world = editSet(restedWorld('dev'), { name: 'other' });
    assert.deepEqual(scaleDown(situationIn(world)), { step: undefined, deletions: [] });
  },
  'serves, and another is on its way down': () => {
    const world = shrinking();
    const [first = '', second = ''] = surplusOf(world);
    const leaving = editObject(scaledToNothing(world, first), 'Pod', `${first}-0`, going);
    assert.equal(scaleDown(situationIn(leaving)).step, undefined);
    assert.notEqual(second, '');
  },
  'has a pod or may get one': () => {
    const step = scaleDown(situationIn(shrinking())).step;
    assert.ok(step?.kind === 'scaleStatefulSet' && step.replicas === 0);
    assert.match(step.reason, /spec\.instances\[0\] asks for 1, so member .* goes/);
  },
  'pod on its way down': () => {
    const world = editSet(three(), { replicas: 2 });
    const [name = ''] = surplusOf(world);
    const leaving = editObject(scaledToNothing(world, name), 'Pod', `${name}-0`, going);
    assert.deepEqual(scaleDown(situationIn(leaving)), { step: undefined, deletions: [] });
  },
  'no pod, claims that nobody deleted yet': () => {
    const { world, name } = down();
    const { deletions } = scaleDown(situationIn(world));
    assert.deepEqual(
      deletions?.map(({ reference }) => keyOf(reference.kind, reference.name)),
      [`PersistentVolumeClaim/${name}-pgdata`],
    );
    assert.ok(deletions[0]?.resourceVersion !== undefined, 'only as it was seen');
  },
  'no pod, and no claim that stays': () => {
    const { world, name } = down();
    const gone = remove(world, 'PersistentVolumeClaim', `${name}-pgdata`);
    assert.deepEqual(
      scaleDown(situationIn(gone)).deletions?.map(({ reference }) => keyOf(reference.kind, reference.name)),
      [`StatefulSet/${name}`],
    );
  },
});

test('scale down: everything of the members that go, goes, and the primary stays', () => {
  const before = three();
  const primary = situationIn(before).primary?.name;
  const after = atRest(shrinking());
  for (const kind of ['StatefulSet', 'PersistentVolumeClaim', 'ConfigMap', 'Pod']) {
    const ofMembers = namesOf(after, kind).filter((name) => name.includes('-pgdb-'));
    assert.ok(ofMembers.length > 0 && ofMembers.every((name) => name.startsWith(primary ?? '')), `${kind}: ${ofMembers.join()}`);
  }
  assert.deepEqual(
    [...after.secrets.keys()].filter((name) => name.includes('-pgdb-')),
    [`${primary}-certs`],
  );
  assert.equal(conditionIn(after, 'Ready')?.status, 'True');
});

test('scale down: asked for again, a member that was on its way down comes back with its data', () => {
  const { world, name } = down();
  const uid = world.objects.get(`PersistentVolumeClaim/${name}-pgdata`)?.metadata.uid;
  const back = atRest(editSet(world, { replicas: 3 }));
  assert.equal(back.objects.get(`PersistentVolumeClaim/${name}-pgdata`)?.metadata.uid, uid);
  assert.equal(decisionIn(back).step, undefined);
});
