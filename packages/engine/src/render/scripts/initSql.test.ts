import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { hostileName, run, standIns, temporaryFolder } from '../../testing/programs.ts';
import { initSql } from './initSql.ts';

const sql = "CREATE TABLE t ();\nINSERT INTO t VALUES ('é');";
const end = '-- end';

interface Run {
  /** What psql says of the owner's SQL. */
  readonly messages?: readonly (string | Buffer)[];
  /** How psql ends that runs it. */
  readonly code?: number;
  /** The server is away afterwards. */
  readonly isGone?: boolean;
  /** What arrives; whole by default. */
  readonly input?: string;
}

/** A database that remembers its mark, for any number of runs. psql is a script: what it is told by the owner, and the mark, are files. */
const database = (context: TestContext) => {
  const folder = temporaryFolder(context);
  const temporary = join(folder, hostileName.replaceAll('/', ''));
  mkdirSync(temporary);
  const file = (name: string): string => join(folder, name);
  const [ran, mark, messages, incoming, gone] = [file('ran'), file('mark'), file('messages'), file('incoming'), file('gone')];
  writeFileSync(ran, '');
  writeFileSync(mark, '');
  return {
    temporary,
    ran: () => readFileSync(ran, 'utf8'),
    mark: () => readFileSync(mark, 'utf8'),
    setMark: (text: string) => writeFileSync(mark, text),
    run: ({ messages: said = [], code = 0, isGone = false, input = `${sql}\n${end}\n` }: Run = {}) => {
      writeFileSync(messages, Buffer.concat(said.flatMap((line) => [Buffer.from(line), Buffer.from('\n')])));
      writeFileSync(incoming, input);
      rmSync(gone, { force: true });
      const PATH = standIns(join(folder, 'bin'), {
        psql: [
          `if [ -e '${gone}' ]; then echo 'psql: error: no server' >&2; exit 2; fi`,
          `for parameter in "$@"; do case $parameter in --set=mark=*) printf '%s' "\${parameter#--set=mark=}" > '${mark}'; exit ;; esac; done`,
          `case "$*" in *ON_ERROR_STOP*) cat '${mark}'; echo; exit ;; esac`,
          `cat >> '${ran}'; cat '${messages}' >&2; ${isGone ? `touch '${gone}'; ` : ''}exit ${code}`,
        ].join('\n'),
      });
      const inner = ['bash', '-ceu', '--', initSql, 'init-sql', 'db/hippo', end];
      return run(['bash', '-c', 'exec "$@" < "$0"', incoming, ...inner], { PATH, TMPDIR: temporary });
    },
  };
};

const ranOnce = `${sql}\n${end}\n`;

test('init SQL: it runs, nothing is said where nothing failed, and no file of it is left', (context) => {
  const server = database(context);
  assert.deepEqual(server.run({ messages: ['psql:<stdin>:1: NOTICE:  00000: relation "t" exists, skipping'] }), {
    status: 0,
    output: '',
    errors: '',
  });
  assert.equal(server.ran(), ranOnce);
  assert.deepEqual(readdirSync(server.temporary), ['init-sql.lock']);
});

test('init SQL: asked again it does not run, and says what it said', (context) => {
  const server = database(context);
  const said = 'statements that failed: 1\nline 3: relation "t" already exists';
  assert.equal(server.run({ messages: ['psql:<stdin>:3: ERROR:  42P07: relation "t" already exists', 'LINE 1: …'] }).output, said);
  assert.equal(server.run().output, said);
  assert.equal(server.ran(), ranOnce);
});

test('init SQL: one that was run for another cluster, as before a restore, is run', (context) => {
  const server = database(context);
  server.setMark('db/rhino ended ');
  assert.equal(server.run().status, 0);
  assert.equal(server.ran(), ranOnce);
});

test('init SQL: what did not arrive whole is not run', (context) => {
  const server = database(context);
  for (const input of ['', sql, `${sql}\n-- en`]) {
    const { status, errors } = server.run({ input });
    assert.deepEqual([status, errors], [1, 'the SQL did not arrive whole\n']);
  }
  assert.deepEqual([server.ran(), server.mark()], ['', '']);
});

test('init SQL: a run that is cut off with the server is begun again, which is said, and not for ever', (context) => {
  const server = database(context);
  const marks = [1, 2, 3].map(() => {
    // The server is gone before the end can be written down.
    assert.notEqual(server.run({ code: 2, isGone: true }).status, 0);
    return server.mark().replace(/[0-9a-f]{16}/, '(text)');
  });
  assert.deepEqual(marks, ['db/hippo (text) began 1', 'db/hippo (text) began 2', 'db/hippo (text) began 3']);
  const told = 'it was cut off 3 times, so statements at its beginning ran more than once\nit is not begun again';
  for (const _again of [1, 2]) assert.deepEqual([server.run().status, server.run().output], [0, told]);
  assert.equal(server.ran(), ranOnce.repeat(3));
  // Another text is another matter.
  assert.equal(server.run({ input: `SELECT 1;\n${end}\n` }).output, '');
});

test('init SQL: where psql finds no server to work on, nothing was run', (context) => {
  const server = database(context);
  const { status, errors } = server.run({ code: 2, messages: ['psql: error: connection failed: FATAL:  too many clients already'] });
  assert.deepEqual([status, errors, server.mark()], [1, 'psql: error: connection failed: FATAL:  too many clients already\n', '']);
  assert.equal(server.run().output, '');
});

test('init SQL: of many failures the first are told, in bounds and without what statements hold', (context) => {
  const { output } = database(context).run({
    code: 3,
    messages: [
      `psql:<stdin>:1: ERROR:  42601: syntax error at or near "secret1"`,
      `psql:<stdin>:2: ERROR:  22P02: invalid input syntax for type integer: "secret2"`,
      `psql:<stdin>:3: error: invalid command \\foo`,
      `psql:<stdin>:4: ERROR:  P0001: ${'é'.repeat(500)}`,
      ...Array.from({ length: 40 }, (_, index) => `psql:<stdin>:${index + 5}: FATAL:  57P01: going down`),
    ],
  });
  assert.deepEqual(output.split('\n'), [
    'it was left before its end: psql ended with code 3',
    'statements that failed: 44',
    'line 1: syntax error at or near',
    'line 2: invalid input syntax for type integer',
    'line 3: invalid command \\foo',
    `line 4: ${'é'.repeat(192)}`,
    'line 5: going down',
  ]);
});

test('init SQL: a script that makes psql terse gives nothing away either', (context) => {
  const { output } = database(context).run({
    messages: [
      'psql:<stdin>:1: ERROR:  syntax error at or near "secret1"',
      'psql:<stdin>:2: ERROR:  42703: column "secret2" does not exist',
      'psql:<stdin>:3: warning: extra argument "secret3" ignored',
    ],
  });
  assert.deepEqual(output.split('\n'), ['statements that failed: 2', 'line 1: syntax error at or near', 'line 2: column']);
});

test('init SQL: messages in another encoding are read as far as they go', (context) => {
  const { status, output } = database(context).run({
    messages: [Buffer.from('psql:<stdin>:1: ERROR:  P0001: caf\u00e9', 'latin1'), 'psql:<stdin>:2: ERROR:  P0001: so'],
  });
  assert.deepEqual([status, output.split('\n')], [0, ['statements that failed: 2', 'line 1: caf\ufffd', 'line 2: so']]);
});
