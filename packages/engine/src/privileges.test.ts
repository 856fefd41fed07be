import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { DatabaseIntent } from './model/cluster.ts';
import { databaseStatements } from './privileges.ts';
import { usersScript } from './readings.ts';

const hostile = `x'; DROP DATABASE postgres; --\\gexec "`;

const database = (name: string): DatabaseIntent => ({
  name,
  owner: 'owner',
  schemas: [{ name: hostile, owner: hostile, readers: [hostile], writers: ['writer'], creators: ['owner'] }],
  extensions: [{ name: hostile, schema: 'data' }],
});

test('privileges: hostile names stay inside of literals', () => {
  for (const text of databaseStatements(database('bar'))) {
    assert.ok(!text.replaceAll(/'(?:[^']|'')*'/g, "''").includes('DROP DATABASE'), text);
  }
});

test('privileges: every statement asks first whether anything is left to do', () => {
  for (const text of databaseStatements(database('bar'))) assert.match(text, /\nWHERE (?:NOT )?EXISTS/);
});

test('privileges: readers may read and writers may change what owners make, of every type of object', () => {
  const grants = databaseStatements(database('bar')).flatMap(
    (text) => /GRANT ([A-Z]+) ON ([A-Z]+) TO %I', 'owner', '[^,]*, '(writer)'/.exec(text)?.slice(1, 3).join(' ') ?? [],
  );
  assert.deepEqual(grants.toSorted(), [
    'DELETE TABLES',
    'EXECUTE FUNCTIONS',
    'INSERT TABLES',
    'UPDATE SEQUENCES',
    'UPDATE TABLES',
    'USAGE SEQUENCES',
    'USAGE TYPES',
  ]);
});

test('privileges: they are given in the database itself, whose session keeps no text either (I9)', () => {
  const { text } = usersScript([], [database('bar')], false);
  const inside = text.slice(text.indexOf('\\connect'));
  assert.ok(inside.indexOf("log_statement TO 'none'") < inside.indexOf('CREATE SCHEMA'));
});

test('privileges: an extension waits for a schema that the manifest does not make, and for no other', () => {
  const waits = (schema: string): boolean =>
    databaseStatements({ ...database('bar'), extensions: [{ name: 'pg_trgm', schema }] })
      .filter((text) => text.includes('EXTENSION'))
      .every((text) => new RegExp(`EXISTS \\(SELECT FROM pg_catalog.pg_namespace WHERE nspname::text = '${schema}'\\)`).test(text));
  assert.deepEqual(
    ['public', 'pg_catalog', 'data'].map((schema) => waits(schema)),
    [false, false, true],
  );
});
