/** An operator as users have it: a Deployment with its own rights and an election among its pods. */
import assert from 'node:assert/strict';
import { kinds, resourceType } from '@pgherd/kube';
import type { Client, KubernetesObject } from '@pgherd/kube';
import type { Kubectl } from '../../demo/kubectl.ts';
import { pods } from './cluster.ts';
import type { Pod, Ref } from './cluster.ts';
import { eventually } from './eventually.ts';
import { kill, processesOf } from './processes.ts';

interface Deployment extends KubernetesObject {
  readonly spec: {
    readonly replicas: number;
    readonly selector: { readonly matchLabels: Readonly<Record<string, string>> };
  };
}

const deployments = resourceType<Deployment>(kinds.deployments);
/** The container of the operator's pods. */
export const operatorContainer = 'operator';
const port = 8080;
const startLimitMs = 60_000;
const stopLimitMs = 60_000;
const keptLines = 200;

/** Values by series, as `name{label="value"}`. */
export type Metrics = ReadonlyMap<string, number>;

export interface Operator {
  /** Scales it to what it was installed with, and waits until all of its pods are ready and one of them leads. */
  readonly start: () => Promise<void>;
  /** Scales it to 0, and waits until no pod of it is left. */
  readonly stop: () => Promise<void>;
  /** SIGKILL to the program in every pod. The kubelets start it again: `start` waits for that. */
  readonly kill: () => Promise<void>;
  /** The pod that leads, of those that answer. @throws where there is not exactly one. */
  readonly leader: () => Promise<Pod>;
  /** Of all pods together, series by series. */
  readonly metrics: () => Promise<Metrics>;
  /** The last lines that its pods wrote, each with the name of its pod. */
  readonly logTail: () => Promise<string>;
}

/** The sum of all series of a metric, whatever their labels. */
export const total = (metrics: Metrics, name: string): number =>
  [...metrics].filter(([series]) => series === name || series.startsWith(`${name}{`)).reduce((sum, [, value]) => sum + value, 0);

const parseMetrics = (text: string): Metrics =>
  new Map(
    text
      .split('\n')
      .filter((line) => line !== '' && !line.startsWith('#'))
      .map((line): [string, number] => {
        const space = line.lastIndexOf(' ');
        return [line.slice(0, space), Number(line.slice(space + 1))];
      }),
  );

const summed = (all: readonly Metrics[]): Metrics => {
  const sums = new Map<string, number>();
  for (const [series, value] of all.flatMap((metrics) => [...metrics])) sums.set(series, (sums.get(series) ?? 0) + value);
  return sums;
};

/** Asks a pod at its own address, which this host reaches. */
const ask = async ({ metadata: { name }, status }: Pod, path: string): Promise<string> => {
  assert.ok(status?.podIP !== undefined, `${name} has no address yet`);
  const response = await fetch(`http://${status.podIP}:${port}${path}`, { signal: AbortSignal.timeout(5000) }).catch((error: unknown) => {
    throw new Error(`${name} does not answer`, { cause: error });
  });
  const text = await response.text();
  assert.ok(response.ok, `${name}: ${path}: ${response.status} ${text}`);
  return text;
};

const metricsOf = async (pod: Pod): Promise<Metrics> => parseMetrics(await ask(pod, '/metrics'));

const leads = async (pod: Pod): Promise<boolean> =>
  metricsOf(pod).then(
    (metrics) => total(metrics, 'leader_election_master_status') === 1,
    () => false,
  );

/** A Deployment of the operator that is installed, at the number of pods that it has now. */
export const deployedOperator = async (access: { readonly client: Client; readonly kubectl: Kubectl }, ref: Ref): Promise<Operator> => {
  const { client, kubectl } = access;
  const { namespace } = ref;
  const { replicas, selector } = (await client.get(deployments, ref)).spec;
  const labelSelector = Object.entries(selector.matchLabels)
    .map(([label, value]) => `${label}=${value}`)
    .join(',');

  const allPods = async (): Promise<readonly Pod[]> => (await client.list(pods, { namespace, labelSelector })).items;
  const standingPods = async (): Promise<readonly Pod[]> =>
    (await allPods()).filter(({ metadata }) => metadata.deletionTimestamp === undefined);
  const scale = async (to: number): Promise<void> => {
    await client.patch(deployments, ref, { kind: 'merge', body: { spec: { replicas: to } } });
  };
  const leader = async (): Promise<Pod> => {
    const standing = await standingPods();
    const answers = await Promise.all(standing.map(leads));
    const leading = standing.filter((_, index) => answers[index] === true);
    const [first] = leading;
    assert.ok(first !== undefined && leading.length === 1, `${leading.length} of ${standing.length} pods of the operator lead`);
    return first;
  };

  return {
    leader,
    metrics: async () => summed(await Promise.all((await standingPods()).map(metricsOf))),
    logTail: async () => kubectl.run(['-n', namespace, 'logs', '-l', labelSelector, '--prefix', `--tail=${keptLines}`]),
    start: async () => {
      await scale(replicas);
      await eventually('the operator leading', startLimitMs, async () => {
        const standing = await standingPods();
        assert.equal(standing.length, replicas, 'pods of the operator');
        await Promise.all(standing.map(async (pod) => ask(pod, '/readyz')));
        await leader();
      });
    },
    stop: async () => {
      await scale(0);
      await eventually('the operator ending', stopLimitMs, async () => {
        assert.deepEqual(
          (await allPods()).map(({ metadata }) => metadata.name),
          [],
        );
      });
    },
    kill: async () => {
      const processes = await Promise.all((await standingPods()).map(async (pod) => processesOf(pod, operatorContainer)));
      assert.ok(
        processes.every(({ length }) => length > 0),
        'a pod of the operator without a process',
      );
      processes.flat().forEach(kill);
    },
  };
};
