/** Clusters as a test sees them: applied, waited for, and asked for their members. */
import assert from 'node:assert/strict';
import { resolve, join } from 'node:path';
import { kinds, resourceType } from '@pgherd/kube';
import type { Condition, KubernetesObject } from '@pgherd/kube';
import { withOverlay } from '../../demo/overlay.ts';
import type { Environment } from './environment.ts';
import { eventually } from './eventually.ts';
import { postgresCluster, type Cluster, type ClusterKind } from './kinds.ts';

const examples = resolve(import.meta.dirname, '../../examples');

export interface ContainerStatus {
  readonly name: string;
  readonly ready: boolean;
  readonly restartCount: number;
  /** `containerd://ID`; absent before it was made. */
  readonly containerID?: string;
}

export interface Pod extends KubernetesObject {
  readonly spec: { readonly nodeName?: string; readonly containers: readonly { readonly name: string }[] };
  readonly status?: { readonly phase?: string; readonly podIP?: string; readonly containerStatuses?: readonly ContainerStatus[] };
}

export interface Job extends KubernetesObject {
  readonly status?: { readonly succeeded?: number; readonly failed?: number };
}

export const pods = resourceType<Pod>(kinds.pods);
export const jobs = resourceType<Job>(kinds.jobs);

/** One cluster in one namespace. */
export interface Ref {
  readonly namespace: string;
  readonly name: string;
  /** Default: PostgresCluster. */
  readonly kind?: ClusterKind;
}

export const kindOf = ({ kind = postgresCluster }: Ref): ClusterKind => kind;

/** Applies an example folder as a team's tool would. */
export const applyExample = async ({ kubectl }: Environment, namespace: string, folder: string): Promise<void> => {
  await kubectl.run(['-n', namespace, 'apply', '-k', join(examples, folder)]);
};

/** Applies one example file as it is. */
export const applyExampleFile = async ({ kubectl }: Environment, namespace: string, file: string): Promise<void> => {
  await kubectl.run(['-n', namespace, 'apply', '-f', join(examples, file)]);
};

/** Applies an example folder with JSON patches on its PostgresCluster; the files stay as they are. */
export const applyPatched = async (
  { kubectl }: Environment,
  namespace: string,
  folder: string,
  patch: readonly object[],
): Promise<void> => {
  const patches = [{ target: { kind: 'PostgresCluster' }, patch: JSON.stringify(patch) }];
  await withOverlay(join(examples, folder), { patches }, async (overlay) => {
    await kubectl.run(['-n', namespace, 'apply', '-k', overlay]);
  });
};

/** Applies one example file with JSON patches; the file stays as it is. */
export const applyFilePatched = async (
  { kubectl }: Environment,
  namespace: string,
  file: string,
  patch: readonly object[],
): Promise<void> => {
  const path = join(examples, file);
  const patched = await kubectl.run(['patch', '--local', '-f', path, '--type=json', '-p', JSON.stringify(patch), '-o', 'json']);
  await kubectl.run(['-n', namespace, 'apply', '-f', '-'], patched);
};

export const devOverlay = 'gitops/overlays/dev';

export const readCluster = async ({ client }: Environment, ref: Ref): Promise<Cluster> => client.get(kindOf(ref).resource, ref);

export const conditionOf = ({ status }: Cluster, type: string): Condition | undefined =>
  status?.conditions?.find((condition) => condition.type === type);

const described = (cluster: Cluster): string =>
  `${cluster.status?.readyMembers ?? 'no members'}; ${(cluster.status?.conditions ?? []).map(({ type, status, reason, message }) => `${type}=${status} (${reason}: ${message})`).join('; ')}`;

const readyLimitMs = 120_000;

/** Waits until the cluster says of its newest generation that it is Ready, with so many members. */
export const untilReady = async (environment: Environment, ref: Ref, members: number, limitMs = readyLimitMs): Promise<Cluster> =>
  eventually(`${ref.name} becoming Ready with ${members} members`, limitMs, async () => {
    const cluster = await readCluster(environment, ref);
    const { status, metadata } = cluster;
    assert.ok(
      status?.observedGeneration === metadata.generation,
      `generation ${metadata.generation} is not observed; ${described(cluster)}`,
    );
    assert.ok(conditionOf(cluster, 'Ready')?.status === 'True' && status?.readyMembers === `${members}/${members}`, described(cluster));
    return cluster;
  });

/** Waits until a condition is there and its message fits. */
export const untilCondition = async (
  environment: Environment,
  ref: Ref,
  type: string,
  message: RegExp,
  limitMs = readyLimitMs,
): Promise<Condition> =>
  eventually(`condition ${type} of ${ref.name} saying ${message}`, limitMs, async () => {
    const cluster = await readCluster(environment, ref);
    const condition = conditionOf(cluster, type);
    assert.ok(condition !== undefined && message.test(condition.message), described(cluster));
    return condition;
  });

export const patchCluster = async ({ client }: Environment, ref: Ref, patch: object): Promise<Cluster> =>
  client.patch(kindOf(ref).resource, ref, { kind: 'merge', body: patch });

export const scale = async ({ client }: Environment, ref: Ref, members: number): Promise<void> => {
  const { resource, scaled } = kindOf(ref);
  await client.patch(resource, ref, { kind: 'json', operations: scaled(members) });
};

/** The cluster's member pods. */
export const memberPods = async ({ client }: Environment, ref: Ref): Promise<readonly Pod[]> =>
  (await client.list(pods, { namespace: ref.namespace, labelSelector: kindOf(ref).members(ref.name) })).items;

/** The pod that Patroni calls the leader. @throws where there is not exactly one. */
export const primaryPod = async (environment: Environment, ref: Ref): Promise<Pod> => {
  const leaders = (await memberPods(environment, ref)).filter(({ metadata }) => metadata.labels?.[kindOf(ref).roleLabel] === 'master');
  const [leader] = leaders;
  assert.ok(leader !== undefined && leaders.length === 1, `${leaders.length} pods of ${ref.name} lead`);
  return leader;
};

export const podRef = ({ metadata: { namespace, name } }: Pod): { readonly namespace: string; readonly name: string } => ({
  namespace: namespace ?? '',
  name,
});

/** SQL as the superuser on a member's own socket. */
export const askMember = async ({ kubectl }: Environment, ref: Ref, pod: Pod, sql: string): Promise<string> => {
  const { namespace, name } = podRef(pod);
  return (await kubectl.run(['-n', namespace, 'exec', name, '-c', kindOf(ref).container, '--', 'psql', '-XAtc', sql])).trim();
};

/** The same on the member that leads. */
export const askPrimary = async (environment: Environment, ref: Ref, sql: string): Promise<string> =>
  askMember(environment, ref, await primaryPod(environment, ref), sql);
