import assert from 'node:assert/strict';
import { once } from 'node:events';
import { copyFileSync, existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { test, type TestContext } from 'node:test';
import { companion, hostileName, standIns, temporaryFolder } from '../../testing/programs.ts';
import { bashCommand } from '../programs.ts';
import { backupServerWatch, certificateCopy } from './watch.ts';

const limitMs = 10_000;
/** Enough for several looks of a script: that it keeps still shows nowhere else. */
const severalLooksMs = 200;

/** Waits for a line of a process' output that holds `text`. */
const line = async (process: ReturnType<typeof companion>, text: string): Promise<void> => {
  assert.ok(process.stdout);
  let seen = '';
  for await (const chunk of process.stdout.setEncoding('utf8').iterator({ destroyOnReturn: false })) {
    seen += String(chunk);
    if (seen.includes(text)) return;
  }
  assert.fail(`ended before it said ${text}: ${seen}`);
};

/**
 * Environment in which bash's `kill` reaches only these processes and notes every other in a file. The scripts look at all processes of
 * the machine; a mistake in them must fail the test and not end what else runs here.
 */
const guardedKill = (root: string, ...processes: readonly ReturnType<typeof companion>[]) => {
  const strays = join(root, 'strays');
  writeFileSync(strays, '');
  return {
    strays: () => readFileSync(strays, 'utf8'),
    environment: {
      KILLABLE: processes.map(({ pid }) => ` ${pid} `).join(''),
      STRAYS: strays,
      'BASH_FUNC_kill%%': `() { case "$KILLABLE" in *" $2 "*) builtin kill "$@";; *) echo "$*" >> "$STRAYS";; esac; }`,
    },
  };
};

/** A process under a name of its own that dies of SIGHUP; only processes of that name are looked for. */
const sleeper = (context: TestContext, root: string, name: string) => {
  const program = join(root, name);
  copyFileSync('/bin/sleep', program);
  return companion(context, [program, '60']);
};

const replicationFiles = ['tls.crt', 'tls.key', 'ca.crt'];

/** The sidecar beside a program that it tells, and one whose name only begins so. */
const copying = (context: TestContext) => {
  const root = join(temporaryFolder(context), hostileName);
  const at = (name: string): string => join(root, name);
  const [certificates, configuration, replication] = [at('certificates'), at('configuration'), at('out')];
  mkdirSync(join(certificates, 'replication'), { recursive: true });
  mkdirSync(configuration);
  for (const file of replicationFiles) writeFileSync(join(certificates, 'replication', file), file, { mode: 0o644 });
  const name = `pgherd-t${process.pid}`;
  const server = sleeper(context, root, name);
  const other = sleeper(context, root, `${name}x`);
  const guard = guardedKill(root, server, other);
  const asked = at('asked');
  const path = standIns(temporaryFolder(context), { python3: `printf '%s\\n' "$@" > "$ASKED.new"; mv "$ASKED.new" "$ASKED"` });
  const start = () =>
    companion(
      context,
      bashCommand(
        certificateCopy,
        'watch',
        17,
        '0.02',
        certificates,
        replication,
        configuration,
        name,
        'pgherd-none',
        'program',
        hostileName,
      ),
      { ...guard.environment, PATH: path, ASKED: asked },
    );
  const isCopied = async (): Promise<void> => {
    const deadline = performance.now() + limitMs / 2;
    const found = (file: string): boolean =>
      existsSync(join(replication, file)) &&
      readFileSync(join(replication, file), 'utf8') === readFileSync(join(certificates, 'replication', file), 'utf8');
    while (!replicationFiles.every(found)) {
      assert.ok(performance.now() < deadline, 'the files were not copied');
      await delay(10);
    }
  };
  return { certificates, replication, server, other, guard, asked, start, isCopied };
};

test('certificate copy: what changed before it started is copied too, and nobody is told', { timeout: limitMs }, async (context) => {
  const { certificates, replication, server, guard, asked, start, isCopied } = copying(context);
  mkdirSync(replication);
  for (const file of replicationFiles) writeFileSync(join(replication, file), 'of the init container', { mode: 0o600 });
  writeFileSync(join(certificates, 'replication', 'tls.crt'), 'renewed since');
  start();
  await isCopied();
  await delay(severalLooksMs);
  assert.deepEqual([server.signalCode, guard.strays(), existsSync(asked)], [null, '', false]);
});

test(
  'certificate copy: a renewed certificate is copied for its user alone, the programs are told, and Patroni looks at once',
  { timeout: limitMs },
  async (context) => {
    const { certificates, replication, server, other, guard, asked, start, isCopied } = copying(context);
    const watch = start();
    await isCopied();
    writeFileSync(join(certificates, 'renewed'), '');
    await line(watch, 'Loaded certificates');
    if (server.signalCode === null) await once(server, 'exit');
    assert.equal(server.signalCode, 'SIGHUP');
    assert.equal(other.signalCode, null);
    assert.equal(guard.strays(), '');
    assert.equal(readFileSync(asked, 'utf8'), `-ISc\nprogram\n${hostileName}\nits files have changed\n`);
    assert.equal(readFileSync(join(replication, 'tls.key'), 'utf8'), 'tls.key');
    assert.equal(statSync(join(replication, 'tls.key')).mode & 0o777, 0o600);
  },
);

test('backup server: only the process with the right command line is told', { timeout: limitMs }, async (context) => {
  const root = temporaryFolder(context);
  const directory = join(root, hostileName);
  mkdirSync(directory);
  const name = `pgherd-b${process.pid}`;
  const server = sleeper(context, root, name);
  const other = companion(context, [join(root, name), '61']);
  const guard = guardedKill(root, server, other);
  const watch = companion(context, bashCommand(backupServerWatch, 'watch', 17, '0.02', name, `${name} 60 `, directory), guard.environment);
  const touch = setInterval(() => writeFileSync(join(directory, `renewed-${Date.now()}`), ''), 20);
  context.after(() => clearInterval(touch));
  await line(watch, 'Loaded certificates');
  clearInterval(touch);
  if (server.signalCode === null) await once(server, 'exit');
  assert.equal(server.signalCode, 'SIGHUP');
  assert.equal(other.signalCode, null);
  assert.equal(guard.strays(), '');
});
