import assert from 'node:assert/strict';
import { test } from 'node:test';
import { structuralProblems } from './check.ts';
import type { StructuralSchema } from './structural-schema.ts';

/** What must never get into a CRD, and what is said about it. */
const refused: readonly (readonly [what: string, schema: object, problem: string])[] = [
  ['no type', {}, '.: has no type'],
  ['several types', { type: ['string', 'null'] }, '.: has several types: use nullable, or int-or-string'],
  ['a reference', { type: 'object', $ref: '#/x' }, '.: $ref is not part of a structural schema'],
  ['a constant', { type: 'string', const: 'x' }, '.: const is not part of a structural schema'],
  ['patternProperties', { type: 'object', patternProperties: {} }, '.: patternProperties is not part of a structural schema'],
  ['oneOf', { type: 'object', oneOf: [] }, '.: oneOf is not part of a structural schema'],
  [
    'a type below anyOf',
    { type: 'object', properties: {}, anyOf: [{ type: 'object' }] },
    '.: anyOf may only say which fields are required; types and fields belong to the parent',
  ],
  ['int-or-string with a type', { type: 'string', 'x-kubernetes-int-or-string': true }, '.: int-or-string excludes type'],
  ['an array without items', { type: 'array' }, '.: array without items'],
  ['items on a string', { type: 'string', items: { type: 'string' } }, '.: items on what is no array'],
  ['fields on a string', { type: 'string', properties: {} }, '.: fields on what is no object'],
  [
    'fields and arbitrary keys',
    { type: 'object', properties: {}, additionalProperties: { type: 'string' } },
    '.: properties and additionalProperties exclude each other',
  ],
  ['a closed object', { type: 'object', additionalProperties: false }, '.: additionalProperties has to be a schema'],
  ['a missing required field', { type: 'object', properties: {}, required: ['name'] }, '.: requires name, which it does not have'],
  [
    'a list map without keys',
    { type: 'array', items: { type: 'object' }, 'x-kubernetes-list-type': 'map' },
    '.: a list of type map has no keys',
  ],
  [
    'a key that is no field',
    { type: 'array', items: { type: 'object' }, 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': ['name'] },
    '.: key name is no field of the items',
  ],
  [
    'a key that is an object',
    {
      type: 'array',
      items: { type: 'object', properties: { name: { type: 'object' } }, required: ['name'] },
      'x-kubernetes-list-type': 'map',
      'x-kubernetes-list-map-keys': ['name'],
    },
    '.: key name is no scalar',
  ],
  [
    'a key that may be absent',
    {
      type: 'array',
      items: { type: 'object', properties: { name: { type: 'string' } } },
      'x-kubernetes-list-type': 'map',
      'x-kubernetes-list-map-keys': ['name'],
    },
    '.: key name is neither required nor defaulted',
  ],
  [
    'a key that may be null',
    {
      type: 'array',
      items: { type: 'object', properties: { name: { type: 'string', nullable: true } }, required: ['name'] },
      'x-kubernetes-list-type': 'map',
      'x-kubernetes-list-map-keys': ['name'],
    },
    '.: key name is nullable',
  ],
  [
    'keys on a list that is no map',
    { type: 'array', items: { type: 'string' }, 'x-kubernetes-list-map-keys': ['name'] },
    '.: keys on a list that is no map',
  ],
  [
    'a set of objects',
    { type: 'array', items: { type: 'object' }, 'x-kubernetes-list-type': 'set' },
    '.: items of a set are neither scalar nor atomic',
  ],
  ['a list type on an object', { type: 'object', 'x-kubernetes-list-type': 'set' }, '.: a list type on what is no array'],
  [
    'a map type on a list',
    { type: 'array', items: { type: 'string' }, 'x-kubernetes-map-type': 'atomic' },
    '.: a map type on what is no object',
  ],
  ['a default that is dropped', { type: 'string', default: null }, '.: the default null is dropped, since null is not allowed'],
  ['an empty enumeration', { type: 'string', enum: [] }, '.: an empty enumeration'],
  ['a default outside the enumeration', { type: 'string', enum: ['a'], default: 'b' }, '.: the default is none of the enumeration'],
  ['null outside the enumeration', { type: 'string', enum: ['a'], nullable: true }, '.: nullable, but null is none of the enumeration'],
  ['look-ahead in a pattern', { type: 'string', pattern: '^(?!x)' }, '.: the pattern is none of RE2'],
  ['a back reference in a pattern', { type: 'string', pattern: '(a)\\1' }, '.: the pattern is none of RE2'],
  ['a default against the pattern', { type: 'string', pattern: '^a$', default: 'b' }, '.: the default does not match the pattern'],
  ['minimum above maximum', { type: 'integer', minimum: 2, maximum: 1 }, '.: minimum is above maximum'],
  ['minLength above maxLength', { type: 'string', minLength: 2, maxLength: 1 }, '.: minLength is above maxLength'],
  ['minItems above maxItems', { type: 'array', items: { type: 'string' }, minItems: 2, maxItems: 1 }, '.: minItems is above maxItems'],
  [
    'minProperties above maxProperties',
    { type: 'object', additionalProperties: { type: 'string' }, minProperties: 2, maxProperties: 1 },
    '.: minProperties is above maxProperties',
  ],
  ['a default out of bounds', { type: 'integer', minimum: 5, default: 1 }, '.: the default is out of bounds'],
  [
    'a rule without message',
    { type: 'string', 'x-kubernetes-validations': [{ rule: 'true', message: ' ' }] },
    '.: rule true has no message',
  ],
  [
    'a rule with a message of two lines',
    { type: 'string', 'x-kubernetes-validations': [{ rule: 'true', message: 'a\nb' }] },
    '.: message of rule true has a line break',
  ],
  [
    'a rule that blames no path',
    { type: 'object', properties: {}, 'x-kubernetes-validations': [{ rule: 'true', message: 'm', fieldPath: 'name' }] },
    '.: fieldPath name does not begin with a dot',
  ],
];

for (const [what, schema, problem] of refused) {
  test(`check: ${what} is refused`, () => {
    assert.ok(structuralProblems(schema).includes(problem), structuralProblems(schema).join('\n'));
  });
}

test('check: a problem is named with its path', () => {
  const schema: StructuralSchema = {
    type: 'object',
    properties: { users: { type: 'array', items: { type: 'object', additionalProperties: {} } } },
  };
  assert.deepEqual(structuralProblems(schema), ['.users[].*: has no type']);
});

test('check: anyOf may demand one of several fields', () => {
  const schema: StructuralSchema = {
    type: 'object',
    properties: { host: { type: 'string' }, path: { type: 'string' } },
    anyOf: [{ required: ['host'] }, { required: ['path'] }],
  };
  assert.deepEqual(structuralProblems(schema), []);
});
