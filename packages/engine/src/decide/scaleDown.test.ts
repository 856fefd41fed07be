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
  editSecret,
  editSet,
  editSpec,
  namesOf,
  ledBy,
  restedSharedWorld,
  restedWorld,
  situationIn,
  lent,
  withInstances,
} from '../testing/worlds.ts';
import { passOver, turn } from '../world/run.ts';
import { keyOf, remove, store, type World, type WorldObject } from '../world/world.ts';
import { scaleDown } from './scaleDown.ts';

const three = lent(() => atRest(editSet(restedWorld('dev'), { replicas: 3 })));
/** Two of three members are surplus. */
const shrinking = (): World => editSet(three(), { replicas: 1 });
/** One pass and one turn. */
const onward = (world: World): World => turn(passOver(world, dialect).world, dialect);

const surplusOf = (world: World): readonly string[] => situationIn(world).surplus.map(({ name }) => name);
const goingSince = (ms: number, object: WorldObject): WorldObject => ({
  ...object,
  metadata: { ...object.metadata, deletionTimestamp: new Date(ms).toISOString() },
});
const scaledToNothing = (world: World, name: string): World =>
  editObject(world, 'StatefulSet', name, (object) => ({ ...object, spec: { ...(object['spec'] as object), replicas: 0 } }));

/** One surplus member, without a pod. */
const down = (): { readonly world: World; readonly name: string } => {
  const world = editSet(three(), { replicas: 2 });
  const [name = ''] = surplusOf(world);
  return { world: remove(scaledToNothing(world, name), 'Pod', `${name}-0`), name };
};

const withPods = (world: World, isKept: (pod: string) => boolean): World =>
  namesOf(world, 'Pod').reduce((next, pod) => (isKept(pod) ? next : remove(next, 'Pod', pod)), world);
const withShutdown = (world: World, shutdown: boolean): World => editSpec(world, (spec) => ({ ...spec, shutdown }));
const stopped = lent(() => atRest(withShutdown(restedWorld('dev'), true)));
const dataVolumesOf = (world: World): readonly string[] =>
  namesOf(world, 'PersistentVolumeClaim').filter((name) => name.endsWith('-pgdata'));

/** Three members that share a StatefulSet. */
const sharing = lent(() => atRest(withInstances(3)(restedSharedWorld())));
const scaleOf = (world: World): number | undefined => {
  const { step } = scaleDown(situationIn(world));
  return step?.kind === 'scaleStatefulSet' ? step.replicas : undefined;
};

testTable('scale down', join(import.meta.dirname, 'scaleDown.ts'), 1, {
  'no pod, its StatefulSet is one that others share': () => {
    const world = withInstances(1)(sharing());
    const small = atRest(world);
    assert.deepEqual(namesOf(small, 'Pod'), ['acid-minimal-cluster-0']);
    assert.deepEqual(namesOf(small, 'PersistentVolumeClaim'), namesOf(world, 'PersistentVolumeClaim'));
    const again = atRest(withInstances(3)(small));
    assert.deepEqual(namesOf(again, 'PersistentVolumeClaim'), namesOf(world, 'PersistentVolumeClaim'));
    // Not even of one whose StatefulSet somebody deletes.
    const deleting = editObject(remove(world, 'Pod', 'acid-minimal-cluster-2'), 'StatefulSet', 'acid-minimal-cluster', (object) =>
      goingSince(world.nowMs, object),
    );
    assert.deepEqual(scaleDown(situationIn(deleting)).deletions, []);
  },
  'the cluster is stopped': () => {
    const stopping = withShutdown(editSet(restedWorld('dev'), { name: 'other' }), true);
    const [name = ''] = surplusOf(stopping);
    const step = scaleDown(situationIn(stopping)).step;
    assert.ok(step?.kind === 'scaleStatefulSet' && step.replicas === 0 && step.reference.name === name);
    const renamed = editSet(stopped(), { name: 'other' });
    assert.deepEqual(scaleDown(situationIn(renamed)), { step: undefined, deletions: [], lookAgainAfterMs: undefined });
  },
  'led before the stop, and none leads yet': () => {
    const world = withShutdown(editSet(stopped(), { name: 'other' }), false);
    const step = scaleDown(situationIn(world)).step;
    assert.ok(step?.kind === 'scaleStatefulSet' && step.replicas === 1);
    assert.deepEqual([step.reference.name], surplusOf(world));
  },
  'leads, a member that stays is fit': () => {
    let world = editSet(restedWorld('dev'), { name: 'other' });
    for (let pass = 0; pass < 6 && scaleDown(situationIn(world)).step === undefined; pass++) world = onward(world);
    const step = scaleDown(situationIn(world)).step;
    assert.equal(step?.kind, 'switchover');
    assert.match(step.reason, /set pgdb is no longer in the manifest.*another takes over first/);
  },
  'leads, none is fit': () => {
    const world = editSet(restedWorld('dev'), { name: 'other' });
    assert.deepEqual(scaleDown(situationIn(world)), { step: undefined, deletions: [], lookAgainAfterMs: undefined });
  },
  'there are data, and none that stays leads': () => {
    const renamed = withPods(editSet(restedWorld('dev'), { name: 'other' }), () => false);
    assert.deepEqual(scaleDown(situationIn(renamed)), { step: undefined, deletions: [], lookAgainAfterMs: undefined });
    const electing = withPods(shrinking(), (pod) => pod !== situationIn(three()).primary?.pod);
    assert.deepEqual(scaleDown(situationIn(electing)), { step: undefined, deletions: [], lookAgainAfterMs: undefined });
  },
  'serves, and one that stays is not ready': () => {
    const two = atRest(editSet(three(), { replicas: 2 }));
    let world = editSet(two, { name: 'other' });
    while (situationIn(world).primary?.set !== 'other') {
      const { surplus, wanted, members } = situationIn(world);
      const areReady = wanted.every(({ name }) => members.find((member) => member.name === name)?.ready === true);
      if (!areReady)
        assert.ok(
          surplus.every(({ ready }) => ready),
          'all that served go on serving',
        );
      world = onward(world);
    }
    const pod = situationIn(world).wanted.find(({ name }) => name !== situationIn(world).primary?.name)?.pod ?? '';
    assert.ok(situationIn(world).surplus.some(({ ready }) => ready));
    const incomplete = editObject(world, 'Pod', pod, (object) => ({
      ...object,
      status: { phase: 'Running', conditions: [{ type: 'Ready', status: 'False' }] },
    }));
    assert.equal(scaleDown(situationIn(incomplete)).step, undefined);
  },
  'serves, and another is on its way down': () => {
    const world = shrinking();
    const [first = '', second = ''] = surplusOf(world);
    const leaving = editObject(scaledToNothing(world, first), 'Pod', `${first}-0`, (pod) => goingSince(world.nowMs, pod));
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
    const leaving = editObject(scaledToNothing(world, name), 'Pod', `${name}-0`, (pod) => goingSince(world.nowMs, pod));
    assert.deepEqual(scaleDown(situationIn(leaving)), { step: undefined, deletions: [], lookAgainAfterMs: 61_000 });
    const lost = { ...leaving, nowMs: world.nowMs + 61_000 };
    assert.deepEqual(
      scaleDown(situationIn(lost)).deletions?.map(({ reference }) => reference.name),
      [`${name}-pgdata`],
    );
    const twoLeft = editSet(lost, { replicas: 1 });
    assert.equal(scaleDown(situationIn(twoLeft)).step?.kind, 'scaleStatefulSet', 'nor does it hold up another');
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

test('scale down: a stopped cluster whose set is renamed keeps its volume, and moves once it is started', () => {
  const before = dataVolumesOf(stopped());
  const renamed = atRest(editSet(stopped(), { name: 'other' }));
  assert.ok(before.length === 1 && before.every((name) => dataVolumesOf(renamed).includes(name)));
  let world = withShutdown(renamed, false);
  for (let pass = 0; pass < 200 && surplusOf(world).length > 0; pass++) {
    const led = situationIn(world).primary;
    world = onward(world);
    if (led === undefined) assert.ok(before.every((name) => dataVolumesOf(world).includes(name)));
  }
  const moved = atRest(world);
  assert.equal(conditionIn(moved, 'Ready')?.reason, 'Ready');
  assert.equal(situationIn(moved).primary?.set, 'other');
  assert.equal(dataVolumesOf(moved).length, 1);
});

test('scale down: a stopped cluster that is shrunk keeps the volume of the member that led', () => {
  const primary = situationIn(three()).primary?.name ?? '';
  const shrunk = atRest(editSet(atRest(withShutdown(three(), true)), { replicas: 1 }));
  assert.equal(dataVolumesOf(shrunk).length, 3);
  const started = atRest(withShutdown(shrunk, false));
  assert.deepEqual(dataVolumesOf(started), [`${primary}-pgdata`]);
  assert.equal(conditionIn(started, 'Ready')?.reason, 'Ready');
});

test('scale down: a set that is renamed while the pod of the only member is made anew moves with its data', () => {
  const [volume] = dataVolumesOf(restedWorld('dev'));
  const world = onward(withPods(editSet(restedWorld('dev'), { name: 'other' }), () => false));
  assert.ok(dataVolumesOf(world).includes(volume ?? ''));
  assert.equal(situationIn(world).primary?.set, 'pgdb', 'who has the data leads again');
  const moved = atRest(world);
  assert.equal(situationIn(moved).primary?.set, 'other');
  assert.equal(conditionIn(moved, 'Ready')?.reason, 'Ready');
});

/** Pods that the members' Role names, and those that the repository host finds. */
const attendedIn = (world: World): { readonly rights: readonly string[]; readonly backups: readonly string[] } => {
  const { objects } = decisionIn(world);
  const role = objects.find(({ object }) => object.kind === 'Role' && object.metadata.name === 'hippo-instance')?.object;
  const configuration = objects.find(({ object }) => object.metadata?.name === 'hippo-pgbackrest-config')?.object;
  assert.ok(role?.kind === 'Role' && configuration?.kind === 'ConfigMap');
  return {
    rights: (role.rules ?? []).flatMap(({ resources, resourceNames }) =>
      resources?.includes('pods') === true ? (resourceNames ?? []) : [],
    ),
    backups: [...(configuration.data?.['pgbackrest_repo.conf'] ?? '').matchAll(/-host = ([^.]*)\./g)].map(([, pod = '']) => pod),
  };
};

test('scale down: a member that goes keeps its rights, its certificates and its place in the backups until its pod is gone', () => {
  const world = shrinking();
  const pods = namesOf(world, 'Pod').filter((name) => name.includes('-pgdb-'));
  assert.deepEqual(attendedIn(world), { rights: pods, backups: pods });
  const [name = ''] = surplusOf(world);
  const blank = editSecret(world, `${name}-certs`, { 'dns.crt': '' });
  assert.deepEqual(
    decisionIn(blank).secrets.map(({ reference }) => reference.name),
    [`${name}-certs`],
  );
  const without = remove(scaledToNothing(world, name), 'Pod', `${name}-0`);
  const rest = pods.filter((pod) => pod !== `${name}-0`);
  assert.deepEqual(attendedIn(without), { rights: rest, backups: rest });
});

test('scale down: of a StatefulSet that members share the last pod goes first, and the primary hands over before it goes', () => {
  const world = withInstances(1)(sharing());
  assert.equal(scaleOf(world), 2);
  for (const leader of ['acid-minimal-cluster-1', 'acid-minimal-cluster-2']) {
    const led = withInstances(1)(atRest(ledBy(sharing(), leader)));
    const { step } = scaleDown(situationIn(led));
    assert.ok(step?.kind === 'switchover' && step.from === leader && step.to === 'acid-minimal-cluster-0', leader);
    assert.deepEqual(namesOf(atRest(led), 'Pod'), ['acid-minimal-cluster-0']);
  }
});

test('scale down: members that share a StatefulSet stop with the first one leading, which then starts alone', () => {
  const last = atRest(ledBy(sharing(), 'acid-minimal-cluster-2'));
  const stopping = withInstances(0)(last);
  const { step } = scaleDown(situationIn(stopping));
  assert.ok(step?.kind === 'switchover' && step.from === 'acid-minimal-cluster-2');
  const asleep = atRest(stopping);
  assert.deepEqual(namesOf(asleep, 'Pod'), []);
  assert.equal(conditionIn(asleep, 'Ready')?.reason, 'Stopped');
  const replicas = decisionIn(withInstances(3)(asleep)).objects.flatMap(({ object }) =>
    object.kind === 'StatefulSet' ? [object.spec?.replicas] : [],
  );
  assert.deepEqual(replicas, [1]);
  assert.equal(conditionIn(atRest(withInstances(3)(asleep)), 'Ready')?.status, 'True');
});

test('scale down: of members that share a StatefulSet, where only one that goes may take over, the pods go down to it step by step', () => {
  const synchronousWith = (world: World, leader: string, standby: string): World => {
    const [scope, metadata] = ['acid-minimal-cluster', world.objects.get(keyOf('Endpoints', 'acid-minimal-cluster'))?.metadata];
    return store(world, {
      apiVersion: 'v1',
      kind: 'Endpoints',
      metadata: { ...(metadata ?? assert.fail()), name: `${scope}-sync`, uid: 'sync', annotations: { leader, sync_standby: standby } },
    });
  };
  const [first, second, third] = [0, 1, 2].map((ordinal) => `acid-minimal-cluster-${ordinal}`);
  assert.ok(first !== undefined && second !== undefined && third !== undefined);
  const shrink = (leader: string, standby: string): ReturnType<typeof scaleDown>['step'] =>
    scaleDown(situationIn(withInstances(1)(synchronousWith(atRest(ledBy(sharing(), leader)), leader, standby)))).step;
  const away = shrink(third, second);
  assert.ok(away?.kind === 'switchover' && away.to === second, 'the last pod leads: the standby takes over, though it goes, too');
  const removed = shrink(second, third);
  assert.ok(
    removed?.kind === 'scaleStatefulSet' && removed.replicas === 2,
    'the last pod is the standby: it goes, and the first one is the next standby',
  );
  const home = shrink(second, first);
  assert.ok(home?.kind === 'switchover' && home.to === first);
});
