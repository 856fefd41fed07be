import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { once } from 'node:events';
import { join, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { test, type TestContext } from 'node:test';
import { companion, hostileName, run, standIns, temporaryFolder, until } from '../../testing/programs.ts';
import { database } from './database.ts';
import { isReady } from './isReady.ts';

/** Runs the script with a Patroni that does nothing and a python3 that writes down what it was asked. */
const started = (context: TestContext, { questionIn = '.' }: { readonly questionIn?: string } = {}) => {
  const folder = temporaryFolder(context);
  const data = join(folder, hostileName.replaceAll('/', ''));
  mkdirSync(data);
  const asked = join(folder, 'asked');
  const running = join(folder, 'running');
  const locked = join(folder, 'locked');
  const question = resolve(folder, questionIn, 'is-ready');
  const configuration = join(folder, 'configuration');
  const python = resolve(folder, questionIn, 'python');
  const path = standIns(join(folder, 'bin'), {
    patroni: `printf '%s\\n%s\\n%s' "$1" "$PATRONI_POSTGRESQL_BIN_PG_ISREADY" "$PYTHONPATH" > '${running}.tmp'; mv '${running}.tmp' '${running}'; exec sleep 60`,
    // The volume's lock has a test of its own.
    python3: `case $2 in *fcntl*) touch '${locked}'; exit 0 ;; esac; printf '%s\\n' "$@" > '${asked}.tmp'; mv '${asked}.tmp' '${asked}'`,
  });
  const command = [
    'bash',
    '-ceu',
    '--',
    database,
    'database',
    configuration,
    join(folder, 'member.lock'),
    question,
    '#!/bin/bash\necho asked\n',
    python,
    'at the start',
    '0.05',
    'program',
    hostileName,
  ];
  const script = companion(context, command, { PATH: path, PGDATA: data, PYTHONPATH: '' });
  return { data, asked, running, locked, question, python, configuration, script };
};

/** Enough for several looks of the script: that it sees something, or keeps still, shows nowhere else. */
const severalLooksMs = 300;

/** A process that stands in for the postmaster, named by its file, and seen by the script. */
const postmaster = async (context: TestContext, data: string) => {
  const child = companion(context, ['sleep', '60']);
  await once(child, 'spawn');
  writeFileSync(join(data, 'postmaster.pid'), `${child.pid}\n${data}\n`);
  await delay(severalLooksMs);
  return child;
};

test('database: Patroni runs in the place of the shell, with its configuration, and asks by our program', async (context) => {
  const { running, locked, question, python, configuration, script } = started(context);
  await until('Patroni', () => existsSync(running));
  assert.ok(existsSync(locked), 'the volume was not locked before');
  assert.equal(readFileSync(running, 'utf8'), `${configuration}\n${question}\n${python}`);
  assert.equal(readFileSync(join(python, 'usercustomize.py'), 'utf8'), 'at the start');
  assert.equal(run([question]).output, 'asked\n');
  assert.equal(script.exitCode, null);
});

test('database: where programs cannot be written, Patroni runs without them', async (context) => {
  const { running, configuration } = started(context, { questionIn: '/dev/null' });
  await until('Patroni', () => existsSync(running));
  assert.equal(readFileSync(running, 'utf8'), `${configuration}\n\n`);
});

test('database: a postmaster that is killed wakes Patroni, with its parameters as they are', async (context) => {
  const { data, asked } = started(context);
  const child = await postmaster(context, data);
  assert.equal(existsSync(asked), false);
  child.kill('SIGKILL');
  await until('the call', () => existsSync(asked));
  assert.equal(readFileSync(asked, 'utf8'), `-ISc\nprogram\n${hostileName}\nthe postmaster is gone\n`);
});

test('database: each postmaster that is killed wakes Patroni once', async (context) => {
  const { data, asked } = started(context);
  for (let round = 0; round < 2; round++) {
    const child = await postmaster(context, data);
    child.kill('SIGKILL');
    await until(`call ${round}`, () => existsSync(asked));
    rmSync(asked);
    await delay(severalLooksMs);
    assert.equal(existsSync(asked), false);
  }
});

/** A postmaster with one process of its own under each of these titles. Each says by a file that it runs. */
const postmasterWith = async (context: TestContext, data: string, ...titles: readonly string[]): Promise<void> => {
  const ready = join(data, 'ready');
  const processes = titles.map((title) => `(exec -a '${title}' sleep 60) & `).join('');
  const child = companion(context, ['bash', '-c', `${processes} touch '${ready.replaceAll("'", "'\\''")}'; wait`]);
  await until('its processes', () => existsSync(ready));
  writeFileSync(join(data, 'postmaster.pid'), `${child.pid}\n${data}\n`);
};

test('database: a standby that receives WAL is told to Patroni, once', async (context) => {
  const { data, asked } = started(context);
  await postmasterWith(context, data, 'postgres: hippo: checkpointer', 'postgres: hippo: walreceiver streaming 0/6000060');
  await until('the call', () => existsSync(asked));
  assert.equal(readFileSync(asked, 'utf8'), `-ISc\nprogram\n${hostileName}\nit receives WAL\n`);
  rmSync(asked);
  await delay(severalLooksMs);
  assert.equal(existsSync(asked), false);
});

test('database: a standby that waits for WAL is told as well, when its walreceiver has stayed for a while', async (context) => {
  const { data, asked } = started(context);
  await postmasterWith(context, data, 'postgres: hippo: walreceiver');
  await delay(severalLooksMs);
  assert.equal(existsSync(asked), false);
  await until('the call', () => existsSync(asked));
});

/** A postmaster that has one process of its own, another each time that one ends; which one, it writes down before it gets its title. */
const postmasterRenewing = async (context: TestContext, data: string, title: string, lifeSeconds: number): Promise<() => number> => {
  const [script, current] = [join(data, 'renewing'), join(data, 'current')];
  writeFileSync(script, `while :; do (echo $BASHPID > "$3.new"; mv "$3.new" "$3"; exec -a "$1" sleep "$2") & wait $!; done`);
  const child = companion(context, ['bash', script, title, String(lifeSeconds), current]);
  await until('its process', () => existsSync(current));
  writeFileSync(join(data, 'postmaster.pid'), `${child.pid}\n${data}\n`);
  return () => Number(readFileSync(current, 'utf8'));
};

test('database: a standby that receives WAL again, from a primary that was away, is told again', async (context) => {
  const { data, asked } = started(context);
  const current = await postmasterRenewing(context, data, 'postgres: hippo: walreceiver streaming 0/6000060', 60);
  for (let round = 0; round < 3; round++) {
    await until(`call ${round}`, () => existsSync(asked));
    rmSync(asked);
    process.kill(current(), 'SIGKILL');
  }
});

test('database: a walreceiver that is refused again and again is nothing to tell', async (context) => {
  const { data, asked } = started(context);
  await postmasterRenewing(context, data, 'postgres: hippo: walreceiver', 0.2);
  // Longer than one that stays is watched before it counts.
  await delay(4 * severalLooksMs);
  assert.equal(existsSync(asked), false);
});

test('database: a standby that only recovers, and a primary, are nothing to tell', async (context) => {
  for (const title of ['postgres: startup recovering', 'postgres: walwriter', 'walreceiver']) {
    const { data, asked } = started(context);
    await postmasterWith(context, data, 'postgres: checkpointer', title);
    await delay(severalLooksMs);
    assert.equal(existsSync(asked), false, title);
  }
});

test('database: a postmaster that stops in order wakes nobody', async (context) => {
  const { data, asked } = started(context);
  const child = await postmaster(context, data);
  rmSync(join(data, 'postmaster.pid'));
  child.kill('SIGKILL');
  await once(child, 'exit');
  await delay(severalLooksMs);
  assert.equal(existsSync(asked), false);
});

test('database: the file of a postmaster of an earlier life wakes nobody', async (context) => {
  const { data, asked } = started(context);
  writeFileSync(join(data, 'postmaster.pid'), '999999999\n');
  await delay(severalLooksMs);
  assert.equal(existsSync(asked), false);
});

test('database: Kubernetes leaves the scripts as they are, since nothing in them looks like an escaped dollar sign', () => {
  assert.ok(!database.includes('$$') && !isReady.includes('$$'));
});
