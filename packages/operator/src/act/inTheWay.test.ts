import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Cluster, Decision, DesiredObject, SecretIntent } from '@pgherd/engine';
import { apiErrorOf, isRetryable, type Client } from '@pgherd/kube';
import { codeOf } from '../failures.ts';
import { act, type Acting } from './act.ts';

const clusterLabel = 'example.com/cluster';
const cluster = {
  identity: { apiVersion: 'example.com/v1', kind: 'PostgresCluster', name: 'hippo', namespace: 'default', uid: 'u1', finalizers: ['hold'] },
  profile: { finalizer: 'hold', labels: { cluster: clusterLabel } },
} as unknown as Cluster;

const ours = { [clusterLabel]: 'hippo' };

const secret = (labels: Readonly<Record<string, string>> = ours): SecretIntent =>
  ({
    reference: { kind: 'Secret', namespace: 'default', name: 'hippo-pguser-app' },
    labels,
    annotations: {},
    ownership: 'controller',
    stage: 0,
    write: { kind: 'create' },
    values: {},
    reason: 'it did not exist',
  }) as unknown as SecretIntent;

const service: DesiredObject = {
  object: { apiVersion: 'v1', kind: 'Service', metadata: { name: 'hippo-ha', namespace: 'default', labels: ours } },
  stage: 1,
  mode: 'apply',
};

/** A pass against an API server where the object of `taken` stands already, with these labels; what was written is listed. */
const passWith = async (taken: 'Secret' | 'Service', labels: Readonly<Record<string, string>>, intent: SecretIntent = secret()) => {
  const refuse = (reason: string) => {
    const causes = [{ reason: 'FieldManagerConflict', field: '.spec.ports', message: 'conflict with "kubectl" using v1' }];
    throw apiErrorOf({ httpStatus: 409, status: { kind: 'Status', apiVersion: 'v1', reason, message: reason, details: { causes } } });
  };
  const client = {
    create: async () => (taken === 'Secret' ? refuse('AlreadyExists') : { metadata: {} }),
    apply: async (_type: unknown, object: { readonly kind: string }) =>
      object.kind === 'Service' && taken === 'Service' ? refuse('Conflict') : { metadata: { resourceVersion: '2' } },
    get: async () => ({ metadata: { name: 'taken', labels } }),
  } as unknown as Client;
  const written: string[] = [];
  const acting = {
    client,
    resource: {},
    secretSources: {},
    equalStatus: () => false,
    manifestWritten: () => undefined,
    secretChanged: () => undefined,
    recent: { get: () => undefined, set: () => undefined },
    cached: () => undefined,
    wrote: (verb: string, kind: string) => {
      written.push(`${verb} ${kind}`);
    },
    signal: new AbortController().signal,
  } as unknown as Acting;
  const decision = { finalizer: 'present', secrets: [intent], objects: [service], deletions: [], status: { ready: false } };
  const refusals = await act(decision as unknown as Decision, cluster, acting);
  return { written, refused: refusals.map(({ what, error }) => `${what}: ${codeOf(error)}${isRetryable(error) ? '' : ', for good'}`) };
};

test('in the way: a Secret that its owner made for this place is looked at again', async () => {
  const intent = { ...secret(), write: { kind: 'create', takenUnlabelled: true } } as SecretIntent;
  assert.deepEqual((await passWith('Secret', {}, intent)).refused, ['Secret hippo-pguser-app: StaleCache']);
  assert.deepEqual((await passWith('Secret', { [clusterLabel]: 'other' }, intent)).refused, [
    'Secret hippo-pguser-app: ObjectInTheWay, for good',
  ]);
});

test("in the way: somebody else's Secret is named, and everything else is done", async () => {
  assert.deepEqual(await passWith('Secret', {}), {
    written: ['apply Service', 'apply PostgresCluster/status'],
    refused: ['Secret hippo-pguser-app: ObjectInTheWay, for good'],
  });
});

test("in the way: another cluster's Secret is as little ours", async () => {
  const { refused } = await passWith('Secret', { [clusterLabel]: 'rhino' });
  assert.deepEqual(refused, ['Secret hippo-pguser-app: ObjectInTheWay, for good']);
});

for (const [what, labels, intent] of [
  ["the cluster's own Secret", ours, secret()],
  ['a Secret that clusters share', {}, secret({})],
] as const) {
  test(`in the way: ${what} means a cache that is behind, so nothing is made of it, yet the status is written`, async () => {
    assert.deepEqual(await passWith('Secret', labels, intent), {
      written: ['apply PostgresCluster/status'],
      refused: ['Secret hippo-pguser-app: StaleCache'],
    });
  });
}

test('in the way: a Service whose fields somebody else holds is named, not called a conflict', async () => {
  assert.deepEqual(await passWith('Service', {}), {
    written: ['create Secret', 'apply PostgresCluster/status'],
    refused: ['Service hippo-ha: ObjectInTheWay, for good'],
  });
});

test('in the way: a conflict over an object of our own stays one, to be tried again', async () => {
  const { refused } = await passWith('Service', ours);
  assert.deepEqual(refused, ['Service hippo-ha: Conflict']);
});
