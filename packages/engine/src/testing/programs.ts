/** Runs rendered commands for real, in a directory of their own, with stand-ins for the programs of an image. */
import assert from 'node:assert/strict';
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';

/** Part of a path that breaks whatever is not quoted. */
export const hostileName = `it's "a" $(touch pwned) \`id\` \\ -rf * ;&|\n!`;

const endings = new WeakMap<TestContext, (() => void)[]>();

/** What is to be done when the test ends: last things first, so that processes are gone before their directories, and all of it, whatever fails. */
const atEnd = (context: TestContext, ending: () => void): void => {
  const known = endings.get(context);
  if (known !== undefined) {
    known.push(ending);
    return;
  }
  const registered = [ending];
  endings.set(context, registered);
  context.after(() => {
    const failures: unknown[] = [];
    for (const next of registered.toReversed()) {
      try {
        next();
      } catch (error) {
        failures.push(error);
      }
    }
    if (failures.length > 0) throw new AggregateError(failures, failures.map(String).join('; '));
  });
};

/** A directory that goes with the test. */
export const temporaryFolder = (context: TestContext, parent: string = tmpdir(), name = 'pgherd-'): string => {
  const folder = mkdtempSync(join(parent, name));
  // Retried, since a process that was killed a moment ago may still be writing its last file.
  atEnd(context, () => rmSync(folder, { recursive: true, force: true, maxRetries: 10 }));
  return folder;
};

/** Writes shell scripts that stand in for programs, and gives the PATH that finds them first. */
export const standIns = (folder: string, programs: Readonly<Record<string, string>>): string => {
  mkdirSync(folder, { recursive: true });
  for (const [name, script] of Object.entries(programs)) writeFileSync(join(folder, name), `#!/bin/bash\n${script}\n`, { mode: 0o755 });
  return `${folder}:${process.env['PATH'] ?? ''}`;
};

/** Nothing comes in: a bash whose standard input is a socket takes itself for one that a remote shell started, and reads the machine's start-up file. */
const stdio = ['ignore', 'pipe', 'pipe'] as const;

export interface Ended {
  readonly status: number | null;
  readonly output: string;
  readonly errors: string;
}

/** Runs a command to its end, within ten seconds. */
export const run = (command: readonly string[], environment: Readonly<Record<string, string>> = {}, cwd?: string): Ended => {
  const [program = '', ...parameters] = command;
  const { status, stdout, stderr, error } = spawnSync(program, parameters, {
    encoding: 'utf8',
    env: { ...process.env, ...environment },
    stdio: [...stdio],
    timeout: 10_000,
    ...(cwd !== undefined && { cwd }),
  });
  if (error !== undefined) throw error;
  return { status, output: stdout, errors: stderr };
};

/** Runs a command beside the test, which needs its own loop to answer it. It is killed after ten seconds. */
export const runBeside = async (command: readonly string[], environment: Readonly<Record<string, string>> = {}): Promise<Ended> => {
  const [program = '', ...parameters] = command;
  const child = spawn(program, parameters, { env: { ...process.env, ...environment }, stdio: [...stdio], timeout: 10_000 });
  const [output, errors] = [child.stdout.setEncoding('utf8').toArray(), child.stderr.setEncoding('utf8').toArray()];
  const status = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => resolve(code));
  });
  return { status, output: (await output).join(''), errors: (await errors).join('') };
};

/** A process that runs until the test ends, and whatever it started with it: the test's own process waits for all that share its output. */
export const companion = (
  context: TestContext,
  command: readonly string[],
  environment: Readonly<Record<string, string>> = {},
): ChildProcess => {
  const [program = '', ...parameters] = command;
  const child = spawn(program, parameters, { env: { ...process.env, ...environment }, stdio: [...stdio], detached: true });
  atEnd(context, () => {
    const { pid } = child;
    assert.ok(pid !== undefined, `${program} did not start`);
    try {
      process.kill(-pid, 'SIGKILL');
    } catch (error) {
      // All of them have ended by themselves.
      if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error;
    }
  });
  return child;
};

/** Looks until something is seen, for five seconds at most. */
export const until = async (what: string, seen: () => boolean): Promise<void> => {
  const deadline = performance.now() + 5000;
  while (!seen()) {
    assert.ok(performance.now() < deadline, `waited for ${what}`);
    await delay(10);
  }
};
