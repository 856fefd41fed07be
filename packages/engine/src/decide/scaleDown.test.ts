import assert from 'node:assert/strict';
import { test } from 'node:test';
import { join } from 'node:path';
import { stamps } from '../stamps.ts';
import { testTable } from '../testing/tables.ts';
import {
  annotateCluster,
  atRest,
  conditionIn,
  decisionIn,
  deleteCluster,
  dialect,
  editObject,
  editSecret,
  editSet,
  editSpec,
  going,
  lagging,
  ledBy,
  lent,
  namesOf,
  orphaned,
  passIn,
  restedSharedWorld,
  restedWorld,
  sharedMadeAgain,
  situationIn,
  turned,
  withFaults,
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
const shared = 'acid-minimal-cluster';
const [first, second, third] = [`${shared}-0`, `${shared}-1`, `${shared}-2`] as const;
const sharedLedBy = (pod: string): World => atRest(ledBy(sharing(), pod));
const stepIn = (world: World): ReturnType<typeof scaleDown>['step'] => scaleDown(situationIn(world)).step;
const nothing = { step: undefined, deletions: [], lookAgainAfterMs: undefined };
/** Patroni's word that only this one is a synchronous standby. */
const synchronousWith = (world: World, leader: string, standby: string): World => {
  const metadata = world.objects.get(keyOf('Endpoints', shared))?.metadata ?? assert.fail();
  const annotations = { leader, sync_standby: standby };
  return store(world, { apiVersion: 'v1', kind: 'Endpoints', metadata: { ...metadata, name: `${shared}-sync`, uid: 'sync', annotations } });
};
/** Deleted with its volumes kept, while the second of two members led. */
const retained = lent(() => {
  const led = atRest(ledBy(restedSharedWorld(), second));
  return atRest(deleteCluster(annotateCluster(led, { [stamps.retain]: 'data' })));
});
const scaleOf = (world: World): number | undefined => {
  const { step } = scaleDown(situationIn(world));
  return step?.kind === 'scaleStatefulSet' ? step.replicas : undefined;
};

testTable('scale down', join(import.meta.dirname, 'scaleDown.ts'), 1, {
  'no pod': () => {
    const world = withInstances(1)(sharing());
    const small = atRest(world);
    assert.deepEqual(namesOf(small, 'Pod'), [first]);
    assert.deepEqual(namesOf(small, 'PersistentVolumeClaim'), namesOf(world, 'PersistentVolumeClaim'));
    const again = atRest(withInstances(3)(small));
    assert.deepEqual(namesOf(again, 'PersistentVolumeClaim'), namesOf(world, 'PersistentVolumeClaim'));
    // Not even of one whose StatefulSet somebody deletes.
    const deleting = going(remove(world, 'Pod', third), 'StatefulSet', shared);
    assert.deepEqual(scaleDown(situationIn(deleting)).deletions, []);
  },
  'stopped; it leads, and one of a lower number is fit': () => {
    const step = stepIn(withInstances(0)(sharedLedBy(third)));
    assert.ok(step?.kind === 'switchover' && step.from === third && step.to === first);
    // While Patroni was asked just now, it is waited for.
    const asked = passIn(withInstances(0)(sharedLedBy(third))).world;
    assert.equal(stepIn(asked), undefined);
  },
  'stopped; it leads, and none of a lower number is fit': () => {
    const stopping = withInstances(0)(lagging(sharedLedBy(third), first, second));
    assert.equal(stepIn(stopping), undefined, 'a pass may end before it writes the status');
    const told = passIn(stopping).world;
    assert.equal(situationIn(told).recalled.startupMember?.name, third);
    assert.equal(scaleOf(told), 2);
    const after = passIn(told).world;
    // The others have older data: they start when it leads again.
    const asleep = atRest(turned(after));
    assert.deepEqual([namesOf(asleep, 'Pod'), conditionIn(asleep, 'Ready')?.reason], [[], 'Stopped']);
    assert.deepEqual([situationIn(asleep).recalled.startupMember?.name, situationIn(asleep).recalled.primary], [third, third]);
    for (const instances of [1, 2, 3]) {
      let world = withFaults(withInstances(instances)(asleep), { laggingPods: new Set() });
      for (let pass = 0; pass < 20 && situationIn(world).writable === undefined; pass++) world = turned(passIn(world).world);
      assert.equal(situationIn(world).primary?.name, third, `${instances} members`);
      const awake = atRest(world);
      assert.deepEqual(namesOf(awake, 'Pod'), [first, second, third].slice(0, instances));
      assert.equal(conditionIn(awake, 'Ready')?.reason, 'Ready');
    }
  },
  "stopped; it or another leads, and the leader's volume was deleted": () => {
    const doomed = going(sharedLedBy(second), 'PersistentVolumeClaim', `pgdata-${second}`);
    const step = stepIn(withInstances(0)(doomed));
    assert.ok(step?.kind === 'switchover' && step.from === second && step.to === first);
    assert.equal(stepIn(withInstances(0)(lagging(doomed, first, third))), undefined);
    const asleep = atRest(withInstances(0)(doomed));
    assert.equal(conditionIn(asleep, 'Ready')?.reason, 'Stopped');
  },
  'stopped; it leads, and the volume of one of a lower number was deleted': () => {
    const two = atRest(withInstances(2)(sharedLedBy(second)));
    const doomed = going(atRest(ledBy(two, second)), 'PersistentVolumeClaim', `pgdata-${first}`);
    const step = stepIn(withInstances(0)(doomed));
    assert.ok(step?.kind === 'deletePod' && step.deletion.reference.name === first);
    const asleep = atRest(withInstances(0)(doomed));
    assert.equal(conditionIn(asleep, 'Ready')?.reason, 'Stopped');
    assert.equal(conditionIn(atRest(withInstances(2)(asleep)), 'Ready')?.status, 'True');
  },
  'stopped; its StatefulSet was deleted and left it its pod': () => {
    const left = withInstances(0)(orphaned(sharing(), shared));
    const step = stepIn(left);
    assert.ok(step?.kind === 'deletePod' && step.deletion.reference.name === third);
    const asleep = atRest(left);
    assert.deepEqual([namesOf(asleep, 'Pod'), conditionIn(asleep, 'Ready')?.reason], [[], 'Stopped']);
    assert.equal(conditionIn(atRest(withInstances(3)(asleep)), 'Ready')?.status, 'True');
  },
  'its StatefulSet was deleted and left it its pod': () => {
    const left = withInstances(1)(orphaned(sharedLedBy(third), shared));
    const { objects, step, deletions } = decisionIn(left);
    // The first ordinals are safe, and the last one, which leads, is taken over with them.
    assert.deepEqual(
      objects.flatMap(({ object }) => (object.kind === 'StatefulSet' ? [object.spec?.replicas] : [])),
      [3],
    );
    assert.deepEqual(deletions, []);
    assert.equal(step?.kind, 'switchover');
    const uid = left.objects.get(keyOf('Pod', first))?.metadata.uid;
    const ended = atRest(left);
    assert.deepEqual([namesOf(ended, 'Pod'), ended.objects.get(keyOf('Pod', first))?.metadata.uid], [[first], uid]);
    assert.equal(conditionIn(ended, 'Ready')?.reason, 'Ready');
    const replica = withInstances(2)(orphaned(sharing(), shared));
    assert.equal(stepIn(replica), undefined);
    assert.deepEqual(namesOf(atRest(replica), 'Pod'), [first, second]);
  },
  'leads, none that stays is accepted, one that goes before it is': () => {
    const step = stepIn(withInstances(1)(synchronousWith(sharedLedBy(third), third, second)));
    assert.ok(step?.kind === 'switchover' && step.from === third && step.to === second);
  },
  'is the last that could take over from one that goes and leads': () => {
    const four = lagging(atRest(ledBy(atRest(withInstances(4)(sharing())), second)), first);
    const shrinks = withInstances(1)(four);
    assert.equal(scaleOf(shrinks), 3, 'there are two');
    let world = shrinks;
    for (let pass = 0; pass < 12; pass++) world = turned(passIn(world).world);
    assert.deepEqual(namesOf(world, 'Pod'), [first, second, third]);
    const ended = atRest(withFaults(world, { laggingPods: new Set() }));
    assert.deepEqual(namesOf(ended, 'Pod'), [first]);
    // One that could not take over either keeps nobody safe.
    assert.equal(scaleOf(withInstances(1)(lagging(sharedLedBy(second), first, third))), 2);
  },
  'is the last that could take over from a leader whose volume was deleted': () => {
    const two = going(restedSharedWorld(), 'PersistentVolumeClaim', `pgdata-${first}`);
    assert.equal(stepIn(withInstances(1)(two)), undefined);
    const ended = atRest(withInstances(1)(two));
    assert.deepEqual([situationIn(ended).primary?.name, namesOf(ended, 'Pod')], [first, [first]]);
    assert.equal(conditionIn(ended, 'VolumeDeleted'), undefined);
  },
  'comes before one that a lost node keeps': () => {
    for (const [instances, leader] of [
      [1, first],
      [0, first],
      [1, second],
    ] as const) {
      const lost = withFaults(withInstances(instances)(sharedLedBy(leader)), { lostPods: new Set([third]) });
      let world = lost;
      for (let pass = 0; pass < 4; pass++) world = turned(passIn(world).world);
      assert.deepEqual(namesOf(world, 'Pod').at(-1), third);
      assert.ok(namesOf(world, 'Pod').includes(second), 'it is waited for');
      world = { ...world, nowMs: world.nowMs + 90_000 };
      for (let pass = 0; pass < 8; pass++) world = turned(passIn(world).world);
      assert.deepEqual(namesOf(world, 'Pod'), instances === 1 ? [first, third] : [third], `${instances}, ${leader}`);
    }
  },
  'is noted to start first, and has its volume and no StatefulSet': () => {
    const again = sharedMadeAgain(retained(), 1);
    assert.deepEqual([surplusOf(again), stepIn(again)], [[second], undefined]);
    const begun = passIn(again).world;
    assert.equal(scaleOf(begun), 2);
  },
  'the same, and it has its pod': () => {
    const again = passIn(passIn(sharedMadeAgain(retained(), 1)).world).world;
    const starting = passIn(again).world;
    assert.deepEqual([surplusOf(starting), situationIn(starting).writable, stepIn(starting)], [[second], undefined, undefined]);
    // A member of its own StatefulSet.
    const renamed = turned(passIn(withShutdown(editSet(stopped(), { name: 'other' }), false)).world);
    assert.equal(scaleOf(renamed), undefined);
  },
  'the cluster is stopped': () => {
    const stopping = withShutdown(editSet(restedWorld('dev'), { name: 'other' }), true);
    const [name = ''] = surplusOf(stopping);
    const step = scaleDown(situationIn(stopping)).step;
    assert.ok(step?.kind === 'scaleStatefulSet' && step.replicas === 0 && step.reference.name === name);
    const renamed = editSet(stopped(), { name: 'other' });
    assert.deepEqual(scaleDown(situationIn(renamed)), nothing);
    assert.equal(scaleOf(withInstances(0)(sharing())), 2);
    assert.deepEqual(scaleDown(situationIn(atRest(withInstances(0)(sharing())))), nothing);
  },
  'led before the stop, and none leads yet': () => {
    const world = withShutdown(editSet(stopped(), { name: 'other' }), false);
    const step = scaleDown(situationIn(world)).step;
    assert.ok(step?.kind === 'scaleStatefulSet' && step.replicas === 1);
    assert.deepEqual([step.reference.name], surplusOf(world));
    assert.equal(scaleOf(passIn(sharedMadeAgain(retained(), 1)).world), 2);
  },
  'leads, a member that stays is fit': () => {
    let world = editSet(restedWorld('dev'), { name: 'other' });
    for (let pass = 0; pass < 6 && scaleDown(situationIn(world)).step === undefined; pass++) world = onward(world);
    const step = scaleDown(situationIn(world)).step;
    assert.equal(step?.kind, 'switchover');
    assert.match(step.reason, /set pgdb is no longer in the manifest.*another takes over first/);
    const fewer = stepIn(withInstances(2)(lagging(sharedLedBy(third), first)));
    assert.ok(fewer?.kind === 'switchover' && fewer.from === third && fewer.to === second);
  },
  'leads, none is fit': () => {
    const world = editSet(restedWorld('dev'), { name: 'other' });
    assert.deepEqual(scaleDown(situationIn(world)), nothing);
    assert.deepEqual(scaleDown(situationIn(withInstances(2)(lagging(sharedLedBy(third), first, second)))), nothing);
  },
  'there are data, and none that stays leads': () => {
    const renamed = withPods(editSet(restedWorld('dev'), { name: 'other' }), () => false);
    assert.deepEqual(scaleDown(situationIn(renamed)), nothing);
    const electing = withPods(shrinking(), (pod) => pod !== situationIn(three()).primary?.pod);
    assert.deepEqual(scaleDown(situationIn(electing)), nothing);
    assert.deepEqual(scaleDown(situationIn(withInstances(1)(withPods(sharing(), (pod) => pod !== first)))), nothing);
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
    const status = { phase: 'Running', conditions: [{ type: 'Ready', status: 'False' }] };
    assert.equal(stepIn(withInstances(2)(editObject(sharing(), 'Pod', second, (object) => ({ ...object, status })))), undefined);
  },
  'serves, and another is on its way down': () => {
    const world = shrinking();
    const [first = '', second = ''] = surplusOf(world);
    const leaving = editObject(scaledToNothing(world, first), 'Pod', `${first}-0`, (pod) => goingSince(world.nowMs, pod));
    assert.equal(scaleDown(situationIn(leaving)).step, undefined);
    assert.notEqual(second, '');
    assert.equal(stepIn(withInstances(1)(going(sharing(), 'Pod', 'acid-minimal-cluster-1'))), undefined);
  },
  'has a pod or may get one': () => {
    const step = scaleDown(situationIn(shrinking())).step;
    assert.ok(step?.kind === 'scaleStatefulSet' && step.replicas === 0);
    assert.match(step.reason, /spec\.instances\[0\] asks for 1, so member .* goes/);
    assert.equal(scaleOf(withInstances(1)(sharing())), 2);
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
    const ends = going(passIn(withInstances(1)(sharing())).world, 'Pod', third);
    assert.deepEqual(scaleDown(situationIn(ends)), { step: undefined, deletions: [], lookAgainAfterMs: 61_000 });
  },
  'no pod, a StatefulSet of its own, claims that nobody deleted yet': () => {
    const { world, name } = down();
    const { deletions } = scaleDown(situationIn(world));
    assert.deepEqual(
      deletions?.map(({ reference }) => keyOf(reference.kind, reference.name)),
      [`PersistentVolumeClaim/${name}-pgdata`],
    );
    assert.ok(deletions[0]?.resourceVersion !== undefined, 'only as it was seen');
  },
  'no pod, a StatefulSet of its own, no claim that stays': () => {
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
  const shrink = (leader: string, standby: string): ReturnType<typeof scaleDown>['step'] =>
    stepIn(withInstances(1)(synchronousWith(sharedLedBy(leader), leader, standby)));
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
