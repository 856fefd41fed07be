/**
 * A cgroup of its own for each machine, below which its kubelet puts its pods. Knows the separate hierarchies of cgroup v1, with or
 * without an unused v2 beside them, and the single one of v2.
 */
import { access, mkdir, readFile, readdir, rmdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { AddressPlan } from './addresses.ts';
import { waitFor } from './wait.ts';

const mountPoint = '/sys/fs/cgroup';

/**
 * The cgroup of an instance within each hierarchy. Its bridge has it to itself on the whole computer; its name only among the instances of one user, and
 * a kubelet ends what it does not know in its cgroup.
 */
export function instanceCgroup({ bridge }: AddressPlan): string {
  return `/pgherd/${bridge}`;
}

/** The same of one of its machines. */
export function machineCgroup(plan: AddressPlan, machine: string): string {
  return `${instanceCgroup(plan)}/${machine}`;
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}

/** Whether this machine has cgroup v2 only. */
function isUnified(): Promise<boolean> {
  return exists(join(mountPoint, 'cgroup.controllers'));
}

async function hierarchies(): Promise<readonly string[]> {
  if (await isUnified()) return [mountPoint];
  const entries = await readdir(mountPoint, { withFileTypes: true }).catch(() => []);
  // Symbolic links (cpu → cpu,cpuacct) are other names of the same hierarchy.
  return entries.filter((entry) => entry.isDirectory()).map(({ name }) => join(mountPoint, name));
}

/** Makes the cgroup in every hierarchy. */
export async function ensureCgroup(path: string): Promise<void> {
  for (const hierarchy of await hierarchies()) {
    let current = hierarchy;
    for (const part of path.split('/').filter((text) => text !== '')) {
      const parent = current;
      current = join(current, part);
      await mkdir(current).catch((error: NodeJS.ErrnoException) => {
        if (error.code !== 'EEXIST') throw error;
      });
      // A new v1 cpuset is empty, and nothing can be put into it until it has processors and memory nodes.
      for (const file of ['cpuset.cpus', 'cpuset.mems']) {
        if (hierarchy.endsWith('/cpuset')) await writeFile(join(current, file), await readFile(join(parent, file)));
      }
      if (hierarchy === mountPoint) {
        const controllers = (await readFile(join(parent, 'cgroup.controllers'), 'utf8'))
          .trim()
          .split(' ')
          .filter((name) => name !== '');
        await writeFile(join(parent, 'cgroup.subtree_control'), controllers.map((name) => `+${name}`).join(' '));
      }
    }
  }
}

async function removeTree(path: string): Promise<void> {
  const entries = await readdir(path, { withFileTypes: true }).catch(() => []);
  for (const entry of entries) if (entry.isDirectory()) await removeTree(join(path, entry.name));
  // The kernel lets go of a cgroup a moment after its last process has ended.
  await waitFor(`the removal of ${path}`, 10_000, () =>
    rmdir(path).then(
      () => ({ done: true as const, value: undefined }),
      (error: NodeJS.ErrnoException) =>
        error.code === 'ENOENT' ? { done: true as const, value: undefined } : { done: false as const, seen: error.message },
    ),
  );
}

/** Removes the cgroup and all below it from every hierarchy; also what is then empty above it. Its processes must have ended. */
export async function removeCgroup(path: string): Promise<void> {
  for (const hierarchy of await hierarchies()) {
    await removeTree(join(hierarchy, path));
    for (let parent = dirname(path); parent !== '/'; parent = dirname(parent)) await rmdir(join(hierarchy, parent)).catch(() => undefined);
  }
}
