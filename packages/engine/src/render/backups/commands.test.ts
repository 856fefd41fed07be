import assert from 'node:assert/strict';
import { existsSync, mkdirSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { hostileName, run, runBeside, standIns, temporaryFolder } from '../../testing/programs.ts';
import { fixtureCluster } from '../../testing/clusters.ts';
import { archiveCommand, backupCommand, commonRepositoryHost, restoreCommand, stanzaCreateCommand } from './commands.ts';
import { configurationDirectory, serverPort } from './layout.ts';

const printing = { pgbackrest: 'printf "%s\\n" pgbackrest "$@"' };

const segment = '000000010000000000000001';

/** `restore_command` as PostgreSQL runs it, with the port and the mark of a test. */
const restoring = async (context: TestContext, port: number, programs: Readonly<Record<string, string>> = printing) => {
  const root = temporaryFolder(context);
  const wal = join(root, 'pg_wal');
  mkdirSync(wal);
  const mark = join(root, 'absent');
  const text = restoreCommand('db', '127.0.0.1')
    .replaceAll('/tmp/repository-host-absent', mark)
    .replaceAll(`/${serverPort}`, `/${port}`)
    .replaceAll('/proc/$PPID/exe', join(root, 'postgres'))
    .replaceAll('pg_wal/%f', join(wal, segment))
    .replaceAll('%f', segment)
    .replaceAll('%p', 'pg_wal/RECOVERYXLOG');
  symlinkSync(join(root, 'bin', 'postgres'), join(root, 'postgres'));
  const PATH = standIns(join(root, 'bin'), programs);
  return { mark, received: join(wal, segment), ask: () => runBeside(['sh', '-c', text], { PATH }) };
};

test('archive command: PostgreSQL puts the path in', () => {
  assert.equal(archiveCommand('db'), 'pgbackrest --stanza=db archive-push "%p"');
});

test('restore command: pgBackRest is asked when the repository host answers, and its status is the answer', async (context) => {
  const server = createServer((socket) => socket.destroy()).listen(0, '127.0.0.1');
  await once(server, 'listening');
  context.after(() => server.close());
  const { port } = server.address() as AddressInfo;
  const found = await (await restoring(context, port)).ask();
  assert.deepEqual(found.output.trim().split('\n'), ['pgbackrest', '--stanza=db', 'archive-get', segment, 'pg_wal/RECOVERYXLOG']);
  assert.equal(found.status, 0);
  assert.equal((await (await restoring(context, port, { pgbackrest: 'exit 42' })).ask()).status, 42);
});

test('restore command: a repository host that is away means "not in the archive" at once, and is not asked again for a while', async (context) => {
  const connecting = { ...printing, timeout: 'echo asked; exit 1' };
  const { mark, ask } = await restoring(context, 1, connecting);
  const first = await ask();
  assert.deepEqual([first.status, first.output], [1, 'asked\n']);
  assert.ok(existsSync(mark));
  const second = await ask();
  assert.deepEqual([second.status, second.output], [1, '']);
});

test('restore command: without one host for everything pgBackRest is asked without a look first', () => {
  assert.match(restoreCommand('db', undefined), /; exec pgbackrest --stanza=db archive-get %f "%p"$/);
  assert.doesNotMatch(restoreCommand('db', undefined), /dev.tcp/);
});

test('restore command: a segment that was received just now up to the end of its primary is looked for nowhere', async (context) => {
  const record = 'rmgr: XLOG len (rec/tot): 114/114, tx: 0, lsn: 0/09000028, prev 0/08000100, desc:';
  const asking = async (records: readonly string[], ageSeconds: number): Promise<string> => {
    const dump = records.map((description) => `echo '${record} ${description}'`).join('; ');
    const programs = {
      pg_waldump: `${dump}; echo 'error in WAL record at 0/090000A0' >&2; exit 1`,
      timeout: 'exit 0',
      pgbackrest: 'echo asked',
    };
    const { ask, received } = await restoring(context, 1, programs);
    writeFileSync(received, '');
    const writtenAt = new Date(Date.now() - ageSeconds * 1000);
    utimesSync(received, writtenAt, writtenAt);
    const { status, output } = await ask();
    return `${status} ${output.trim()}`;
  };
  const ended = ['RUNNING_XACTS', 'CHECKPOINT_SHUTDOWN redo 0/9000028'];
  assert.equal(await asking(ended, 1), '1 ');
  // It may have gone on since.
  assert.equal(await asking(ended, 8), '0 asked');
  assert.equal(await asking([...ended, 'INSERT'], 1), '0 asked');
  assert.equal(await asking(['INSERT'], 1), '0 asked');
});

test('restore command: an owner who puts a repository elsewhere gets no look at our host first', () => {
  const { profile } = fixtureCluster().cluster;
  assert.equal(commonRepositoryHost(profile, 'hippo', { 'repo1-retention-full': '2' }), 'hippo-repo-host-0.hippo-pods');
  assert.equal(commonRepositoryHost(profile, 'hippo', { 'repo2-type': 's3' }), undefined);
});

const inFolder = (context: TestContext, command: readonly string[], found: string, programs: Readonly<Record<string, string>>) => {
  const root = join(temporaryFolder(context), hostileName);
  mkdirSync(root);
  writeFileSync(join(root, 'config-hash'), found);
  return run(
    command.map((word) => word.replace(configurationDirectory, root)),
    { PATH: standIns(join(root, 'bin'), programs) },
  );
};

test('stanza: it is created once the pod has the configuration that was meant', (context) => {
  const command = stanzaCreateCommand('db', 99, 'wanted');
  assert.equal(inFolder(context, command, 'wanted', printing).output, 'pgbackrest\nstanza-create\n--stanza=db\n');
  const early = inFolder(context, command, 'older', printing);
  assert.deepEqual([early.status, early.output], [75, '']);
  assert.match(early.errors, /is older, not wanted yet/);
});

test('stanza: the backups of another database are never taken over', (context) => {
  const complaint = 'ERROR: [028]: backup and archive info files exist but do not match the database';
  const programs = { pgbackrest: `echo "$1"; echo '${complaint}' >&2; [ "$1" = stanza-create ] && exit 28; exit 0` };
  const result = inFolder(context, stanzaCreateCommand('db', 99, 'wanted'), 'wanted', programs);
  assert.deepEqual([result.status, result.output], [28, '']);
  const [sentence, ...words] = result.errors.trim().split('\n').slice(-3);
  assert.match(sentence ?? '', /holds the backups of another database .*choose another repository, or delete its volume/);
  assert.deepEqual(words, ['stanza-create', complaint]);
});

test('stanza: any other failure is told in the words of pgBackRest alone', (context) => {
  const programs = { pgbackrest: 'echo "ERROR: [049]: no route" >&2; exit 49' };
  const result = inFolder(context, stanzaCreateCommand('db', 99, 'wanted'), 'wanted', programs);
  assert.equal(result.status, 49);
  assert.match(result.errors, /^ERROR: \[049\]: no route$/m);
  assert.doesNotMatch(result.errors, /another database/);
});

test('backup: options arrive word by word, and only with the configuration that was meant', (context) => {
  const command = backupCommand('db', 'wanted', ['--repo=1', hostileName]);
  assert.equal(
    inFolder(context, command, 'wanted', printing).output,
    ['pgbackrest', 'backup', '--stanza=db', '--repo=1', hostileName, ''].join('\n'),
  );
  assert.equal(inFolder(context, command, 'older', printing).status, 75);
});
