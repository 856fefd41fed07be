/**
 * Brings an instance into the state that its record asks for. Every step looks first and does only what is missing, so the same code
 * starts an instance, adds nodes, and repairs one after a crash.
 */
import { nodeAddresses } from './addresses.ts';
import type { NodeAddresses } from './addresses.ts';
import { apiClient } from './api-client.ts';
import type { ApiClient } from './api-client.ts';
import type { ControlPlaneBinaries, NodeBinaries } from './binaries.ts';
import { checkBuilds, ensureControlPlaneBinaries, ensureNodeBinaries } from './binaries.ts';
import { ensureContainerd, importImages } from './containerd.ts';
import { ensureApiServer, ensureControllerManager, ensureCredentials, ensureScheduler, serverUrl } from './control-plane.ts';
import { ensureCoredns } from './coredns.ts';
import { ensureEtcd } from './etcd.ts';
import { ensureOwnImages } from './images.ts';
import type { Instance } from './instance.ts';
import { lock } from './lock.ts';
import { ensureMachine, ensureMountPoints } from './machine.ts';
import { ensureBridge, ensureCable, setCable } from './network.ts';
import { ensureKubelet, ensureKubeProxy, waitForNodes } from './node.ts';
import { machinePaths } from './paths.ts';
import { checkPlatform, checkRoot, ensureNodePackages } from './prerequisites.ts';
import type { Progress } from './progress.ts';
import { changeSettings } from './sysctls.ts';
import { ensureVolumes } from './volumes.ts';

const nodesReadyTimeoutMs = 90_000;

/** What the cache holds for an instance: programs, and images where there are nodes. */
export interface Parts {
  readonly controlPlane: ControlPlaneBinaries;
  readonly node: (NodeBinaries & { readonly images: readonly string[] }) | undefined;
}

/** Installs and builds whatever an instance with or without nodes needs and this machine lacks. */
export async function ensureParts(cache: string, withNodes: boolean, progress: Progress): Promise<Parts> {
  checkPlatform();
  if (withNodes) checkRoot();
  await checkBuilds(cache, withNodes);
  if (withNodes) await ensureNodePackages(progress);
  const controlPlane = await ensureControlPlaneBinaries(cache, progress);
  if (!withNodes) return { controlPlane, node: undefined };
  const node = await ensureNodeBinaries(cache, progress);
  return { controlPlane, node: { ...node, images: await ensureOwnImages(cache, `${node.pause}/pause`) } };
}

/** The addresses of all nodes of an instance. */
export function nodesOf(instance: Instance): readonly NodeAddresses[] {
  return Array.from({ length: instance.record.nodes }, (_, i) => nodeAddresses(instance.plan, i + 1));
}

/** Starts the machine of a node with containerd and our images in it. */
async function bringUpMachine(instance: Instance, node: NodeAddresses, parts: NonNullable<Parts['node']>): Promise<number> {
  const initPid = await ensureMachine(instance.paths, node, `${parts.pause}/pause`);
  await ensureCable(instance.plan, node, nodesOf(instance), initPid);
  await ensureContainerd(instance, node, initPid);
  await importImages(machinePaths(instance.paths, node.name), parts.images);
  return initPid;
}

/** Starts one node, if it does not run, and waits until pods can be scheduled to it. */
export async function bringUpNode(instance: Instance, node: NodeAddresses, parts: Parts, api: ApiClient): Promise<void> {
  if (parts.node === undefined) return;
  const initPid = await bringUpMachine(instance, node, parts.node);
  const { kubernetes } = parts.controlPlane;
  await Promise.all([ensureKubelet(instance, node, initPid, kubernetes, api), ensureKubeProxy(instance, node, initPid, kubernetes)]);
  await waitForNodes(api, [node.name], nodesReadyTimeoutMs);
}

async function bringUpControlPlane(instance: Instance, binaries: ControlPlaneBinaries, api: ApiClient, progress: Progress): Promise<void> {
  await progress.step('Starting etcd and the API server', async () => {
    await ensureEtcd(instance, binaries.etcd);
    await ensureApiServer(instance, binaries.kubernetes, api);
  });
}

/** What is done to the host itself. Under the lock of those who undo it for the last instance of the machine. */
async function prepareHost(instance: Instance): Promise<void> {
  await using _lock = await lock('register');
  await changeSettings();
  await ensureMountPoints();
  await ensureBridge(instance.plan, nodesOf(instance));
}

/** Brings the whole instance up. @throws LocalError of the part that did not come up. */
export async function bringUp(instance: Instance, parts: Parts, progress: Progress): Promise<void> {
  await ensureCredentials(instance);
  const api = await apiClient(serverUrl(instance), instance.paths.certificates);
  const node = parts.node;
  const { kubernetes } = parts.controlPlane;
  if (node === undefined) {
    await bringUpControlPlane(instance, parts.controlPlane, api, progress);
    if (instance.record.controllers)
      await progress.step('Starting the controller manager', () => ensureControllerManager(instance, kubernetes, api));
    return;
  }
  const nodes = nodesOf(instance);
  await prepareHost(instance);
  const [, initPids] = await Promise.all([
    bringUpControlPlane(instance, parts.controlPlane, api, progress),
    progress.step(`Starting ${nodes.length === 1 ? 'a machine' : `${nodes.length} machines`} with containerd`, () =>
      Promise.all(nodes.map((machine) => bringUpMachine(instance, machine, node))),
    ),
  ]);
  await progress.step('Starting controllers, scheduler, DNS and volumes; waiting for nodes to be Ready', () =>
    Promise.all([
      ensureControllerManager(instance, kubernetes, api),
      ensureScheduler(instance, kubernetes),
      ensureCoredns(instance, node.coredns),
      ensureVolumes(instance, nodes, node.localPathProvisioner, api),
      bringUpGateway(instance, parts.controlPlane, node),
      ...nodes.map(async (machine, i) => {
        const initPid = initPids[i];
        if (initPid === undefined) return;
        await setCable(machine, 'up');
        await Promise.all([
          ensureKubelet(instance, machine, initPid, kubernetes, api),
          ensureKubeProxy(instance, machine, initPid, kubernetes),
        ]);
      }),
      waitForNodes(
        api,
        nodes.map(({ name }) => name),
        nodesReadyTimeoutMs,
      ),
    ]),
  );
}

/** The machine through which this host reaches ClusterIPs: alone in its namespace, so that its rules meet nobody else's, and never a node. */
async function bringUpGateway(instance: Instance, binaries: ControlPlaneBinaries, parts: NodeBinaries): Promise<void> {
  const { gateway } = instance.plan;
  const initPid = await ensureMachine(instance.paths, gateway, `${parts.pause}/pause`);
  await ensureCable(instance.plan, gateway, nodesOf(instance), initPid);
  await ensureKubeProxy(instance, gateway, initPid, binaries.kubernetes);
}
