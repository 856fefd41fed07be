import assert from 'node:assert/strict';
import { test } from 'node:test';
import { join } from 'node:path';
import { testTable } from '../testing/tables.ts';
import {
  atRest,
  conditionIn,
  editSet,
  lagging,
  lent,
  passIn,
  restedSharedWorld,
  restedWorld,
  situationIn,
  turned,
  withFaults,
  withInstances,
} from '../testing/worlds.ts';
import type { World } from '../world/world.ts';
import { reportStragglers, stragglerPatienceMs } from './stragglers.ts';

const two = lent(() => atRest(editSet(restedWorld('dev'), { replicas: 2 })));

/** Two members, each with its own StatefulSet, and two that share one. */
const forBoth = (check: (two: World) => void) => (): void => {
  for (const world of [two(), restedSharedWorld()]) check(world);
};

const replicaOf = (world: World): string => {
  const { members, primary } = situationIn(world);
  return members.find(({ name }) => name !== primary?.name)?.pod ?? assert.fail('no replica');
};

const behind = (world: World): World => lagging(world, replicaOf(world));
const later = (world: World, ms: number): World => ({ ...world, nowMs: world.nowMs + ms });

testTable('stragglers', join(import.meta.dirname, 'stragglers.ts'), 1, {
  'none leads and runs, or the cluster is stopped': forBoth((world) => {
    const situation = situationIn(behind(world));
    assert.deepEqual(reportStragglers({ ...situation, writable: undefined }), {});
    assert.deepEqual(reportStragglers({ ...situation, cluster: { ...situation.cluster, stopped: true } }), {});
  }),
  'every replica streams, starts, is being made or has ended': forBoth((world) => {
    const situation = situationIn(world);
    for (const state of ['streaming', 'in archive recovery', 'starting', 'creating replica', 'stopped', undefined]) {
      const members = situation.members.map((member) => (member.name === situation.primary?.name ? member : { ...member, state }));
      assert.deepEqual(reportStragglers({ ...situation, members }), {}, state);
    }
  }),
  'one runs and does not stream': forBoth((world) => {
    const after = passIn(behind(world)).world;
    assert.deepEqual([conditionIn(after, 'ReplicaBehind')?.status, conditionIn(after, 'ReplicaBehind')?.reason], ['False', 'CatchingUp']);
    const { lookAgainAfterMs = 0 } = reportStragglers(situationIn(later(after, 60_000)));
    assert.ok(Math.abs(lookAgainAfterMs - (stragglerPatienceMs - 60_000)) < 1000);
  }),
  'the same, and the condition stands for ten minutes': forBoth((world) => {
    const { decision, world: after } = passIn(later(passIn(behind(world)).world, stragglerPatienceMs));
    const { status, message } = conditionIn(after, 'ReplicaBehind') ?? assert.fail();
    assert.equal(status, 'True');
    const { cluster } = situationIn(world);
    const pod = replicaOf(world);
    const command = `kubectl exec -it ${pod} -c ${cluster.profile.containers.database} -- patronictl reinit ${cluster.patroni.scope} ${pod}`;
    assert.ok(message.endsWith(command), message);
    assert.ok(decision?.events.some(({ type, reason }) => type === 'Warning' && reason === 'NotStreaming'));
  }),
  'the same, and it told of it before': forBoth((world) => {
    const told = passIn(later(passIn(behind(world)).world, stragglerPatienceMs)).world;
    const again = passIn(turned(told)).world;
    assert.equal(conditionIn(again, 'ReplicaBehind')?.status, 'True');
    assert.deepEqual(passIn(again).writes, []);
  }),
});

test('stragglers: one that streams again is told of no longer', () => {
  const told = passIn(later(passIn(behind(restedSharedWorld())).world, stragglerPatienceMs)).world;
  const ended = atRest(withFaults(told, { laggingPods: new Set() }));
  assert.deepEqual([conditionIn(ended, 'ReplicaBehind'), conditionIn(ended, 'Ready')?.status], [undefined, 'True']);
});

test('stragglers: a member that comes back to the volume that it had is told of when it cannot follow', () => {
  const back = withInstances(2)(atRest(withInstances(1)(restedSharedWorld())));
  const world = atRest(withFaults(back, { laggingPods: new Set(['acid-minimal-cluster-1']) }));
  assert.deepEqual([conditionIn(world, 'ReplicaBehind')?.status, conditionIn(world, 'Ready')?.reason], ['True', 'MembersNotReady']);
});
