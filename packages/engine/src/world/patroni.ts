/** What the Patronis of a cluster do in one turn: elect, bootstrap, hand over, and write down what they are. */
import type { Pod } from '@pgherd/api';
import type { Cluster } from '../model/cluster.ts';
import { clusterLabels } from '../render/labels.ts';
import { leadsFirstKey } from '../render/memberPod.ts';
import { create, keyOf, objectsOf, store, type World, type WorldObject } from './world.ts';

const isRunning = (pod: WorldObject): boolean =>
  pod.metadata.deletionTimestamp === undefined && (pod as unknown as Pod).status?.phase === 'Running';

/** Others may bear the labels that Patroni goes by. */
const hasDatabase = (pod: WorldObject, { profile }: Cluster): boolean =>
  (pod as unknown as Pod).spec?.containers.some(({ name }) => name === profile.containers.database) === true;

/** One of Patroni's own objects with these annotations. */
const note = (world: World, cluster: Cluster, name: string, annotations: Readonly<Record<string, string>>): World => {
  const live = world.objects.get(keyOf('Endpoints', name));
  if (live !== undefined) {
    return store(world, { ...live, metadata: { ...live.metadata, annotations: { ...live.metadata.annotations, ...annotations } } });
  }
  const { labels } = cluster.profile;
  const metadata = { name, annotations, labels: { ...clusterLabels(cluster), [labels.patroni]: cluster.patroni.scope } };
  return create(world, { apiVersion: 'v1', kind: 'Endpoints', metadata }, cluster.identity.namespace);
};

/** A pod that serves: as leader, as a replica that streams, or as one that does not. */
type Standing = 'leads' | 'streams' | 'lags';

const mark = (pod: WorldObject, cluster: Cluster, standing: Standing, timeline: number): WorldObject => {
  const { labels, roleValues } = cluster.profile;
  const role = standing === 'leads' ? roleValues.leader : roleValues.replica;
  const state = { role, state: 'running', timeline, version: '4.0.7', ...(standing === 'streams' && { replication_state: 'streaming' }) };
  const status = (pod as unknown as Pod).status;
  return {
    ...pod,
    metadata: {
      ...pod.metadata,
      labels: { ...pod.metadata.labels, [labels.role]: role },
      annotations: { ...pod.metadata.annotations, status: JSON.stringify(state) },
    },
    status: {
      ...status,
      conditions: (status?.conditions ?? []).map((condition) =>
        condition.type === 'Ready' ? { ...condition, status: 'True' } : condition,
      ),
    },
  };
};

/** The pod that the configuration of members that share a StatefulSet lets lead first; empty: any. */
const leadsFirst = (world: World, { identity, profile, sets }: Cluster): string => {
  const [set] = sets;
  if (profile.workloads === 'own' || set === undefined) return '';
  const name = profile.names.memberConfiguration(profile.names.workload(identity.name, set.name));
  const { data } = (world.objects.get(keyOf('ConfigMap', name)) ?? {}) as { readonly data?: Readonly<Record<string, string>> };
  return data?.[leadsFirstKey] ?? '';
};

export const runPatroni = (world: World, cluster: Cluster): World => {
  const { scope } = cluster.patroni;
  const { labels, names } = cluster.profile;
  const first = leadsFirst(world, cluster);
  const running = objectsOf(world, 'Pod')
    .filter((pod) => pod.metadata.labels?.[labels.patroni] === scope && isRunning(pod) && hasDatabase(pod, cluster))
    .filter(({ metadata }) => !world.faults.lostPods.has(metadata.name))
    // One that has not started waits for its turn; one that has goes on.
    .filter((pod) => first === '' || pod.metadata.name === first || pod.metadata.annotations?.['status'] !== undefined)
    .toSorted((left, right) => (left.metadata.name < right.metadata.name ? -1 : 1));
  if (running.length === 0) return world;
  const stateStore = names.configurationService(cluster.identity.name);
  const annotationsOf = (name: string): Readonly<Record<string, string>> =>
    world.objects.get(keyOf('Endpoints', name))?.metadata.annotations ?? {};
  const before = annotationsOf(scope)['leader'];
  const asked = annotationsOf(`${scope}-failover`);
  const isThere = (name: string | undefined): boolean => running.some(({ metadata }) => metadata.name === name);
  const handsOver = asked['leader'] !== undefined && asked['leader'] !== '' && asked['leader'] === before && isThere(asked['member']);
  const heir = running.find(({ metadata }) => !world.faults.laggingPods.has(metadata.name));
  const leader = handsOver ? asked['member'] : isThere(before) ? before : heir?.metadata.name;
  if (leader === undefined) return world;

  let next = world;
  if (before !== undefined && leader !== before) next = { ...next, database: { ...next.database, timeline: next.database.timeline + 1 } };
  next = note(next, cluster, scope, { leader });
  // A request that names another leader than there is, is dropped (patroni/ha.py, process_manual_failover_from_leader).
  if ((asked['leader'] ?? '') !== '') next = note(next, cluster, `${scope}-failover`, { leader: '', member: '' });
  if (annotationsOf(stateStore)['initialize'] === undefined) {
    next = note(next, cluster, stateStore, {
      initialize: '7500000000000000001',
      config: JSON.stringify(cluster.patroni.dynamicConfiguration),
    });
  }
  for (const pod of running) {
    const { name } = pod.metadata;
    const standing = name === leader ? 'leads' : world.faults.laggingPods.has(name) ? 'lags' : 'streams';
    next = store(next, mark(pod, cluster, standing, next.database.timeline));
  }
  return next;
};
