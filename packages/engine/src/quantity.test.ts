import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { parseQuantity } from './quantity.ts';

test('quantity: amounts in every notation', () => {
  const table: readonly (readonly [unknown, number | undefined])[] = [
    ['500m', 0.5],
    ['1', 1],
    [1.5, 1.5],
    ['.5', 0.5],
    ['5.', 5],
    ['+1Gi', 2 ** 30],
    ['1024Mi', 2 ** 30],
    ['1G', 1e9],
    ['1E', 1e18],
    ['1e3', 1000],
    ['1E3', 1000],
    ['12e-1', 1.2],
    ['-1Gi', -(2 ** 30)],
    ['1Gib', undefined],
    ['1 Gi', undefined],
    ['1ki', undefined],
    ['Gi', undefined],
    ['', undefined],
    ['one', undefined],
    ['1e999', undefined],
    [Number.NaN, undefined],
    [true, undefined],
    [null, undefined],
  ];
  for (const [quantity, amount] of table) assert.equal(parseQuantity(quantity), amount, JSON.stringify(quantity));
});

test('quantity: a larger suffix is a larger amount', () => {
  const suffixes = ['n', 'u', 'm', '', 'k', 'Ki', 'M', 'Mi', 'G', 'Gi', 'T', 'Ti', 'P', 'Pi', 'E', 'Ei'];
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 10000 }), fc.integer({ min: 1, max: suffixes.length - 1 }), (digits, place) => {
      const smaller = parseQuantity(`${digits}${suffixes[place - 1]}`) ?? 0;
      const larger = parseQuantity(`${digits}${suffixes[place]}`) ?? 0;
      assert.ok(smaller < larger);
    }),
  );
});
