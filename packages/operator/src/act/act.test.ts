import assert from 'node:assert/strict';
import { test } from 'node:test';
import { stamps, type Cluster, type Decision } from '@pgherd/engine';
import type { Client, KubernetesObject } from '@pgherd/kube';
import { act, type Acting } from './act.ts';

const cluster = {
  identity: { apiVersion: 'example.com/v1', kind: 'PostgresCluster', name: 'hippo', namespace: 'default', uid: 'u1', finalizers: ['hold'] },
  profile: { finalizer: 'hold', labels: { cluster: 'cluster', patroni: 'scope' } },
} as unknown as Cluster;

/** Acts with an API server that takes everything; what was asked of it is listed. */
const acted = async (decision: Partial<Decision>, cached?: KubernetesObject): Promise<readonly unknown[]> => {
  const asked: unknown[] = [];
  const client = {
    create: async (_type: unknown, object: KubernetesObject) => {
      asked.push(['create', object.metadata.annotations]);
    },
    patch: async (_type: unknown, { name }: { readonly name: string }, { body }: { readonly body: unknown }) => {
      asked.push(['patch', name, body]);
    },
  } as unknown as Client;
  const acting = { client, cached: () => cached, wrote: () => undefined, signal: new AbortController().signal } as unknown as Acting;
  const refusals = await act(
    { finalizer: 'present', objects: [], secrets: [], deletions: [], ...decision } as unknown as Decision,
    cluster,
    acting,
  );
  assert.deepEqual(refusals, []);
  return asked;
};

test('act: the time of asking for a switchover stands beside the request', async () => {
  const asked = '2026-01-01T00:00:00.000Z one-0';
  const step = { kind: 'switchover', scope: 'hippo-ha', from: 'one-0', to: 'two-0', asked, reason: 'asked for' } as const;
  const annotations = { leader: 'one-0', member: 'two-0', [stamps.switchoverAsked]: asked };
  assert.deepEqual(await acted({ step }), [['create', annotations]]);
  const earlier = { apiVersion: 'v1', kind: 'Endpoints', metadata: { name: 'hippo-ha-failover', resourceVersion: '7' } };
  assert.deepEqual(await acted({ step }, earlier), [
    ['patch', 'hippo-ha-failover', { metadata: { resourceVersion: '7', annotations: { scheduled_at: null, ...annotations } } }],
  ]);
});

test('act: a volume that is released loses its owner, as it was seen and in nothing else', async () => {
  const metadata = { name: 'data', namespace: 'default', uid: 'u2', resourceVersion: '7', ownerReferences: [] };
  const object = { apiVersion: 'v1', kind: 'PersistentVolumeClaim', metadata } as const;
  assert.deepEqual(await acted({ objects: [{ object, stage: 0, mode: 'released' }] }), [
    ['patch', 'data', { metadata: { uid: 'u2', resourceVersion: '7', ownerReferences: [] } }],
  ]);
});
