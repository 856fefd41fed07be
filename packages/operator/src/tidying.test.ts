import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createManualClock } from '@pgherd/kube/testing';
import { newTidying } from './tidying.ts';

test('tidying: after a burst of work it collects once, when it has been quiet for a while', () => {
  const clock = createManualClock();
  let collections = 0;
  const tidying = newTidying(clock, () => {
    collections += 1;
  });
  for (let second = 0; second < 10; second++) {
    tidying.worked();
    clock.advance(1000);
  }
  assert.equal(collections, 0);
  clock.advance(3000);
  assert.equal(collections, 1);
  clock.advance(3_600_000);
  assert.equal(collections, 1, 'nothing was thrown away since');
  tidying.worked();
  clock.advance(3000);
  assert.equal(collections, 2);
});

test('tidying: an operator that ends collects nothing any more', () => {
  const clock = createManualClock();
  const tidying = newTidying(clock, () => assert.fail('collected'));
  tidying.worked();
  tidying[Symbol.dispose]();
  clock.advance(10_000);
});
