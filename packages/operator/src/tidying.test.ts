import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createManualClock } from '@pgherd/kube/testing';
import { newTidying, type Tidying } from './tidying.ts';

const work = (tidying: Tidying, passes: number): void => {
  for (let pass = 0; pass < passes; pass++) tidying.worked();
};

test('tidying: after a burst of work it collects once, when it has been quiet for a while', () => {
  const clock = createManualClock();
  let collections = 0;
  const tidying = newTidying(clock, () => {
    collections += 1;
  });
  for (let second = 0; second < 10; second++) {
    work(tidying, 20);
    clock.advance(1000);
  }
  assert.equal(collections, 0);
  clock.advance(3000);
  assert.equal(collections, 1);
  clock.advance(3_600_000);
  assert.equal(collections, 1, 'nothing was thrown away since');
  work(tidying, 20);
  clock.advance(3000);
  assert.equal(collections, 2);
});

test('tidying: passes that come one by one are collected after once there were twenty', () => {
  const clock = createManualClock();
  let collections = 0;
  const tidying = newTidying(clock, () => {
    collections += 1;
  });
  const after = (passes: number): number => {
    for (let pass = 0; pass < passes; pass++) {
      tidying.worked();
      clock.advance(60_000);
    }
    return collections;
  };
  assert.deepEqual([after(19), after(1), after(19), after(1)], [0, 1, 1, 2]);
});

test('tidying: an operator that ends collects nothing any more', () => {
  const clock = createManualClock();
  const tidying = newTidying(clock, () => assert.fail('collected'));
  work(tidying, 20);
  assert.equal(clock.pending, 1);
  tidying[Symbol.dispose]();
  clock.advance(10_000);
});
