import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { hostileName, run, standIns, temporaryFolder } from '../../testing/programs.ts';
import { refusedMark, trial } from './trial.ts';

interface Server {
  /** What PostgreSQL says when it does not start. */
  readonly complaint?: string;
  readonly libraries?: string;
  /** It does not start with its defaults either. */
  readonly never?: boolean;
  /** The running server answers. */
  readonly answers?: boolean;
  /** Huge pages that it has, in kB. */
  readonly pages?: number;
  /** Its `dynamic_library_path`. */
  readonly searched?: string;
}

/** Tries a start where PostgreSQL is a script, in front of a program that writes down its parameters. */
const tryOut = (
  context: TestContext,
  { complaint, libraries = '', never = false, answers = true, pages = 0, searched = '$libdir' }: Server = {},
) => {
  const folder = temporaryFolder(context);
  const data = join(folder, hostileName.replaceAll('/', ''));
  const directory = join(folder, 'libraries');
  const temporary = join(folder, 'temporary');
  for (const made of [data, directory, temporary]) mkdirSync(made);
  writeFileSync(join(data, 'PG_VERSION'), '17\n');
  writeFileSync(join(directory, 'pgaudit.so'), '');
  mkdirSync(join(data, 'pg_notify'));
  const asked = join(folder, 'asked');
  writeFileSync(asked, '');
  const PATH = standIns(join(folder, 'bin'), {
    postgres: [
      `case $1 in`,
      `  --check) ${never ? 'exit 1' : ':'}`,
      `    if [[ "$*" != *config_file* ]]; then [ -f "$3/postgresql.conf" ] && [ -d "$3/pg_notify" ]; exit; fi`,
      `    printf '%s\\n' "$@" > '${asked}'; cat "$3/PG_VERSION" >> '${asked}'`,
      `    ${complaint === undefined ? ':' : `echo '${complaint}' >&2; exit 1`} ;;`,
      `  -C) echo '${libraries}' ;;`,
      'esac',
    ].join('\n'),
    psql: answers ? `echo '${directory}'; echo '${searched}'` : 'exit 2',
  });
  const processes = join(folder, 'processes');
  mkdirSync(join(processes, '42'), { recursive: true });
  writeFileSync(join(processes, '42', 'status'), `VmRSS:\t  4711 kB\nHugetlbPages:\t  ${pages} kB\nThreads:\t1\n`);
  writeFileSync(join(data, 'postmaster.pid'), `42\n${data}\n`);
  const command = ['bash', '-ceu', '--', trial, 'trial', processes, 'printf', '<%s>', hostileName, '--'];
  const ended = run(command, { PATH, PGDATA: data, TMPDIR: temporary });
  return { ...ended, data, asked: readFileSync(asked, 'utf8').split('\n'), directory };
};

test('trial: where PostgreSQL would start, the program runs, with its parameters as they are', (context) => {
  const { status, output, errors, asked, data } = tryOut(context);
  assert.deepEqual([status, output, errors], [0, `<${hostileName}><-->`, '']);
  const text = asked.join('\n');
  assert.ok(text.startsWith('--check\n-D\n') && text.includes(`config_file=${data}/postgresql.conf\n`) && text.endsWith('\n17\n'));
});

test('trial: where it would not, its words come out behind a mark, and the program does not run', (context) => {
  const { status, output, errors } = tryOut(context, { complaint: 'FATAL: could not map anonymous shared memory' });
  assert.deepEqual([status, output, errors], [1, '', `${refusedMark}FATAL: could not map anonymous shared memory\n`]);
});

test('trial: of many words the first ones are told, behind the mark', (context) => {
  const { errors } = tryOut(context, { complaint: 'word '.repeat(400) });
  assert.ok(errors.startsWith(`${refusedMark}word word`) && errors.length < 900);
});

test('trial: where PostgreSQL cannot be tried at all, the program runs', (context) => {
  for (const server of [{ never: true }, { answers: false }]) {
    const { status, output, asked } = tryOut(context, { ...server, complaint: 'FATAL: whatever', libraries: 'nowhere' });
    assert.deepEqual([status, asked], [0, ['']]);
    assert.match(output, /^the settings could not be tried before the restart\n</);
  }
});

test('trial: a library is missed only where it would be looked for', (context) => {
  assert.equal(tryOut(context, { libraries: 'nowhere', searched: '/opt/lib:$libdir' }).status, 0);
});

test('trial: huge pages that the running server has are asked for by no other', (context) => {
  for (const pages of [0, 2048]) assert.equal(tryOut(context, { pages }).asked.includes('huge_pages=off'), pages > 0, `${pages}`);
});

test('trial: each library that is loaded at the start is there, by name or by path', (context) => {
  for (const libraries of ['pgaudit', 'pgaudit, pgaudit.so', '"$libdir/pgaudit"', ''])
    assert.equal(tryOut(context, { libraries }).status, 0, libraries);
  for (const libraries of ['pgaudit, nowhere', '"$libdir/plugins/nowhere"', '/nowhere/nowhere.so']) {
    const { status, output, errors } = tryOut(context, { libraries });
    assert.deepEqual([status, output], [1, ''], libraries);
    assert.match(errors, new RegExp(`^${refusedMark}the image has no library .*nowhere`));
  }
});
