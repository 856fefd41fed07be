/** What the engine's statements do in the image's PostgreSQL, with everything logged and counted that its owner can ask for. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { linesProgress } from '../local/src/progress.ts';
import { databaseStatements } from '../packages/engine/src/privileges.ts';
import { psql, rolesQuestion, usersScript } from '../packages/engine/src/readings.ts';
import { buildImages, runInImage } from './index.ts';

const hostile = `we"ird' \\x=1 $(id)`;
const databases = ['app', hostile];
const intent = {
  name: 'app',
  databases,
  options: ['LOGIN', 'CONNECTION LIMIT 5'],
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
]
  .map((setting) => `-c ${setting}`)
  .join(' ');

const quoted = (word: string): string => `'${word.replaceAll("'", `'\\''`)}'`;

/** A command with this text on its standard input. */
const fed = (command: readonly string[], text: string): string => `${command.map(quoted).join(' ')} <<'SQL'\n${text}\nSQL\n`;

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
      ${users}
      ${users}
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
    const [answer = '', ...rest] = output.stdout.trim().split('\n');
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
  options: ['NOLOGIN'],
  passwordCharacters: undefined,
  memberOf: [],
  settings: {},
} as const;
const prepared = [
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
  extensions: [{ name: 'pg_trgm', schema: 'data' }],
};

for (const version of [17, 15]) {
  test(`statements: PostgreSQL ${version} prepares a database whose readers read and writers write, and nothing is left to do after that`, async () => {
    const [image] = await buildImages({ only: ['postgres'], progress: linesProgress((line) => console.error(line)) });
    assert.ok(image);
    const statements = usersScript(
      prepared.map((user) => ({ intent: user, secret: undefined })),
      [bar],
      false,
    ).text;
    const asRole = (role: string, sql: string): string =>
      `psql -XAtqd bar -c ${quoted(`SET ROLE ${role}`)} -c ${quoted(sql)} 2>&1 | head -1 || true`;
    const script = `
      export PATH=/usr/lib/postgresql/${version}/bin:$PATH PGDATA=/pgdata/pg PGHOST=/tmp/postgres
      mkdir /tmp/postgres
      initdb --auth=peer >/tmp/initdb.log
      pg_ctl --silent --wait --log=/tmp/server.log --options='-c unix_socket_directories=/tmp/postgres -c listen_addresses=' start
      ${fed(psql(version), statements)}
      echo "left: $(psql -XAtqd bar <<'SQL'
${databaseStatements(bar)
  .map((query) => `${query};`)
  .join('\n')}
SQL
)"
      ${fed(psql(version), statements)}
      ${asRole('bar_owner', 'CREATE TABLE data.thing (number int)')}
      ${asRole('bar_writer', 'INSERT INTO data.thing VALUES (17)')}
      ${asRole('bar_reader', 'SELECT number FROM data.thing')}
      ${asRole('bar_reader', 'INSERT INTO data.thing VALUES (18)')}
      ${asRole('bar_writer', 'CREATE TABLE data.other (number int)')}
      psql -XAtqd bar -c "SELECT setconfig FROM pg_db_role_setting"
      psql -XAtqd bar -c "SELECT roleid::regrole, member::regrole, admin_option FROM pg_auth_members WHERE roleid::regrole::text LIKE 'bar%' ORDER BY 1, 2"
      pg_ctl --silent --wait --mode=fast stop`;
    const writable = ['/tmp', '/pgdata', '/dev/shm'];
    const output = await runInImage(image, { uid: 26, gid: 26, writable, command: ['bash', '-euc', script] });
    assert.equal(output.exitCode, 0, `${output.stdout}\n${output.stderr}`);
    const lines = output.stdout.trim().split('\n');
    assert.deepEqual(lines.slice(0, 4), [
      'left: ',
      '17',
      'ERROR:  permission denied for table thing',
      'ERROR:  permission denied for schema data',
    ]);
    assert.match(lines[4] ?? '', /search_path=.*\$user.*, data, /);
    assert.deepEqual(lines.slice(5), ['bar_reader|bar_writer|f', 'bar_reader|bar_owner|t', 'bar_writer|bar_owner|t']);
  });
}
