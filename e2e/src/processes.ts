/** Processes in pods, by this host's ids: nodes are made of namespaces of this host. */
import assert from 'node:assert/strict';
import { readFile, readdir } from 'node:fs/promises';
import type { Pod } from './cluster.ts';

export interface Process {
  readonly pid: number;
  /** Program and arguments; a process of PostgreSQL other than the postmaster shows a title instead. */
  readonly commandLine: string;
}

/** All processes of a pod's container. @throws where the container was never started. */
export const processesOf = async (pod: Pod, container: string): Promise<readonly Process[]> => {
  const status = pod.status?.containerStatuses?.find(({ name }) => name === container);
  const id = status?.containerID?.replace('containerd://', '');
  assert.ok(id !== undefined, `container ${container} of ${pod.metadata.name} does not run`);
  const found: Process[] = [];
  for (const entry of await readdir('/proc')) {
    if (!/^\d+$/.test(entry)) continue;
    // A process may end while we look.
    const groups = await readFile(`/proc/${entry}/cgroup`, 'utf8').catch(() => '');
    if (!groups.includes(id)) continue;
    const commandLine = (await readFile(`/proc/${entry}/cmdline`, 'utf8').catch(() => '')).replaceAll('\0', ' ').trim();
    found.push({ pid: Number(entry), commandLine });
  }
  return found;
};

const send = ({ pid }: Process, signal: NodeJS.Signals): void => {
  try {
    process.kill(pid, signal);
  } catch (error) {
    // It went with the one killed before.
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
};

/** SIGKILL. */
export const kill = (target: Process): void => send(target, 'SIGKILL');

/** SIGSTOP: it does nothing more, not even what SIGTERM asks for, until it is killed. */
export const freeze = (target: Process): void => send(target, 'SIGSTOP');
