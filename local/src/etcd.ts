/** etcd: one member that listens on the instance's loopback address only. */
import { request } from 'node:http';
import { join } from 'node:path';
import { etcdClientPort } from './instance.ts';
import type { Instance } from './instance.ts';
import { ensureRunning, waitUntilReady } from './processes.ts';

const peerPort = 2380;

/** Where the API server finds etcd. */
export function etcdUrl(instance: Instance): string {
  return `http://${instance.plan.loopbackAddress}:${etcdClientPort}`;
}

/** The arguments of etcd. */
function etcdArguments(instance: Instance): readonly string[] {
  const peerUrl = `http://${instance.plan.loopbackAddress}:${peerPort}`;
  return [
    '--name=etcd',
    `--data-dir=${instance.paths.etcdData}`,
    `--listen-client-urls=${etcdUrl(instance)}`,
    `--advertise-client-urls=${etcdUrl(instance)}`,
    `--listen-peer-urls=${peerUrl}`,
    `--initial-advertise-peer-urls=${peerUrl}`,
    `--initial-cluster=etcd=${peerUrl}`,
    // Survives the death of the process, not that of the machine: enough here, and independent of the disk's speed.
    '--unsafe-no-fsync',
    '--log-level=warn',
  ];
}

function isHealthy(instance: Instance): Promise<boolean> {
  return new Promise((resolve) => {
    const outgoing = request(`${etcdUrl(instance)}/health`, { agent: false, timeout: 2000 }, (response) => {
      response.resume();
      resolve(response.statusCode === 200);
    });
    outgoing.on('timeout', () => outgoing.destroy());
    outgoing.on('error', () => resolve(false));
    outgoing.end();
  });
}

/** Starts etcd unless it runs, and waits until it is healthy. */
export async function ensureEtcd(instance: Instance, binaries: string): Promise<void> {
  await ensureRunning(instance.paths, { name: 'etcd', command: [join(binaries, 'etcd'), ...etcdArguments(instance)] });
  await waitUntilReady(instance.paths, 'etcd', 30_000, () => isHealthy(instance));
}
