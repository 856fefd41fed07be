import assert from 'node:assert/strict';
import { test } from 'node:test';
import { join } from 'node:path';
import { stamps } from '../stamps.ts';
import { testTable } from '../testing/tables.ts';
import {
  atRest,
  conditionIn,
  decisionIn,
  dialect,
  editObject,
  editSet,
  editSpec,
  freshWorld,
  lent,
  restedWorld,
  situationIn,
} from '../testing/worlds.ts';
import { passOver, turn } from '../world/run.ts';
import { remove, type World } from '../world/world.ts';

const two = lent(() => atRest(editSet(restedWorld('dev'), { replicas: 2 })));

interface Health {
  readonly ready: string | undefined;
  readonly reason: string | undefined;
  readonly companion: string | undefined;
}

const healthIn = (world: World): Health => {
  const conditions = (decisionIn(world).status?.['conditions'] ?? []) as readonly { type: string; status: string; reason: string }[];
  const ready = conditions.find(({ type }) => type === 'Ready');
  const companions = conditions.filter(({ type }) => type === 'Reconciling' || type === 'Stalled').map(({ type }) => type);
  assert.ok(companions.length < 2);
  return { ready: ready?.status, reason: ready?.reason, companion: companions[0] };
};

const health = (ready: string, reason: string, companion?: string): Health => ({ ready, reason, companion });

const replica = (world: World): string => {
  const { primary, members } = situationIn(world);
  return members.find(({ name }) => name !== primary?.name)?.pod ?? assert.fail('no replica');
};

const stopped = (world: World): World => editSpec(world, (spec) => ({ ...spec, shutdown: true }));

const withSql = (): World => editSpec(two(), (spec) => ({ ...spec, databaseInitSQL: { name: 'hippo-init', key: 'init.sql' } }));

const unschedulable = (ageMs: number): World => {
  const world = two();
  const lastTransitionTime = new Date(world.nowMs - ageMs).toISOString();
  const conditions = [
    { type: 'PodScheduled', status: 'False', reason: 'Unschedulable', message: '0/2 nodes are available', lastTransitionTime },
  ];
  return editObject(world, 'Pod', replica(world), (pod) => ({ ...pod, status: { phase: 'Pending', conditions } }));
};

const crashing = (restartCount: number): World =>
  editObject(two(), 'Pod', replica(two()), (pod) => {
    const state = { waiting: { reason: 'CrashLoopBackOff' } };
    const containerStatuses = [{ name: 'database', image: '', imageID: '', ready: false, restartCount, state }];
    return { ...pod, status: { phase: 'Running', containerStatuses } };
  });

const withState = (world: World, pod: string, state: object): World =>
  editObject(world, 'Pod', pod, (object) => ({
    ...object,
    metadata: { ...object.metadata, annotations: { ...object.metadata.annotations, status: JSON.stringify(state) } },
  }));

testTable('health', join(import.meta.dirname, 'health.ts'), 1, {
  'stopped as asked': () => assert.deepEqual(healthIn(atRest(stopped(two()))), health('True', 'Stopped')),
  'asked to stop, pods left': () => assert.deepEqual(healthIn(stopped(two())), health('False', 'Stopping', 'Reconciling')),
  "a wanted member's pod is stuck": () => {
    assert.deepEqual(healthIn(unschedulable(5000)), health('False', 'Unschedulable', 'Reconciling'));
    assert.deepEqual(decisionIn(unschedulable(5000)).lookAgainAfterMs, 25_000);
    assert.deepEqual(healthIn(unschedulable(30_000)), health('False', 'Unschedulable', 'Stalled'));
    assert.deepEqual(healthIn(crashing(1)), health('False', 'ContainerCrashing', 'Reconciling'));
    assert.deepEqual(healthIn(crashing(3)), health('False', 'ContainerCrashing', 'Stalled'));
  },
  'a wanted member, or its template, is not as desired': () => {
    assert.deepEqual(healthIn(editSet(two(), { replicas: 3 })), health('False', 'Applying', 'Reconciling'));
    assert.deepEqual(healthIn(editSet(two(), { priorityClassName: 'high' })), health('False', 'Applying', 'Reconciling'));
  },
  'the same, and the API server refuses it for good': () => {
    const refusing = { ...freshWorld('dev'), faults: { ...freshWorld('dev').faults, refusedKinds: new Set(['StatefulSet']) } };
    const after = passOver(refusing, dialect).world;
    assert.deepEqual(healthIn(after), health('False', 'WriteRefused', 'Stalled'));
    assert.deepEqual(healthIn(atRest({ ...after, faults: freshWorld('dev').faults })), health('True', 'Ready'));
  },
  'no primary that is ready, or not reachable by its Service': () => {
    const { primary } = situationIn(two());
    const down = editObject(two(), 'Pod', primary?.pod ?? '', (pod) => ({ ...pod, status: { phase: 'Running' } }));
    assert.deepEqual(healthIn(down), health('False', 'PrimaryNotReady', 'Reconciling'));
    assert.deepEqual(healthIn(remove(two(), 'Endpoints', 'hippo-primary')), health('False', 'PrimaryNotReady', 'Reconciling'));
  },
  'a wanted replica does not stream': () => {
    for (const state of [{ state: 'running' }, { state: 'running', replication_state: 'in archive recovery' }, { state: 'start failed' }]) {
      assert.deepEqual(healthIn(withState(two(), replica(two()), state)), health('False', 'MembersNotReady', 'Reconciling'));
    }
    // The annotation is older than the kubelet's word.
    assert.deepEqual(healthIn(withState(two(), replica(two()), { state: 'starting' })), health('True', 'Ready'));
  },
  'a pod was made from an older template': () => {
    const outdated = editObject(two(), 'Pod', replica(two()), (pod) => ({
      ...pod,
      metadata: { ...pod.metadata, annotations: { ...pod.metadata.annotations, [stamps.inputs]: 'older' } },
    }));
    assert.deepEqual(healthIn(outdated), health('False', 'RollingOut', 'Reconciling'));
  },
  'members are left that are not wanted': () =>
    assert.deepEqual(healthIn(editSet(two(), { replicas: 1 })), health('False', 'ScalingDown', 'Reconciling')),
  "Patroni's configuration is another": () =>
    assert.deepEqual(
      healthIn(editSpec(two(), (spec) => ({ ...spec, config: { parameters: { work_mem: '7MB' } } }))),
      health('False', 'ConfiguringPatroni', 'Reconciling'),
    ),
  'roles or databases are not in force': () =>
    assert.deepEqual(
      healthIn(editSpec(two(), (spec) => ({ ...spec, users: [{ name: 'more' }] }))),
      health('False', 'UsersNotReady', 'Reconciling'),
    ),
  'the same, and PostgreSQL refuses a statement again and again': () => {
    const asked = editSpec(two(), (spec) => ({ ...spec, users: [{ name: 'more' }] }));
    const failing = { ...asked, faults: { ...asked.faults, failingCommands: new Set(['users']) } };
    const later = (world: World): World => ({ ...world, nowMs: world.nowMs + 10 * 60_000 });
    let world: World = failing;
    for (let attempt = 0; attempt < 12; attempt++) world = turn(passOver(later(world), dialect).world, dialect);
    assert.deepEqual(healthIn(world), health('False', 'UsersNotReady', 'Stalled'));
    assert.match(conditionIn(world, 'Ready')?.message ?? '', /roles and databases are not as the manifest asks/);
    assert.deepEqual(
      healthIn(atRest(later({ ...world, faults: { ...world.faults, failingCommands: new Set() } }))),
      health('True', 'Ready'),
    );
  },
  "the owner's SQL was not run yet": () => assert.deepEqual(healthIn(withSql()), health('False', 'RunningInitSQL', 'Reconciling')),
  'the same, and it cannot be': () => {
    const failing = { ...withSql(), faults: { ...withSql().faults, failingCommands: new Set(['initSql']) } };
    assert.deepEqual(healthIn(passOver(failing, dialect).world), health('False', 'InitSQLNotRun', 'Stalled'));
  },
  'none of these': () => assert.deepEqual(healthIn(two()), health('True', 'Ready')),
});

test('health: backups on their way do not lower Ready', () => {
  let world = freshWorld('dev');
  world = { ...world, faults: { ...world.faults, failingCommands: new Set(['stanza']) } };
  for (let pass = 0; pass < 12; pass++) world = turn(passOver(world, dialect).world, dialect);
  assert.deepEqual(healthIn(world), health('True', 'Ready'));
});
