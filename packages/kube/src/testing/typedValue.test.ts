/** Laws of the merge that server-side apply is made of; single cases are in the conformance suite. */
import { deepStrictEqual, ok } from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { difference, fromFieldsV1, intersection, isEmpty, sameSet, toFieldsV1, union } from './fieldSet.ts';
import type { Json, JsonObject } from './json.ts';
import type { ObjectType } from './schema.ts';
import { compare, fieldSetOf, merge, removeMembers } from './typedValue.ts';

const itemType: ObjectType = { fields: { name: { type: 'string' }, value: { type: 'integer' }, env: { type: { map: 'string' } } } };
const type: ObjectType = {
  fields: {
    items: { type: { list: 'map', keys: ['name'], of: itemType } },
    tags: { type: { list: 'set', of: 'string' } },
    steps: { type: { list: 'atomic', of: 'string' } },
    labels: { type: { map: 'string' } },
  },
};

const letter = fc.constantFrom('a', 'b', 'c', 'd');
const item = fc.record(
  { name: letter, value: fc.nat(3), env: fc.dictionary(letter, letter, { minKeys: 1, noNullPrototype: true }) },
  { requiredKeys: ['name'], noNullPrototype: true },
);
const value: fc.Arbitrary<JsonObject> = fc.record(
  {
    items: fc.uniqueArray(item, { selector: ({ name }) => name, minLength: 1 }),
    tags: fc.uniqueArray(letter, { minLength: 1 }),
    steps: fc.array(letter, { minLength: 1 }),
    labels: fc.dictionary(letter, letter, { minKeys: 1, noNullPrototype: true }),
  },
  { requiredKeys: [], noNullPrototype: true },
);

const fields = (object: Json): ReturnType<typeof fieldSetOf> => fieldSetOf({}, type, object);

test('merge: with itself or with nothing changes nothing', () => {
  fc.assert(
    fc.property(value, (object) => {
      deepStrictEqual(merge({}, type, object, object), object);
      deepStrictEqual(merge({}, type, object, {}), object);
    }),
  );
});

test('merge: the result has the fields of both, and those of the second with its values', () => {
  fc.assert(
    fc.property(value, value, (live, config) => {
      const merged = merge({}, type, live, config) ?? {};
      ok(sameSet(fields(merged), union(fields(live), fields(config))));
      deepStrictEqual(merge({}, type, merged, config), merged);
      const { modified, added } = compare({}, type, merged, merge({}, type, merged, config));
      ok(isEmpty(union(modified, added)));
    }),
  );
});

test('compare: what is added and removed is the difference of the fields', () => {
  fc.assert(
    fc.property(value, value, (left, right) => {
      const { added, removed, modified } = compare({}, type, left, right);
      ok(isEmpty(difference(difference(fields(right), fields(left)), added)));
      ok(isEmpty(difference(difference(fields(left), fields(right)), removed)));
      ok(isEmpty(difference(modified, fields(left))));
    }),
  );
});

test('removeMembers: taking away everything that one owns leaves none of it', () => {
  fc.assert(
    fc.property(value, (object) => {
      const rest = removeMembers({}, type, object, fields(object)) ?? {};
      ok(isEmpty(intersection(fields(rest), fields(object))));
    }),
  );
});

test('fieldsV1: is read back as it was written', () => {
  fc.assert(fc.property(value, (object) => ok(sameSet(fromFieldsV1(toFieldsV1(fields(object))), fields(object)))));
});
