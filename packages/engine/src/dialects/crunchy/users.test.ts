import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { fixtureCluster, fixtureManifest, testConfiguration, testNowMs, withSpec } from '../../testing/clusters.ts';
import { annotations } from './profile.ts';
import { read } from './read.ts';
import { parseRoleOptions } from './roleOptions.ts';

const usersWith = (users: unknown): ReturnType<typeof fixtureCluster> => fixtureCluster('dev', (spec) => ({ ...spec, users }));

test('users: no list means one user and one database named after the cluster', () => {
  for (const users of [undefined, null]) {
    const { cluster } = usersWith(users);
    assert.deepEqual(cluster.users, [
      { name: 'hippo', databases: ['hippo'], options: ['LOGIN'], passwordCharacters: 'ascii', memberOf: [], settings: {} },
    ]);
    assert.deepEqual(
      cluster.databases.map(({ name }) => name),
      ['hippo'],
    );
  }
});

test('users: by annotation each user has a schema of its own in each of its databases', () => {
  const users = [
    { name: 'rhino', databases: ['zoo', 'postgres'] },
    { name: 'hippo', databases: ['zoo'] },
    { name: 'public', databases: ['zoo', 'park'] },
    { name: 'postgres' },
  ];
  const databasesWith = (value: string) => {
    const { metadata, ...manifest } = fixtureManifest('dev');
    const annotated = { ...manifest, metadata: { ...metadata, annotations: { [annotations.userSchemas]: value } } };
    return read(
      withSpec(annotated, (spec) => ({ ...spec, users })),
      testConfiguration,
      testNowMs,
    ).cluster.databases.map(({ name, schemas }) => [name, schemas.map((schema) => [schema.name, schema.owner])]);
  };
  assert.deepEqual(databasesWith('true'), [
    [
      'zoo',
      [
        ['rhino', 'rhino'],
        ['hippo', 'hippo'],
      ],
    ],
    ['postgres', [['rhino', 'rhino']]],
    ['park', []],
  ]);
  assert.deepEqual(databasesWith('false'), [
    ['zoo', []],
    ['park', []],
  ]);
});

test('users: an empty list means none', () => {
  const { cluster, findings } = usersWith([]);
  assert.deepEqual([cluster.users, cluster.databases, findings], [[], [], []]);
});

test('users: databases in order of appearance, each once', () => {
  const { cluster } = usersWith([
    { name: 'rhino', databases: ['zoo', 'park', 'zoo'] },
    { name: 'hippo', databases: ['park', 'river'], options: 'CREATEDB', password: { type: 'AlphaNumeric' } },
  ]);
  assert.deepEqual(
    cluster.databases.map(({ name, owner }) => [name, owner]),
    [
      ['zoo', undefined],
      ['park', undefined],
      ['river', undefined],
    ],
  );
  assert.deepEqual(cluster.users, [
    { name: 'rhino', databases: ['zoo', 'park'], options: ['LOGIN'], passwordCharacters: 'ascii', memberOf: [], settings: {} },
    {
      name: 'hippo',
      databases: ['park', 'river'],
      options: ['LOGIN', 'CREATEDB'],
      passwordCharacters: 'alphanumeric',
      memberOf: [],
      settings: {},
    },
  ]);
});

test('users: the superuser can always log in to its own database', () => {
  const { cluster } = usersWith([{ name: 'postgres', databases: ['zoo'], options: 'NOLOGIN' }]);
  assert.deepEqual(cluster.users, [
    { name: 'postgres', databases: ['postgres'], options: ['LOGIN', 'SUPERUSER'], passwordCharacters: 'ascii', memberOf: [], settings: {} },
  ]);
});

test('users: what cannot be a user or a database is left out and reported', () => {
  const { cluster, findings } = usersWith([
    { name: 'hippo', databases: ['ü'.repeat(32), 'ok'] },
    { name: 'hippo' },
    { name: 'Bad_Name' },
    { options: 'LOGIN' },
    { name: 'rhino', options: 'SUPERUSER PASSWORD secret' },
  ]);
  assert.deepEqual(
    cluster.users.map(({ name, databases, options }) => [name, databases, options]),
    [
      ['hippo', ['ok'], ['LOGIN']],
      ['rhino', [], ['LOGIN']],
    ],
  );
  assert.deepEqual(
    findings.map(({ reason, path, blocking }) => [reason, path, blocking]),
    [
      ['InvalidDatabase', 'spec.users[0].databases[0]', false],
      ['InvalidUser', 'spec.users[1]', false],
      ['InvalidUser', 'spec.users[2].name', false],
      ['InvalidUser', 'spec.users[3].name', false],
      ['InvalidUserOptions', 'spec.users[4].options', false],
    ],
  );
});

test('role options: what ALTER ROLE takes, in one form', () => {
  const table: readonly (readonly [string, readonly string[]])[] = [
    ['', ['LOGIN']],
    ['  \n ', ['LOGIN']],
    ['superuser', ['LOGIN', 'SUPERUSER']],
    ['NOLOGIN', ['NOLOGIN']],
    ['CreateDB NoCreateRole LOGIN', ['CREATEDB', 'NOCREATEROLE', 'LOGIN']],
    ['REPLICATION NOBYPASSRLS NOINHERIT', ['LOGIN', 'REPLICATION', 'NOBYPASSRLS', 'NOINHERIT']],
    ['connection limit 5', ['LOGIN', 'CONNECTION LIMIT 5']],
    ['CONNECTION LIMIT - 1', ['LOGIN', 'CONNECTION LIMIT -1']],
    ["VALID UNTIL '2030-01-01'", ['LOGIN', "VALID UNTIL '2030-01-01'"]],
    ["VALID UNTIL 'it''s never' CREATEDB", ['LOGIN', "VALID UNTIL 'it''s never'", 'CREATEDB']],
    ["VALID UNTIL'infinity'LOGIN", ["VALID UNTIL 'infinity'", 'LOGIN']],
  ];
  for (const [text, options] of table) assert.deepEqual(parseRoleOptions(text), { kind: 'options', options }, text);
});

test('role options: everything else is refused', () => {
  const refused = [
    "PASSWORD 'secret'",
    'NOPASSWORD',
    "ENCRYPTED PASSWORD 'x'",
    'IN ROLE admins',
    'ROLE admins',
    'ADMIN admins',
    'SYSID 5',
    'LOGIN NOLOGIN',
    'LOGIN LOGIN',
    'CONNECTION LIMIT',
    'CONNECTION LIMIT five',
    'CONNECTION LIMIT -2',
    'CONNECTION LIMIT 1.5',
    'CONNECTION LIMIT 99999999999',
    'VALID UNTIL 2030',
    "VALID UNTIL '2030",
    "VALID UNTIL 'a\\'",
    "VALID UNTIL E'a'",
    'LOGIN; DROP TABLE x',
    'LOGIN -- no',
    'LOGIN /* no */',
    '"superuser"',
    'LOGIN, CREATEDB',
    '5',
    'NONONO',
    'NO',
    'MAGIC',
    '$$x$$',
  ];
  for (const text of refused) assert.equal(parseRoleOptions(text).kind, 'refused', text);
});

test('role options: whatever the text, only known words, numbers and closed texts come out', () => {
  const word = fc.constantFrom(
    'LOGIN',
    'nosuperuser',
    'CONNECTION LIMIT 3',
    'VALID UNTIL',
    "'",
    "''",
    "'a'",
    '5',
    '-',
    ';',
    '\\',
    'x',
    ' ',
  );
  const form =
    /^(?:(?:NO)?(?:SUPERUSER|CREATEROLE|CREATEDB|LOGIN|REPLICATION|BYPASSRLS|INHERIT)|CONNECTION LIMIT -?\d+|VALID UNTIL '(?:[^'\\]|'')*')$/;
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        fc.array(word, { maxLength: 6 }).map((words) => words.join(' ')),
      ),
      (text) => {
        const parsed = parseRoleOptions(text);
        if (parsed.kind === 'refused') return;
        for (const option of parsed.options) assert.match(option, form);
        assert.deepEqual(parseRoleOptions(parsed.options.join(' ')), parsed, 'reading it again gives the same');
      },
    ),
    { numRuns: 1000 },
  );
});
