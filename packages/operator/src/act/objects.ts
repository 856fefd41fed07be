/**
 * Makes the objects of a cluster be as they should: server-side apply, skipped when nothing would change, and never over somebody else's
 * object.
 */
import { stamps, fieldManager, hashOf, type Cluster, type DesiredObject } from '@pgherd/engine';
import {
  compareResourceVersions,
  ConflictError,
  KubeError,
  planApply,
  type Client,
  type KubernetesObject,
  type UnstructuredObject,
} from '@pgherd/kube';
import { resourceOf } from '../kinds.ts';

/** An object of that name is there, and it is not this cluster's. It is left alone. */
export class ObjectInTheWayError extends KubeError {
  override readonly name = 'ObjectInTheWayError';
  readonly code = 'ObjectInTheWay';
  readonly retryable = false;

  constructor(kind: string, name: string, owner: string, options?: ErrorOptions) {
    super(`${kind} ${name} is there already and belongs to ${owner}: delete or rename it, or give the cluster another name`, options);
  }
}

/** What was written lately, so that a cache that is still behind asks for nothing twice. */
export interface RecentWrites {
  readonly get: (key: string) => { readonly hash: string; readonly resourceVersion: string } | undefined;
  readonly set: (key: string, hash: string, resourceVersion: string) => void;
}

/**
 * Older entries are forgotten: a cache that is behind for longer has a trouble of its own. No cache may remember longer, or what was written before
 * would be written again.
 */
export const recentMs = 30_000;

export const newRecentWrites = (elapsed: () => number): RecentWrites & { readonly forget: (key: string) => void } => {
  const writes = new Map<string, { readonly hash: string; readonly resourceVersion: string; readonly atMs: number }>();
  return {
    get: (key) => {
      const write = writes.get(key);
      if (write === undefined) return undefined;
      if (elapsed() - write.atMs <= recentMs) return write;
      writes.delete(key);
      return undefined;
    },
    set: (key, hash, resourceVersion) => {
      const now = elapsed();
      for (const [old, { atMs }] of writes) {
        // In order of age: the first young one ends the sweep.
        if (now - atMs <= recentMs) break;
        writes.delete(old);
      }
      writes.delete(key);
      writes.set(key, { hash, resourceVersion, atMs: now });
    },
    forget: (key) => {
      writes.delete(key);
    },
  };
};

export const writeKey = (kind: string, namespace: string, name: string): string => `${kind}/${namespace}/${name}`;

export interface ObjectWriting {
  readonly client: Client;
  readonly recent: RecentWrites;
  /** The object as the caches hold it. */
  readonly cached: (kind: string, namespace: string, name: string) => KubernetesObject | undefined;
  readonly wrote: (verb: string, kind: string) => void;
  /** A Secret is not what it was: a write of it was answered with what it is now, or refused, or its answer is not worth keeping. */
  readonly secretChanged: (name: string, secret: KubernetesObject | undefined) => void;
  readonly signal: AbortSignal;
}

const isOurs = (live: KubernetesObject, cluster: Cluster): boolean => {
  const controller = live.metadata.ownerReferences?.find((reference) => reference.controller === true);
  if (controller !== undefined) return controller.uid === cluster.identity.uid;
  // Claims have no owner reference, and Patroni makes objects of its own: the cluster's label tells whose they are.
  return live.metadata.labels?.[cluster.profile.labels.cluster] === cluster.identity.name;
};

/** Who is told to the user as the owner of what is in the way. */
export const ownerOf = (live: KubernetesObject): string => {
  const controller = live.metadata.ownerReferences?.find((reference) => reference.controller === true);
  return controller === undefined ? 'nobody that pgherd knows of' : `${controller.kind} ${controller.name}`;
};

/**
 * Applies one object unless it stands as it should.
 *
 * @throws ObjectInTheWayError when it is somebody else's.
 */
export const applyObject = async (desired: DesiredObject, cluster: Cluster, writing: ObjectWriting): Promise<'written' | 'skipped'> => {
  const object = desired.object as unknown as UnstructuredObject;
  const { kind } = object;
  const { name } = object.metadata;
  const namespace = object.metadata.namespace ?? '';
  const type = resourceOf(kind);
  const key = writeKey(kind, namespace, name);
  const live = writing.cached(kind, namespace, name);

  if (desired.mode === 'shared') {
    const references = object.metadata.ownerReferences ?? [];
    const known = live?.metadata.ownerReferences ?? [];
    if (live !== undefined && references.every(({ uid }) => known.some((reference) => reference.uid === uid))) return 'skipped';
    const hash = hashOf(references);
    // A manager for each owner: no owner's reference is another one's to take away.
    const manager = `${fieldManager.children}-${cluster.identity.uid}`;
    const ownKey = `${key} by ${manager}`;
    if (writing.recent.get(ownKey)?.hash === hash) return 'skipped';
    let written: KubernetesObject | undefined;
    try {
      written = await writing.client.apply(type, object, { fieldManager: manager, force: true, signal: writing.signal });
    } finally {
      if (kind === 'Secret') writing.secretChanged(name, written);
    }
    writing.wrote('apply', kind);
    writing.recent.set(ownKey, hash, written.metadata.resourceVersion ?? '');
    return 'written';
  }

  if (desired.mode === 'released') {
    const { uid, resourceVersion, ownerReferences } = object.metadata;
    const body = { metadata: { uid, resourceVersion, ownerReferences } };
    await writing.client.patch(
      type,
      { namespace, name },
      { kind: 'merge', body },
      { fieldManager: fieldManager.children, signal: writing.signal },
    );
    writing.wrote('patch', kind);
    return 'written';
  }

  if (live !== undefined && !isOurs(live, cluster)) throw new ObjectInTheWayError(kind, name, ownerOf(live));
  const plan = planApply(object, live, stamps.applied);
  if (plan.kind === 'skip') return 'skipped';
  const hash = plan.object.metadata.annotations?.[stamps.applied] ?? '';
  const recent = writing.recent.get(key);
  const cacheIsBehind =
    recent !== undefined &&
    (live === undefined || compareResourceVersions(live.metadata.resourceVersion ?? '0', recent.resourceVersion) < 0);
  if (cacheIsBehind && recent.hash === hash) return 'skipped';
  // Not known to be ours: without force, what somebody else holds there makes a conflict instead of being seized.
  const applied = async (): Promise<KubernetesObject> => {
    const options = { fieldManager: fieldManager.children, force: live !== undefined, signal: writing.signal };
    try {
      return await writing.client.apply(type, plan.object, options);
    } catch (error) {
      if (live !== undefined || !(error instanceof ConflictError)) throw error;
      const found = await writing.client.get(type, { namespace, name }, { signal: writing.signal }).catch(() => undefined);
      // Gone meanwhile, unreadable, or ours before the caches show it: a conflict like any other, to be tried again.
      throw found === undefined || isOurs(found, cluster) ? error : new ObjectInTheWayError(kind, name, ownerOf(found), { cause: error });
    }
  };
  const written = await applied();
  writing.wrote('apply', kind);
  writing.recent.set(key, hash, written.metadata.resourceVersion ?? '');
  return 'written';
};
