import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { stamps } from '../stamps.ts';
import { testTable } from '../testing/tables.ts';
import {
  atRest,
  conditionIn,
  decisionIn,
  editObject,
  editSet,
  editSpec,
  freshSharedWorld,
  lent,
  memberPodsIn,
  passIn,
  pausedInPatroni,
  restedWorld,
  settled,
  situationIn,
  turned,
  withFaults,
  withWindow,
  withParameters,
  type Spec,
} from '../testing/worlds.ts';
import type { Pass } from '../world/run.ts';
import type { World } from '../world/world.ts';
import { perform } from '../world/writes.ts';
import { refusedMark } from '../render/scripts/trial.ts';
import { isStandbySetting } from './standbySettings.ts';
import { switchoverTo } from './switchover.ts';

const three = lent(() => atRest(editSet(restedWorld('dev'), { replicas: 3 })));

/** Patroni has the parameters, and every member has said what it waits for. */
const waiting = (parameters: Spec, world = three()): World => turned(passIn(withParameters(world, parameters)).world);

const raised = lent(() => waiting({ max_connections: '200' }));
const lowered = lent(() => waiting({ max_connections: '50' }));

const leaderIn = (world: World): string => situationIn(world).primary?.pod ?? '';
const markedBy = ({ decision }: Pick<Pass, 'decision'>): string | undefined =>
  decision?.step?.kind === 'markRestart' ? decision.step.reference.name : undefined;

/** The pod that the next pass marks, and the world in which it is. */
const marked = (world: World) => {
  const pass = passIn(world);
  const pod = markedBy(pass) ?? '';
  assert.notEqual(pod, '', 'nothing was marked');
  return { pod, world: turned(pass.world) };
};

/** Keys of the commands that restart its members. */
const restartsOf = (world: World): ReadonlySet<string> => new Set(situationIn(world).members.map(({ pod }) => `restart ${pod}`));

/** A switchover to anybody who is fit. */
const handoverIn = (world: World) => {
  const situation = situationIn(world);
  return switchoverTo(situation, situation.members, 'asked for');
};

const later = (world: World, ms: number): World => ({ ...world, nowMs: world.nowMs + ms });

testTable('restarts', join(import.meta.dirname, 'restarts.ts'), 1, {
  'no member waits': () => assert.equal(conditionIn(three(), 'RestartPending'), undefined),
  'one waits, and the cluster is stopped or paused in Patroni': () => {
    const paused = pausedInPatroni(raised());
    for (const world of [paused, editSpec(raised(), (spec) => ({ ...spec, shutdown: true }))]) {
      const pass = passIn(world);
      assert.equal(markedBy(pass), undefined);
      assert.equal(conditionIn(pass.world, 'RestartPending')?.status, 'True');
    }
    assert.match(conditionIn(passIn(paused).world, 'RestartPending')?.message ?? '', /patronictl resume/);
  },
  'one waits, and a wanted member is missing, not ready or outdated': () => {
    const world = editSet(raised(), { replicas: 4 });
    assert.equal(markedBy(passIn(world)), undefined);
    const outdated = passIn(editSet(raised(), { resources: { limits: { cpu: '2' } } }));
    assert.equal(markedBy(passIn(turned(outdated.world))), undefined);
    assert.match(conditionIn(outdated.world, 'RestartPending')?.message ?? '', /max_connections 100 → 200/);
  },
  "one waits, windows hold for the owner's changes, and none is open": () => {
    const held = passIn(withWindow(raised(), 60, 'all'));
    assert.equal(markedBy(held), undefined);
    assert.match(conditionIn(held.world, 'RestartPending')?.message ?? '', /that waits for the maintenance window that opens at /);
    for (const world of [withWindow(raised(), 60), withWindow(raised(), -10, 'all')]) assert.notEqual(markedBy(passIn(world)), undefined);
  },
  'one waits, and a switchover was asked for just now': () => {
    const world = raised();
    const { step } = handoverIn(world);
    assert.ok(step?.kind === 'switchover');
    const pass = passIn(perform(world, { kind: 'step', step }, situationIn(world).cluster).world);
    assert.equal(markedBy(pass), undefined);
    assert.match(conditionIn(pass.world, 'RestartPending')?.message ?? '', /switchover/);
  },
  "a replica waits for less of it, and Patroni's configuration is of just now": () => {
    const { primary } = situationIn(lowered());
    const status = JSON.stringify({ role: 'master', state: 'running', timeline: 1 });
    const unheard = editObject(lowered(), 'Pod', primary?.pod ?? '', (pod) => ({
      ...pod,
      metadata: { ...pod.metadata, annotations: { ...pod.metadata.annotations, status } },
    }));
    const decision = decisionIn(unheard);
    assert.equal(decision.step, undefined);
    assert.ok((decision.lookAgainAfterMs ?? 0) > 0);
    // Then the leader has it in force already.
    assert.notEqual(markedBy(passIn(later(unheard, 21_000))), undefined);
  },
  "Patroni's configuration is being written": () => {
    const pass = passIn(withParameters(raised(), { max_connections: '300' }));
    assert.notEqual(pass.decision?.patroniConfiguration, undefined);
    assert.equal(markedBy(pass), undefined);
  },
  'it is of just now, and one waits for another value': () => {
    // Taken back, before any member has said that it waits no longer.
    const stale = raised();
    const taken = withParameters(stale, { max_connections: '100' });
    const written = passIn(taken).world;
    const decision = decisionIn(written);
    assert.equal(decision.step, undefined);
    assert.ok((decision.lookAgainAfterMs ?? 0) > 0);
    const { passes, world } = settled(turned(written));
    assert.deepEqual(
      passes.flatMap((pass) => markedBy(pass) ?? []),
      [],
    );
    assert.equal(conditionIn(world, 'RestartPending'), undefined);
    // What is still said when all had the time to say something else is so.
    assert.notEqual(markedBy(passIn(later(written, 21_000))), undefined);
  },
  'a replica waits': () => {
    const pass = passIn(raised());
    assert.notEqual(markedBy(pass), leaderIn(raised()));
    assert.deepEqual(
      pass.decision?.events.map(({ reason }) => reason).filter((reason) => reason !== 'Ready'),
      ['SettingsNeedRestart', 'RestartingServer'],
    );
    assert.match(pass.decision?.step?.reason ?? '', /max_connections 100 → 200/);
  },
  'only the leader waits': () => {
    const order = settled(raised()).passes.flatMap((pass) => markedBy(pass) ?? []);
    assert.equal(order.length, 3);
    assert.equal(order.at(-1), leaderIn(raised()));
  },
  'the leader waits for less of what standbys may not have less of': () => {
    assert.equal(markedBy(passIn(lowered())), leaderIn(lowered()));
    const order = settled(lowered()).passes.flatMap((pass) => markedBy(pass) ?? []);
    assert.equal(order[0], leaderIn(lowered()));
    assert.equal(new Set(order).size, 3);
  },
  'a pod was marked lately, and its member still waits': () => {
    const { pod, world } = marked(raised());
    const { commands, step } = decisionIn(world);
    assert.equal(step, undefined);
    assert.deepEqual(
      commands.map(({ key, target }) => [key, target.pod]),
      [[`restart ${pod}`, pod]],
    );
    assert.equal(situationIn(world).members.find((member) => member.pod === pod)?.ready, false);
    // Nothing else goes down meanwhile.
    assert.equal(decisionIn(editSet(world, { resources: { limits: { cpu: '2' } } })).step, undefined);
  },
  'the same, and it failed': () => {
    const { pod, world } = marked(withFaults(raised(), { failingCommands: restartsOf(raised()) }));
    const failed = passIn(world).world;
    assert.deepEqual(decisionIn(failed).commands, []);
    assert.match(conditionIn(passIn(failed).world, 'RestartPending')?.message ?? '', new RegExp(`${pod} is being restarted, which failed`));
  },
  'the same, and PostgreSQL would not start': () => {
    const words = 'FATAL: too much';
    /** The command that restarts the marked pod says so. */
    const refused = (world: World): World => {
      const after = passIn(withFaults(world, { failingCommands: restartsOf(world) })).world;
      const said = Object.values(after.commandResults).map((result) =>
        result.result.kind === 'failed'
          ? { ...result, result: { ...result.result, message: `exit status 1: ${refusedMark}${words}` } }
          : result,
      );
      return { ...after, commandResults: Object.fromEntries(said.map((result) => [result.key, result])) };
    };
    const one = marked(raised());
    const first = refused(one.world);
    assert.ok(
      situationIn(first).members.every(({ ready }) => ready),
      'all go on',
    );
    // The next replica shows whether it is for this member alone.
    const other = marked(first);
    assert.notEqual(other.pod, one.pod);
    const pass = passIn(refused(other.world));
    assert.equal(pass.decision?.step, undefined);
    const { message = '' } = conditionIn(pass.world, 'RestartPending') ?? {};
    assert.match(message, new RegExp(`would not start with them, so .* goes on as it is, .*: ${words}$`));
    assert.equal(conditionIn(pass.world, 'Ready')?.status, 'True');
  },
  'a pod was marked some time ago, and its member still waits': () => {
    const failing = withFaults(raised(), { failingCommands: restartsOf(raised()) });
    const attempts: number[] = [];
    let world = failing;
    for (let round = 0; round < 8; round++) {
      const before = memberPodsIn(world).map(({ metadata }) => metadata.annotations?.[stamps.restartAsked] ?? '');
      world = later(turned(passIn(world).world), 61_000);
      const after = memberPodsIn(world).map(({ metadata }) => metadata.annotations?.[stamps.restartAsked] ?? '');
      attempts.push(...after.filter((mark) => !before.includes(mark)).map((mark) => Number(mark.split(' ')[1])));
    }
    // Two replicas take turns, each twice as long after its own last attempt.
    assert.deepEqual(attempts, [1, 1, 2, 2, 3, 3]);
    const mended = settled(withFaults(world, { failingCommands: new Set() }));
    assert.equal(conditionIn(mended.world, 'RestartPending'), undefined);
  },
});

/** In no world that was passed through does a standby have less than its primary. */
const assertSafe = (passes: readonly Pass[]): void => {
  for (const { world } of passes) {
    const { primary, members } = situationIn(world);
    const settingsOf = (pod: string | undefined) => world.database.settings.get(pod ?? '') ?? {};
    const least = settingsOf(primary?.podObject?.metadata.uid);
    for (const member of members) {
      for (const [name, value] of Object.entries(settingsOf(member.podObject?.metadata.uid))) {
        if (isStandbySetting(name)) assert.ok(Number(value) >= Number(least[name] ?? 0), `${member.pod} has ${name} ${value}`);
      }
    }
  }
};

test('I2: restarts: at most one member at a time, and no standby ever has less than its primary', () => {
  const edits: readonly Spec[] = [
    { max_connections: '200' },
    { max_connections: '50' },
    { max_connections: '200', max_locks_per_transaction: '32' },
    { max_connections: '50', max_locks_per_transaction: '128', max_wal_senders: '20' },
  ];
  const start = atRest(withParameters(three(), { max_connections: '100', max_locks_per_transaction: '64', max_wal_senders: '10' }));
  for (const edit of edits) {
    const { passes, world } = settled(withParameters(start, edit));
    assertSafe(passes);
    for (const { metadata } of memberPodsIn(world)) {
      const { max_connections, max_locks_per_transaction, max_wal_senders } = { ...world.database.settings.get(metadata.uid) };
      assert.deepEqual(
        { max_connections, max_locks_per_transaction, max_wal_senders },
        { max_connections: '100', max_locks_per_transaction: '64', max_wal_senders: '10', ...edit },
      );
    }
    assert.equal(conditionIn(world, 'RestartPending'), undefined);
    assert.equal(conditionIn(world, 'Ready')?.status, 'True');
    for (const { world: passed } of passes) {
      assert.ok(situationIn(passed).members.filter(({ ready }) => !ready).length <= 1);
    }
  }
});

test('I6: restarts: an operator that ends between the mark and the restart goes on with the same one', () => {
  const { pod, world } = marked(raised());
  const crashed: World = { ...world, readings: {}, commandResults: {} };
  assert.deepEqual(
    decisionIn(crashed)
      .commands.filter(({ key }) => key.startsWith('restart '))
      .map(({ target }) => target.pod),
    [pod],
  );
  assert.equal(conditionIn(atRest(crashed), 'RestartPending'), undefined);
});

test('I7: restarts: a setting that is taken back restarts nobody', () => {
  const back = turned(passIn(withParameters(raised(), { max_connections: '100' })).world);
  const { passes, world } = settled(back);
  assert.deepEqual(
    passes.flatMap((pass) => markedBy(pass) ?? []),
    [],
  );
  assert.equal(conditionIn(world, 'RestartPending'), undefined);
});

test('I9: restarts: values of settings that an extension has are not told', () => {
  const { primary } = situationIn(raised());
  const reasons = { 'vendor.licence': { old_value: 'old secret', new_value: 'new secret' } };
  const status = JSON.stringify({
    role: 'master',
    state: 'running',
    timeline: 1,
    pending_restart: true,
    pending_restart_reason: reasons,
  });
  const world = editObject(raised(), 'Pod', primary?.pod ?? '', (pod) => ({
    ...pod,
    metadata: { ...pod.metadata, annotations: { ...pod.metadata.annotations, status } },
  }));
  const { decision } = passIn(world);
  assert.match(JSON.stringify(decision), /vendor\.licence/);
  assert.doesNotMatch(JSON.stringify({ ...decision, objects: [] }), /new secret/);
});

test('restarts: members that share a StatefulSet restart the same way', () => {
  const start = atRest(
    freshSharedWorld((spec) => ({ ...spec, postgresql: { ...(spec['postgresql'] as Spec), parameters: { max_connections: '100' } } })),
  );
  const { passes } = settled(
    editSpec(start, (spec) => ({ ...spec, postgresql: { ...(spec['postgresql'] as Spec), parameters: { max_connections: '200' } } })),
  );
  const order = passes.flatMap((pass) => markedBy(pass) ?? []);
  assert.equal(order.length, 2);
  assert.equal(order.at(-1), leaderIn(start));
});

test('restarts: nobody takes over from a leader whose PostgreSQL is being restarted, until it is', () => {
  const { pod, world } = marked(lowered());
  assert.equal(pod, leaderIn(world));
  const { step, lookAgainAfterMs } = handoverIn(world);
  assert.equal(step, undefined);
  assert.ok((lookAgainAfterMs ?? 0) > 0);
  assert.equal(handoverIn(later(world, lookAgainAfterMs ?? 0)).step?.kind, 'switchover');
});
