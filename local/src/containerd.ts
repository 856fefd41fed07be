/** containerd in a machine: its configuration, its network plugins, and the images it is given. */
import { join } from 'node:path';
import type { NodeAddresses } from './addresses.ts';
import { archivedImages, hasAll } from './archives.ts';
import { attempt, run } from './command.ts';
import { pauseImage } from './images.ts';
import { ensureFile } from './files.ts';
import type { Instance } from './instance.ts';
import { insideMachine } from './machine.ts';
import { machinePaths } from './paths.ts';
import type { MachinePaths } from './paths.ts';
import { cniPluginFolder } from './prerequisites.ts';
import { ensureRunning, waitUntilReady } from './processes.ts';

/** containerd's configuration file (version 2, which containerd 1.3 to 2.x read). */
export function containerdConfiguration(paths: MachinePaths, pluginFolder: string): string {
  return `version = 2
root = "${paths.containerd}"
state = "/run/containerd"
# Snapshotters for other file systems, a folder outside ours (/opt/containerd) and exporters that nobody listens to.
disabled_plugins = [
  "io.containerd.snapshotter.v1.aufs", "io.containerd.snapshotter.v1.btrfs", "io.containerd.snapshotter.v1.devmapper",
  "io.containerd.snapshotter.v1.zfs", "io.containerd.internal.v1.opt", "io.containerd.tracing.processor.v1.otlp",
  "io.containerd.internal.v1.tracing",
]

[grpc]
address = "${paths.containerdSocket}"

[plugins."io.containerd.grpc.v1.cri"]
sandbox_image = "${pauseImage}"
# Without CAP_SYS_RESOURCE runc cannot lower an oom_score_adj, and every pod would fail with "can't get final child's PID from pipe: EOF".
restrict_oom_score_adj = true

[plugins."io.containerd.grpc.v1.cri".containerd]
snapshotter = "overlayfs"
default_runtime_name = "runc"

[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
runtime_type = "io.containerd.runc.v2"

[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
SystemdCgroup = false

[plugins."io.containerd.grpc.v1.cri".cni]
bin_dir = "${pluginFolder}"
conf_dir = "${paths.cniConfiguration}"
`;
}

/**
 * The network of a node's pods. `ptp`, not `bridge`: every packet between pods is then routed, so that kube-proxy's rules see both
 * directions of a connection to a Service whose endpoint is on the same node without the kernel's bridge filter.
 */
export function cniConfiguration(node: NodeAddresses, paths: MachinePaths): object {
  return {
    cniVersion: '0.4.0',
    name: 'pods',
    plugins: [
      {
        type: 'ptp',
        ipMasq: false,
        ipam: { type: 'host-local', dataDir: paths.cniAddresses, ranges: [[{ subnet: node.podCidr }]], routes: [{ dst: '0.0.0.0/0' }] },
      },
      { type: 'portmap', capabilities: { portMappings: true } },
    ],
  };
}

function ctr(paths: MachinePaths): readonly [string, ...string[]] {
  return ['ctr', '--address', paths.containerdSocket, '--namespace', 'k8s.io'];
}

/** Starts containerd in the node unless it runs, and waits until it answers. */
export async function ensureContainerd(instance: Instance, node: NodeAddresses, initPid: number): Promise<void> {
  const paths = machinePaths(instance.paths, node.name);
  const network = JSON.stringify(cniConfiguration(node, paths), null, 2);
  await ensureFile(join(paths.cniConfiguration, '10-pods.conflist'), network);
  const configuration = containerdConfiguration(paths, await cniPluginFolder());
  const configurationPath = join(paths.root, 'containerd.toml');
  await ensureFile(configurationPath, configuration);
  const component = insideMachine(node.name, initPid, {
    name: 'containerd',
    command: ['containerd', '--config', configurationPath],
    inputs: [configuration],
  });
  await ensureRunning(instance.paths, component);
  await waitUntilReady(instance.paths, component.name, 30_000, async () => (await attempt([...ctr(paths), 'version'])).exitCode === 0);
}

/** Names of the images that a node has, and the digests of their manifests. */
async function nodeImages(paths: MachinePaths): Promise<ReadonlyMap<string, string>> {
  // REF TYPE DIGEST …, below a line of headings.
  const lines = (await run([...ctr(paths), 'images', 'list'])).trim().split('\n').slice(1);
  return new Map(lines.map((line) => line.split(/\s+/)).map(([ref = '', , digest = '']) => [ref, digest]));
}

/** Imports OCI or Docker archives into a node; those whose images it has already are passed over. */
export async function importImages(paths: MachinePaths, archives: readonly string[]): Promise<void> {
  const present = await nodeImages(paths);
  for (const archive of archives) {
    const images = await archivedImages(archive);
    if (images === undefined || !hasAll(present, images)) await run([...ctr(paths), 'images', 'import', archive]);
  }
}

/** Gives an image that a node has further names. Images are found by name, so nothing is copied. */
export async function nameImage(paths: MachinePaths, reference: string, names: readonly string[]): Promise<void> {
  if (names.length > 0) await run([...ctr(paths), 'images', 'tag', '--force', reference, ...names]);
}
