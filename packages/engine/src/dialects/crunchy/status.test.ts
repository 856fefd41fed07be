import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { allPaths, postgresCluster } from '@pgherd/api/schema';
import { fixtureCluster, testNowMs } from '../../testing/clusters.ts';
import type { Outcome } from '../../model/outcome.ts';
import { nothingRecalled } from '../../model/recollection.ts';
import { recall, status } from './status.ts';

const { cluster } = fixtureCluster('prod');

const outcome: Outcome = {
  members: [],
  primary: 'hippo-pgdb-x2bn',
  serverVersion: '15.14',
  systemIdentifier: '7345678901234567890',
  sets: [{ name: 'pgdb', replicas: 2, readyReplicas: 1, updatedReplicas: 2 }],
  repositoryHost: { ready: true },
  repositories: [{ name: 'repo1', bound: true, volume: 'pvc-1', stanzaCreated: true, replicaCreateBackupComplete: false }],
  usersRevision: 'u1',
  databaseRevision: 'd1',
  initSql: undefined,
  startupMember: { name: 'hippo-pgdb-x2bn', set: 'pgdb' },
  switchover: { done: 'before', fromTimeline: 3 },
  conditions: [{ type: 'Ready', status: 'False', reason: 'MembersStarting', message: 'hippo-pgdb-99cd is starting' }],
  observedGeneration: 3,
};

test("status: all of the original's fields, and our own", () => {
  assert.deepEqual(status(cluster, outcome, {}, testNowMs), {
    observedGeneration: 3,
    conditions: [
      {
        type: 'Ready',
        status: 'False',
        reason: 'MembersStarting',
        message: 'hippo-pgdb-99cd is starting',
        lastTransitionTime: '2026-01-01T00:00:00Z',
        observedGeneration: 3,
      },
    ],
    instances: [{ name: 'pgdb', replicas: 2, readyReplicas: 1, updatedReplicas: 2 }],
    primary: 'hippo-pgdb-x2bn',
    readyMembers: '1/2',
    serverVersion: '15.14',
    startupInstance: 'hippo-pgdb-x2bn',
    startupInstanceSet: 'pgdb',
    patroni: { systemIdentifier: '7345678901234567890', switchover: 'before', switchoverTimeline: 3 },
    pgbackrest: {
      repoHost: { apiVersion: 'apps/v1', kind: 'StatefulSet', ready: true },
      repos: [{ name: 'repo1', bound: true, volume: 'pvc-1', stanzaCreated: true, replicaCreateBackupComplete: false }],
    },
    usersRevision: 'u1',
    databaseRevision: 'd1',
  });
});

test('status: a condition keeps its time while its status stays, whatever its reason', () => {
  const first = status(cluster, outcome, {}, testNowMs);
  const timeAfter = (state: 'True' | 'False'): unknown => {
    const conditions = [{ type: 'Ready', status: state, reason: 'Other', message: 'other' }];
    const next = status(cluster, { ...outcome, conditions }, first, testNowMs + 61_500);
    return (next['conditions'] as readonly { readonly lastTransitionTime: string }[])[0]?.lastTransitionTime;
  };
  assert.equal(timeAfter('False'), '2026-01-01T00:00:00Z');
  assert.equal(timeAfter('True'), '2026-01-01T00:01:01Z');
});

test('status: a message longer than a condition may be is cut after a line, and says so', () => {
  const messageOf = (message: string): string => {
    const conditions = [{ type: 'ManifestWarning', status: 'True', reason: 'Other', message }] as const;
    const next = status(cluster, { ...outcome, conditions }, {}, testNowMs);
    return (next['conditions'] as readonly { readonly message: string }[])[0]?.message ?? '';
  };
  const lines = Array.from({ length: 2000 }, (_, index) => `spec.users[${index}]: is unknown`);
  const cut = messageOf(lines.join('\n'));
  assert.ok(cut.length <= 32_768 && cut.length > 32_000, String(cut.length));
  assert.deepEqual([...lines.slice(0, cut.split('\n').length - 1), '… and more'], cut.split('\n'));
  const oneLine = messageOf('😀'.repeat(20_000));
  assert.ok(oneLine.length <= 32_768 && oneLine.isWellFormed() && oneLine.endsWith('… and more'));
  const longest = 'x'.repeat(32_768);
  assert.equal(messageOf(longest), longest);
});

test('status: the same outcome gives the same status, however late', () => {
  const first = status(cluster, outcome, {}, testNowMs);
  assert.deepEqual(status(cluster, outcome, first, testNowMs + 3_600_000), first);
});

test('status: what only others write is kept', () => {
  const previous = {
    postgresVersion: 15,
    proxy: { pgBouncer: { replicas: 2 } },
    pgbackrest: { scheduledBackups: [{ cronJobName: 'c' }], repos: [{ name: 'repo1', desiredRepoVolume: '2Gi' }] },
    instances: [
      { name: 'pgdb', desiredPGDataVolume: { a: '2Gi' } },
      { name: 'gone', replicas: 3 },
    ],
    serverVersion: '15.13',
  };
  const { serverVersion: _, ...unread } = outcome;
  const next = status(cluster, unread, previous, testNowMs) as unknown as typeof previous;
  assert.equal(next.postgresVersion, 15);
  assert.deepEqual(next.proxy, previous.proxy);
  assert.deepEqual(next.pgbackrest.scheduledBackups, previous.pgbackrest.scheduledBackups);
  assert.equal(next.pgbackrest.repos[0]?.desiredRepoVolume, '2Gi');
  assert.deepEqual(
    next.instances.map(({ name, desiredPGDataVolume }) => [name, desiredPGDataVolume]),
    [['pgdb', { a: '2Gi' }]],
  );
  assert.equal(next.serverVersion, '15.13');
});

test('status: without backups the section is gone', () => {
  const { cluster: without } = fixtureCluster('dev', ({ backups: _backups, ...spec }) => spec);
  assert.equal(status(without, outcome, { pgbackrest: { repos: [{ name: 'repo1' }] } }, testNowMs)['pgbackrest'], undefined);
});

test('status: it holds no field that the schema would drop', () => {
  const known = new Set(allPaths(postgresCluster.schema).map(({ path }) => path));
  const visit = (value: unknown, path: string): readonly string[] => {
    if (Array.isArray(value)) return value.flatMap((item) => visit(item, `${path}[]`));
    if (typeof value !== 'object' || value === null) return [];
    return Object.entries(value).flatMap(([name, member]) => [`${path}.${name}`, ...visit(member, `${path}.${name}`)]);
  };
  const written = visit(status(cluster, outcome, {}, testNowMs), 'status');
  assert.ok(written.length > 30, 'the walk found the fields');
  assert.deepEqual(
    written.filter((path) => !known.has(path)),
    [],
  );
});

test('recall: gives back what status wrote', () => {
  const { members: _, sets: __, repositoryHost: ___, serverVersion: ____, ...remembered } = outcome;
  const conditions = remembered.conditions.map((condition) => ({ ...condition, sinceMs: testNowMs }));
  assert.deepEqual(recall(status(cluster, outcome, {}, testNowMs)), { ...remembered, conditions });
});

test('recall: no JSON makes it throw, and none is nothing', () => {
  assert.deepEqual(recall({}), nothingRecalled);
  const member = fc.constantFrom(
    'conditions',
    'patroni',
    'pgbackrest',
    'primary',
    'startupInstance',
    'observedGeneration',
    'usersRevision',
  );
  fc.assert(
    fc.property(fc.dictionary(member, fc.jsonValue()), (previous) => {
      recall(previous);
      status(cluster, outcome, previous, testNowMs);
    }),
  );
});
