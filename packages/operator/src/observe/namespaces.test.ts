import assert from 'node:assert/strict';
import { test } from 'node:test';
import { apiErrorOf } from '@pgherd/kube';
import { newNamespaces, type Scope } from './namespaces.ts';

const refusal = apiErrorOf({ httpStatus: 403, status: { kind: 'Status', apiVersion: 'v1', reason: 'Forbidden', message: 'no' } });

/** Namespaces with two informers each, whose first complete list is given by hand. */
const given = (...scopes: readonly Scope[]) => {
  const syncs = new Map(scopes.map((scope) => [scope, [Promise.withResolvers<void>(), Promise.withResolvers<void>()]] as const));
  const namespaces = newNamespaces(
    new Map([...syncs].map(([scope, both]) => [scope, both.map(({ promise }) => ({ waitForSync: async () => promise }))])),
  );
  const settled = async (): Promise<void> => new Promise((resolve) => void setImmediate(resolve));
  let isReady = false;
  const wait = async (): Promise<void> => {
    await namespaces.ready;
    isReady = true;
  };
  void wait();
  return {
    namespaces,
    fill: async (scope: Scope, informer: 0 | 1) => {
      syncs.get(scope)?.[informer].resolve();
      await settled();
    },
    isReady: async () => {
      await settled();
      return isReady;
    },
  };
};

test('namespaces: complete is one of which every kind was listed', async () => {
  const { namespaces, fill } = given('a');
  const told: Scope[] = [];
  namespaces.onComplete((scope) => told.push(scope));
  await fill('a', 0);
  assert.deepEqual([namespaces.isComplete('a'), told], [false, []]);
  await fill('a', 1);
  assert.deepEqual([namespaces.isComplete('a'), told], [true, ['a']]);
});

test('namespaces: one that is refused is not waited for, one that is slow is', async () => {
  const { namespaces, fill, isReady } = given('a', 'b', 'c');
  assert.deepEqual([namespaces.failed('b', 'Pod', refusal), namespaces.failed('b', 'Pod', refusal)], ['refused', 'known']);
  await fill('a', 0);
  await fill('a', 1);
  assert.equal(namespaces.failed('c', 'Pod', new Error('connection reset')), 'other');
  assert.equal(await isReady(), false, 'c may still come');
  namespaces.failed('c', 'Pod', refusal);
  assert.equal(await isReady(), true);
  assert.deepEqual(namespaces.refused(), ['b', 'c']);
  await fill('b', 0);
  await fill('b', 1);
  assert.deepEqual([namespaces.isComplete('b'), namespaces.refused()], [true, ['c']]);
  assert.equal(namespaces.failed('b', 'Pod', refusal), 'other', 'what was complete once is worked on');
});

test('namespaces: each kind that is refused is told once, since each is a right that is missing', async () => {
  const { namespaces, fill } = given('a', 'b');
  const failures = ['Pod', 'Secret', 'Pod', 'Secret'].map((kind) => namespaces.failed('a', kind, refusal));
  assert.deepEqual(failures, ['refused', 'refused', 'known', 'known']);
  assert.equal(namespaces.failed('b', 'Pod', refusal), 'refused', 'in another namespace it is another right');
  assert.deepEqual(namespaces.refused(), ['a', 'b']);
  await fill('a', 0);
  assert.equal(namespaces.failed('a', 'Secret', refusal), 'known', 'the rest is still refused');
});

test('namespaces: where all are refused there is nothing to work on', async () => {
  const { namespaces, isReady } = given('a', undefined);
  namespaces.failed('a', 'Pod', refusal);
  namespaces.failed(undefined, 'Pod', refusal);
  assert.equal(await isReady(), false);
});

test('namespaces: without a list every namespace is as complete as all of them', async () => {
  const { namespaces, fill } = given(undefined);
  assert.equal(namespaces.isComplete('any'), false);
  await fill(undefined, 0);
  await fill(undefined, 1);
  assert.equal(namespaces.isComplete('any'), true);
});
