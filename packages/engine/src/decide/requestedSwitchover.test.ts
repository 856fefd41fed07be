import assert from 'node:assert/strict';
import { test } from 'node:test';
import { join } from 'node:path';
import { testTable } from '../testing/tables.ts';
import {
  annotateCluster,
  atRest,
  conditionIn,
  decisionIn,
  editSet,
  editSpec,
  lagging,
  ledBy,
  lent,
  pairIn,
  passIn,
  restedWorld,
  settled,
  turned,
  withFaults,
} from '../testing/worlds.ts';
import type { World } from '../world/world.ts';

const two = lent(() => atRest(editSet(restedWorld('dev'), { replicas: 2 })));
const trigger = 'postgres-operator.crunchydata.com/trigger-switchover';

interface Section {
  readonly targetInstance?: string;
  readonly type?: 'Switchover' | 'Failover';
}

const asked = (world: World, request = 'now', section: Section = {}): World =>
  annotateCluster(
    editSpec(world, (spec) => ({ ...spec, patroni: { ...(spec['patroni'] as object), switchover: { enabled: true, ...section } } })),
    { [trigger]: request },
  );

const statusIn = (world: World): { readonly switchover?: string; readonly switchoverTimeline?: number } =>
  (world.manifest?.status as { readonly patroni?: object } | undefined)?.patroni ?? {};

/** The pass that notes the timeline is over. */
const noted = (world: World): World => turned(passIn(world).world);

const stepIn = (world: World) => {
  const { step } = decisionIn(world);
  return step?.kind === 'switchover' ? { from: step.from, to: step.to } : undefined;
};

testTable('requested switchover', join(import.meta.dirname, 'requestedSwitchover.ts'), 1, {
  'none is asked for': () => {
    const done = atRest(asked(two()));
    assert.equal(statusIn(done).switchover, 'now');
    const disabled = atRest(editSpec(done, (spec) => ({ ...spec, patroni: { ...(spec['patroni'] as object), switchover: undefined } })));
    assert.equal(statusIn(disabled).switchover, undefined);
    assert.equal(pairIn(disabled).primary.name, pairIn(done).primary.name);
  },
  'it was carried out': () => {
    const done = atRest(asked(two()));
    assert.deepEqual(passIn(done).writes, []);
    assert.equal(pairIn(atRest(asked(done, 'again'))).primary.name, pairIn(two()).primary.name);
  },
  'stopped, or no member leads': () => {
    const leaderless = ledBy(asked(two()), 'nobody');
    const { decision, world } = passIn(leaderless);
    assert.equal(decision?.step, undefined);
    assert.match(conditionIn(world, 'SwitchoverPending')?.message ?? '', /waits: no member leads/);
    const { replica } = pairIn(two());
    assert.deepEqual(stepIn(ledBy(asked(two(), 'now', { type: 'Failover', targetInstance: replica.name }), 'nobody')), {
      from: undefined,
      to: replica.pod,
    });
    const stopped = passIn(editSpec(asked(two()), (spec) => ({ ...spec, shutdown: true }))).world;
    assert.match(conditionIn(stopped, 'SwitchoverPending')?.message ?? '', /waits: the cluster is stopped/);
  },
  'the target leads': () => {
    const world = asked(two(), 'now', { targetInstance: pairIn(two()).primary.name });
    const { decision, world: after } = passIn(world);
    assert.equal(decision?.step, undefined);
    assert.equal(statusIn(after).switchover, 'now');
    assert.match(decision?.events.find(({ reason }) => reason === 'SwitchedOver')?.message ?? '', /leads already/);
  },
  'no target, and the timeline is another than the one that is noted': () => {
    const { primary, replica } = pairIn(two());
    const { passes, world } = settled(asked(two()));
    assert.equal(pairIn(world).primary.name, replica.name);
    assert.deepEqual(statusIn(world).switchover, 'now');
    assert.equal(statusIn(world).switchoverTimeline, undefined);
    const events = passes.flatMap(({ decision }) => decision?.events ?? []).map(({ reason, message }) => `${reason}: ${message}`);
    assert.ok(
      events.includes(`SwitchedOver: the switchover that was asked for ("now") took place: ${replica.name} leads, from timeline 1 to 2`),
    );
    assert.ok(events.some((event) => event.startsWith('SwitchingOver')));
    assert.equal(pairIn(world).replica.name, primary.name);
    assert.equal(passes.filter(({ decision }) => decision?.step !== undefined).length, 1, 'it is asked for once');
  },
  'the timeline is not the one that is noted': () => {
    assert.equal(stepIn(asked(two())), undefined);
    assert.equal(statusIn(noted(asked(two()))).switchoverTimeline, 1);
  },
  'a switchover, and one that may take over is fit': () => {
    const { primary, replica } = pairIn(two());
    assert.deepEqual(stepIn(noted(asked(two(), 'now', { targetInstance: replica.name }))), { from: primary.pod, to: replica.pod });
  },
  'a switchover, and none is': () => {
    const behind = lagging(noted(asked(two())), pairIn(two()).replica.pod);
    const { decision, world } = passIn(behind);
    assert.equal(decision?.step, undefined);
    assert.match(conditionIn(world, 'SwitchoverPending')?.message ?? '', /not streaming yet/);
    assert.equal(pairIn(atRest(withFaults(world, { laggingPods: new Set() }))).primary.name, pairIn(two()).replica.name);
    const alone = passIn(noted(asked(restedWorld('dev')))).world;
    assert.match(conditionIn(alone, 'SwitchoverPending')?.message ?? '', /no such member/);
  },
  'a failover': () => {
    const { replica } = pairIn(two());
    const world = noted(asked(lagging(two(), replica.pod), 'now', { type: 'Failover', targetInstance: replica.name }));
    assert.deepEqual(stepIn(world), { from: undefined, to: replica.pod });
    assert.equal(stepIn(passIn(world).world), undefined, 'the request stands until Patroni has looked at it');
    const after = atRest(withFaults(world, { laggingPods: new Set() }));
    assert.equal(pairIn(after).primary.name, replica.name);
    assert.equal(statusIn(after).switchover, 'now');
  },
});

test('I6: requested switchover: an operator that ends after any write of it hands over once', () => {
  const { replica } = pairIn(two());
  for (let crashAfter = 0; crashAfter < 3; crashAfter++) {
    for (let crashing = 0; crashing < 5; crashing++) {
      let world = asked(two());
      for (let pass = 0; pass < crashing; pass++) world = turned(passIn(world).world);
      const { world: rested } = settled(turned(passIn(world, { crashAfter }).world));
      assert.equal(pairIn(rested).primary.name, replica.name, `crash after ${crashAfter} writes of pass ${crashing}`);
      assert.equal(rested.database.timeline, 2);
      assert.equal(statusIn(rested).switchover, 'now');
    }
  }
});
