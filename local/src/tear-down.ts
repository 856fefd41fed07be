/** Takes an instance away without a trace: processes, mounts, devices, rules, cgroups, files, and settings of the machine. */
import { readFile, readdir, rm, rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import { attempt, run } from './command.ts';
import { machineCgroup, removeCgroup } from './cgroups.ts';
import type { Instance } from './instance.ts';
import { lock } from './lock.ts';
import { mountedOver, stopMachine } from './machine.ts';
import { bridges, removeBridge } from './network.ts';
import { nodesOf } from './bring-up.ts';
import { killMarked, recordedComponents, stopComponent } from './processes.ts';
import { restoreSettings } from './sysctls.ts';

/** The mount points at or below a folder, deepest first, from the lines of /proc/PID/mountinfo. */
export function mountsBelow(mountInfo: string, folder: string): readonly string[] {
  return mountInfo
    .split('\n')
    .map((line) =>
      (line.split(' ')[4] ?? '').replaceAll(/\\(\d{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8))),
    )
    .filter((path) => path === folder || path.startsWith(`${folder}/`))
    .toSorted((a, b) => b.length - a.length);
}

async function unmountBelow(folder: string): Promise<void> {
  for (const path of mountsBelow(await readFile('/proc/self/mountinfo', 'utf8'), folder)) {
    if ((await attempt(['umount', path])).exitCode !== 0) await run(['umount', '--lazy', path]);
  }
}

/** Ends and removes an instance. Can be repeated after it was interrupted. */
export async function tearDown(root: string, instance: Instance): Promise<void> {
  const { paths, plan, record } = instance;
  const machines = [plan.gateway.name, ...nodesOf(instance).map(({ name }) => name)];
  if (record.nodes > 0) await Promise.all(machines.map((machine) => stopMachine(paths, machine)));
  await Promise.all((await recordedComponents(paths)).map((name) => stopComponent(paths, name)));
  await killMarked(paths);
  await unmountBelow(paths.root);
  if (record.nodes > 0) {
    for (const machine of machines) await removeCgroup(machineCgroup(plan, machine));
    await removeBridge(plan);
  }
  await using _lock = await lock('register');
  // The record goes last: what is interrupted before can be found and taken up again.
  const entries = await readdir(paths.root);
  await Promise.all(
    entries
      .filter((entry) => join(paths.root, entry) !== paths.record)
      .map((entry) => rm(join(paths.root, entry), { recursive: true, force: true })),
  );
  await rm(paths.root, { recursive: true, force: true });
  // An instance of another state root has a bridge too: the bridges tell whether this was the last on the machine.
  if (record.nodes > 0 && (await bridges()).length === 0) {
    await restoreSettings();
    for (const folder of mountedOver) await rmdir(folder).catch(() => undefined);
  }
  await rmdir(root).catch(() => undefined);
}
