/**
 * A Kubernetes on this machine, for tests, benchmarks and demos: real API server, etcd, controllers, kubelets and containers, without Docker
 * and without a registry. Instances are named and share nothing.
 */
import { maximumNodes } from './addresses.ts';
import { apiClient } from './api-client.ts';
import { bringUp, bringUpNode, ensureParts, nodesOf } from './bring-up.ts';
import { importImages, nameImage } from './containerd.ts';
import { contextName, serverUrl } from './control-plane.ts';
import { ensureControlPlaneBinaries } from './binaries.ts';
import { InstanceConflict, InvalidOption } from './errors.ts';
import { allocateInstance, checkName, findInstance, listInstances, requireInstance, saveInstance } from './instance.ts';
import type { Instance } from './instance.ts';
import { lock } from './lock.ts';
import { machinePid, stopMachine } from './machine.ts';
import { isCableUp, setCable } from './network.ts';
import { nodeReadiness } from './node.ts';
import { cacheRoot, machinePaths, stateRoot } from './paths.ts';
import type { MachinePaths } from './paths.ts';
import { recordedComponents, residentBytes, runningPid } from './processes.ts';
import { linesProgress, silentProgress } from './progress.ts';
import type { Progress } from './progress.ts';
import { tearDown } from './tear-down.ts';
import type { NodeAddresses } from './addresses.ts';

export { busyboxImage } from './images.ts';
export {
  CommandFailed,
  ComponentFailed,
  InstanceConflict,
  InvalidOption,
  LocalError,
  MissingPrerequisite,
  RequestFailed,
  WaitTimedOut,
} from './errors.ts';
export { linesProgress, silentProgress };
export type { Progress };

/** Where instances are kept, and who is told what happens. */
export interface Context {
  /** Default: silence. */
  readonly progress?: Progress;
  /** Default: `$XDG_STATE_HOME/pgherd`, or `~/.local/state/pgherd`. */
  readonly stateRoot?: string;
  /** Default: `$XDG_CACHE_HOME/pgherd`, or `~/.cache/pgherd`. */
  readonly cacheRoot?: string;
}

export interface UpOptions extends Context {
  /** Default: `default`. */
  readonly name?: string;
  /** Default: as many as it has, 1 for a new instance. 0: only API server and etcd, which need neither root nor packages. */
  readonly nodes?: number;
  /** Whether kube-controller-manager runs where there are no nodes. Default: no. */
  readonly controllers?: boolean;
  /** Further arguments for kube-apiserver, such as audit flags. Default: as before, none for a new instance. */
  readonly apiServerArguments?: readonly string[];
}

/** A running instance. */
export interface LocalCluster {
  readonly name: string;
  /** The administrator's kubeconfig, with one context. */
  readonly kubeconfigPath: string;
  readonly context: string;
  /** URL of the API server. */
  readonly server: string;
  /** Path of a kubectl of the server's version. */
  readonly kubectlPath: string;
  /** The folder with `<component>.log` of every process: `kube-apiserver`, `node-1.kubelet` … */
  readonly logsPath: string;
  /** `node-1`, `node-2` … */
  readonly nodes: readonly string[];
  /** Imports OCI or Docker archives into every running node, nodes in parallel; passes over what a node has already. */
  loadImage(...archives: readonly string[]): Promise<void>;
  /** Gives an image further names on every running node, so that manifests that name it otherwise find it. The reference is complete: registry, path and tag. */
  nameImage(reference: string, ...names: readonly string[]): Promise<void>;
  /** Ends every process of the node at once, containers included, as a power cut would. Its disk stays. */
  stopNode(node: string): Promise<void>;
  /** Starts a stopped node and waits until it is Ready. */
  startNode(node: string): Promise<void>;
  /** Cuts the node's network: what runs there goes on running, and reaches nobody. */
  cutNode(node: string): Promise<void>;
  healNode(node: string): Promise<void>;
  /** Sends a signal to one component, for example SIGKILL to `kube-apiserver`. `up` starts what has ended. */
  signalComponent(component: string, signal: NodeJS.Signals): Promise<void>;
}

export interface NodeStatus {
  readonly name: string;
  readonly address: string;
  readonly running: boolean;
  readonly connected: boolean;
  readonly ready: boolean;
}

export interface InstanceStatus {
  readonly name: string;
  readonly server: string;
  readonly kubeconfigPath: string;
  readonly apiServerReady: boolean;
  readonly nodes: readonly NodeStatus[];
  readonly components: readonly { readonly name: string; readonly pid: number | undefined; readonly residentBytes: number }[];
}

const defaultName = 'default';

function stateRootOf(context: Context): string {
  return context.stateRoot ?? stateRoot(process.env);
}

function cacheRootOf(context: Context): string {
  return context.cacheRoot ?? cacheRoot(process.env);
}

function lockInstance(context: Context, name: string): Promise<AsyncDisposable> {
  return lock(`instance ${stateRootOf(context)}/${name}`, () => context.progress?.note(`waiting for another command on instance ${name}`));
}

/** The record that `options` ask for, taken together with the one that stands. @throws InstanceConflict where they cannot be had together. */
async function settle(options: UpOptions, name: string): Promise<Instance> {
  const root = stateRootOf(options);
  const { nodes, controllers, apiServerArguments } = options;
  if (nodes !== undefined && (!Number.isInteger(nodes) || nodes < 0 || nodes > maximumNodes))
    throw new InvalidOption('nodes', String(nodes), `use a whole number from 0 to ${maximumNodes}`);
  const standing = await findInstance(root, name);
  if (standing === undefined) {
    const count = nodes ?? 1;
    return allocateInstance(root, {
      name,
      nodes: count,
      controllers: count > 0 || controllers === true,
      apiServerArguments: apiServerArguments ?? [],
    });
  }
  const { record } = standing;
  const remedy = `use another name, or end it first with: local down --name ${name}`;
  if (nodes !== undefined && nodes < record.nodes)
    throw new InstanceConflict(name, `it has ${record.nodes} nodes, ${nodes} are asked for`, remedy);
  if (nodes !== undefined && nodes > 0 && record.nodes === 0) throw new InstanceConflict(name, 'it was started without nodes', remedy);
  const wanted = {
    ...record,
    nodes: nodes ?? record.nodes,
    controllers: record.controllers || controllers === true,
    apiServerArguments: apiServerArguments ?? record.apiServerArguments,
  };
  return JSON.stringify(wanted) === JSON.stringify(record) ? standing : saveInstance(root, wanted);
}

/**
 * Starts an instance, or whatever of it does not run; adds nodes when more are asked for. Returns when pods can be scheduled.
 * The first run on a machine builds Kubernetes, which takes minutes.
 * @throws LocalError (one of its classes) with what is in the way and what to do.
 */
export async function up(options: UpOptions = {}): Promise<LocalCluster> {
  const name = options.name ?? defaultName;
  checkName(name);
  const progress = options.progress ?? silentProgress;
  await using _lock = await lockInstance(options, name);
  const standing = await findInstance(stateRootOf(options), name);
  const nodes = options.nodes ?? standing?.record.nodes ?? 1;
  const parts = await ensureParts(cacheRootOf(options), nodes > 0, progress);
  const instance = await settle(options, name);
  await bringUp(instance, parts, progress);
  return handle(instance, options, parts.controlPlane.kubernetes);
}

/** The instance of this name, as it stands. @throws InstanceConflict if there is none. */
export async function connect(name: string = defaultName, context: Context = {}): Promise<LocalCluster> {
  const instance = await requireInstance(stateRootOf(context), name);
  const { kubernetes } = await ensureControlPlaneBinaries(cacheRootOf(context), context.progress ?? silentProgress);
  return handle(instance, context, kubernetes);
}

/** Ends an instance and removes all that is left of it. @returns Whether there was one. */
export async function down(name: string = defaultName, context: Context = {}): Promise<boolean> {
  const root = stateRootOf(context);
  await using _lock = await lockInstance(context, name);
  const instance = await findInstance(root, name);
  if (instance === undefined) return false;
  await (context.progress ?? silentProgress).step(`Ending instance ${name}`, () => tearDown(root, instance));
  return true;
}

/** Names of all instances. */
export async function instances(context: Context = {}): Promise<readonly string[]> {
  return (await listInstances(stateRootOf(context))).map(({ record }) => record.name);
}

/** What of an instance stands. @throws InstanceConflict if there is none. */
export async function status(name: string = defaultName, context: Context = {}): Promise<InstanceStatus> {
  const instance = await requireInstance(stateRootOf(context), name);
  const { paths, record } = instance;
  const api = await apiClient(serverUrl(instance), paths.certificates).catch(() => undefined);
  const apiServerReady = (await api?.answers('/readyz')) ?? false;
  const readiness = api === undefined || !apiServerReady ? new Map<string, boolean>() : await nodeReadiness(api);
  const nodes = await Promise.all(
    nodesOf(instance).map(async (node) => ({
      name: node.name,
      address: node.address,
      running: (await machinePid(paths, node.name)) !== undefined,
      connected: await isCableUp(node),
      ready: readiness.get(node.name) ?? false,
    })),
  );
  const components = await Promise.all(
    (await recordedComponents(paths))
      .toSorted((a, b) => a.localeCompare(b))
      .map(async (component) => {
        const pid = await runningPid(paths, component);
        return { name: component, pid, residentBytes: pid === undefined ? 0 : residentBytes(pid) };
      }),
  );
  return { name: record.name, server: serverUrl(instance), kubeconfigPath: paths.kubeconfig, apiServerReady, nodes, components };
}

function handle(instance: Instance, context: Context, kubernetesBinaries: string): LocalCluster {
  const { paths, record } = instance;
  const find = (name: string): NodeAddresses => {
    const node = nodesOf(instance).find((candidate) => candidate.name === name);
    if (node === undefined)
      throw new InstanceConflict(
        record.name,
        `it has no node ${name}`,
        `its nodes: ${nodesOf(instance)
          .map((each) => each.name)
          .join(', ')}`,
      );
    return node;
  };
  const onRunningNodes = async (work: (node: MachinePaths) => Promise<void>): Promise<void> => {
    await Promise.all(
      nodesOf(instance).map(async (node) => {
        if ((await machinePid(paths, node.name)) !== undefined) await work(machinePaths(paths, node.name));
      }),
    );
  };
  return {
    name: record.name,
    kubeconfigPath: paths.kubeconfig,
    context: contextName(instance),
    server: serverUrl(instance),
    kubectlPath: `${kubernetesBinaries}/kubectl`,
    logsPath: paths.logs,
    nodes: nodesOf(instance).map(({ name }) => name),
    loadImage: (...archives) => onRunningNodes((node) => importImages(node, archives)),
    nameImage: (reference, ...names) => onRunningNodes((node) => nameImage(node, reference, names)),
    stopNode: async (name) => {
      const node = find(name);
      await using _lock = await lockInstance(context, record.name);
      await stopMachine(paths, node.name);
    },
    startNode: async (name) => {
      const node = find(name);
      await using _lock = await lockInstance(context, record.name);
      const parts = await ensureParts(cacheRootOf(context), true, context.progress ?? silentProgress);
      await bringUpNode(instance, node, parts, await apiClient(serverUrl(instance), paths.certificates));
    },
    cutNode: (name) => setCable(find(name), 'down'),
    healNode: (name) => setCable(find(name), 'up'),
    signalComponent: async (component, signal) => {
      const pid = await runningPid(paths, component);
      if (pid === undefined) throw new InstanceConflict(record.name, `its component ${component} does not run`, 'see: local status');
      process.kill(pid, signal);
    },
  };
}
