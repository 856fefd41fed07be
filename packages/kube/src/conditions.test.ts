import assert from 'node:assert/strict';
import { test } from 'node:test';
import { conditionIn, isConditionTrue, withCondition, withoutCondition } from './conditions.ts';

const ready = { type: 'Ready', status: 'False', reason: 'Starting', message: 'first', observedGeneration: 1 } as const;
const before = withCondition([], ready, '2026-01-01T00:00:00Z');

test('conditions: a new one gets the time of its transition', () => {
  assert.deepEqual(before, [{ ...ready, lastTransitionTime: '2026-01-01T00:00:00Z' }]);
});

test('conditions: the time stays while the status does', () => {
  const after = withCondition(before, { ...ready, message: 'second' }, '2026-02-02T00:00:00Z');
  assert.deepEqual(after, [{ ...ready, message: 'second', lastTransitionTime: '2026-01-01T00:00:00Z' }]);
});

test('conditions: the time changes with the status, the place in the list does not', () => {
  const both = withCondition(before, { ...ready, type: 'Other' }, '2026-01-01T00:00:00Z');
  const after = withCondition(both, { ...ready, status: 'True' }, '2026-02-02T00:00:00Z');
  assert.deepEqual(
    after.map(({ type, lastTransitionTime }) => [type, lastTransitionTime]),
    [
      ['Ready', '2026-02-02T00:00:00Z'],
      ['Other', '2026-01-01T00:00:00Z'],
    ],
  );
});

test('conditions: nothing new gives the same list', () => {
  assert.equal(withCondition(before, ready, '2026-02-02T00:00:00Z'), before);
  assert.equal(withoutCondition(before, 'Other'), before);
});

test('conditions: one that is removed is gone', () => {
  assert.deepEqual(withoutCondition(before, 'Ready'), []);
  assert.equal(conditionIn(undefined, 'Ready'), undefined);
});

test('conditions: True counts only for the generation that was observed', () => {
  const after = withCondition(before, { ...ready, status: 'True' }, '2026-02-02T00:00:00Z');
  assert.ok(isConditionTrue(after, 'Ready'));
  assert.ok(isConditionTrue(after, 'Ready', 1));
  assert.ok(!isConditionTrue(after, 'Ready', 2));
  assert.ok(!isConditionTrue(before, 'Ready'));
});
