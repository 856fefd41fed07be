import assert from 'node:assert/strict';
import { test } from 'node:test';
import { boolean, freeForm, integer, intOrString, list, map, object, required, string } from '../schema/builders.ts';
import { toStructural } from '../schema/structural.ts';
import { objections } from './objections.ts';

const schema = toStructural(
  object('', {
    name: required(string('', { pattern: '^[a-z]+$', minLength: 2, maxLength: 4 })),
    count: integer('', { format: 'int32', minimum: 0, maximum: 9 }),
    open: boolean(''),
    port: intOrString(''),
    colour: string('', { enum: ['red'] }),
    id: string('', { format: 'uuid' }),
    anything: freeForm(''),
    tags: list('', string(''), { minItems: 1 }),
    flags: map('', list('', string(''), { nullable: true })),
    notes: map('', string('')),
  }),
  'v1',
);

const judged: readonly (readonly [what: string, value: unknown, objections: readonly string[]])[] = [
  [
    'what fits',
    {
      name: 'abc',
      count: 9,
      open: false,
      port: 'http',
      colour: 'red',
      id: 'efd12e58-5786-11e8-b5a7-06148230260c',
      anything: { at: [null] },
      tags: ['a'],
      flags: { a: ['b'], c: null },
      notes: { a: 'b' },
    },
    [],
  ],
  ['a null that is dropped', { name: 'abc', count: null, notes: { a: null } }, []],
  ['a null in place of what is required', { name: null }, ['.name: is missing']],
  ['a null in a list', { name: 'abc', tags: [null] }, ['.tags[0]: is null']],
  ['no object', 'text', ['.: is no object']],
  ['a list in place of an object', { name: 'abc', flags: [] }, ['.flags: is no object']],
  [
    'wrong scalars',
    { name: 1, count: 1.5, open: 'yes', port: true },
    ['.name: is no string', '.count: is no integer', '.open: is no boolean', '.port: is no integer or string'],
  ],
  ['against pattern and length', { name: 'A' }, ['.name: does not match ^[a-z]+$', '.name: is too short']],
  ['too long, too large', { name: 'abcde', count: 10 }, ['.name: is too long', '.count: is above 9']],
  ['too small, too few', { name: 'abc', count: -1, tags: [] }, ['.count: is below 0', '.tags: is too short']],
  ['against enumeration and format', { name: 'abc', colour: 'blue', id: 'x' }, ['.colour: is none of ["red"]', '.id: is no uuid']],
  ['an unknown field', { name: 'abc', nmae: 'abc' }, ['.nmae: is no field']],
  ['what is wrong in a map', { name: 'abc', flags: { a: [1] } }, ['.flags.a[0]: is no string']],
];

for (const [what, value, expected] of judged) {
  test(`objections: ${expected.length === 0 ? 'none to' : 'to'} ${what}`, () => {
    assert.deepEqual(objections(schema, value), expected);
  });
}
