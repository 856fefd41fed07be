/** Where things are kept: a cache that every instance shares, and one state directory an instance. */
import { homedir } from 'node:os';
import { join } from 'node:path';

/** The folder of what was built: binaries and images. Safe to remove whenever no instance runs. */
export function cacheRoot(environment: NodeJS.ProcessEnv): string {
  return join(environment['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'pgherd');
}

/** The folder that holds one folder an instance. */
export function stateRoot(environment: NodeJS.ProcessEnv): string {
  return join(environment['XDG_STATE_HOME'] ?? join(homedir(), '.local', 'state'), 'pgherd');
}

export interface InstancePaths {
  readonly root: string;
  readonly record: string;
  readonly certificates: string;
  readonly kubeconfigs: string;
  /** The administrator's kubeconfig. */
  readonly kubeconfig: string;
  readonly configuration: string;
  readonly etcdData: string;
  readonly logs: string;
  readonly processes: string;
  readonly machines: string;
}

/** The paths of the instance `name` below a state root. */
export function instancePaths(root: string, name: string): InstancePaths {
  const instance = join(root, name);
  return {
    root: instance,
    record: join(instance, 'instance.json'),
    certificates: join(instance, 'certificates'),
    kubeconfigs: join(instance, 'kubeconfigs'),
    kubeconfig: join(instance, 'kubeconfig'),
    configuration: join(instance, 'configuration'),
    etcdData: join(instance, 'etcd'),
    logs: join(instance, 'logs'),
    processes: join(instance, 'processes'),
    machines: join(instance, 'machines'),
  };
}

export interface MachinePaths {
  readonly root: string;
  /** Bound over `/var/lib/kubelet`, `/var/lib/cni` and `/var/log` inside the machine. */
  readonly kubelet: string;
  readonly cni: string;
  readonly log: string;
  readonly containerd: string;
  readonly cniConfiguration: string;
  readonly cniAddresses: string;
  /** Where the machine's dynamic volumes lie. */
  readonly volumes: string;
  readonly containerdSocket: string;
}

/** The paths of a machine (a node or the gateway) of an instance. */
export function machinePaths(instance: InstancePaths, machine: string): MachinePaths {
  const root = join(instance.machines, machine);
  return {
    root,
    kubelet: join(root, 'kubelet'),
    cni: join(root, 'cni'),
    log: join(root, 'log'),
    containerd: join(root, 'containerd'),
    cniConfiguration: join(root, 'cni-configuration'),
    cniAddresses: join(root, 'cni-addresses'),
    volumes: join(root, 'volumes'),
    containerdSocket: join(root, 'containerd.sock'),
  };
}
