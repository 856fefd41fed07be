import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { testTable } from '../../testing/tables.ts';
import { postgresqlFixture, testNowMs } from '../../testing/clusters.ts';
import { atRest, freshSharedWorld, passIn, restedSharedWorld, withInstances, editSpec } from '../../testing/worlds.ts';
import type { ConditionOutcome, Outcome } from '../../model/outcome.ts';
import type { World } from '../../world/world.ts';
import { recall, status } from './status.ts';

const outcome = (conditions: readonly ConditionOutcome[], observedGeneration = 2): Outcome => ({
  members: [],
  primary: 'acid-minimal-cluster-0',
  serverVersion: '15.1',
  systemIdentifier: '75',
  sets: [{ name: 'acid-minimal-cluster', replicas: 2, readyReplicas: 1, updatedReplicas: 2 }],
  repositoryHost: undefined,
  repositories: [],
  switchover: { done: undefined, fromTimeline: undefined },
  usersRevision: 'u',
  databaseRevision: 'd',
  initSql: undefined,
  startupMember: { name: 'acid-minimal-cluster-0', set: 'acid-minimal-cluster' },
  conditions,
  observedGeneration,
});
const condition = (type: string, state: 'True' | 'False', reason = 'Any'): ConditionOutcome => ({
  type,
  status: state,
  reason,
  message: 'so it is',
});
const wordOf = (conditions: readonly ConditionOutcome[], previous: Readonly<Record<string, unknown>>, generation = 2): unknown =>
  status(postgresqlFixture().cluster, outcome(conditions, generation), previous, testNowMs)['PostgresClusterStatus'];

const was = { patroni: { systemIdentifier: '75' }, observedGeneration: 1 };
const stalled = [condition('Ready', 'False'), condition('Stalled', 'True', 'Unschedulable')];
const moving = [condition('Ready', 'False'), condition('Reconciling', 'True')];

testTable('status of a postgresql', join(import.meta.dirname, 'status.ts'), 1, {
  'everything is as the manifest asks': () => assert.equal(wordOf([condition('Ready', 'True')], was), 'Running'),
  'the manifest cannot be carried out as it is': () =>
    assert.equal(
      wordOf(
        [
          condition('Ready', 'False'),
          condition('Stalled', 'True', 'InvalidName'),
          { ...condition('ManifestInvalid', 'True', 'InvalidFlag'), message: 'what does not block\nso it is' },
        ],
        was,
      ),
      'Invalid',
    ),
  'it cannot come to be, and never was before': () => assert.equal(wordOf(stalled, {}), 'CreateFailed'),
  'it cannot come to be, a change of the manifest': () => assert.equal(wordOf(stalled, was), 'UpdateFailed'),
  'it cannot come to be, nothing changed, on the way before, or failed so': () => {
    for (const PostgresClusterStatus of ['Updating', 'UpdateFailed']) {
      assert.equal(wordOf(stalled, { ...was, PostgresClusterStatus }, 1), 'UpdateFailed');
    }
  },
  'it cannot come to be, nothing changed, all was well before, or failed so': () => {
    for (const PostgresClusterStatus of ['Running', 'SyncFailed']) {
      assert.equal(wordOf(stalled, { ...was, PostgresClusterStatus }, 1), 'SyncFailed');
    }
  },
  'on the way, and never was before': () => assert.equal(wordOf(moving, {}), 'Creating'),
  'on the way': () => assert.equal(wordOf(moving, was), 'Updating'),
  paused: () => {
    const paused = [condition('Ready', 'True'), condition('Progressing', 'False', 'Paused')];
    assert.equal(wordOf(paused, { ...was, PostgresClusterStatus: 'Updating' }), 'Updating');
    assert.equal(wordOf(paused, {}), '');
  },
});

test('status: what is written is recalled', () => {
  const written = status(postgresqlFixture().cluster, outcome([condition('Ready', 'True')]), {}, testNowMs);
  assert.equal(written['readyMembers'], '1/2');
  assert.deepEqual(recall(written), {
    conditions: [{ ...condition('Ready', 'True'), sinceMs: testNowMs }],
    primary: 'acid-minimal-cluster-0',
    systemIdentifier: '75',
    repositories: [],
    switchover: { done: undefined, fromTimeline: undefined },
    usersRevision: 'u',
    databaseRevision: 'd',
    initSql: undefined,
    startupMember: { name: 'acid-minimal-cluster-0', set: 'acid-minimal-cluster' },
    observedGeneration: 2,
  });
});

test('status: whatever somebody wrote into it, recalling does not throw', () => {
  for (const previous of [{}, { conditions: 'x', patroni: 7, startupInstance: 'nodash' }, { conditions: [null, { type: 1 }] }])
    recall(previous);
});

test('status: in the life of a cluster the word follows', () => {
  const word = (world: World): unknown =>
    (world.manifest?.status as Readonly<Record<string, unknown>> | undefined)?.['PostgresClusterStatus'];
  const second = passIn(passIn(freshSharedWorld()).world).world;
  assert.equal(word(second), 'Creating');
  const running = restedSharedWorld();
  assert.equal(word(running), 'Running');
  assert.equal(word(passIn(withInstances(3)(running)).world), 'Updating');
  assert.equal(word(passIn(editSpec(running, (spec) => ({ ...spec, postgresql: { version: 'none' } }))).world), 'Invalid');
  assert.equal(word(atRest(withInstances(0)(running))), 'Running');
});
