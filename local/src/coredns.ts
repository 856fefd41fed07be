/** CoreDNS as a plain process on the bridge: names of the cluster for its pods, everything else from the host's own resolver. */
import { request } from 'node:http';
import { join } from 'node:path';
import { ensureFile } from './files.ts';
import type { Instance } from './instance.ts';
import { ensureRunning, waitUntilReady } from './processes.ts';

const readyPort = 8181;

/** The Corefile of an instance. */
function corefile(instance: Instance): string {
  const { plan, paths } = instance;
  return `.:53 {
    bind ${plan.bridgeAddress}
    errors
    ready ${plan.bridgeAddress}:${readyPort}
    kubernetes cluster.local in-addr.arpa {
        kubeconfig ${paths.kubeconfig}
        pods insecure
        ttl 5
    }
    cache 30 {
        disable success cluster.local
        disable denial cluster.local
    }
    forward . /etc/resolv.conf
}
`;
}

function isReady(instance: Instance): Promise<boolean> {
  return new Promise((resolve) => {
    const url = `http://${instance.plan.bridgeAddress}:${readyPort}/ready`;
    const outgoing = request(url, { agent: false, timeout: 2000 }, (response) => {
      response.resume();
      resolve(response.statusCode === 200);
    });
    outgoing.on('timeout', () => outgoing.destroy());
    outgoing.on('error', () => resolve(false));
    outgoing.end();
  });
}

/** Starts CoreDNS unless it runs, and waits until it has seen the cluster's Services. */
export async function ensureCoredns(instance: Instance, binaries: string): Promise<void> {
  const path = join(instance.paths.configuration, 'Corefile');
  await ensureFile(path, corefile(instance));
  await ensureRunning(instance.paths, {
    name: 'coredns',
    command: [join(binaries, 'coredns'), '-conf', path],
    inputs: [corefile(instance)],
  });
  await waitUntilReady(instance.paths, 'coredns', 30_000, () => isReady(instance));
}
