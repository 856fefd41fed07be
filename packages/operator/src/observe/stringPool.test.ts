import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { getHeapStatistics, setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import * as fc from 'fast-check';
import { newStringPool } from './stringPool.ts';

const copyOf = <T>(value: T): T => JSON.parse(JSON.stringify(value)) as T;

test('string pool: an object stays what it was, whatever it holds', () => {
  const pool = newStringPool(3);
  fc.assert(
    fc.property(fc.object({ maxDepth: 4 }), (object) => {
      const decoded = copyOf(object);
      assert.deepEqual(pool.share(copyOf(decoded)), decoded);
    }),
  );
});

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

/** Bytes that so many objects of this JSON hold. */
const heldBy = (text: string, count: number, share: <T extends object>(object: T) => T): number => {
  collect();
  const before = getHeapStatistics().used_heap_size;
  const held = Array.from({ length: count }, () => share(JSON.parse(text) as object));
  collect();
  const bytes = getHeapStatistics().used_heap_size - before;
  assert.equal(held.length, count);
  return bytes;
};

test('string pool: a thousand objects with the same long text hold it once', () => {
  const text = JSON.stringify({ spec: { containers: [{ command: ['bash', '-c', 'x'.repeat(10_000)] }] } });
  assert.ok(heldBy(text, 1000, (object) => object) > 7_000_000, 'without a pool each holds its own');
  assert.ok(heldBy(text, 1000, newStringPool().share) < 3_000_000);
});

test('string pool: what has not been met for a while is forgotten', () => {
  const pool = newStringPool(10);
  const bytes = heldBy('{}', 1000, (object) => {
    pool.share({ text: randomBytes(5_000).toString('hex') });
    return object;
  });
  assert.ok(bytes < 3_000_000, `${bytes} bytes are still held`);
});

test('string pool: what an object holds under an excepted name is not remembered', () => {
  const pool = newStringPool();
  const secret = { kind: 'Secret', data: { password: 'c2VjcmV0' } };
  assert.equal(pool.share(secret, new Set(['data'])).data, secret.data);
});
