/** What the Patronis of a cluster do in one turn: elect, bootstrap, hand over, and write down what they are. */
import type { Pod } from '@pgherd/api';
import { standbySettingsIn } from '../decide/standbySettings.ts';
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

type Settings = Readonly<Record<string, string>>;

/** Of the settings that need a restart, what Patroni's store asks for. */
const configuredSettings = (world: World, { identity, profile }: Cluster): Settings => {
  const { annotations } = world.objects.get(keyOf('Endpoints', profile.names.configurationService(identity.name)))?.metadata ?? {};
  const stored = JSON.parse(annotations?.['config'] ?? '{}') as { readonly postgresql?: { readonly parameters?: Settings } };
  return standbySettingsIn(stored.postgresql?.parameters ?? {});
};

/** A server starts: with what is asked for, but a standby with no less than its primary has (patroni/postgresql/config.py, effective_configuration). */
export const startServer = (world: World, cluster: Cluster, pod: WorldObject): World => {
  const leader = world.objects.get(keyOf('Endpoints', cluster.patroni.scope))?.metadata.annotations?.['leader'];
  const primary = leader === pod.metadata.name ? undefined : world.objects.get(keyOf('Pod', leader ?? ''))?.metadata.uid;
  const least = world.database.settings.get(primary ?? '') ?? {};
  const settings = Object.fromEntries(
    Object.entries(configuredSettings(world, cluster)).map(([name, value]) => [
      name,
      Number(least[name] ?? value) > Number(value) ? (least[name] ?? value) : value,
    ]),
  );
  return { ...world, database: { ...world.database, settings: new Map(world.database.settings).set(pod.metadata.uid, settings) } };
};

/** A pod that serves: as leader, as a replica that streams, or as one that does not. */
type Standing = 'leads' | 'streams' | 'lags';

const mark = (
  pod: WorldObject,
  cluster: Cluster,
  standing: Standing,
  { timeline, settings }: World['database'],
  configured: Settings,
): WorldObject => {
  const { labels, roleValues } = cluster.profile;
  const role = standing === 'leads' ? roleValues.leader : roleValues.replica;
  const inForce = settings.get(pod.metadata.uid) ?? configured;
  const waiting = Object.entries(configured).filter(([name, value]) => inForce[name] !== value);
  const state = {
    role,
    state: 'running',
    timeline,
    version: '4.0.7',
    ...(standing === 'streams' && { replication_state: 'streaming' }),
    ...(waiting.length > 0 && {
      pending_restart: true,
      pending_restart_reason: Object.fromEntries(waiting.map(([name, value]) => [name, { old_value: inForce[name], new_value: value }])),
    }),
  };
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
  // Without a leader it is a failover, which asks nothing of the member but that it runs.
  const handsOver = isThere(asked['member']) && ((asked['leader'] ?? '') === '' || asked['leader'] === before);
  const heir = running.find(({ metadata }) => !world.faults.laggingPods.has(metadata.name));
  const leader = handsOver ? asked['member'] : isThere(before) ? before : heir?.metadata.name;
  if (leader === undefined) return world;

  let next = world;
  if (before !== undefined && leader !== before) next = { ...next, database: { ...next.database, timeline: next.database.timeline + 1 } };
  next = note(next, cluster, scope, { leader });
  // A request that names another leader than there is, is dropped (patroni/ha.py, process_manual_failover_from_leader).
  if ((asked['leader'] ?? '') !== '' || (asked['member'] ?? '') !== '')
    next = note(next, cluster, `${scope}-failover`, { leader: '', member: '' });
  if (annotationsOf(stateStore)['initialize'] === undefined) {
    next = note(next, cluster, stateStore, {
      initialize: '7500000000000000001',
      config: JSON.stringify(cluster.patroni.dynamicConfiguration),
    });
  }
  // The leader's first: what standbys start with depends on it.
  for (const pod of running.toSorted((left, right) => Number(right.metadata.name === leader) - Number(left.metadata.name === leader))) {
    const { name, uid } = pod.metadata;
    if (!next.database.settings.has(uid)) next = startServer(next, cluster, pod);
    const standing = name === leader ? 'leads' : world.faults.laggingPods.has(name) ? 'lags' : 'streams';
    next = store(next, mark(pod, cluster, standing, next.database, configuredSettings(next, cluster)));
  }
  return next;
};
