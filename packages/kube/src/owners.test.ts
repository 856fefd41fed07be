import assert from 'node:assert/strict';
import { test } from 'node:test';
import { keyOf, refOf } from './objects.ts';
import type { KubernetesObject } from './objects.ts';
import { addFinalizerPatch, isControlledBy, labelSelectorOf, ownerReferenceTo, removeFinalizerPatch } from './owners.ts';

const owner: KubernetesObject = {
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name: 'a', namespace: 'n', uid: 'u', resourceVersion: '7', finalizers: ['theirs'] },
};

test('owners: only a controller reference makes an object controlled', () => {
  const child = (role: 'controller' | 'owner'): KubernetesObject => ({
    ...owner,
    metadata: { name: 'b', ownerReferences: [ownerReferenceTo(owner, role)] },
  });
  assert.ok(isControlledBy(child('controller'), owner));
  assert.ok(!isControlledBy(child('owner'), owner));
  assert.ok(!isControlledBy(child('controller'), { ...owner, metadata: { ...owner.metadata, uid: 'another' } }));
});

test('owners: an owner that was not read from the server is a mistake', () => {
  assert.throws(() => ownerReferenceTo({ ...owner, metadata: { name: 'a' } }), /ConfigMap a has no uid/);
});

test('finalizers: a patch holds for the object that was read and keeps the finalizers of others', () => {
  assert.deepEqual(addFinalizerPatch(owner, 'ours'), {
    kind: 'merge',
    body: { metadata: { uid: 'u', resourceVersion: '7', finalizers: ['theirs', 'ours'] } },
  });
  assert.deepEqual(removeFinalizerPatch(owner, 'theirs'), {
    kind: 'merge',
    body: { metadata: { uid: 'u', resourceVersion: '7', finalizers: [] } },
  });
});

test('finalizers: nothing to do is no patch', () => {
  assert.equal(addFinalizerPatch(owner, 'theirs'), undefined);
  assert.equal(removeFinalizerPatch(owner, 'ours'), undefined);
});

test('labels: a selector joins all labels', () => {
  assert.equal(labelSelectorOf({ a: 'b', 'c.d/e': 'f' }), 'a=b,c.d/e=f');
});

test('keys: a key names an object with and without a namespace', () => {
  for (const ref of [{ namespace: 'n', name: 'a' }, { name: 'a' }]) assert.deepEqual(refOf(keyOf(ref)), ref);
});
