/** Checks what a machine must bring itself, and installs what can be installed. */
import { access } from 'node:fs/promises';
import { attempt, run } from './command.ts';
import { MissingPrerequisite } from './errors.ts';
import type { Progress } from './progress.ts';

/** The oldest Go that builds the binaries: the `go` lines of binaries/…/go.mod. */
const oldestGo = [1, 24] as const;

/** A statically linked busybox: what the image of the same name is made of. */
export const busyboxPath = '/bin/busybox';

/** Programs that nodes need and the Debian packages that have them. */
const nodePackages: readonly { readonly paths: readonly string[]; readonly debianPackage: string }[] = [
  { paths: ['/usr/bin/containerd', '/usr/local/bin/containerd'], debianPackage: 'containerd' },
  { paths: ['/usr/sbin/runc', '/usr/bin/runc', '/usr/local/sbin/runc'], debianPackage: 'runc' },
  { paths: ['/usr/lib/cni/ptp', '/opt/cni/bin/ptp'], debianPackage: 'containernetworking-plugins' },
  { paths: ['/usr/sbin/ip', '/usr/bin/ip', '/sbin/ip'], debianPackage: 'iproute2' },
  { paths: ['/usr/sbin/iptables', '/sbin/iptables'], debianPackage: 'iptables' },
  { paths: ['/usr/sbin/conntrack'], debianPackage: 'conntrack' },
  { paths: ['/usr/sbin/ethtool', '/sbin/ethtool'], debianPackage: 'ethtool' },
  { paths: ['/usr/bin/socat'], debianPackage: 'socat' },
  { paths: ['/usr/bin/nsenter'], debianPackage: 'util-linux' },
  { paths: [busyboxPath], debianPackage: 'busybox-static' },
];

async function firstExisting(paths: readonly string[]): Promise<string | undefined> {
  for (const path of paths) {
    const found = await access(path).then(
      () => true,
      () => false,
    );
    if (found) return path;
  }
  return undefined;
}

/** Whether `go version`'s output names a Go that is new enough. */
export function isGoNewEnough(versionOutput: string): boolean {
  const [, major, minor] = /\bgo(\d+)\.(\d+)/.exec(versionOutput) ?? [];
  if (major === undefined || minor === undefined) return false;
  return Number(major) > oldestGo[0] || (Number(major) === oldestGo[0] && Number(minor) >= oldestGo[1]);
}

/** @throws MissingPrerequisite unless this is Linux. */
export function checkPlatform(): void {
  if (process.platform !== 'linux')
    throw new MissingPrerequisite(`local instances need Linux, this is ${process.platform}`, 'use a Linux machine or virtual machine');
}

/** @throws MissingPrerequisite unless this process may make namespaces, devices and mounts. */
export function checkRoot(): void {
  if (process.geteuid?.() !== 0)
    throw new MissingPrerequisite(
      'nodes need root (they are network, mount and process namespaces)',
      'run the command as root, for example with sudo',
    );
}

/** @throws MissingPrerequisite unless a new enough Go is on the PATH. */
export async function checkGo(): Promise<void> {
  const needed = `${oldestGo[0]}.${oldestGo[1]}`;
  const remedy = `install Go ${needed} or newer and put its bin folder on the PATH (https://go.dev/doc/install)`;
  const found = await attempt(['go', 'version']).catch(() => undefined);
  if (found === undefined || found.exitCode !== 0)
    throw new MissingPrerequisite('Go, which builds the Kubernetes binaries, was not found', remedy);
  if (!isGoNewEnough(found.stdout)) throw new MissingPrerequisite(`Go is too old (${found.stdout.trim()})`, remedy);
}

/**
 * Installs what nodes need and is missing, with apt-get.
 * @throws MissingPrerequisite where there is no apt-get: the message names the packages.
 */
export async function ensureNodePackages(progress: Progress): Promise<void> {
  const checked = await Promise.all(nodePackages.map(async (entry) => ({ entry, path: await firstExisting(entry.paths) })));
  const missing = checked.filter(({ path }) => path === undefined).map(({ entry }) => entry.debianPackage);
  if (missing.length === 0) return;
  checkRoot();
  if ((await firstExisting(['/usr/bin/apt-get'])) === undefined)
    throw new MissingPrerequisite(
      `these are missing: ${missing.join(', ')}`,
      'install them with your package manager (the names are those of Debian)',
    );
  await progress.step(`Installing packages: ${missing.join(' ')}`, async () => {
    const environment = { DEBIAN_FRONTEND: 'noninteractive' };
    const options = ['-o', 'DPkg::Lock::Timeout=300', '-q', '-y'];
    await run(['apt-get', ...options, 'update'], { environment });
    await run(['apt-get', ...options, 'install', '--no-install-recommends', ...missing], { environment });
  });
}

/** The folder of the CNI plugins: Debian's or upstream's. */
export async function cniPluginFolder(): Promise<string> {
  const plugin = await firstExisting(['/usr/lib/cni/ptp', '/opt/cni/bin/ptp']);
  return plugin === '/opt/cni/bin/ptp' ? '/opt/cni/bin' : '/usr/lib/cni';
}
