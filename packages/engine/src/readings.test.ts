import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { DatabaseIntent, UserIntent } from './model/cluster.ts';
import { parseReading, psql, rolesQuestion, UnreadableOutput, usersScript, type RolesReading } from './readings.ts';
import { sqlLiteral } from './sql.ts';

const intent = (name: string, databases: readonly string[] = [], options: readonly string[] = ['LOGIN']): UserIntent => ({
  name,
  databases,
  options,
  passwordCharacters: 'ascii',
  memberOf: [],
  settings: {},
});

const answer = {
  serverVersion: '17.6 (Debian 17.6-1.pgdg13+1)',
  recovering: false,
  roles: [
    {
      name: 'app',
      verifier: 'SCRAM-SHA-256$4096:c2FsdA==$a:b',
      connectionLimit: 5,
      SUPERUSER: false,
      CREATEROLE: false,
      CREATEDB: true,
      LOGIN: true,
      REPLICATION: false,
      BYPASSRLS: false,
      INHERIT: true,
    },
    { name: 'nobody', verifier: null, connectionLimit: -1, LOGIN: false },
  ],
  databases: [{ name: 'app', owner: 'postgres' }],
  grants: [{ role: 'app', database: 'app' }],
};

test('readings: roles hold fingerprints instead of verifiers, and the version without its packager', () => {
  const value = parseReading('roles', `${JSON.stringify(answer)}\n`, (text) => `fingerprint of ${text.length} characters`);
  assert.ok(!JSON.stringify(value).includes('SCRAM'));
  assert.deepEqual(value, {
    serverVersion: '17.6',
    recovering: false,
    roles: [
      {
        name: 'app',
        verifierFingerprint: 'fingerprint of 31 characters',
        attributes: {
          SUPERUSER: false,
          CREATEROLE: false,
          CREATEDB: true,
          LOGIN: true,
          REPLICATION: false,
          BYPASSRLS: false,
          INHERIT: true,
        },
        connectionLimit: 5,
      },
      {
        name: 'nobody',
        verifierFingerprint: undefined,
        attributes: {
          SUPERUSER: false,
          CREATEROLE: false,
          CREATEDB: false,
          LOGIN: false,
          REPLICATION: false,
          BYPASSRLS: false,
          INHERIT: false,
        },
        connectionLimit: -1,
      },
    ],
    databases: [{ name: 'app', owner: 'postgres' }],
    grants: [{ role: 'app', database: 'app' }],
    remaining: [],
  });
});

test('readings: what statements are left to do comes in lines of its own, together by database', () => {
  const lines = [
    answer,
    { database: null, statements: ['GRANT a TO b'] },
    { database: 'app', statements: [] },
    { database: 'bar', statements: ['CREATE SCHEMA data'] },
    { database: 'bar', statements: ['CREATE EXTENSION x'] },
  ];
  const value = parseReading('roles', lines.map((line) => JSON.stringify(line)).join('\n'), (text) => text) as RolesReading;
  assert.deepEqual(value.remaining, [
    { database: undefined, statements: ['GRANT a TO b'] },
    { database: 'bar', statements: ['CREATE SCHEMA data', 'CREATE EXTENSION x'] },
  ]);
  assert.throws(() => parseReading('roles', `${JSON.stringify(answer)}\n{"statements":{}}`, (text) => text), UnreadableOutput);
});

test('readings: what has another form is refused without being quoted', () => {
  for (const output of [
    '',
    'ERROR: SCRAM-SHA-256$secret',
    '[]',
    '{"serverVersion":"17","roles":[{"name":1}]}',
    JSON.stringify({ ...answer, grants: {} }),
  ]) {
    assert.throws(
      () => parseReading('roles', output, (text) => text),
      (error: unknown) => error instanceof UnreadableOutput && error.code === 'UnreadableOutput' && !error.message.includes('SCRAM'),
    );
  }
  assert.throws(() => parseReading('no such parser', '', (text) => text), UnreadableOutput);
});

test('readings: a literal cannot be left by a quote', () => {
  assert.equal(sqlLiteral("o'clock"), "'o''clock'");
  assert.equal(sqlLiteral("'; DROP TABLE t; --"), "'''; DROP TABLE t; --'");
});

test('readings: hostile names stay inside of literals', () => {
  const name = `x'; DROP DATABASE postgres; --\\gexec "`;
  const scripts = [
    usersScript([{ intent: intent('app', [name]), secret: 's' }], [{ name, owner: name, schemas: [], extensions: [] }], true).text,
    rolesQuestion([intent('app', [name])], [{ name, owner: name, schemas: [], extensions: [] }]).text,
  ];
  for (const text of scripts) {
    // Cutting out every literal leaves nothing of the name.
    const outside = text.replaceAll(/'(?:[^']|'')*'/g, "''");
    assert.ok(!outside.includes('DROP DATABASE postgres'), outside);
    assert.ok(text.includes(`x''; DROP DATABASE postgres`));
  }
});

test('readings: verifiers are variables that act sets, never text', () => {
  const { text, variables } = usersScript(
    [
      { intent: intent('app'), secret: 'hippo-pguser-app' },
      { intent: intent('report'), secret: 'own-secret' },
    ],
    [],
    true,
  );
  assert.deepEqual(variables, {
    verifier_0: { secret: 'hippo-pguser-app', key: 'verifier' },
    verifier_1: { secret: 'own-secret', key: 'verifier' },
  });
  assert.match(text, /PASSWORD %L', 'report', :'verifier_1'\)/);
});

test('readings: no session in which a statement holds a verifier lets anything keep its text (I9)', () => {
  const { text } = usersScript(
    [{ intent: intent('app', ['app']), secret: 's' }],
    [{ name: 'app', owner: undefined, schemas: [], extensions: [] }],
    true,
  );
  const before = text.slice(0, text.indexOf('verifier_0'));
  for (const setting of [
    "log_statement TO 'none'",
    'log_min_duration_statement TO -1',
    'log_min_error_statement TO panic',
    "pgaudit.log TO 'none'",
    "pg_stat_statements.track TO 'none'",
    'auto_explain.log_min_duration TO -1',
    'track_activities TO off',
  ]) {
    assert.ok(before.includes(`SET ${setting};`), setting);
  }
  assert.match(before, /set_config\([^;]*\('log_min_duration_sample', '-1'\), \('log_transaction_sample_rate', '0'\)/);
  assert.ok(!text.slice(text.indexOf('\\connect')).includes('verifier_'), 'settings end with their session');
});

test('readings: extension pgaudit is made where it can be had, in every database and for those to come, and its lack fails nothing', () => {
  const { text } = usersScript(
    [],
    ['app', "o'brien"].map((name) => ({ name, owner: undefined, schemas: [], extensions: [] })),
    true,
  );
  const parts = text.split('\\connect').slice(1);
  assert.equal(parts.length, 4);
  assert.deepEqual(
    [...text.matchAll(/WHERE datname::text = '((?:[^']|'')*)' AND datallowconn/g)].map(([, name]) => name),
    ['postgres', 'app', "o''brien", 'template1'],
  );
  for (const part of parts) {
    assert.match(
      part,
      /SET synchronous_commit TO local;[^]*'CREATE EXTENSION pgaudit SCHEMA public'\nWHERE EXISTS \(SELECT FROM pg_catalog\.pg_available_extensions/,
    );
    assert.match(part, /\\gexec\n\\if :ERROR\n\\echo 'without pgaudit: ':DBNAME\n\\endif/);
  }
});

test('readings: psql reads no start-up file, asks for no password and finds the programs of its version', () => {
  const command = psql(17).join(' ');
  assert.match(command, /psql -X -w /);
  assert.match(command, /\/usr\/lib\/postgresql\/17\/bin/);
});

const member: UserIntent = {
  ...intent('member'),
  memberOf: [{ role: 'group', withAdmin: true }],
  settings: { search_path: ['$user', 'data'] },
};
const prepared: DatabaseIntent = {
  name: 'bar',
  owner: 'member',
  schemas: [{ name: 'data', owner: 'member', readers: ['app'], writers: ['app'], creators: ['member'] }],
  extensions: [{ name: 'pg_trgm', schema: 'data' }],
};

/** The queries whose rows are executed. */
const queriesIn = (text: string): readonly string[] =>
  text
    .split('\\gexec')
    .slice(0, -1)
    .map((part) => part.slice(part.lastIndexOf('SELECT pg_catalog.format(')));

test('readings: every statement asks first whether anything is left to do, so that a second run writes nothing', () => {
  const options = ['LOGIN', 'NOCREATEDB', 'CONNECTION LIMIT 5', "VALID UNTIL '2030-01-01'"];
  const { text } = usersScript(
    [
      { intent: intent('app', ['app', 'bar'], options), secret: 's' },
      { intent: member, secret: undefined },
    ],
    [prepared],
    false,
  );
  const queries = queriesIn(text);
  assert.ok(queries.length > 20, String(queries.length));
  for (const query of queries) assert.match(query, /\sWHERE /);
  const [, altered = ''] = queries;
  assert.match(
    altered,
    /\(NOT rolcanlogin OR rolcreatedb OR rolconnlimit <> 5 OR rolvaliduntil IS DISTINCT FROM '2030-01-01'::pg_catalog\.timestamptz\)/,
  );
});

test('readings: an option that cannot be compared is given anew each time', () => {
  const { text } = usersScript([{ intent: intent('app', [], ['LOGIN', 'SOMETHING NEW']), secret: undefined }], [], false);
  assert.doesNotMatch(queriesIn(text)[1] ?? '', /WHERE/);
});

test('readings: the question asks for memberships, settings and the inside of databases by the very statements that would mend them', () => {
  const { text } = rolesQuestion([intent('app'), member], [prepared]);
  for (const query of queriesIn(usersScript([{ intent: member, secret: undefined }], [prepared], false).text)) {
    if (/GRANT %I TO|SET %I TO|SCHEMA|EXTENSION/.test(query)) assert.ok(text.includes(query.trim().replace(/\n$/, '')), query);
  }
  assert.equal(text.split('\\connect').length, 2);
  assert.doesNotMatch(text, /gexec/);
  assert.doesNotMatch(rolesQuestion([intent('app')], [{ ...prepared, schemas: [], extensions: [] }]).text, /\\connect|'statements'/);
});

test('readings: a database that takes no connections is told of, and keeps no other from being prepared', () => {
  const schemas = [{ name: 'data', owner: 'o', readers: [], writers: [], creators: [] }];
  const { text } = usersScript([], [{ name: 'bar', owner: undefined, schemas, extensions: [] }], false);
  assert.match(text, /WHERE datname::text = 'bar' AND datallowconn AND datconnlimit <> -2\n\\gset\n\\if :connectable\n\\connect/);
  assert.match(text, /\n\\else\n\\warn 'database bar takes no connections, [^']*'\n\\set failed true\n\\endif\n/);
});
