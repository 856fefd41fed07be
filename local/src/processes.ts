/**
 * The long-running programs of an instance: started detached, so that they outlive the command that started them, and recorded with
 * what tells them from a later process of the same id.
 */
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { mkdir, open, readFile, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { constants } from 'node:os';
import { join } from 'node:path';
import { programPath } from './command.ts';
import { ComponentFailed } from './errors.ts';
import type { InstancePaths } from './paths.ts';
import { waitFor } from './wait.ts';

/** Names a process beyond its death: ids are reused, but not with the same start time in the same boot. */
interface ProcessIdentity {
  readonly pid: number;
  /** Clock ticks between boot and start: field 22 of /proc/PID/stat. */
  readonly startTime: string;
  readonly bootId: string;
}

/** A program to be kept running. */
export interface Component {
  /** Unique within the instance; names its log and its record. */
  readonly name: string;
  readonly command: readonly [string, ...string[]];
  readonly environment?: Readonly<Record<string, string>>;
  /**
   * Whether `command` is a wrapper (nsenter, unshare) that only waits for the program proper, its child.
   * The child is then what is measured and ended: ending the wrapper would leave it running.
   */
  readonly wrapped?: boolean;
  /** What the program reads at its start; a change of it restarts the program, as a change of the command does. */
  readonly inputs?: readonly string[];
}

interface ProcessRecord extends ProcessIdentity {
  readonly digest: string;
  readonly wrapped: boolean;
}

/** The environment variable that marks every process of an instance; its value is the instance's folder. */
const markVariable = 'PGHERD_LOCAL_INSTANCE';

function bootId(): string {
  return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
}

/** What /proc/PID/stat says of a process: fields 3, 9, 20 and 22. */
interface ProcessStat {
  readonly state: string;
  readonly flags: number;
  readonly threads: number;
  readonly startTime: string;
}

/** A /proc/PID/stat line. The second field, in parentheses, may itself hold blanks and parentheses. */
export function parseStat(stat: string): ProcessStat {
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return { state: fields[0] ?? '', flags: Number(fields[6] ?? 0), threads: Number(fields[17] ?? 1), startTime: fields[19] ?? '' };
}

/**
 * Whether nothing is left of a process but its exit code. Its first thread is a zombie before the others have ended, and until then the process
 * holds its memory and its ports.
 */
export function hasEnded({ state, threads }: Pick<ProcessStat, 'state' | 'threads'>): boolean {
  return state === 'X' || (state === 'Z' && threads <= 1);
}

/** The identity of the process that has this id now, or undefined if there is none (or only its zombie). */
function identify(pid: number): ProcessIdentity | undefined {
  try {
    const stat = parseStat(readFileSync(`/proc/${pid}/stat`, 'utf8'));
    return hasEnded(stat) ? undefined : { pid, startTime: stat.startTime, bootId: bootId() };
  } catch {
    return undefined;
  }
}

function isRunning(identity: ProcessIdentity): boolean {
  const now = identify(identity.pid);
  return now !== undefined && now.startTime === identity.startTime && now.bootId === identity.bootId;
}

function signal(identity: ProcessIdentity, name: NodeJS.Signals): void {
  if (!isRunning(identity)) return;
  try {
    process.kill(identity.pid, name);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

function childOf(pid: number): number | undefined {
  try {
    const first = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ')[0];
    return first === undefined || first === '' ? undefined : Number(first);
  } catch {
    return undefined;
  }
}

// PF_EXITING of include/linux/sched.h.
const exitingFlag = 4;

/** Whether a process was killed and has not gone yet: the first process of a machine stays until everything in the machine has ended. */
function isDying(pid: number): boolean {
  try {
    const pending = readFileSync(`/proc/${pid}/status`, 'utf8').matchAll(/^S(?:ig|hd)Pnd:\s+([0-9a-f]+)$/gm);
    const killed = [...pending].some(([, mask = '0']) => ((BigInt(`0x${mask}`) >> BigInt(constants.signals.SIGKILL - 1)) & 1n) === 1n);
    return killed || (parseStat(readFileSync(`/proc/${pid}/stat`, 'utf8')).flags & exitingFlag) !== 0;
  } catch {
    return true;
  }
}

function programOf(record: ProcessRecord): number | undefined {
  return record.wrapped ? childOf(record.pid) : record.pid;
}

function digestOf(component: Component): string {
  const hash = createHash('sha256');
  hash.update(JSON.stringify([component.command, component.environment ?? {}, component.inputs ?? []]));
  return hash.digest('hex').slice(0, 16);
}

function recordPath(paths: InstancePaths, name: string): string {
  return join(paths.processes, `${name}.json`);
}

/** The path of a component's log. */
function logPath(paths: InstancePaths, name: string): string {
  return join(paths.logs, `${name}.log`);
}

async function readRecord(paths: InstancePaths, name: string): Promise<ProcessRecord | undefined> {
  try {
    return JSON.parse(await readFile(recordPath(paths, name), 'utf8')) as ProcessRecord;
  } catch (error) {
    // A record cut short by a crash is as good as none: down finds its process by its mark.
    if (error instanceof SyntaxError || (error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/** The process id of a component's program while it runs, otherwise undefined. */
export async function runningPid(paths: InstancePaths, name: string): Promise<number | undefined> {
  const record = await readRecord(paths, name);
  if (record === undefined || !isRunning(record)) return undefined;
  return programOf(record);
}

/** Whether a component's process, or the wrapper around it, is alive. */
export async function isAlive(paths: InstancePaths, name: string): Promise<boolean> {
  const record = await readRecord(paths, name);
  return record !== undefined && isRunning(record);
}

/** The last lines of a component's log. */
async function logTail(paths: InstancePaths, name: string, lines = 15): Promise<string> {
  try {
    const text = await readFile(logPath(paths, name), 'utf8');
    return text.slice(-16_384).trimEnd().split('\n').slice(-lines).join('\n');
  } catch {
    return '(no log)';
  }
}

/**
 * Starts a component unless it runs already with the same command and inputs; one that runs with others is replaced.
 * @returns Whether a process was started.
 * @throws ComponentFailed if the program cannot be started.
 */
export async function ensureRunning(paths: InstancePaths, component: Component): Promise<boolean> {
  const digest = digestOf(component);
  const record = await readRecord(paths, component.name);
  if (record !== undefined && isRunning(record)) {
    const program = programOf(record);
    if (record.digest === digest && program !== undefined && !isDying(program)) return false;
    await stopComponent(paths, component.name);
  }
  await mkdir(paths.logs, { recursive: true });
  await mkdir(paths.processes, { recursive: true });
  const log = await open(logPath(paths, component.name), 'a');
  try {
    const [program, ...args] = component.command;
    const child = spawn(program, args, {
      detached: true,
      cwd: '/',
      stdio: ['ignore', log.fd, log.fd],
      env: { PATH: programPath(), HOME: process.env['HOME'], [markVariable]: paths.root, ...component.environment },
    });
    await new Promise<void>((resolve, reject) => {
      child.on('spawn', resolve);
      child.on('error', (error) =>
        reject(new ComponentFailed(component.name, `cannot be started (${error.message})`, logPath(paths, component.name), '')),
      );
    });
    child.unref();
    const identity = child.pid === undefined ? undefined : identify(child.pid);
    if (identity === undefined) throw await failure(paths, component.name, 'ended at once');
    // Renamed into place, so that a crash leaves the old record or the new one.
    const temporary = `${recordPath(paths, component.name)}.new`;
    await writeFile(temporary, JSON.stringify({ ...identity, digest, wrapped: component.wrapped ?? false } satisfies ProcessRecord));
    await rename(temporary, recordPath(paths, component.name));
    return true;
  } finally {
    await log.close();
  }
}

/** The error for a component that did not do what it should: `what` completes a sentence that starts with its name. */
export async function failure(paths: InstancePaths, name: string, what: string): Promise<ComponentFailed> {
  return new ComponentFailed(name, what, logPath(paths, name), await logTail(paths, name));
}

/** Waits until a component is ready by its own account; fails at once, with the end of its log, if its process ends before. */
export async function waitUntilReady(
  paths: InstancePaths,
  name: string,
  timeoutMs: number,
  isReady: () => Promise<boolean>,
): Promise<void> {
  const deadline = performance.now() + timeoutMs;
  await waitFor(`${name} becoming ready`, timeoutMs * 2, async () => {
    if (await isReady()) return { done: true, value: undefined };
    if (!(await isAlive(paths, name))) throw await failure(paths, name, 'ended before it was ready');
    if (performance.now() > deadline) throw await failure(paths, name, `was not ready after ${timeoutMs / 1000} s`);
    return { done: false, seen: 'not ready' };
  });
}

/** Ends processes: asks first, insists after `graceMs` (0: at once), returns when all are gone. */
async function endProcesses(targets: readonly ProcessIdentity[], graceMs: number): Promise<void> {
  if (graceMs > 0) {
    for (const target of targets) signal(target, 'SIGTERM');
    const deadline = performance.now() + graceMs;
    await waitFor('the end of processes', graceMs + 1000, () =>
      performance.now() > deadline || !targets.some((target) => isRunning(target))
        ? { done: true, value: undefined }
        : { done: false, seen: '' },
    );
  }
  for (const target of targets) signal(target, 'SIGKILL');
  await waitFor('the end of killed processes', 30_000, () => {
    const left = targets.filter((target) => isRunning(target));
    return left.length === 0 ? { done: true, value: undefined } : { done: false, seen: left.map(({ pid }) => pid).join(', ') };
  });
}

/** Ends a component, if it runs, by SIGTERM and after `graceMs` (default: at once) by SIGKILL, and forgets it. */
export async function stopComponent(paths: InstancePaths, name: string, graceMs = 0): Promise<void> {
  const record = await readRecord(paths, name);
  if (record === undefined) return;
  if (isRunning(record)) {
    const child = record.wrapped ? childOf(record.pid) : undefined;
    const program = child === undefined ? undefined : identify(child);
    await endProcesses(program === undefined ? [] : [program], graceMs);
    await endProcesses([record], record.wrapped ? 0 : graceMs);
  }
  await rm(recordPath(paths, name), { force: true });
}

/** Names of the components that were started and not stopped, running or not. */
export async function recordedComponents(paths: InstancePaths): Promise<readonly string[]> {
  try {
    return (await readdir(paths.processes)).filter((file) => file.endsWith('.json')).map((file) => file.slice(0, -'.json'.length));
  } catch {
    return [];
  }
}

/**
 * Kills whatever still carries the instance's mark in its environment: what was started by a command that was itself killed before it
 * could record it.
 */
export async function killMarked(paths: InstancePaths): Promise<void> {
  const mark = `${markVariable}=${paths.root}`;
  const targets: ProcessIdentity[] = [];
  for (const entry of await readdir('/proc')) {
    if (!/^\d+$/.test(entry) || Number(entry) === process.pid) continue;
    const environment = await readFile(`/proc/${entry}/environ`, 'utf8').catch(() => '');
    const identity = environment.split('\0').includes(mark) ? identify(Number(entry)) : undefined;
    if (identity !== undefined) targets.push(identity);
  }
  await endProcesses(targets, 0);
}

/** Resident memory of a process in bytes; 0 when it is gone. */
export function residentBytes(pid: number): number {
  try {
    const kibibytes = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
    return kibibytes === undefined ? 0 : Number(kibibytes) * 1024;
  } catch {
    return 0;
  }
}
