import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { KubernetesObject } from './objects.ts';
import { compose, frozen, keepManagedFieldsOf, ownObject, projected } from './transform.ts';

interface Pod extends KubernetesObject {
  readonly spec?: { readonly nodeName?: string; readonly containers?: readonly object[] };
}

const pod: Pod = frozen({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: {
    name: 'a',
    namespace: 'n',
    uid: 'u',
    resourceVersion: '1',
    labels: { app: 'x' },
    annotations: { 'kubectl.kubernetes.io/last-applied-configuration': '{…}', keep: 'me' },
    managedFields: [{ manager: 'ours', operation: 'Apply' }, { manager: 'theirs' }],
  },
  spec: { nodeName: 'node', containers: [{}] },
});

test('transform: our objects lose managedFields and the annotation of kubectl apply, and nothing else', () => {
  const { managedFields: _, ...metadata } = pod.metadata;
  assert.deepEqual(ownObject(pod), { ...pod, metadata: { ...metadata, annotations: { keep: 'me' } } });
});

test('transform: the entries of one manager can be kept', () => {
  assert.deepEqual(keepManagedFieldsOf<Pod>('ours')(pod).metadata.managedFields, [{ manager: 'ours', operation: 'Apply' }]);
});

test('transform: nothing to drop gives the same object', () => {
  const bare = { ...pod, metadata: { name: 'a' } };
  assert.equal(ownObject(bare), bare);
});

test('transform: a projection keeps identity and what was picked', () => {
  const transform = projected<Pod>((object) => ({ spec: { nodeName: object.spec?.nodeName ?? '' } }), ['keep', 'absent']);
  assert.deepEqual(transform(pod), {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'a', namespace: 'n', uid: 'u', resourceVersion: '1', labels: { app: 'x' }, annotations: { keep: 'me' } },
    spec: { nodeName: 'node' },
  });
});

test('transform: transforms run from left to right', () => {
  const rename = (name: string) => (object: Pod) => ({ ...object, metadata: { ...object.metadata, name: object.metadata.name + name } });
  assert.equal(compose(rename('b'), rename('c'))(pod).metadata.name, 'abc');
});

test('transform: a frozen object cannot be changed at any depth', () => {
  assert.throws(() => {
    (pod.spec as { nodeName: string }).nodeName = 'other';
  }, TypeError);
  assert.throws(() => (pod.metadata.managedFields as object[]).push({}), TypeError);
});
