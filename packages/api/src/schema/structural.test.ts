import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import {
  atomicList,
  boolean,
  embedded,
  extended,
  freeForm,
  integer,
  intOrString,
  list,
  listMap,
  map,
  object,
  quantity,
  quantityPattern,
  required,
  ruled,
  set,
  string,
} from './builders.ts';
import { NotStructuralError } from './check.ts';
import type { Schema } from './schema.ts';
import { toStructural } from './structural.ts';

const emitted = (schema: Schema): unknown => toStructural(schema, 'v1');

test('structural: an object names its fields, and which of them are required', () => {
  assert.deepEqual(emitted(object('A user.', { name: required(string('Its name.', { maxLength: 63 })), admin: boolean('') })), {
    type: 'object',
    description: 'A user.',
    properties: { name: { type: 'string', description: 'Its name.', maxLength: 63 }, admin: { type: 'boolean' } },
    required: ['name'],
  });
});

test('structural: what has a default is not required', () => {
  assert.deepEqual(emitted(object('', { port: integer('', { format: 'int32', minimum: 1024, default: 5432 }) })), {
    type: 'object',
    properties: { port: { type: 'integer', format: 'int32', minimum: 1024, default: 5432 } },
  });
});

test('structural: an integer or string has no type but the extension', () => {
  assert.deepEqual(emitted(intOrString('Either.')), { description: 'Either.', 'x-kubernetes-int-or-string': true });
  assert.deepEqual(emitted(quantity('')), { 'x-kubernetes-int-or-string': true, pattern: quantityPattern });
});

test('structural: lists say how server-side apply merges them', () => {
  const item = object('', { name: required(string('')) });
  const listed = emitted(
    object('', {
      plain: list('', string('')),
      atomic: atomicList('', string('')),
      set: set('', string(''), { minItems: 1 }),
      map: listMap('', ['name'], item, { maxItems: 4 }),
    }),
  );
  assert.deepEqual(listed, {
    type: 'object',
    properties: {
      plain: { type: 'array', items: { type: 'string' } },
      atomic: { type: 'array', items: { type: 'string' }, 'x-kubernetes-list-type': 'atomic' },
      set: { type: 'array', items: { type: 'string' }, 'x-kubernetes-list-type': 'set', minItems: 1 },
      map: {
        type: 'array',
        items: { type: 'object', properties: { name: { type: 'string' } }, required: ['name'] },
        'x-kubernetes-list-type': 'map',
        'x-kubernetes-list-map-keys': ['name'],
        maxItems: 4,
      },
    },
  });
});

test('structural: maps and free-form objects', () => {
  assert.deepEqual(emitted(map('', boolean(''), { mapType: 'atomic', maxProperties: 3 })), {
    type: 'object',
    additionalProperties: { type: 'boolean' },
    'x-kubernetes-map-type': 'atomic',
    maxProperties: 3,
  });
  assert.deepEqual(emitted(freeForm('')), { type: 'object', 'x-kubernetes-preserve-unknown-fields': true });
  assert.deepEqual(emitted(object('', {}, { preserveUnknownFields: true })), {
    type: 'object',
    properties: {},
    'x-kubernetes-preserve-unknown-fields': true,
  });
});

test('structural: null is allowed where the schema says so, also as a value of a map', () => {
  assert.deepEqual(emitted(map('', list('', string(''), { nullable: true }))), {
    type: 'object',
    additionalProperties: { type: 'array', items: { type: 'string' }, nullable: true },
  });
});

test('structural: null is one of the values of an enumeration that allows it', () => {
  assert.deepEqual(emitted(string('', { enum: ['a', 'b'], nullable: true })), { type: 'string', enum: ['a', 'b', null], nullable: true });
});

test('structural: rules and bounds of another version are left out', () => {
  const schema = list('', string(''), {
    maxItemsByVersion: { v1: 16 },
    rules: [
      { rule: 'true', message: 'always' },
      { rule: 'false', message: 'never', versions: ['v1'] },
    ],
  });
  assert.deepEqual(toStructural(schema, 'v1beta1'), {
    type: 'array',
    items: { type: 'string' },
    'x-kubernetes-validations': [{ rule: 'true', message: 'always' }],
  });
  assert.deepEqual(toStructural(schema, 'v1'), {
    type: 'array',
    items: { type: 'string' },
    maxItems: 16,
    'x-kubernetes-validations': [
      { rule: 'true', message: 'always' },
      { rule: 'false', message: 'never' },
    ],
  });
});

test('structural: a rule keeps the field it blames and the reason it gives', () => {
  const schema = ruled(object('', { name: string('') }), [
    { rule: 'has(self.name)', message: 'name it', fieldPath: '.name', reason: 'FieldValueRequired' },
  ]);
  assert.deepEqual(toStructural(schema, 'v1')['x-kubernetes-validations'], [
    { rule: 'has(self.name)', message: 'name it', fieldPath: '.name', reason: 'FieldValueRequired' },
  ]);
});

test('structural: an embedded type keeps its schema and can get fields of our own', () => {
  const claim = embedded<object>('A claim.', 'Claim', { type: 'object', properties: { size: { type: 'string' } } }, { mapType: 'atomic' });
  assert.deepEqual(emitted(extended(claim, { grow: boolean('') })), {
    type: 'object',
    description: 'A claim.',
    properties: { size: { type: 'string' }, grow: { type: 'boolean' } },
    'x-kubernetes-map-type': 'atomic',
  });
});

test('structural: only an embedded type can be extended', () => {
  const plain = object('', {}) as Schema<object, object, 'optional'>;
  assert.throws(() => extended(plain, {}), /only an embedded type can be extended, not object/);
});

test('structural: a deprecated field says so before all else', () => {
  assert.deepEqual(emitted(string('Old.', { deprecated: 'use new.' })), { type: 'string', description: 'Deprecated: use new. Old.' });
});

test('structural: what no API server would take is refused with its place', () => {
  const broken = object('', { users: listMap('', ['name'], object('', { name: string('') })) });
  assert.throws(
    () => toStructural(broken, 'v1'),
    (error) => {
      assert.ok(error instanceof NotStructuralError);
      assert.equal(error.code, 'NotStructural');
      assert.deepEqual(error.problems, ['.users: key name is neither required nor defaulted']);
      return true;
    },
  );
});

test('structural: whatever the words are put together to is structural', () => {
  const { schema } = fc.letrec<{ schema: Schema<unknown, unknown, 'optional'> }>((tie) => ({
    schema: fc.oneof(
      { depthSize: 'small' },
      fc.constantFrom<Schema<unknown, unknown, 'optional'>>(
        string('s'),
        integer('i'),
        boolean('b'),
        intOrString('x'),
        quantity('q'),
        freeForm('f'),
      ),
      tie('schema').map((inner) => list('l', inner)),
      tie('schema').map((inner) => map('m', inner)),
      tie('schema').map((inner) => listMap('k', ['name'], object('', { name: required(string('')), inner }))),
      fc
        .array(tie('schema'), { maxLength: 3 })
        .map((inner) => object('o', Object.fromEntries(inner.map((each, index) => [`f${index}`, each])))),
    ),
  }));
  fc.assert(fc.property(schema, (each) => void toStructural(each, 'v1')));
});
