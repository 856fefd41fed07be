import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { heldBytes } from '../testing/heldBytes.ts';
import { newStringPool, type StringPool } from './stringPool.ts';

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

test('string pool: a thousand objects with the same long text hold it once', () => {
  const text = JSON.stringify({ spec: { containers: [{ command: ['bash', '-c', 'x'.repeat(10_000)] }] } });
  const pool = newStringPool();
  assert.ok(heldBytes(1000, () => JSON.parse(text) as object) > 7_000_000, 'without a pool each holds its own');
  assert.ok(heldBytes(1000, () => pool.share(JSON.parse(text) as object)) < 3_000_000);
});

/** What a pool holds of a thousand long strings under member `data` of objects that are gone. */
const leftIn = (pool: StringPool, except?: ReadonlySet<string>): number =>
  heldBytes(1000, () => {
    pool.share({ data: { text: randomBytes(5_000).toString('hex') } }, except);
    return undefined;
  });

test('string pool: what has not been met for a while is forgotten', () => {
  assert.ok(leftIn(newStringPool()) > 7_000_000, 'not at once');
  const bytes = leftIn(newStringPool(10));
  assert.ok(bytes < 3_000_000, `${bytes} bytes are still held`);
});

test('string pool: what an object holds under an excepted name is not remembered', () => {
  const bytes = leftIn(newStringPool(), new Set(['data']));
  assert.ok(bytes < 3_000_000, `${bytes} bytes are still held`);
});
