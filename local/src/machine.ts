/**
 * A machine of an instance (a node or the gateway): network, mount, process and host name namespaces that live as long as one first process.
 * When that process is killed the kernel ends every process in the machine, containers included, and takes its mounts and its network
 * away: losing a machine and cleaning one up are the same single signal.
 */
import { chmod, mkdir, readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import type { MachineAddresses } from './addresses.ts';
import type { InstancePaths } from './paths.ts';
import { machinePaths } from './paths.ts';
import { ensureRunning, failure, recordedComponents, runningPid, stopComponent, waitUntilReady } from './processes.ts';
import type { Component } from './processes.ts';

/** Folders of the host that a machine has its own of. They must exist on the host to be mounted over. */
export const mountedOver = ['/var/lib/kubelet', '/var/lib/cni'] as const;

// Shared propagation within the machine, as systemd sets it up: kubelet and containerd expect it. /run is new at each start, as after a
// reboot; the rest is kept. Forwarding is off in a new network namespace whatever the host says.
const boot = `
mount --make-rshared /
mount --bind "$1" /var/lib/kubelet
mount --bind "$2" /var/lib/cni
mount --bind "$3" /var/log
mount -t tmpfs -o mode=755 tmpfs /run
hostname "$4"
echo 1 > /proc/sys/net/ipv4/ip_forward
exec "$5"
`;

/** Makes the folders of the host that machines mount over. */
export async function ensureMountPoints(): Promise<void> {
  for (const folder of mountedOver) await mkdir(folder, { recursive: true });
}

/** A machine's name among the components of its instance. */
function initName(machine: string): string {
  return `${machine}.machine`;
}

/** Starts the machine unless it runs. @returns The host's id of its first process. */
export async function ensureMachine(instance: InstancePaths, machine: MachineAddresses, pauseBinary: string): Promise<number> {
  const paths = machinePaths(instance, machine.name);
  for (const folder of [paths.kubelet, paths.cni, paths.log, paths.volumes]) await mkdir(folder, { recursive: true });
  // Containers of any user id reach their volumes through here.
  await chmod(paths.root, 0o711);
  await ensureRunning(instance, {
    name: initName(machine.name),
    wrapped: true,
    command: [
      'unshare',
      '--fork',
      '--kill-child',
      '--pid',
      '--mount',
      '--net',
      '--uts',
      '--mount-proc',
      'sh',
      '-euc',
      boot,
      'boot',
      paths.kubelet,
      paths.cni,
      paths.log,
      machine.name,
      pauseBinary,
    ],
  });
  // The boot script has done its work when it has become the pause program.
  await waitUntilReady(instance, initName(machine.name), 10_000, async () => {
    const pid = await machinePid(instance, machine.name);
    return pid !== undefined && (await readFile(`/proc/${pid}/comm`, 'utf8').catch(() => '')).trim() === basename(pauseBinary);
  });
  const pid = await machinePid(instance, machine.name);
  if (pid === undefined) throw await failure(instance, initName(machine.name), 'ended as soon as it had booted');
  return pid;
}

/** The host's id of the machine's first process, or undefined when the machine does not run. */
export function machinePid(instance: InstancePaths, machine: string): Promise<number | undefined> {
  return runningPid(instance, initName(machine));
}

/** A component that runs inside the machine whose first process is `initPid`. */
export function insideMachine(machine: string, initPid: number, component: Component): Component {
  return {
    ...component,
    name: `${machine}.${component.name}`,
    wrapped: true,
    command: ['nsenter', '--target', String(initPid), '--net', '--mount', '--pid', '--uts', '--', ...component.command],
  };
}

/** Ends the machine and everything in it, at once. */
export async function stopMachine(instance: InstancePaths, machine: string): Promise<void> {
  await stopComponent(instance, initName(machine));
  for (const name of await recordedComponents(instance)) if (name.startsWith(`${machine}.`)) await stopComponent(instance, name);
}
