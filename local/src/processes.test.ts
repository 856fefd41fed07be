import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { ComponentFailed } from './errors.ts';
import { instancePaths } from './paths.ts';
import type { InstancePaths } from './paths.ts';
import { ensureRunning, hasEnded, isAlive, killMarked, parseStat, runningPid, stopComponent, waitUntilReady } from './processes.ts';

async function withInstance(work: (paths: InstancePaths) => Promise<void>): Promise<void> {
  const root = await mkdtemp(join(tmpdir(), 'pgherd-local-'));
  const paths = instancePaths(root, 'test');
  try {
    await work(paths);
  } finally {
    await killMarked(paths);
    await rm(root, { recursive: true });
  }
}

const sleeper = { name: 'sleeper', command: ['sleep', '1000'] } as const;

test('processes: the start time is found behind a program name with blanks and parentheses', () => {
  const fields = Array.from({ length: 30 }, (_, i) => String(i + 4));
  assert.deepEqual(parseStat(`42 (a) b (c)) S ${fields.join(' ')}`), { state: 'S', flags: 9, threads: 20, startTime: '22' });
});

test('processes: a zombie has ended when none of its other threads is left', () => {
  assert.equal(hasEnded({ state: 'Z', threads: 1 }), true);
  assert.equal(hasEnded({ state: 'Z', threads: 7 }), false);
  assert.equal(hasEnded({ state: 'R', threads: 1 }), false);
});

test('processes: a running component is not started twice, a changed one is replaced', () =>
  withInstance(async (paths) => {
    assert.equal(await ensureRunning(paths, sleeper), true);
    const pid = await runningPid(paths, 'sleeper');
    assert.equal(await ensureRunning(paths, sleeper), false);
    assert.equal(await runningPid(paths, 'sleeper'), pid);
    assert.equal(await ensureRunning(paths, { ...sleeper, inputs: ['new configuration'] }), true);
    assert.notEqual(await runningPid(paths, 'sleeper'), pid);
  }));

test('processes: a record whose process id now belongs to another process is not believed, and that process is left alone', () =>
  withInstance(async (paths) => {
    await ensureRunning(paths, sleeper);
    const record = join(paths.processes, 'sleeper.json');
    const written = JSON.parse(await readFile(record, 'utf8')) as Record<string, unknown>;
    await writeFile(record, JSON.stringify({ ...written, startTime: '1' }));
    assert.equal(await isAlive(paths, 'sleeper'), false);
    await stopComponent(paths, 'sleeper');
    await writeFile(record, JSON.stringify(written));
    assert.equal(await isAlive(paths, 'sleeper'), true);
  }));

test('processes: the program in a wrapper is what is measured and ended', () =>
  withInstance(async (paths) => {
    await ensureRunning(paths, { name: 'wrapped', wrapped: true, command: ['sh', '-c', 'sleep 1000; true'] });
    const commandLine = async (): Promise<string> => readFile(`/proc/${await runningPid(paths, 'wrapped')}/cmdline`, 'utf8');
    // Between its birth and its first instruction it bears the wrapper's name.
    await waitUntilReady(paths, 'wrapped', 5000, async () => (await commandLine().catch(() => '')).startsWith('sleep'));
    const pid = await runningPid(paths, 'wrapped');
    await stopComponent(paths, 'wrapped');
    await assert.rejects(readFile(`/proc/${pid}/cmdline`, 'utf8'));
  }));

test('processes: a component that was killed a moment ago is started again, however long its wrapper lingers', () =>
  withInstance(async (paths) => {
    const component = { name: 'lingering', wrapped: true, command: ['sh', '-c', 'sleep 1000; exec sleep 1000'] } as const;
    await ensureRunning(paths, component);
    await waitUntilReady(paths, 'lingering', 5000, async () => (await runningPid(paths, 'lingering')) !== undefined);
    const pid = await runningPid(paths, 'lingering');
    assert.ok(pid !== undefined);
    process.kill(pid, 'SIGKILL');
    assert.equal(await ensureRunning(paths, component), true);
  }));

test('processes: one that ends before it is ready is told at once, with the end of its log', () =>
  withInstance(async (paths) => {
    await ensureRunning(paths, { name: 'broken', command: ['sh', '-c', 'echo no such disk; sleep 0.05; exit 3'] });
    await assert.rejects(
      waitUntilReady(paths, 'broken', 60_000, () => Promise.resolve(false)),
      (error: Error) => error instanceof ComponentFailed && error.message.includes('no such disk') && error.message.includes('broken.log'),
    );
  }));

test('processes: what was started but never recorded is found by its mark', () =>
  withInstance(async (paths) => {
    await ensureRunning(paths, sleeper);
    const pid = await runningPid(paths, 'sleeper');
    await rm(join(paths.processes, 'sleeper.json'));
    await killMarked(paths);
    await assert.rejects(readFile(`/proc/${pid}/cmdline`, 'utf8'));
  }));
