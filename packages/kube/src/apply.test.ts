import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { canonicalJson, createExpectations, hashOf, planApply, prune } from './apply.ts';
import { createManualClock } from './manualClock.ts';
import type { KubernetesObject } from './objects.ts';

const annotation = 'example.com/applied';

interface ConfigMap extends KubernetesObject {
  readonly data?: Readonly<Record<string, string>>;
}

const desired: ConfigMap = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'a', namespace: 'n' }, data: { key: 'value' } };

/** What the server holds after an apply of `object`. */
function stored(object: ConfigMap): ConfigMap {
  const plan = planApply(object, undefined, annotation);
  assert.equal(plan.kind, 'apply');
  return plan.kind === 'apply' ? { ...plan.object, metadata: { ...plan.object.metadata, uid: 'u', resourceVersion: '5' } } : object;
}

test('apply: undefined goes at every depth, null stays', () => {
  assert.deepEqual(prune({ a: undefined, b: null, c: [undefined, { d: undefined, e: 1 }] }), { b: null, c: [{ e: 1 }] });
});

test('apply: the order of fields does not change the hash, the order of items does', () => {
  assert.equal(hashOf({ a: 1, b: { c: 2, d: 3 } }), hashOf({ b: { d: 3, c: 2 }, a: 1 }));
  assert.notEqual(hashOf([1, 2]), hashOf([2, 1]));
  assert.equal(hashOf({ a: undefined }), hashOf({}));
  assert.match(hashOf({}), /^[0-9a-f]{16}$/);
});

test('apply: canonical JSON holds the same value', () => {
  fc.assert(fc.property(fc.jsonValue(), (value) => assert.deepEqual(JSON.parse(canonicalJson(value)), JSON.parse(JSON.stringify(value)))));
});

test('apply: a missing object is applied with its hash', () => {
  const plan = planApply(desired, undefined, annotation);
  assert.equal(plan.kind === 'apply' && plan.reason, 'missing');
  assert.equal(plan.kind === 'apply' && plan.object.metadata.annotations?.[annotation], hashOf(desired));
});

test('apply: an object that is as it was applied is left alone, whatever others added', () => {
  const live = stored(desired);
  const touched = { ...live, metadata: { ...live.metadata, labels: { theirs: 'x' } }, data: { ...live.data, more: 'y' } };
  assert.deepEqual(planApply(desired, touched, annotation), { kind: 'skip' });
});

test('apply: another wish is applied, also one that only leaves a field out', () => {
  assert.equal(reasonOf(planApply({ ...desired, data: {} }, stored(desired), annotation)), 'changed');
});

test('apply: an applied field with another value is drift, and its path is told', () => {
  const plan = planApply(desired, { ...stored(desired), data: { key: 'by hand' } } as KubernetesObject, annotation);
  assert.equal(reasonOf(plan), 'drifted');
  assert.equal(plan.kind === 'apply' && plan.path, 'data.key');
});

test('apply: planning changes neither object', () => {
  const before = structuredClone(desired);
  stored(desired);
  assert.deepEqual(desired, before);
});

function reasonOf(plan: ReturnType<typeof planApply>): string {
  return plan.kind === 'apply' ? plan.reason : plan.kind;
}

function seen(resourceVersion: string, uid = 'u'): KubernetesObject {
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'a', uid, resourceVersion } };
}

test('expectations: a cache one event behind is noticed until it shows the write', () => {
  const expectations = createExpectations(createManualClock());
  expectations.expect('n/a', '10');
  assert.ok(!expectations.isMet('n/a', { object: seen('9'), resourceVersion: '9' }));
  assert.ok(!expectations.isMet('n/a', { object: undefined, resourceVersion: '9' }));
  assert.ok(expectations.isMet('n/a', { object: seen('10'), resourceVersion: '10' }));
  assert.ok(expectations.isMet('n/b', { object: undefined, resourceVersion: '' }));
});

test('expectations: an object that came and went unseen is not waited for', () => {
  const expectations = createExpectations(createManualClock());
  expectations.expect('n/a', '10');
  assert.ok(expectations.isMet('n/a', { object: undefined, resourceVersion: '12' }));
});

test('expectations: of two writes the later counts', () => {
  const expectations = createExpectations(createManualClock());
  expectations.expect('n/a', '10');
  expectations.expect('n/a', '9');
  assert.ok(!expectations.isMet('n/a', { object: seen('9'), resourceVersion: '9' }));
});

test('expectations: a deletion is met when the object is gone, ending or another', () => {
  const views: readonly (readonly [KubernetesObject | undefined, boolean])[] = [
    [seen('9'), false],
    [undefined, true],
    [seen('11', 'another'), true],
    [{ ...seen('11'), metadata: { ...seen('11').metadata, deletionTimestamp: '2026-01-01T00:00:00Z' } }, true],
  ];
  for (const [object, met] of views) {
    const expectations = createExpectations(createManualClock());
    expectations.expectDeletion('n/a', 'u');
    assert.equal(expectations.isMet('n/a', { object, resourceVersion: '99' }), met);
  }
});

test('expectations: what never comes is given up after its time', () => {
  const clock = createManualClock();
  const expectations = createExpectations(clock, 1000);
  expectations.expect('n/a', '10');
  clock.advance(999);
  assert.ok(!expectations.isMet('n/a', { object: undefined, resourceVersion: '1' }));
  clock.advance(1);
  assert.ok(expectations.isMet('n/a', { object: undefined, resourceVersion: '1' }));
});
