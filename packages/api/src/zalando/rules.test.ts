import assert from 'node:assert/strict';
import { test } from 'node:test';
import { breaches } from '../testing/postgresql-changes.ts';
import { ruleMessages } from '../testing/rules.ts';
import { postgresql } from './postgresql.ts';

test('postgresql: no rule is without an example that breaks it', () => {
  assert.deepEqual(new Set(breaches.map(({ message }) => message)), ruleMessages(postgresql.schema));
});
