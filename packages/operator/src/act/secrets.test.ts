import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Cluster, DesiredObject, SecretIntent } from '@pgherd/engine';
import { apiErrorOf, type Client } from '@pgherd/kube';
import { applyObject, type ObjectWriting } from './objects.ts';
import { writeSecret, type SecretWriting } from './secrets.ts';

const reference = { kind: 'Secret', namespace: 'default', name: 'root' } as const;
const cluster = { identity: { apiVersion: 'example.com/v1', kind: 'PostgresCluster', name: 'hippo', uid: 'u1' } } as unknown as Cluster;
const create = { kind: 'create' } as const;
const fill = { kind: 'fill', uid: 'u2', resourceVersion: '7' } as const;
const owned: DesiredObject = { object: { apiVersion: 'v1', kind: 'Secret', metadata: reference }, stage: 0, mode: 'shared' };

const intent = (write: SecretIntent['write'], ownership: SecretIntent['ownership']): SecretIntent =>
  ({ reference, labels: {}, annotations: {}, ownership, stage: 0, write, values: {} }) as unknown as SecretIntent;

/** What is said to have become of Secret root by a write that is answered so. */
const changes = async (
  work: (writing: ObjectWriting & SecretWriting) => Promise<unknown>,
  answer: () => unknown,
): Promise<readonly unknown[]> => {
  const said: unknown[] = [];
  const answered = async () => answer();
  const writing = {
    client: { create: answered, patch: answered, apply: answered, get: async () => ({ metadata: reference }) } as unknown as Client,
    recent: { get: () => undefined, set: () => undefined },
    cached: () => undefined,
    wrote: () => undefined,
    secretChanged: (...change: readonly unknown[]) => said.push(...change),
    signal: new AbortController().signal,
    secretSources: {},
  } as unknown as ObjectWriting & SecretWriting;
  await work(writing).catch(() => undefined);
  return said;
};

const now = { metadata: { name: 'root', resourceVersion: '8' } };
const overtaken = (): never => {
  throw apiErrorOf({ httpStatus: 409, status: { kind: 'Status', apiVersion: 'v1', reason: 'Conflict', message: 'another version' } });
};

const sharedWrites: Readonly<Record<string, (writing: ObjectWriting & SecretWriting) => Promise<unknown>>> = {
  'is made': async (writing) => writeSecret(intent(create, 'shared'), cluster, writing),
  'is completed': async (writing) => writeSecret(intent(fill, 'shared'), cluster, writing),
  'gets an owner more': async (writing) => applyObject(owned, cluster, writing),
};

for (const [what, write] of Object.entries(sharedWrites)) {
  test(`secrets: whoever remembers a shared one is told what it is now when it ${what}, and to forget it when that is refused`, async () => {
    assert.deepEqual(await changes(write, () => now), ['root', now]);
    assert.deepEqual(await changes(write, overtaken), ['root', undefined]);
  });
}

test('secrets: what a cluster has for itself is left to the caches', async () => {
  for (const write of [create, fill])
    assert.deepEqual(
      await changes(
        async (writing) => writeSecret(intent(write, 'controller'), cluster, writing),
        () => now,
      ),
      ['root', undefined],
    );
});
