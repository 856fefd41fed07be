import assert from 'node:assert/strict';
import type { ChildProcess } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { companion, hostileName, run, standIns, temporaryFolder, until, type Ended } from '../../testing/programs.ts';
import { bashCommand } from '../programs.ts';
import { startup, turn } from './startup.ts';
import { holdVolume } from './volumeLock.ts';

// No distribution has this one, so that only the stand-ins are found.
const majorVersion = 99;

const imagePrograms = {
  postgres: 'if [ "$1" = --version ]; then echo "postgres (PostgreSQL) 99.1 (Test 99.1-1)"; else echo "$4"; fi',
  patroni: ':',
  pgbackrest: ':',
};

interface Member {
  readonly root: string;
  readonly data: string;
  readonly wal: string;
  readonly spool: string;
  readonly replication: string;
  readonly lock: string;
  readonly start: () => Ended;
  readonly startBeside: () => ChildProcess;
}

interface Variation {
  readonly programs?: Readonly<Record<string, string>>;
  readonly backups?: boolean;
  readonly walVolume?: string;
  readonly logDirectory?: string;
}

/** A member's volumes under a directory whose name breaks whatever is not quoted. */
const memberIn = (context: TestContext, { programs = imagePrograms, backups = true, walVolume, logDirectory }: Variation = {}): Member => {
  const root = join(temporaryFolder(context), hostileName);
  const certificates = join(root, 'certificates');
  mkdirSync(join(root, 'pgdata'), { recursive: true });
  mkdirSync(certificates);
  for (const file of ['tls.crt', 'tls.key', 'ca.crt']) writeFileSync(join(certificates, file), file, { mode: 0o640 });
  const PATH = standIns(join(root, 'bin'), programs).replace(process.env['PATH'] ?? '', '/usr/bin:/bin');
  const data = join(root, 'pgdata', 'pg99');
  const wal = join(walVolume ?? join(root, 'pgdata'), 'pg99_wal');
  const spool = join(root, 'pgdata', 'pgbackrest-spool');
  const spoolDirectory = walVolume === undefined ? spool : join(walVolume, 'pgbackrest-spool');
  const replication = join(root, 'replication');
  const lock = join(root, 'pgdata', 'member.lock');
  const command = bashCommand(
    startup,
    'postgres-startup',
    majorVersion,
    String(majorVersion),
    data,
    wal,
    certificates,
    replication,
    backups ? 'with-backups' : 'without-backups',
    spool,
    spoolDirectory,
    lock,
    join(root, 'pgdata', 'logs', 'postgres'),
    ...(walVolume === undefined ? [] : [spoolDirectory]),
    ...(logDirectory === undefined ? [] : [logDirectory]),
  );
  const startBeside = (): ChildProcess => companion(context, command, { PATH });
  return { root, data, wal, spool, replication, lock, start: () => run(command, { PATH }, root), startBeside };
};

/** What a server with data left behind: its WAL is at `walPath`, and pg_wal points there unless it is there itself. */
const withData = ({ data }: Member, walPath = join(data, 'pg_wal'), version = '99'): void => {
  mkdirSync(data, { recursive: true });
  mkdirSync(join(walPath, 'archive_status'), { recursive: true });
  writeFileSync(join(data, 'PG_VERSION'), `${version}\n`);
  writeFileSync(join(data, 'postgresql.conf'), '');
  writeFileSync(join(walPath, '000000010000000000000001'), 'wal');
  if (walPath !== join(data, 'pg_wal')) symlinkSync(walPath, join(data, 'pg_wal'));
};

const assertWalIn = ({ data, wal }: Member, result: Ended): void => {
  assert.equal(result.status, 0, result.errors);
  assert.equal(readlinkSync(join(data, 'pg_wal')), wal);
  assert.equal(readFileSync(join(data, 'pg_wal', '000000010000000000000001'), 'utf8'), 'wal');
  assert.ok(existsSync(join(wal, 'archive_status')));
  assert.ok(!existsSync(`${wal}.incoming`));
  assert.deepEqual(
    readdirSync(data).filter((name) => name.startsWith('pg_wal.')),
    [],
  );
};

test('startup: an empty volume gets its directories, and the replication certificate is readable by its user alone', (context) => {
  const member = memberIn(context);
  const result = member.start();
  assert.equal(result.status, 0, result.errors);
  assert.match(result.output, /No data yet/);
  assert.equal(statSync(member.data).mode & 0o777, 0o750);
  assert.ok(statSync(join(member.root, 'pgdata', 'logs', 'postgres')).isDirectory());
  for (const file of ['tls.crt', 'tls.key', 'ca.crt']) {
    assert.equal(statSync(join(member.replication, file)).mode & 0o777, 0o600);
    assert.equal(readFileSync(join(member.replication, file), 'utf8'), file);
  }
  assert.ok(!existsSync(join(member.root, 'pwned')));
});

test('startup: a directory for logs is made with all levels above it, for the group to write to', (context) => {
  const volume = temporaryFolder(context);
  const logDirectory = join(volume, 'logs', hostileName, 'postgres');
  const member = memberIn(context, { logDirectory });
  for (const attempt of [1, 2]) {
    const result = member.start();
    assert.equal(result.status, 0, `start ${attempt}: ${result.errors}`);
    for (const path of [join(volume, 'logs'), join(volume, 'logs', hostileName), logDirectory])
      assert.equal(statSync(path).mode & 0o777, 0o775);
  }
});

const isRoot = process.getuid?.() === 0;

test('startup: a log directory of somebody else stays as it is', { skip: isRoot ? false : 'only root can give files away' }, (context) => {
  const logDirectory = join(temporaryFolder(context), 'logs');
  mkdirSync(logDirectory);
  chownSync(logDirectory, 65533, 65533);
  chmodSync(logDirectory, 0o770);
  const result = memberIn(context, { logDirectory }).start();
  assert.equal(result.status, 0, result.errors);
  assert.deepEqual([statSync(logDirectory).mode & 0o777, statSync(logDirectory).uid], [0o770, 65533]);
});

test('startup: a log directory that cannot be made stops the start with the permissions on the way to it', (context) => {
  const volume = temporaryFolder(context);
  writeFileSync(join(volume, 'logs'), 'a file');
  const result = memberIn(context, { logDirectory: join(volume, 'logs', 'postgres') }).start();
  assert.equal(result.status, 1);
  assert.match(result.errors, /Cannot make .*logs\/postgres as user \d+/);
  assert.ok(result.errors.includes(`-rw-r--r-- `), result.errors);
});

test('startup: a second start changes nothing', (context) => {
  const member = memberIn(context);
  withData(member, member.wal);
  assertWalIn(member, member.start());
  assertWalIn(member, member.start());
});

test('startup: an image without a program, or with another version, is told so', (context) => {
  const without = (name: string) => Object.fromEntries(Object.entries(imagePrograms).filter(([program]) => program !== name));
  const wrong = { ...imagePrograms, postgres: 'echo "postgres (PostgreSQL) 98.3"' };
  const cases: readonly (readonly [Variation, RegExp])[] = [
    [{ programs: without('postgres') }, /no postgres on PATH.*choose an image with PostgreSQL 99/],
    [{ programs: without('patroni') }, /no patroni on PATH/],
    [{ programs: without('pgbackrest') }, /no pgbackrest on PATH/],
    [{ programs: wrong }, /has postgres \(PostgreSQL\) 98\.3, the cluster asks for PostgreSQL 99/],
  ];
  for (const [variation, message] of cases) {
    const result = memberIn(context, variation).start();
    assert.equal(result.status, 1);
    assert.match(result.errors, message);
  }
  assert.equal(memberIn(context, { programs: without('pgbackrest'), backups: false }).start().status, 0);
});

test('startup: data of another major version are left alone', (context) => {
  const member = memberIn(context);
  withData(member, member.wal, '98');
  const result = member.start();
  assert.equal(result.status, 1);
  assert.match(result.errors, /holds data of PostgreSQL 98, the cluster asks for 99/);
});

test('startup: WAL inside the data directory moves to where it is wanted', (context) => {
  const member = memberIn(context);
  withData(member);
  assertWalIn(member, member.start());
});

test('startup: WAL moves from one directory to another', (context) => {
  const member = memberIn(context);
  withData(member, join(member.root, 'elsewhere'));
  assertWalIn(member, member.start());
  assert.ok(!existsSync(join(member.root, 'elsewhere')));
});

const memory = '/dev/shm';
const otherDevice = existsSync(memory) && statSync(memory).dev !== statSync('/tmp').dev;

test('startup: WAL moves to another volume and back', { skip: otherDevice ? false : 'there is only one file system' }, (context) => {
  const walVolume = temporaryFolder(context, memory);
  const member = memberIn(context, { walVolume });
  withData(member);
  assertWalIn(member, member.start());
  assert.equal(readlinkSync(member.spool), join(walVolume, 'pgbackrest-spool'));
  const linked = memberIn(context, { walVolume: temporaryFolder(context, memory) });
  withData(linked, join(linked.root, 'pgdata', 'pg99_wal'));
  assertWalIn(linked, linked.start());
  assert.ok(!existsSync(join(linked.root, 'pgdata', 'pg99_wal')));
});

test('startup: whatever a crash left of a move, the next start goes on from it with all WAL there', (context) => {
  const variations: Readonly<Record<string, (member: Member) => void>> = {
    'pg_wal moved away, no link yet': (member) => {
      withData(member, member.wal);
      rmSync(join(member.data, 'pg_wal'));
      mkdirSync(join(member.data, 'pg_wal.moved'));
    },
    'the link is there, the old directory too': (member) => {
      withData(member, member.wal);
      mkdirSync(join(member.data, 'pg_wal.moved'));
    },
    'half of the copy': (member) => {
      withData(member);
      mkdirSync(`${member.wal}.incoming`);
      writeFileSync(join(`${member.wal}.incoming`, '000000010000000000000001'), 'w');
    },
    'the whole copy, before the link': (member) => {
      withData(member);
      mkdirSync(join(member.wal, 'archive_status'), { recursive: true });
      writeFileSync(join(member.wal, '000000010000000000000001'), 'wal');
    },
    'a link that was not yet put in its place': (member) => {
      withData(member);
      symlinkSync(member.wal, join(member.data, 'pg_wal.new'));
    },
  };
  for (const prepare of Object.values(variations)) {
    const member = memberIn(context);
    prepare(member);
    assertWalIn(member, member.start());
  }
});

test('startup: a missing WAL volume stops the start before PostgreSQL makes something up', (context) => {
  const member = memberIn(context);
  withData(member, member.wal);
  rmSync(join(member.data, 'pg_wal'));
  symlinkSync(join(member.root, 'gone', 'pg99_wal'), join(member.data, 'pg_wal'));
  const result = member.start();
  assert.equal(result.status, 1);
  assert.match(result.errors, /is not there: the WAL volume of this member is missing/);
});

test('startup: the spool follows the WAL volume, and comes back without it', (context) => {
  const walVolume = temporaryFolder(context);
  const member = memberIn(context, { walVolume });
  mkdirSync(member.spool);
  assert.equal(member.start().status, 0);
  assert.equal(readlinkSync(member.spool), join(walVolume, 'pgbackrest-spool'));
  const back = memberIn(context);
  symlinkSync('/nowhere', back.spool);
  assert.equal(back.start().status, 0);
  assert.ok(statSync(back.spool).isDirectory());
});

/** The wait for its turn of member `hippo-1`, and then what comes after it. */
const waiting = (context: TestContext, leadsFirst: string | undefined) => {
  const folder = join(temporaryFolder(context), hostileName.replaceAll('/', ''));
  mkdirSync(folder);
  const [file, started] = [join(folder, 'leads-first'), join(folder, 'started')];
  if (leadsFirst !== undefined) writeFileSync(file, leadsFirst);
  const script = companion(context, bashCommand(`${turn}printf '%s' "$*" > "$2"`, 'turn', majorVersion, file, 'rest', started), {
    POD_NAME: 'hippo-1',
  });
  return { file, started, script };
};

test('startup: a member that may lead first, or any may, goes on at once, with the parameters that follow', async (context) => {
  for (const leadsFirst of ['hippo-1', 'hippo-1\n', '', undefined]) {
    const { started } = waiting(context, leadsFirst);
    await until(`the turn, ${JSON.stringify(leadsFirst)}`, () => existsSync(started));
    await until('its parameters', () => readFileSync(started, 'utf8') === `rest ${started}`);
  }
});

test('startup: where members start together, one that is not to lead first waits until the file names nobody', async (context) => {
  const { started, file, script } = waiting(context, 'hippo-0');
  const told: string[] = [];
  script.stdout?.setEncoding('utf8').on('data', (text: string) => told.push(text));
  await until('its word', () => told.join('') === 'hippo-1 waits until hippo-0 leads\n');
  assert.equal(existsSync(started), false);
  writeFileSync(file, '');
  await until('its turn', () => existsSync(started));
  assert.equal(told.length, 1);
});

test('startup: nothing is touched while a container of a former pod works on the volume', async (context) => {
  const member = memberIn(context);
  const started = join(member.root, 'started');
  const holding = `${holdVolume}\nhold_volume "$1"\ntouch "$2"\nexec sleep 60`;
  const holder = companion(context, ['bash', '-ceu', '--', holding, 'holder', member.lock, started]);
  await until('the holder', () => existsSync(started));
  const next = member.startBeside();
  let said = '';
  next.stdout?.setEncoding('utf8').on('data', (chunk: string) => (said += chunk));
  await until('its word', () => said.startsWith('waiting for the volume'));
  assert.equal(existsSync(member.data), false);
  holder.kill('SIGKILL');
  await until('the data directory', () => existsSync(member.data));
});
