import assert from 'node:assert/strict';
import { test } from 'node:test';
import { firstPlace } from '../testing/objects.ts';
import { complete, fields, notInComplete } from '../testing/postgresql.ts';

test('postgresql: the complete example sets every field of the spec', () => {
  const missing = fields
    .map(({ path }) => path)
    .filter((path) => path.startsWith('spec') && !notInComplete.has(path))
    .filter((path) => firstPlace(complete, path) === undefined);
  assert.deepEqual(missing, []);
});
