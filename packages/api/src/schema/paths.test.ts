import assert from 'node:assert/strict';
import { test } from 'node:test';
import { boolean, embedded, extended, list, listMap, map, object, required, string } from './builders.ts';
import { allPaths } from './paths.ts';

test('paths: every field has one, through lists, maps and extended types', () => {
  const schema = object('', {
    spec: object('', {
      users: listMap('', ['name'], object('', { name: required(string('')), databases: list('', string('')) })),
      claims: map('', object('', { size: string('') })),
      claim: extended(embedded<object>('', 'Claim', { type: 'object', properties: { inner: { type: 'string' } } }), { grow: boolean('') }),
    }),
  });
  assert.deepEqual(
    allPaths(schema).map(({ path, required }) => `${path}${required ? ' required' : ''}`),
    [
      'spec',
      'spec.users',
      'spec.users[].name required',
      'spec.users[].databases',
      'spec.claims',
      'spec.claims.*.size',
      'spec.claim',
      'spec.claim.grow',
    ],
  );
});
