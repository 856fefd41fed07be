import assert from 'node:assert/strict';
import { test } from 'node:test';
import { join } from 'node:path';
import type { MemberIdentity } from '../model/members.ts';
import { stamps } from '../stamps.ts';
import { testTable } from '../testing/tables.ts';
import {
  annotateCluster,
  atRest,
  clockIn,
  conditionIn,
  decisionIn,
  dialect,
  dialectOf,
  editObject,
  editSet,
  editSpec,
  going,
  lagging,
  ledBy,
  lent,
  namesOf,
  pairIn,
  passIn,
  restedSharedWorld,
  restedWorld,
  settled,
  sharedMadeAgain,
  situationIn,
  turned,
  withFaults,
  withInstances,
  withWindow,
  deleteCluster,
} from '../testing/worlds.ts';
import { passOver, turn } from '../world/run.ts';
import { keyOf, type World, type WorldObject } from '../world/world.ts';
import { isOutdated, rollOut } from './rollOut.ts';

const two = lent(() => atRest(editSet(restedWorld('dev'), { replicas: 2 })));
const shared = 'acid-minimal-cluster';
const [first, second] = [`${shared}-0`, `${shared}-1`] as const;
/** Somebody deleted the data volume of this member, which shares its StatefulSet. */
const doomed = (world: World, member: string): World => going(world, 'PersistentVolumeClaim', `pgdata-${member}`);
const single = lent(() => atRest(withInstances(1)(restedSharedWorld())));
const claimUid = (world: World, member: string): string | undefined =>
  world.objects.get(keyOf('PersistentVolumeClaim', `pgdata-${member}`))?.metadata.uid;

/** Two members, each with its own StatefulSet, and two that share one. */
const forBoth = (check: (two: World) => void) => (): void => {
  for (const world of [two(), restedSharedWorld()]) check(world);
};

const stamped = (object: WorldObject, stamp: string, value: string): WorldObject => ({
  ...object,
  metadata: { ...object.metadata, annotations: { ...object.metadata.annotations, [stamp]: value } },
});

/** The pod of a member as if made from other inputs. */
const outdated = (world: World, { pod }: MemberIdentity): World =>
  editObject(world, 'Pod', pod, (object) => stamped(object, stamps.inputs, 'older'));

const notReadyPod = (world: World, pod: string): World =>
  editObject(world, 'Pod', pod, (object) => ({
    ...object,
    status: { phase: 'Running', conditions: [{ type: 'Ready', status: 'False' }] },
  }));

const notReady = (world: World, { pod }: MemberIdentity): World => notReadyPod(world, pod);

const withTemplate = (world: World, workload: string, stamp: string, value: string): World =>
  editObject(world, 'StatefulSet', workload, (object) => {
    const spec = object['spec'] as { readonly template: { readonly metadata: { readonly annotations: object } } };
    const metadata = { ...spec.template.metadata, annotations: { ...spec.template.metadata.annotations, [stamp]: value } };
    return { ...object, spec: { ...spec, template: { ...spec.template, metadata } } };
  });

const isApplied = (world: World, { workload }: MemberIdentity): boolean =>
  decisionIn(world).objects.some(({ object }) => object.kind === 'StatefulSet' && object.metadata.name === workload);

/** What a roll-out does by itself, with nothing to be applied. */
const stepOf = (world: World) => rollOut(situationIn(world), { objects: [], pending: undefined }).step;

const inWindow = (world: World, scope?: 'own' | 'all'): World => withWindow(world, -30, scope);
const beforeWindow = (world: World, scope?: 'own' | 'all'): World => withWindow(world, 120, scope);

const replaced = (world: World): string | undefined => {
  const step = stepOf(world);
  return step?.kind === 'deletePod' ? step.deletion.reference.name : undefined;
};

/** As if an older version of ourselves had made everything: its templates stay. */
const madeByAnotherVersion = (world: World): World =>
  namesOf(world, 'StatefulSet')
    .filter((name) => !name.includes('repo-host'))
    .reduce(
      (next, name) => withTemplate(next, name, stamps.rendering, '0'),
      namesOf(world, 'Pod').reduce((next, pod) => editObject(next, 'Pod', pod, (object) => stamped(object, stamps.rendering, '0')), world),
    );

/** Pods in the order in which they are replaced. */
const replacedUntilRest = (world: World): readonly string[] =>
  settled(world).passes.flatMap(({ decision }) => (decision?.step?.kind === 'deletePod' ? [decision.step.deletion.reference.name] : []));

testTable('roll out', join(import.meta.dirname, 'rollOut.ts'), 1, {
  'does not lead, and another leads and is ready': () => {
    const world = doomed(restedSharedWorld(), second);
    assert.equal(replaced(world), second);
    const after = passIn(world).world;
    assert.deepEqual([conditionIn(after, 'Ready')?.status, conditionIn(after, 'VolumeDeleted')?.reason], ['True', 'ClaimDeleted']);
    assert.match(
      conditionIn(after, 'VolumeDeleted')?.message ?? '',
      /claim pgdata-.*-1 was deleted.*another member leads, so the pod is replaced/,
    );
    const ended = atRest(world);
    assert.notEqual(claimUid(ended, second), claimUid(world, second));
    assert.deepEqual([conditionIn(ended, 'Ready')?.status, conditionIn(ended, 'VolumeDeleted')], ['True', undefined]);
    assert.equal(replaced(notReadyPod(world, second)), second, 'also when it is not ready');
    // Where each has its own StatefulSet, it is given up for one of another name.
    const { replica } = pairIn(two());
    assert.equal(replaced(going(two(), 'PersistentVolumeClaim', `${replica.name}-pgdata`)), undefined);
  },
  'leads, and a replica is fit': () => {
    const world = doomed(restedSharedWorld(), first);
    const step = stepOf(world);
    assert.ok(step?.kind === 'switchover' && step.from === first && step.to === second);
    const ended = atRest(world);
    assert.notEqual(claimUid(ended, first), claimUid(world, first));
    assert.deepEqual([situationIn(ended).primary?.name, conditionIn(ended, 'Ready')?.status], [second, 'True']);
  },
  'has the only data that are known to be good': () => {
    const alone = doomed(single(), first);
    const changed = atRest(editSpec(alone, (spec) => ({ ...spec, podAnnotations: { changed: 'yes' } })));
    const told = conditionIn(changed, 'VolumeDeleted')?.message ?? '';
    assert.match(told, /claim pgdata-acid-minimal-cluster-0 was deleted.*the pod is kept: ask for one member more.*Retain on volume pv-/);
    assert.equal(claimUid(changed, first), claimUid(alone, first));
    assert.equal(replaced(notReadyPod(changed, first)), undefined);
    const lags = lagging(doomed(restedSharedWorld(), first), second);
    assert.equal(stepOf(lags), undefined);
    const leaderless = editObject(doomed(restedSharedWorld(), second), 'Endpoints', shared, (object) => ({
      ...object,
      metadata: { ...object.metadata, annotations: { leader: 'nobody' } },
    }));
    assert.equal(replaced(notReadyPod(leaderless, second)), undefined);
    // The remedy that it names.
    const ended = atRest(withInstances(2)(changed));
    assert.notEqual(claimUid(ended, first), claimUid(alone, first));
    assert.deepEqual([conditionIn(ended, 'Ready')?.status, conditionIn(ended, 'VolumeDeleted')], ['True', undefined]);
  },
  'same inputs, same rendering': forBoth((world) => assert.ok(isApplied(world, pairIn(world).replica))),
  'same inputs, other rendering': forBoth((world) => {
    const { replica } = pairIn(world);
    const older = withTemplate(world, replica.workload, stamps.rendering, '0');
    assert.ok(!isApplied(older, replica));
    const files = decisionIn(older).objects.flatMap(({ object }) =>
      object.kind === 'ConfigMap' && object.metadata.name === dialectOf(world).profile.names.memberConfiguration(replica.workload)
        ? [Object.keys(object.data ?? {})]
        : [],
    );
    // What stays of them with members that start together has a test of its own.
    assert.deepEqual(files, world === two() ? [] : [['patroni.yaml', 'leads-first']]);
    assert.match(conditionIn(passIn(older).world, 'RolloutPending')?.message ?? '', new RegExp(replica.workload));
  }),
  'the same, and annotation `pgherd.dev/rollout` has a new value': forBoth((world) => {
    const { replica } = pairIn(world);
    const asked = annotateCluster(withTemplate(world, replica.workload, stamps.rendering, '0'), { [stamps.rollout]: 'monday' });
    assert.ok(isApplied(asked, replica));
    const once = passIn(asked).world;
    assert.ok(!isApplied(withTemplate(once, replica.workload, stamps.rendering, '0'), replica), 'the same value releases nothing again');
  }),
  'the same, and a maintenance window is open': forBoth((world) => {
    const { replica } = pairIn(world);
    const older = withTemplate(world, replica.workload, stamps.rendering, '0');
    assert.ok(isApplied(inWindow(older), replica));
    const waiting = beforeWindow(older);
    assert.ok(!isApplied(waiting, replica));
    const { message = '' } = conditionIn(passIn(waiting).world, 'RolloutPending') ?? {};
    assert.match(message, new RegExp(`in the maintenance window that opens at .*T${clockIn(world, 120)}Z`));
    // And then somebody looks.
    const waitMs = decisionIn(waiting).lookAgainAfterMs ?? Infinity;
    assert.ok(waitMs > 0 && waitMs <= 120 * 60_000, `${waitMs}`);
    assert.ok(isApplied({ ...waiting, nowMs: waiting.nowMs + 120 * 60_000 }, replica));
  }),
  'other inputs': forBoth((world) => {
    const { replica } = pairIn(world);
    assert.ok(isApplied(withTemplate(world, replica.workload, stamps.inputs, 'older'), replica));
  }),
  'is not ready and does not lead, or is stuck': forBoth((world) => {
    const { replica, primary } = pairIn(world);
    assert.equal(replaced(notReady(outdated(world, replica), replica)), replica.pod);
    assert.equal(replaced(notReady(outdated(world, primary), primary)), undefined, 'a primary that recovers is left to it');
    const pending = editObject(outdated(world, primary), 'Pod', primary.pod, (pod) => ({ ...pod, status: { phase: 'Pending' } }));
    assert.equal(replaced(pending), primary.pod);
  }),
  'has an older rendering alone, got in a window that has closed': forBoth((world) => {
    const older = madeByAnotherVersion(world);
    const begun = turned(passIn(inWindow(older)).world);
    const { primary, replica } = pairIn(begun);
    assert.equal(replaced(begun), replica.pod);
    const closed = beforeWindow(begun);
    assert.equal(stepOf(closed), undefined);
    const told = passIn(closed).world;
    assert.equal(conditionIn(told, 'RolloutPending')?.reason, 'OutsideMaintenanceWindow');
    assert.equal(conditionIn(told, 'Ready')?.status, 'True');
    // Without windows it waits for a word of the owner, and that word counts at any time.
    const { [stamps.maintenanceWindows]: _windows, ...annotations } = closed.manifest?.metadata.annotations ?? {};
    const unset: World = {
      ...closed,
      manifest: closed.manifest && { ...closed.manifest, metadata: { ...closed.manifest.metadata, annotations } },
    };
    assert.equal(stepOf(unset), undefined);
    for (const waiting of [closed, unset]) assert.equal(replacedUntilRest(annotateCluster(waiting, { [stamps.rollout]: 'now' })).length, 2);
    // What serves nobody is replaced at any time.
    assert.equal(replaced(notReady(closed, replica)), replica.pod);
    // It goes on in the next one, and then nothing is left to tell.
    const ended = atRest(inWindow(turned(told)));
    assert.deepEqual([conditionIn(ended, 'RolloutPending'), pairIn(ended).primary.pod === primary.pod], [undefined, false]);
    assert.deepEqual(passIn(ended).writes, []);
  }),
  "windows hold for the owner's changes, and none is open": forBoth((world) => {
    const changed =
      world === two()
        ? editSet(world, { resources: { limits: { cpu: '2' } } })
        : editSpec(world, (spec) => ({ ...spec, podAnnotations: { changed: 'yes' } }));
    const held = atRest(beforeWindow(changed, 'all'));
    assert.deepEqual(
      [conditionIn(held, 'RolloutPending')?.reason, conditionIn(held, 'Ready')?.status, pairIn(held).primary.pod],
      ['OutsideMaintenanceWindow', 'True', pairIn(world).primary.pod],
    );
    assert.deepEqual(passIn(held).writes, []);
    if (world === two()) {
      const told = conditionIn(passIn(withTemplate(held, 'hippo-repo-host', stamps.rendering, '0')).world, 'RolloutPending');
      assert.match(told?.message ?? '', /^hippo-pgdb-.*replaced in the maintenance window.*\nhippo-repo-host: this version of pgherd/);
    }
    assert.equal(replacedUntilRest(beforeWindow(changed)).length, 2, 'unless they are for pgherd alone');
    assert.equal(replacedUntilRest(inWindow(held, 'all')).length, 2);
  }),
  'is ready, another member is down': forBoth((world) => {
    const { replica, primary } = pairIn(world);
    assert.equal(replaced(notReady(outdated(world, replica), primary)), undefined);
  }),
  'is a replica': forBoth((world) => {
    const { replica, primary } = pairIn(world);
    assert.equal(replaced(outdated(outdated(world, primary), replica)), replica.pod);
  }),
  'leads, the replicas are done and one is fit': forBoth((world) => {
    const { replica, primary } = pairIn(world);
    const step = stepOf(outdated(world, primary));
    assert.ok(step?.kind === 'switchover' && step.from === primary.pod && step.to === replica.pod);
  }),
  "leads, and a member's template is not applied yet, or not seen by its controller": () => {
    const { primary, replica } = pairIn(two());
    const changed = passIn(editSet(two(), { resources: { limits: { cpu: '2' } } })).world;
    const before = two().objects.get(keyOf('StatefulSet', replica.name)) ?? assert.fail('no StatefulSet');
    // As an operator finds it that starts anew between the two writes.
    const half = turned({ ...changed, objects: new Map(changed.objects).set(keyOf('StatefulSet', replica.name), before) });
    assert.ok(isOutdated(situationIn(half).members.find(({ name }) => name === primary.name) ?? assert.fail('no primary')));
    assert.equal(decisionIn(half).step, undefined);
    assert.equal(replacedUntilRest(half)[0], replica.pod);
    const unseen = editObject(turned(changed), 'StatefulSet', replica.name, ({ metadata, ...object }) => ({
      ...object,
      kind: 'StatefulSet',
      apiVersion: 'apps/v1',
      metadata: { ...metadata, generation: (metadata.generation ?? 1) + 1 },
    }));
    assert.equal(decisionIn(unseen).step, undefined);
  },
  'leads, alone': () => {
    for (const world of [restedWorld('dev'), single()]) {
      const primary = situationIn(world).primary ?? assert.fail('no primary');
      const { world: written, decision } = passIn(outdated(world, primary));
      assert.deepEqual(
        decision?.commands.map(({ key }) => key),
        ['first checkpoint'],
      );
      assert.equal(replaced(written), primary.pod);
    }
  },
});

test('roll out: a changed manifest reaches every pod, replicas first', () => {
  let world = editSpec(two(), (spec) => ({ ...spec, metadata: { annotations: { changed: 'yes' } } }));
  const { primary } = pairIn(world);
  const order: string[] = [];
  for (let pass = 0; pass < 40; pass++) {
    const { decision, world: after } = passOver(world, dialect);
    if (decision?.step?.kind === 'deletePod') order.push(decision.step.deletion.reference.name);
    world = turn(after, dialect);
  }
  assert.equal(order.length, 2);
  assert.equal(order[1], primary.pod);
  assert.equal(conditionIn(world, 'Ready')?.reason, 'Ready');
  assert.notEqual(pairIn(world).primary.name, primary.name);
});

test(
  'roll out: a restart is asked for by an annotation, each new value once, and taking it back asks for none',
  forBoth((world) => {
    const { primary, replica } = pairIn(world);
    const asked = annotateCluster(world, { [stamps.restart]: 'for the new month' });
    assert.deepEqual(replacedUntilRest(asked), [replica.pod, primary.pod]);
    const restarted = atRest(asked);
    assert.deepEqual(passIn(restarted).writes, []);
    const { [stamps.restart]: _, ...annotations } = restarted.manifest?.metadata.annotations ?? {};
    const takenBack: World = {
      ...restarted,
      counter: restarted.counter + 1,
      manifest: restarted.manifest && { ...restarted.manifest, metadata: { ...restarted.manifest.metadata, annotations } },
    };
    assert.deepEqual(replacedUntilRest(takenBack), []);
    assert.equal(replacedUntilRest(annotateCluster(restarted, { [stamps.restart]: 'once more' })).length, 2);
  }),
);

test('roll out: who leads first is no part of a template that stays: the others are told when it leads', () => {
  const led = atRest(ledBy(restedSharedWorld(), second));
  const gone = atRest(deleteCluster(annotateCluster(led, { [stamps.retain]: 'data' })));
  // One pass, and then the operator is another.
  const begun = turned(passIn(sharedMadeAgain(gone, 2)).world);
  const configuration = (world: World): Readonly<Record<string, string>> =>
    (world.objects.get(keyOf('ConfigMap', `${shared}-patroni-members`))?.['data'] ?? {}) as Readonly<Record<string, string>>;
  assert.equal(configuration(begun)['leads-first'], second);
  const older = editObject(madeByAnotherVersion(begun), 'ConfigMap', `${shared}-patroni-members`, (object) => ({
    ...object,
    data: { ...configuration(begun), 'patroni.yaml': 'older' },
  }));
  const ended = atRest(older);
  assert.deepEqual(configuration(ended), { 'patroni.yaml': 'older', 'leads-first': '' });
  assert.deepEqual([situationIn(ended).primary?.name, conditionIn(ended, 'Ready')?.status], [second, 'True']);
  assert.equal(conditionIn(ended, 'RolloutPending')?.status, 'True');
  assert.deepEqual(passIn(ended).writes, []);
});

test('roll out: a template that stays is scaled, and it is said why', () => {
  const older = atRest(madeByAnotherVersion(restedSharedWorld()));
  const reasonOf = (world: World): string | undefined => decisionIn(world).step?.reason;
  assert.match(reasonOf(withInstances(3)(older)) ?? '', /^the manifest asks for more members/);
  const asleep = atRest(withInstances(0)(older));
  assert.match(reasonOf(withInstances(1)(asleep)) ?? '', /^the manifest asks for it to run/);
});

test('roll out: replicas that lag hold up no other, and lead nowhere', () => {
  const world = editSpec(restedSharedWorld(), (spec) => ({ ...spec, podAnnotations: { changed: 'yes' } }));
  let behind = lagging(world, second);
  for (let pass = 0; pass < 20; pass++) behind = turned(passIn(behind).world);
  assert.equal(situationIn(behind).primary?.name, first, 'who leads waits for one that is fit');
  assert.equal(conditionIn(atRest(withFaults(behind, { laggingPods: new Set() })), 'Ready')?.reason, 'Ready');
});
