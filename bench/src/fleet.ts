/**
 * A fleet: 100 clusters of 2 members, with backups where the kind has them, created at 20 a second before a control plane without nodes.
 *
 *     make bench [OPTIONS="--both-kinds --node-options=--cpu-prof,--cpu-prof-dir=DIR"]
 *
 * Nothing runs there, so what is measured is the operator: how soon it makes what each cluster needs first, how soon a changed manifest arrives
 * where it counts, how often it writes, and what it takes.
 */
import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs, promisify } from 'node:util';
import {
  createClient,
  createInformer,
  createTransport,
  kinds,
  kubeconfigConfig,
  resourceType,
  type Client,
  type KubernetesObject,
  type ResourceType,
} from '@pgherd/kube';
import { down, linesProgress, status, up, type LocalCluster } from '@pgherd/local';
import { auditArguments, operatorAgent, writesAltogether, writesIn } from '../../e2e/src/auditLog.ts';
import { cpuSecondsOf, startOperator, type Metrics } from './operatorProcess.ts';
import { quantile, startReport, type Figure } from './report.ts';

const instance = 'bench';
const checkout = resolve(import.meta.dirname, '../..');
const clusterCount = 100;
const namespaceCount = 10;
const perSecond = 20;
/** Without a change for so long the operator has nothing left to do. */
const quietMs = 5_000;
const limitMs = 180_000;
const mebibyte = 2 ** 20;

interface StatefulSet extends KubernetesObject {
  readonly spec: {
    readonly template: {
      readonly spec: {
        readonly containers: readonly { readonly name: string; readonly resources?: { readonly limits?: { readonly cpu?: string } } }[];
      };
    };
  };
}

/** One kind of manifest, as far as a fleet of it goes. */
interface FleetKind {
  readonly resource: ResourceType;
  /** The limit of processors is what a change changes. */
  readonly spec: (cpu: string) => object;
  /** Whose StatefulSet it is; undefined: of no cluster of this kind. */
  readonly clusterOf: (labels: Readonly<Record<string, string>>) => string | undefined;
  /** It makes pods of members. */
  readonly hasMembers: (labels: Readonly<Record<string, string>>) => boolean;
  /** StatefulSets of two members. */
  readonly workloads: number;
}

const storage = { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } };
const group = 'postgres-operator.crunchydata.com';

const postgresCluster: FleetKind = {
  resource: { group, version: 'v1beta1', kind: 'PostgresCluster', plural: 'postgresclusters', namespaced: true },
  spec: (cpu) => ({
    postgresVersion: 17,
    users: [{ name: 'hippo', databases: ['zoo'] }],
    instances: [{ name: 'pgdb', replicas: 2, dataVolumeClaimSpec: storage, resources: { limits: { cpu } } }],
    backups: { pgbackrest: { repos: [{ name: 'repo1', volume: { volumeClaimSpec: storage } }] } },
  }),
  clusterOf: (labels) => labels[`${group}/cluster`],
  hasMembers: (labels) => labels[`${group}/instance`] !== undefined,
  workloads: 2,
};

const postgresql: FleetKind = {
  resource: { group: 'acid.zalan.do', version: 'v1', kind: 'postgresql', plural: 'postgresqls', namespaced: true },
  spec: (cpu) => ({
    teamId: 'zoo',
    numberOfInstances: 2,
    postgresql: { version: '17' },
    volume: { size: '1Gi' },
    users: { hippo: [] },
    databases: { zoo: 'hippo' },
    resources: { limits: { cpu } },
  }),
  clusterOf: (labels) => labels['cluster-name'],
  hasMembers: () => true,
  workloads: 1,
};

const { values } = parseArgs({
  options: { 'node-options': { type: 'string', default: '' }, 'both-kinds': { type: 'boolean', default: false } },
});
const fleetKinds = values['both-kinds'] ? [postgresCluster, postgresql] : [postgresCluster];

interface FleetCluster {
  readonly kind: FleetKind;
  readonly namespace: string;
  readonly name: string;
}

const fleet = Array.from({ length: clusterCount }, (_, index): FleetCluster => ({
  kind: fleetKinds[index % fleetKinds.length] ?? postgresCluster,
  namespace: `fleet-${Math.floor(index / fleetKinds.length) % namespaceCount}`,
  name: `hippo-${index}`,
}));

const manifestOf = ({ kind: { resource, spec }, namespace, name }: FleetCluster) => ({
  apiVersion: `${resource.group}/${resource.version}`,
  kind: resource.kind,
  metadata: { namespace, name },
  spec: spec('1'),
});

const until = async (what: string, condition: () => boolean | Promise<boolean>): Promise<void> => {
  const deadline = performance.now() + limitMs;
  while (!(await condition())) {
    if (performance.now() > deadline) throw new Error(`waited ${limitMs / 1000} s for ${what}`);
    await delay(50);
  }
};

/** Does something to every cluster at a steady rate; gives the time of each by `namespace/name`. */
const steadily = async (work: (cluster: FleetCluster) => Promise<unknown>): Promise<ReadonlyMap<string, number>> => {
  const times = new Map<string, number>();
  const begun = performance.now();
  const works: Promise<unknown>[] = [];
  for (const [index, cluster] of fleet.entries()) {
    await delay(Math.max(0, begun + (index * 1000) / perSecond - performance.now()));
    times.set(`${cluster.namespace}/${cluster.name}`, performance.now());
    works.push(work(cluster));
  }
  await Promise.all(works);
  return times;
};

const measure = async (bundlePath: string, local: LocalCluster, client: Client, nodeOptions: readonly string[]) => {
  const { kubeconfigPath } = local;
  for (let index = 0; index < namespaceCount; index++) {
    await client.create(kinds.namespaces, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: `fleet-${index}` } });
  }
  const operator = await startOperator(bundlePath, kubeconfigPath, nodeOptions);
  const settled = async (process: { readonly metrics: () => Promise<Metrics> }): Promise<void> => {
    let before = -1;
    let since = performance.now();
    await until('the operator to have nothing left to do', async () => {
      const passes = (await process.metrics())('controller_runtime_reconcile_total');
      if (passes !== before) since = performance.now();
      before = passes;
      return performance.now() - since > quietMs;
    });
  };
  await delay(10_000);
  const idle = await operator.cost();

  const stop = new AbortController();
  const firstAt = new Map<string, number>();
  const changedAt = new Map<string, Map<string, number>>();
  const watch = createInformer<StatefulSet>({
    client,
    type: resourceType(kinds.statefulSets),
    transform: (object) => ({ ...object, metadata: { ...object.metadata, managedFields: [] } }),
  });
  watch.addHandler((change) => {
    const { metadata, spec } = change.object;
    const labels = metadata.labels ?? {};
    const kind = fleetKinds.find(({ clusterOf }) => clusterOf(labels) !== undefined);
    if (kind === undefined) return;
    const cluster = `${metadata.namespace}/${kind.clusterOf(labels)}`;
    if (!firstAt.has(cluster)) firstAt.set(cluster, performance.now());
    const isChanged = spec.template.spec.containers.some(({ resources }) => resources?.limits?.cpu === '2');
    if (!isChanged || !kind.hasMembers(labels)) return;
    const times = changedAt.get(cluster) ?? new Map<string, number>();
    changedAt.set(cluster, times);
    if (!times.has(metadata.name)) times.set(metadata.name, performance.now());
  });
  const watching = watch.run(stop.signal);
  await watch.waitForSync();

  const creationBegins = new Date();
  const createdAt = await steadily(async (cluster) => client.create(cluster.kind.resource, manifestOf(cluster)));
  await until('a StatefulSet of each cluster', () => firstAt.size === clusterCount);
  await settled(operator);
  const creationEnds = new Date();
  const metrics = await operator.metrics();
  const written = metrics('pgherd_writes_total');
  const requests = metrics('rest_client_requests_total');
  const passes = metrics('controller_runtime_reconcile_total');
  const withFleet = await operator.cost();
  const mean = (name: string): number => metrics(`${name}_sum`) / metrics(`${name}_count`);
  const means = {
    'a key waits in the queue': mean('workqueue_queue_duration_seconds'),
    'a pass': mean('controller_runtime_reconcile_time_seconds'),
    'a request': mean('rest_client_request_duration_seconds'),
  };
  const ofServer = Object.fromEntries(
    await Promise.all(
      (await status(instance)).components.map(async ({ name, pid }) => [name, pid === undefined ? 0 : await cpuSecondsOf(pid)] as const),
    ),
  );

  const changedSpecAt = await steadily(async (cluster) =>
    client.patch(cluster.kind.resource, cluster, { kind: 'merge', body: { spec: cluster.kind.spec('2') } }),
  );
  await until('the change in all members of each cluster', () =>
    fleet.every(({ kind, namespace, name }) => changedAt.get(`${namespace}/${name}`)?.size === kind.workloads),
  );
  await settled(operator);
  const atEnd = await operator.cost();
  await operator.stop();

  const restartBegins = new Date();
  const restarted = await startOperator(bundlePath, kubeconfigPath);
  await until('a pass over every cluster', async () => (await restarted.metrics())('controller_runtime_reconcile_total') >= clusterCount);
  await settled(restarted);
  const writtenAfterRestart = (await restarted.metrics())('pgherd_writes_total');
  const afterRestart = await restarted.cost();
  await restarted.stop();
  stop.abort(new Error('measured'));
  await watching;

  const secondsBetween = (from: ReadonlyMap<string, number>, to: (cluster: string) => number): readonly number[] =>
    [...from].map(([cluster, ms]) => (to(cluster) - ms) / 1000);
  const first = secondsBetween(createdAt, (cluster) => firstAt.get(cluster) ?? Number.NaN);
  const changed = secondsBetween(changedSpecAt, (cluster) => Math.max(...(changedAt.get(cluster)?.values() ?? [])));
  const audited = await writesIn(local, operatorAgent, creationBegins, creationEnds);
  const auditedAfterRestart = await writesIn(local, operatorAgent, restartBegins, new Date());
  const figures: readonly Figure[] = [
    { what: 'first StatefulSet after creation, 10th percentile', value: quantile(first, 0.1), unit: 's' },
    { what: 'first StatefulSet after creation, median', value: quantile(first, 0.5), unit: 's' },
    { what: 'first StatefulSet after creation, 99th percentile', value: quantile(first, 0.99), unit: 's', atMost: 2 },
    { what: 'changed spec in the StatefulSets of both members, median', value: quantile(changed, 0.5), unit: 's', atMost: 0.3 },
    { what: 'changed spec in the StatefulSets of both members, 99th percentile', value: quantile(changed, 0.99), unit: 's' },
    {
      what: 'writes a cluster, as the API server counts them, events included',
      value: writesAltogether(audited) / clusterCount,
      unit: '',
      atMost: 40,
    },
    { what: 'writes a cluster, as the operator counts them, without events', value: written / clusterCount, unit: '' },
    { what: 'resident memory, idle', value: idle.residentBytes / mebibyte, unit: 'MiB', atMost: 90 },
    { what: 'resident memory with 100 clusters', value: withFleet.residentBytes / mebibyte, unit: 'MiB', atMost: 110 },
    { what: 'resident memory after every cluster was changed', value: atEnd.residentBytes / mebibyte, unit: 'MiB', atMost: 110 },
    { what: 'resident memory, peak', value: atEnd.peakResidentBytes / mebibyte, unit: 'MiB' },
    { what: 'resident memory after a restart with 100 clusters', value: afterRestart.residentBytes / mebibyte, unit: 'MiB', atMost: 110 },
    { what: 'processor time to create 100 clusters', value: withFleet.cpuSeconds - idle.cpuSeconds, unit: 's' },
    { what: 'processor time to change 100 clusters', value: atEnd.cpuSeconds - withFleet.cpuSeconds, unit: 's' },
    { what: 'requests a cluster', value: requests / clusterCount, unit: '' },
    { what: 'passes a cluster', value: passes / clusterCount, unit: '' },
    { what: 'writes after a restart, as the API server counts them', value: writesAltogether(auditedAfterRestart), unit: '', atMost: 0 },
    { what: 'writes after a restart, as the operator counts them', value: writtenAfterRestart, unit: '', atMost: 0 },
  ];
  return {
    figures,
    details: {
      'Writes to create 100 clusters, by verb and resource': Object.fromEntries(audited),
      'Means while 100 clusters were created, in seconds': means,
      'Processor time of the control plane until 100 clusters were created, its start included, in seconds': ofServer,
    },
  };
};

const method =
  'kube-apiserver and etcd on this machine, no nodes, no controllers. The operator is the bundle that its image holds, in a process of its own, with ' +
  'leader election. ' +
  (values['both-kinds']
    ? '50 PostgresClusters of 2 members with a repository and 50 postgresqls of 2 members'
    : '100 PostgresClusters of 2 members with a repository') +
  ' in 10 namespaces are created at 20 a second, then changed at 20 a second ' +
  '(another CPU limit). Times begin before the request is sent and end when a watch tells of the StatefulSet. The lease apart, all writes count. ' +
  `\`make bench${values['both-kinds'] ? ' OPTIONS=--both-kinds' : ''}\` measures this anew.`;

const nodeOptions = values['node-options'].split(',').filter((option) => option !== '');
const progress = linesProgress((line) => console.error(line));
const scratch = await mkdtemp(join(tmpdir(), 'pgherd-bench-'));
const report = await startReport(values['both-kinds'] ? 'fleet-both-kinds' : 'fleet');
try {
  await down(instance, { progress });
  const local = await up({ progress, name: instance, nodes: 0, apiServerArguments: auditArguments });
  const bundlePath = join(scratch, 'operator.mjs');
  await promisify(execFile)(process.execPath, ['images/bundle.ts', 'packages/operator/src/main.ts', bundlePath], { cwd: checkout });
  const config = await kubeconfigConfig({ path: local.kubeconfigPath, env: process.env });
  await using transport = createTransport({ config, userAgent: 'pgherd-bench/1' });
  const measured = await measure(bundlePath, local, createClient(transport), nodeOptions);
  console.log(
    await report({ title: values['both-kinds'] ? 'A fleet of 50 clusters of each kind' : 'A fleet of 100 clusters', method, ...measured }),
  );
} finally {
  await down(instance, { progress });
  await rm(scratch, { recursive: true });
}
