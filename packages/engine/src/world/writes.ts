/** A Decision as single writes, in the order in which they are carried out, and what each does to the world. */
import { clusterLabels } from '../render/labels.ts';
import type { Cluster } from '../model/cluster.ts';
import type { Decision, Deletion, DesiredObject, DisruptiveStep, PatroniConfigurationWrite, SecretIntent } from '../decision.ts';
import { stamps } from '../stamps.ts';
import { fill } from './secretSymbols.ts';
import { create, isEqual, keyOf, remove, store, timeOf, type World, type WorldObject } from './world.ts';

export type Write =
  | { readonly kind: 'finalizer'; readonly present: boolean }
  | { readonly kind: 'secret'; readonly intent: SecretIntent }
  | { readonly kind: 'apply'; readonly desired: DesiredObject }
  | { readonly kind: 'delete'; readonly deletion: Deletion }
  | { readonly kind: 'patroniConfiguration'; readonly write: PatroniConfigurationWrite }
  | { readonly kind: 'step'; readonly step: DisruptiveStep }
  | { readonly kind: 'status'; readonly status: Readonly<Record<string, unknown>> };

/** `unchanged`: nothing had to be written. `refused`: a precondition failed. `stale`: the pass has to end here. */
export interface Written {
  readonly world: World;
  readonly result: 'written' | 'unchanged' | 'refused' | 'stale';
}

export const writesOf = (decision: Decision): readonly Write[] => {
  const writes: Write[] = [];
  if (decision.finalizer === 'present') writes.push({ kind: 'finalizer', present: true });
  for (const stage of [0, 1, 2] as const) {
    const secrets = decision.secrets.filter((intent) => intent.stage === stage);
    // What others are signed with comes first.
    for (const intent of secrets.toSorted((left, right) => Number(right.ownership === 'shared') - Number(left.ownership === 'shared'))) {
      writes.push({ kind: 'secret', intent });
    }
    for (const desired of decision.objects) if (desired.stage === stage) writes.push({ kind: 'apply', desired });
  }
  for (const deletion of decision.deletions) writes.push({ kind: 'delete', deletion });
  if (decision.patroniConfiguration !== undefined) writes.push({ kind: 'patroniConfiguration', write: decision.patroniConfiguration });
  if (decision.step !== undefined) writes.push({ kind: 'step', step: decision.step });
  if (decision.status !== undefined) writes.push({ kind: 'status', status: decision.status });
  if (decision.finalizer === 'absent') writes.push({ kind: 'finalizer', present: false });
  return writes;
};

type Fields = Readonly<Record<string, unknown>>;

const isFields = (value: unknown): value is Fields => typeof value === 'object' && value !== null && !Array.isArray(value);

/** Maps that are written as a whole (x-kubernetes-map-type: atomic). */
const atomic = new Set(['selector', 'nodeSelector']);

const isSubset = (wanted: unknown, live: unknown): boolean =>
  isFields(wanted) && isFields(live)
    ? Object.entries(wanted).every(
        ([key, value]) => value === undefined || (atomic.has(key) ? isEqual(value, live[key]) : isSubset(value, live[key])),
      )
    : isEqual(wanted, live);

/** Without the fields that were applied before; what others wrote stays. Lists are whole. */
const without = (live: Fields, applied: Fields): Fields =>
  Object.fromEntries(
    Object.entries(live).flatMap(([key, value]) => {
      const mine = applied[key];
      if (mine === undefined) return [[key, value]];
      if (!isFields(mine) || !isFields(value)) return [];
      const rest = without(value, mine);
      return Object.keys(rest).length === 0 ? [] : [[key, rest]];
    }),
  );

const merged = (base: unknown, over: unknown): unknown => {
  if (!isFields(base) || !isFields(over)) return over;
  const result: Record<string, unknown> = { ...base };
  for (const [key, value] of Object.entries(over))
    if (value !== undefined) result[key] = atomic.has(key) ? value : merged(base[key], value);
  return result;
};

const apply = (world: World, { object, mode }: DesiredObject, namespace: string): Written => {
  const key = keyOf(object.kind, object.metadata?.name ?? '');
  if (world.faults.refusedKinds.has(object.kind)) return { world, result: 'refused' };
  if (object.kind === 'Secret') return shareSecret(world, object.metadata.name, object.metadata.ownerReferences ?? []);
  const wanted = object as unknown as WorldObject;
  const live = world.objects.get(key);
  if (mode === 'released') {
    const { uid, resourceVersion, ownerReferences } = object.metadata ?? {};
    if (live === undefined || live.metadata.uid !== uid || live.metadata.resourceVersion !== resourceVersion)
      return { world, result: 'refused' };
    return { world: store(world, { ...live, metadata: { ...live.metadata, ownerReferences } } as WorldObject), result: 'written' };
  }
  const before = world.applied.get(key);
  if (live === undefined) {
    const made = create(world, wanted, namespace);
    return { world: { ...made, applied: new Map(made.applied).set(key, wanted) }, result: 'written' };
  }
  if (mode === 'shared' || (isEqual(before, wanted) && isSubset(wanted, live))) return { world, result: 'unchanged' };
  const next = merged(without(live, isFields(before) ? before : {}), wanted) as WorldObject;
  const generation = (live.metadata.generation ?? 1) + (isEqual(next['spec'], live['spec']) ? 0 : 1);
  const stored = store(world, { ...next, metadata: { ...live.metadata, ...next.metadata, generation } });
  return { world: { ...stored, applied: new Map(stored.applied).set(key, wanted) }, result: 'written' };
};

const shareSecret = (world: World, name: string, owners: readonly { readonly uid: string; readonly kind: string }[]): Written => {
  const secret = world.secrets.get(name);
  const known = secret?.metadata.ownerReferences ?? [];
  const fresh = owners.filter(({ uid }) => !known.some((owner) => owner.uid === uid));
  if (secret === undefined || fresh.length === 0) return { world, result: 'unchanged' };
  const metadata = { ...secret.metadata, ownerReferences: [...known, ...fresh] };
  return { world: { ...world, secrets: new Map(world.secrets).set(name, { ...secret, metadata }) }, result: 'written' };
};

const writeSecret = (
  world: World,
  { reference, labels, annotations, ownership, write, values }: SecretIntent,
  cluster: Cluster,
): Written => {
  const live = world.secrets.get(reference.name);
  if (write.kind === 'create' && live !== undefined) return { world, result: 'stale' };
  if (write.kind === 'fill' && (live?.metadata.uid !== write.uid || live.metadata.resourceVersion !== write.resourceVersion)) {
    return { world, result: 'refused' };
  }
  const filled = fill(world, values, live ?? { data: {}, certificates: {} });
  const counter = filled.world.counter + 1;
  const { uid, kind } = cluster.identity;
  const owner = { uid, kind, controller: ownership === 'controller' };
  const metadata = {
    ...(live?.metadata ?? {
      name: reference.name,
      namespace: reference.namespace,
      uid: `uid-${counter}`,
      creationTimestamp: timeOf(world.nowMs),
      ownerReferences: [owner],
    }),
    ...(write.kind === 'fill' && write.adopts === true && { ownerReferences: [owner] }),
    resourceVersion: String(counter),
    labels: { ...live?.metadata.labels, ...labels },
    annotations: { ...live?.metadata.annotations, ...annotations },
  };
  const secret = { metadata, data: filled.data, certificates: filled.certificates };
  return { world: { ...filled.world, counter, secrets: new Map(world.secrets).set(reference.name, secret) }, result: 'written' };
};

const deleteObject = (world: World, { reference, uid, resourceVersion }: Deletion): Written => {
  const { kind, name } = reference;
  if (kind === 'Secret') {
    if (world.secrets.get(name)?.metadata.uid !== uid) return { world, result: 'refused' };
    const secrets = new Map(world.secrets);
    secrets.delete(name);
    return { world: { ...world, secrets }, result: 'written' };
  }
  const live = world.objects.get(keyOf(kind, name));
  if (live?.metadata.uid !== uid) return { world, result: 'refused' };
  if (resourceVersion !== undefined && live.metadata.resourceVersion !== resourceVersion) return { world, result: 'refused' };
  if (live.metadata.deletionTimestamp !== undefined) return { world, result: 'unchanged' };
  // Pods end gracefully, and claims wait for them: the controllers take them away.
  if (kind === 'Pod' || kind === 'PersistentVolumeClaim') {
    return { world: store(world, { ...live, metadata: { ...live.metadata, deletionTimestamp: timeOf(world.nowMs) } }), result: 'written' };
  }
  return { world: remove(world, kind, name), result: 'written' };
};

const annotate = (world: World, object: WorldObject, annotations: Readonly<Record<string, string>>): World =>
  store(world, { ...object, metadata: { ...object.metadata, annotations: { ...object.metadata.annotations, ...annotations } } });

const takeStep = (world: World, step: DisruptiveStep, cluster: Cluster): Written => {
  const { namespace } = cluster.identity;
  switch (step.kind) {
    case 'deletePod':
      return deleteObject(world, step.deletion);
    case 'createJob': {
      const job = JSON.parse(JSON.stringify(step.job)) as WorldObject;
      if (world.objects.has(keyOf('Job', job.metadata.name))) return { world, result: 'unchanged' };
      return { world: create(world, job, namespace), result: 'written' };
    }
    case 'scaleStatefulSet': {
      const live = world.objects.get(keyOf('StatefulSet', step.reference.name));
      if (live?.metadata.uid !== step.uid) return { world, result: 'refused' };
      const spec = { ...(live['spec'] as Fields), replicas: step.replicas };
      return {
        world: store(world, { ...live, spec, metadata: { ...live.metadata, generation: (live.metadata.generation ?? 1) + 1 } }),
        result: 'written',
      };
    }
    case 'markRestart': {
      const live = world.objects.get(keyOf('Pod', step.reference.name));
      if (live?.metadata.uid !== step.uid) return { world, result: 'refused' };
      return { world: annotate(world, live, step.annotations), result: 'written' };
    }
    case 'switchover': {
      const name = `${step.scope}-failover`;
      const annotations = { leader: step.from ?? '', member: step.to ?? '', [stamps.switchoverAsked]: step.asked };
      const live = world.objects.get(keyOf('Endpoints', name));
      if (live !== undefined) return { world: annotate(world, live, annotations), result: 'written' };
      const { labels } = cluster.profile;
      const metadata = { name, annotations, labels: { ...clusterLabels(cluster), [labels.patroni]: step.scope } };
      return { world: create(world, { apiVersion: 'v1', kind: 'Endpoints', metadata }, namespace), result: 'written' };
    }
    default:
      return step satisfies never;
  }
};

const setFinalizer = (world: World, cluster: Cluster, present: boolean): Written => {
  const { manifest } = world;
  const finalizers = manifest?.metadata.finalizers ?? [];
  const { finalizer } = cluster.profile;
  if (manifest === undefined || finalizers.includes(finalizer) === present) return { world, result: 'unchanged' };
  const rest = finalizers.filter((name) => name !== finalizer);
  const next = { ...manifest, metadata: { ...manifest.metadata, finalizers: present ? [...rest, finalizer] : rest } };
  const isGone = next.metadata.deletionTimestamp !== undefined && next.metadata.finalizers.length === 0;
  return { world: { ...world, manifest: isGone ? undefined : next }, result: 'written' };
};

/** Carries one write out. */
export const perform = (world: World, write: Write, cluster: Cluster): Written => {
  switch (write.kind) {
    case 'finalizer':
      return setFinalizer(world, cluster, write.present);
    case 'secret':
      return writeSecret(world, write.intent, cluster);
    case 'apply':
      return apply(world, write.desired, cluster.identity.namespace);
    case 'delete':
      return deleteObject(world, write.deletion);
    case 'patroniConfiguration': {
      const { reference, resourceVersion, annotations } = write.write;
      const live = world.objects.get(keyOf('Endpoints', reference.name));
      if (live?.metadata.resourceVersion !== resourceVersion) return { world, result: 'refused' };
      return { world: annotate(world, live, annotations), result: 'written' };
    }
    case 'step':
      return takeStep(world, write.step, cluster);
    case 'status': {
      if (world.manifest === undefined || isEqual(world.manifest.status ?? {}, write.status)) return { world, result: 'unchanged' };
      return { world: { ...world, manifest: { ...world.manifest, status: write.status } }, result: 'written' };
    }
    default:
      return write satisfies never;
  }
};
