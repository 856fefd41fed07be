/** What the engine's statements do in the image's PostgreSQL, with everything logged and counted that its owner can ask for. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { linesProgress } from '../local/src/progress.ts';
import { parseReading, psql, rolesQuestion, usersScript, type RolesReading } from '../packages/engine/src/readings.ts';
import { buildImages, runInImage } from './index.ts';

const hostile = `we"ird' \\x=1 $(id)`;
const databases = ['app', hostile];
const intent = {
  name: 'app',
  databases,
  options: ['LOGIN', 'NOCREATEDB', 'CONNECTION LIMIT 5', "VALID UNTIL '2030-01-01'"],
  passwordCharacters: 'ascii',
  memberOf: [],
  settings: {},
} as const;
/** The second one is given to the role. */
const wanted = databases.map((name, index) => ({ name, owner: index === 1 ? intent.name : undefined, schemas: [], extensions: [] }));
const verifier =
  'SCRAM-SHA-256$4096:c2FsdHNhbHRzYWx0c2FsdA==$/LlmJyeJc/Lmwbk4xYrOfsi9dzMsLS+2t6qKbWqVt9E=:Jyg24yZbDHK9kAlnrAHUNHOYK9T2Mk8I5oqLLSvdbRA=';

const loud = [
  'shared_preload_libraries=pgaudit,pg_stat_statements,auto_explain',
  'pgaudit.log=all',
  'auto_explain.log_min_duration=0',
  'log_statement=all',
  'log_min_duration_statement=0',
  'log_min_duration_sample=0',
  'log_transaction_sample_rate=1',
  'unix_socket_directories=/tmp/postgres',
  'listen_addresses=',
  // What writes counts transactions, and nothing else shall.
  'autovacuum=off',
]
  .map((setting) => `-c ${setting}`)
  .join(' ');

const quoted = (word: string): string => `'${word.replaceAll("'", `'\\''`)}'`;

/** A command with this text on its standard input. */
const fed = (command: readonly string[], text: string): string => `${command.map(quoted).join(' ')} <<'SQL'\n${text}\nSQL\n`;

/** A statement that writes takes the number of a transaction, one that reads takes none: how many the command took. */
const counted = (what: string, command: string): string => `
      from=$(${nextTransaction})
      ${command}
      echo "${what}: $(($(${nextTransaction}) - from))"`;

const nextTransaction = `psql -XAtqd postgres -c 'SELECT pg_snapshot_xmax(pg_current_snapshot())'`;

for (const version of [17, 15]) {
  test(`statements: PostgreSQL ${version} has what they ask for, names hold no surprise, and nothing keeps a verifier (I9)`, async () => {
    const [image] = await buildImages({ only: ['postgres'], progress: linesProgress((line) => console.error(line)) });
    assert.ok(image);
    const users = fed(psql(version), `\\set verifier_0 '${verifier}'\n${usersScript([{ intent, secret: 'app' }], wanted, true).text}`);
    const audits = `psql -XAtqc "SELECT current_database(), count(*) FROM pg_event_trigger WHERE evtname LIKE 'pgaudit%'"`;
    const script = `
      export PATH=/usr/lib/postgresql/${version}/bin:$PATH PGDATA=/pgdata/pg PGHOST=/tmp/postgres
      mkdir /tmp/postgres
      initdb --auth=peer >/tmp/initdb.log
      pg_ctl --silent --wait --log=/tmp/server.log --options=${quoted(loud)} start
      psql -Xqd postgres -c 'CREATE EXTENSION pg_stat_statements'
      ${counted('first', users)}
      ${counted('second', users)}
      PGOPTIONS='-c pg_stat_statements.track=none' psql -Xqd postgres -c 'ALTER ROLE app CREATEDB'
      ${counted('third', users)}
      ${fed(psql(version), rolesQuestion([intent], wanted).text)}
      psql -Xqd postgres -c 'CREATE DATABASE later'
      for database in postgres app later ${quoted(hostile)}; do PGDATABASE="$database" ${audits}; done
      psql -XAtqd postgres -c "SELECT count(*) FROM pg_stat_statements WHERE query LIKE '%SCRAM-SHA-256$%4096%' OR query LIKE 'ALTER ROLE%'"
      grep -c 'LOG:' /tmp/server.log >/dev/null
      grep --fixed-strings --count ${quoted(verifier)} /tmp/server.log || true
      pg_ctl --silent --wait --mode=fast stop`;
    const writable = ['/tmp', '/pgdata', '/dev/shm'];
    const output = await runInImage(image, { uid: 26, gid: 26, writable, command: ['bash', '-euc', script] });
    assert.equal(output.exitCode, 0, `${output.stdout}\n${output.stderr}`);
    const [first = '', second, third, answer = '', ...rest] = output.stdout.trim().split('\n');
    assert.ok(Number(/^first: (\d+)$/.exec(first)?.[1]) > 5, first);
    assert.deepEqual([second, third], ['second: 0', 'third: 1']);
    const { roles, databases: found, grants } = JSON.parse(answer) as Readonly<Record<string, readonly object[]>>;
    assert.deepEqual(
      found,
      wanted.map(({ name, owner = 'postgres' }) => ({ name, owner })),
    );
    assert.deepEqual(roles, [
      {
        name: 'app',
        verifier,
        connectionLimit: 5,
        SUPERUSER: false,
        CREATEROLE: false,
        CREATEDB: false,
        LOGIN: true,
        REPLICATION: false,
        BYPASSRLS: false,
        INHERIT: true,
      },
    ]);
    assert.deepEqual(
      grants,
      databases.map((database) => ({ role: 'app', database })),
    );
    assert.deepEqual(rest, ['postgres|2', 'app|2', 'later|2', `${hostile}|2`, '0', '0']);
  });
}

const reader = {
  name: 'bar_reader',
  databases: [],
  options: [],
  passwordCharacters: undefined,
  memberOf: [],
  settings: {},
} as const;
const prepared = [
  { ...reader, name: 'admin', options: ['CREATEDB'], memberOf: [{ role: 'bar_owner', withAdmin: true }] },
  reader,
  { ...reader, name: 'bar_writer', memberOf: [{ role: 'bar_reader', withAdmin: false }] },
  {
    ...reader,
    name: 'bar_owner',
    memberOf: ['bar_reader', 'bar_writer'].map((role) => ({ role, withAdmin: true })),
    settings: { search_path: ['$user', 'data', hostile] },
  },
] as const;
const bar = {
  name: 'bar',
  owner: 'bar_owner',
  schemas: ['data', hostile].map((name) => ({
    name,
    owner: 'bar_owner',
    readers: ['bar_reader'],
    writers: ['bar_writer'],
    creators: ['bar_owner'],
  })),
  extensions: [
    { name: 'pg_trgm', schema: 'data' },
    { name: 'citext', schema: 'nowhere' },
  ],
};

/** What somebody does by hand in the database. */
const damage = `REVOKE bar_reader FROM bar_writer;
ALTER ROLE bar_owner RESET search_path;
REVOKE USAGE ON SCHEMA data FROM bar_reader;
ALTER DEFAULT PRIVILEGES FOR ROLE bar_owner IN SCHEMA data REVOKE SELECT ON TABLES FROM bar_reader;
DROP EXTENSION pg_trgm;
CREATE SCHEMA nowhere`;

/** What is left to do then. */
const repairs = [
  {
    database: undefined,
    statements: ['GRANT bar_reader TO bar_writer', `ALTER ROLE bar_owner SET search_path TO '$user', 'data', E'we"ird'' \\\\x=1 $(id)'`],
  },
  {
    database: 'bar',
    statements: [
      'GRANT USAGE ON SCHEMA data TO bar_reader',
      'ALTER DEFAULT PRIVILEGES FOR ROLE bar_owner IN SCHEMA data GRANT SELECT ON TABLES TO bar_reader',
      'CREATE EXTENSION pg_trgm SCHEMA data CASCADE',
      'CREATE EXTENSION citext SCHEMA nowhere CASCADE',
    ],
  },
];

for (const version of [17, 15]) {
  test(`statements: PostgreSQL ${version} prepares a database whose readers read and writers write, and what is taken away comes back`, async () => {
    const [image] = await buildImages({ only: ['postgres'], progress: linesProgress((line) => console.error(line)) });
    assert.ok(image);
    const statements = fed(
      psql(version),
      usersScript(
        prepared.map((user) => ({ intent: user, secret: undefined })),
        [bar],
        false,
      ).text,
    );
    const question = fed(psql(version), rolesQuestion(prepared, [bar]).text);
    const asRole = (role: string, sql: string): string =>
      `psql -XAtqd bar -c ${quoted(`SET ROLE ${role}`)} -c ${quoted(sql)} 2>&1 | head -1 || true`;
    const script = `
      export PATH=/usr/lib/postgresql/${version}/bin:$PATH PGDATA=/pgdata/pg PGHOST=/tmp/postgres
      statements() {
        ${statements}
      }
      question() {
        echo question
        ${question}
      }
      mkdir /tmp/postgres
      initdb --auth=peer >/tmp/initdb.log
      pg_ctl --silent --wait --log=/tmp/server.log --options='-c unix_socket_directories=/tmp/postgres -c listen_addresses= -c autovacuum=off' start
      statements
      ${counted('again', 'statements')}
      ${asRole('bar_owner', 'CREATE TABLE data.thing (number int)')}
      ${asRole('bar_writer', 'INSERT INTO data.thing VALUES (17)')}
      ${asRole('bar_reader', 'SELECT number FROM data.thing')}
      ${asRole('bar_reader', 'INSERT INTO data.thing VALUES (18)')}
      ${asRole('bar_writer', 'CREATE TABLE data.other (number int)')}
      psql -XAtqd bar -c "SELECT setconfig FROM pg_db_role_setting"
      psql -XAtqd bar -c "SELECT roleid::regrole, member::regrole, admin_option FROM pg_auth_members WHERE roleid::regrole::text LIKE 'bar%' ORDER BY roleid::regrole::text, member::regrole::text"
      question
      psql -XAtqd bar -c ${quoted(damage)}
      question
      statements
      question
      pg_ctl --silent --wait --mode=fast stop`;
    const writable = ['/tmp', '/pgdata', '/dev/shm'];
    const output = await runInImage(image, { uid: 26, gid: 26, writable, command: ['bash', '-euc', script] });
    assert.equal(output.exitCode, 0, `${output.stdout}\n${output.stderr}`);
    const [facts = '', ...answers] = output.stdout.split('question\n');
    const lines = facts.trim().split('\n');
    assert.deepEqual(lines.slice(0, 4), [
      'again: 0',
      '17',
      'ERROR:  permission denied for table thing',
      'ERROR:  permission denied for schema data',
    ]);
    assert.match(lines[4] ?? '', /search_path=.*\$user.*, data, /);
    assert.deepEqual(lines.slice(5), ['bar_owner|admin|t', 'bar_reader|bar_owner|t', 'bar_reader|bar_writer|f', 'bar_writer|bar_owner|t']);
    assert.deepEqual(
      answers.map((answer) => (parseReading('roles', answer, (text) => text) as RolesReading).remaining),
      [[], repairs, []],
    );
  });
}
