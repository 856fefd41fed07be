import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { compareQuantities, formatQuantity, parseQuantity, QuantityError, sameQuantity, wholeUnits } from './quantity.ts';

const nano = 1_000_000_000n;

test('quantity: every form that Kubernetes accepts has its value', () => {
  const table: Readonly<Record<string, bigint>> = {
    '0': 0n,
    '1': nano,
    '+1': nano,
    '-1': -nano,
    '1.': nano,
    '.5': nano / 2n,
    '100m': nano / 10n,
    '1n': 1n,
    '1u': 1000n,
    '2k': 2000n * nano,
    '1M': 1_000_000n * nano,
    '1E': 10n ** 18n * nano,
    '1E3': 1000n * nano,
    '1e3': 1000n * nano,
    '1.5e-3': nano / 1000n + nano / 2000n,
    '12e6': 12_000_000n * nano,
    '1Ki': 1024n * nano,
    '1.5Gi': 3n * 2n ** 29n * nano,
    '0.1Ki': 102_400_000_000n,
    '8Ei': 2n ** 63n * nano,
  };
  for (const [text, value] of Object.entries(table)) assert.equal(parseQuantity(text), value, text);
  assert.equal(parseQuantity(2), 2n * nano);
  assert.equal(parseQuantity(0.5), nano / 2n);
});

test('quantity: digits finer than nano round up, as the API server rounds them', () => {
  assert.equal(parseQuantity('0.0000000001'), 1n);
});

test('quantity: what is no quantity is refused with an example of one', () => {
  for (const text of ['', '.', 'Gi', '1GB', '1 Gi', '1gi', '--1', '1e', '1e1000', '0x10', 'NaN', '1K'])
    assert.throws(() => parseQuantity(text), QuantityError, text);
  assert.throws(() => parseQuantity('1GB'), /"1GB" is no quantity; write for example/);
});

test('quantity: the same amount in other words is the same', () => {
  assert.ok(sameQuantity('1', '1000m'));
  assert.ok(sameQuantity('1Gi', '1024Mi'));
  assert.ok(sameQuantity(2, '2'));
  assert.ok(!sameQuantity('1G', '1Gi'));
  assert.ok(!sameQuantity('1Gi', 'much'));
  assert.ok(!sameQuantity(undefined, '0'));
});

test('quantity: comparison is by value, not by text', () => {
  assert.equal(compareQuantities('900Mi', '1Gi'), -1);
  assert.equal(compareQuantities('1Gi', '1G'), 1);
  assert.equal(compareQuantities('0.5', '500m'), 0);
});

test('quantity: formats have no fraction and the largest suffix', () => {
  assert.equal(formatQuantity(parseQuantity('1024Mi'), 'binary'), '1Gi');
  assert.equal(formatQuantity(parseQuantity('1500Mi'), 'binary'), '1500Mi');
  assert.equal(formatQuantity(parseQuantity('1.5'), 'decimal'), '1500m');
  assert.equal(formatQuantity(parseQuantity('2000'), 'decimal'), '2k');
  assert.equal(formatQuantity(0n, 'binary'), '0');
});

test('quantity: a formatted quantity parses to the same value', () => {
  fc.assert(
    fc.property(fc.bigInt(-(2n ** 90n), 2n ** 90n), fc.constantFrom('binary' as const, 'decimal' as const), (value, format) => {
      assert.equal(parseQuantity(formatQuantity(value, format)), value);
    }),
  );
});

test('quantity: whole units round up', () => {
  assert.equal(wholeUnits(parseQuantity('1.1')), 2n);
  assert.equal(wholeUnits(parseQuantity('2')), 2n);
  assert.equal(wholeUnits(parseQuantity('-1.5')), -1n);
});
