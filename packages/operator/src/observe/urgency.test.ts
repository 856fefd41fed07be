import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import type { Change, KubernetesObject } from '@pgherd/kube';
import { urgencyOf } from './urgency.ts';

const objectOf = (kind: string, metadata: Partial<KubernetesObject['metadata']> = {}): KubernetesObject => ({
  apiVersion: 'v1',
  kind,
  metadata: { name: 'hippo', namespace: 'postgres', generation: 1, resourceVersion: '1', ...metadata },
});

const added = (kind: string): Change<KubernetesObject> => ({ kind: 'added', key: 'postgres/hippo', object: objectOf(kind) });
const deleted = (kind: string): Change<KubernetesObject> => ({ kind: 'deleted', key: 'postgres/hippo', object: objectOf(kind) });
const updated = (kind: string, metadata: Partial<KubernetesObject['metadata']> = {}): Change<KubernetesObject> => ({
  kind: 'updated',
  key: 'postgres/hippo',
  old: objectOf(kind),
  object: objectOf(kind, { resourceVersion: '2', ...metadata }),
});

const urgency = (change: Change<KubernetesObject>, listed = false) =>
  urgencyOf(change, { kind: change.object.kind, isManifest: change.object.kind === 'PostgresCluster', listed });

const cases: Readonly<Record<string, () => void>> = {
  'found by listing': () => assert.equal(urgency(added('PostgresCluster'), true), 'low'),
  'anything was deleted': () => assert.deepEqual([urgency(deleted('Service')), urgency(deleted('PostgresCluster'))], ['high', 'high']),
  'a manifest came, or another one is asked for': () => {
    const asked = [{ generation: 2 }, { annotations: { 'pgherd.dev/rollout': '1' } }, { deletionTimestamp: '2026-01-01T00:00:00Z' }];
    assert.deepEqual(
      [added('PostgresCluster'), ...asked.map((metadata) => updated('PostgresCluster', metadata))].map((change) => urgency(change)),
      ['high', 'high', 'high', 'high'],
    );
  },
  "a manifest's status or finalizers changed": () =>
    assert.deepEqual([urgency(updated('PostgresCluster')), urgency(updated('PostgresCluster', { finalizers: ['ours'] }))], ['low', 'low']),
  "a pod or Patroni's Endpoints came or changed, or a Job changed": () =>
    assert.deepEqual(
      [added('Pod'), updated('Pod'), added('Endpoints'), updated('Endpoints'), updated('Job')].map((change) => urgency(change)),
      ['high', 'high', 'high', 'high', 'high'],
    ),
  'anything else': () =>
    assert.deepEqual([urgency(added('StatefulSet')), urgency(updated('Secret')), urgency(added('Job'))], ['low', 'low', 'low']),
};

const rows = [...readFileSync(new URL('urgency.ts', import.meta.url), 'utf8').matchAll(/^ \* \| (.*?) +\| (high|low) +\|$/gm)];

test('urgency: every row of its table has a test', () => {
  assert.deepEqual(rows.map(([, event = '']) => event).toSorted(), Object.keys(cases).toSorted());
});

for (const [event, check] of Object.entries(cases)) test(`urgency: ${event}`, check);
