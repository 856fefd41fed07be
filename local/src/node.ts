/** What makes a machine a node: kubelet and kube-proxy. The gateway has the latter only. */
import { join } from 'node:path';
import { stringify } from 'yaml';
import type { ApiClient } from './api-client.ts';
import { nodeAddresses } from './addresses.ts';
import type { AddressPlan, MachineAddresses, NodeAddresses } from './addresses.ts';
import { attempt } from './command.ts';
import { ensureLeaf } from './certificates.ts';
import { ensureCgroup, machineCgroup } from './cgroups.ts';
import { ensureFile } from './files.ts';
import { contextName, serverUrl } from './control-plane.ts';
import type { Instance } from './instance.ts';
import { writeKubeconfig } from './kubeconfig.ts';
import { insideMachine } from './machine.ts';
import { machinePaths } from './paths.ts';
import type { MachinePaths } from './paths.ts';
import { ensureRunning, waitUntilReady } from './processes.ts';
import { waitFor } from './wait.ts';

/** Files that a kubelet's configuration names. */
interface KubeletFiles {
  readonly clientCa: string;
  readonly certificate: string;
  readonly key: string;
  readonly resolvConf: string;
}

/** KubeletConfiguration of a node. What is not here has its default. */
function kubeletConfiguration(
  plan: AddressPlan,
  node: NodeAddresses,
  paths: MachinePaths,
  cgroupRoot: string,
  files: KubeletFiles,
): object {
  return {
    apiVersion: 'kubelet.config.k8s.io/v1beta1',
    kind: 'KubeletConfiguration',
    address: node.address,
    authentication: { anonymous: { enabled: false }, webhook: { enabled: true }, x509: { clientCAFile: files.clientCa } },
    authorization: { mode: 'Webhook' },
    tlsCertFile: files.certificate,
    tlsPrivateKeyFile: files.key,
    clusterDNS: [plan.bridgeAddress],
    clusterDomain: 'cluster.local',
    resolvConf: files.resolvConf,
    containerRuntimeEndpoint: `unix://${paths.containerdSocket}`,
    cgroupDriver: 'cgroupfs',
    cgroupRoot,
    failCgroupV1: false,
    failSwapOn: false,
    // The nodes share the host's disk: its fill level says nothing about one of them.
    localStorageCapacityIsolation: false,
    evictionHard: { 'memory.available': '50Mi', 'nodefs.available': '1%', 'nodefs.inodesFree': '1%', 'imagefs.available': '1%' },
    // Nothing could bring a removed image back: there is no registry.
    imageGCHighThresholdPercent: 100,
    imageGCLowThresholdPercent: 99,
    imageMaximumGCAge: '0s',
    volumePluginDir: '/var/lib/kubelet/volume-plugins',
    maxPods: 250,
  };
}

/** KubeProxyConfiguration of a machine. */
export function kubeProxyConfiguration(plan: AddressPlan, machine: MachineAddresses, kubeconfig: string): object {
  return {
    apiVersion: 'kubeproxy.config.k8s.io/v1alpha1',
    kind: 'KubeProxyConfiguration',
    mode: 'iptables',
    clientConnection: { kubeconfig },
    // It waits 30 s for a node of its name before it sets any rule. The gateway is none, so it goes by the name of the first.
    hostnameOverride: machine.name === plan.gateway.name ? nodeAddresses(plan, 1).name : machine.name,
    // Connections from outside (this host, by way of the gateway) are masqueraded, so that their answers come back the same way.
    detectLocalMode: 'ClusterCIDR',
    clusterCIDR: plan.podCidr,
    // The limits of connection tracking can only be set in the first network namespace.
    conntrack: { maxPerCore: 0, min: 0, tcpEstablishedTimeout: '0s', tcpCloseWaitTimeout: '0s' },
  };
}

/** Starts kube-proxy in a machine unless it runs, and waits for its rules: a connection made before them would stay without them. */
export async function ensureKubeProxy(instance: Instance, machine: MachineAddresses, initPid: number, binaries: string): Promise<void> {
  const configurationPath = join(machinePaths(instance.paths, machine.name).root, 'kube-proxy.yaml');
  const configuration = stringify(kubeProxyConfiguration(instance.plan, machine, join(instance.paths.kubeconfigs, 'kube-proxy')));
  await ensureFile(configurationPath, configuration);
  const component = insideMachine(machine.name, initPid, {
    name: 'kube-proxy',
    command: [join(binaries, 'kube-proxy'), `--config=${configurationPath}`],
    inputs: [configuration],
  });
  await ensureRunning(instance.paths, component);
  const listRules = ['nsenter', '--target', String(initPid), '--net', 'iptables', '-w', '-t', 'nat', '-S', 'KUBE-SERVICES'] as const;
  await waitUntilReady(instance.paths, component.name, 30_000, async () =>
    (await attempt(listRules)).stdout.includes(instance.plan.kubernetesServiceAddress),
  );
}

/** When the node's kubelet last said that it lives, in milliseconds since 1970; 0 when it never did. */
async function lastRenewal(api: ApiClient, node: string): Promise<number> {
  const path = `/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases/${node}`;
  const lease = (await api.get(path).catch(() => ({}))) as { readonly spec?: { readonly renewTime?: string } };
  return lease.spec?.renewTime === undefined ? 0 : Date.parse(lease.spec.renewTime);
}

/**
 * Starts the node's kubelet unless it runs. Where the node is known already, waits for a sign of life: a node that was lost keeps its
 * condition `Ready` for a while. A new node has no such past, and renews its lease only seconds after it is Ready.
 */
export async function ensureKubelet(
  instance: Instance,
  node: NodeAddresses,
  initPid: number,
  binaries: string,
  api: ApiClient,
): Promise<void> {
  const { certificates, kubeconfigs } = instance.paths;
  const paths = machinePaths(instance.paths, node.name);
  await ensureLeaf(certificates, 'ca', { file: node.name, commonName: `system:node:${node.name}`, organization: 'system:nodes' });
  const serving = `${node.name}-serving`;
  await ensureLeaf(certificates, 'ca', { file: serving, commonName: node.name, serverNames: [node.name, node.address] });
  const kubeconfig = join(kubeconfigs, node.name);
  const options = { server: serverUrl(instance), clusterName: contextName(instance), certificates };
  await writeKubeconfig(kubeconfig, { ...options, leaf: node.name });
  const resolvConf = join(paths.root, 'resolv.conf');
  await ensureFile(resolvConf, `nameserver ${instance.plan.bridgeAddress}\n`);
  const cgroup = machineCgroup(instance.plan, node.name);
  await ensureCgroup(cgroup);
  const configuration = stringify(
    kubeletConfiguration(instance.plan, node, paths, cgroup, {
      clientCa: join(certificates, 'ca.crt'),
      certificate: join(certificates, `${serving}.crt`),
      key: join(certificates, `${serving}.key`),
      resolvConf,
    }),
  );
  const configurationPath = join(paths.root, 'kubelet.yaml');
  await ensureFile(configurationPath, configuration);
  const labels = [`topology.kubernetes.io/region=local`, `topology.kubernetes.io/zone=zone-${node.number}`];
  const component = insideMachine(node.name, initPid, {
    name: 'kubelet',
    command: [
      join(binaries, 'kubelet'),
      `--config=${configurationPath}`,
      `--kubeconfig=${kubeconfig}`,
      `--hostname-override=${node.name}`,
      `--node-ip=${node.address}`,
      `--node-labels=${labels.join(',')}`,
    ],
    inputs: [configuration],
  });
  const isReturn = await api.answers(`/api/v1/nodes/${node.name}`);
  const startedAt = Date.now();
  if ((await ensureRunning(instance.paths, component)) && isReturn)
    await waitUntilReady(instance.paths, component.name, 60_000, async () => (await lastRenewal(api, node.name)) >= startedAt);
}

interface NodeObject {
  readonly metadata: { readonly name: string };
  readonly spec: { readonly taints?: readonly { readonly key: string; readonly effect: string }[] };
  readonly status?: {
    readonly conditions?: readonly { readonly type: string; readonly status: string; readonly lastHeartbeatTime?: string }[];
  };
}

/** Whether pods can be scheduled to the node: Ready, and without the taints of a node that is not. */
export function isNodeReady(node: NodeObject): boolean {
  const ready = node.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') ?? false;
  return ready && (node.spec.taints ?? []).every(({ key }) => !key.startsWith('node.kubernetes.io/'));
}

/** The nodes that the API server knows, and whether each is ready. */
export async function nodeReadiness(api: ApiClient): Promise<ReadonlyMap<string, boolean>> {
  const list = (await api.get('/api/v1/nodes')) as { readonly items: readonly NodeObject[] };
  return new Map(list.items.map((node) => [node.metadata.name, isNodeReady(node)]));
}

/** Waits until all of these nodes are ready. */
export async function waitForNodes(api: ApiClient, names: readonly string[], timeoutMs: number): Promise<void> {
  await waitFor(`${names.join(', ')} becoming Ready`, timeoutMs, async () => {
    const readiness = await nodeReadiness(api);
    const waiting = names.filter((name) => readiness.get(name) !== true);
    return waiting.length === 0 ? { done: true, value: undefined } : { done: false, seen: `not ready: ${waiting.join(', ')}` };
  });
}
