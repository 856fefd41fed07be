/**
 * Carries a Decision out. It decides nothing: the order below is the only thing that it knows. What fails is collected and does not keep
 * what does not depend on it from being done; a lower stage that failed holds the higher ones back only for what needs it, which then fails
 * by itself and is tried again.
 */
import type { Cluster, Decision, Deletion, DisruptiveStep, ObjectReference, PatroniConfigurationWrite } from '@pgherd/engine';
import { clusterLabels, fieldManager, stamps } from '@pgherd/engine';
import { AlreadyExistsError, type Client, kinds, type KubernetesObject, NotFoundError, type ResourceType } from '@pgherd/kube';
import { resourceOf } from '../kinds.ts';
import { applyObject, type ObjectWriting } from './objects.ts';
import { StaleCacheError, writeSecret } from './secrets.ts';
import type { SecretSources } from './secretValues.ts';

/** Something that could not be done, for the next observation, the log and the backoff. */
export interface Refusal {
  /** Kind and name of what was to be written, or what was to be done. */
  readonly what: string;
  readonly error: unknown;
}

export interface Acting extends ObjectWriting {
  readonly client: Client;
  readonly resource: ResourceType;
  readonly secretSources: SecretSources;
  /** The status as the cache holds it, to skip an equal one. */
  readonly equalStatus: (status: Readonly<Record<string, unknown>>) => boolean;
  /** The manifest was written: no pass may start from an older one, or it would do and say the same again. */
  readonly manifestWritten: (resourceVersion: string) => void;
}

/** Writes of one cluster at the same time. Enough to hide round trips, few enough to leave room for other clusters. */
const parallelWrites = 8;

const inParallel = async <Item>(items: readonly Item[], work: (item: Item) => Promise<void>): Promise<void> => {
  const rest = items.values();
  await Promise.all(
    Array.from({ length: Math.min(parallelWrites, items.length) }, async () => {
      for (const item of rest) await work(item);
    }),
  );
};

const deleteObject = async (deletion: Deletion, acting: Acting): Promise<void> => {
  const { reference, uid, resourceVersion, propagation, gracePeriodSeconds } = deletion;
  try {
    await acting.client.delete(resourceOf(reference.kind), reference, {
      preconditions: { uid, resourceVersion },
      propagationPolicy: propagation,
      gracePeriodSeconds,
      signal: acting.signal,
    });
    acting.wrote('delete', reference.kind);
  } catch (error) {
    // Gone already, or another one by that name: what was to be deleted is not there any more.
    if (error instanceof NotFoundError) return;
    throw error;
  }
};

/** Patroni reads its failover key from an object of its own (patroni/dcs/kubernetes.py, 4.0): annotations leader, member, scheduled_at. */
const requestSwitchover = async (
  step: Extract<DisruptiveStep, { kind: 'switchover' }>,
  cluster: Cluster,
  acting: Acting,
): Promise<void> => {
  const { namespace } = cluster.identity;
  const name = `${step.scope}-failover`;
  const annotations = {
    [stamps.switchoverAsked]: step.asked,
    ...(step.from === undefined ? {} : { leader: step.from }),
    ...(step.to === undefined ? {} : { member: step.to }),
  };
  const live = acting.cached('Endpoints', namespace, name);
  if (live === undefined) {
    const object = {
      apiVersion: 'v1',
      kind: 'Endpoints',
      metadata: { name, namespace, annotations, labels: { ...clusterLabels(cluster), [cluster.profile.labels.patroni]: step.scope } },
    };
    await acting.client.create(kinds.endpoints, object, { fieldManager: fieldManager.children, signal: acting.signal });
  } else {
    const body = {
      metadata: {
        resourceVersion: live.metadata.resourceVersion,
        annotations: { leader: null, member: null, scheduled_at: null, ...annotations },
      },
    };
    await acting.client.patch(
      kinds.endpoints,
      { namespace, name },
      { kind: 'merge', body },
      { fieldManager: fieldManager.children, signal: acting.signal },
    );
  }
  acting.wrote('patch', 'Endpoints');
};

/** What of its metadata is in `body` as uid or resourceVersion is a precondition. */
const mergeInto = async (reference: ObjectReference, body: object, acting: Acting): Promise<void> => {
  await acting.client.patch(
    resourceOf(reference.kind),
    reference,
    { kind: 'merge', body },
    { fieldManager: fieldManager.children, signal: acting.signal },
  );
  acting.wrote('patch', reference.kind);
};

const takeStep = async (step: DisruptiveStep, cluster: Cluster, acting: Acting): Promise<void> => {
  switch (step.kind) {
    case 'deletePod':
      return deleteObject(step.deletion, acting);
    case 'switchover':
      return requestSwitchover(step, cluster, acting);
    case 'createJob': {
      const object = step.job as unknown as KubernetesObject;
      try {
        await acting.client.create(resourceOf(object.kind), object, { fieldManager: fieldManager.children, signal: acting.signal });
        acting.wrote('create', object.kind);
      } catch (error) {
        // Its name follows from what it is for: it was made before, and the cache will show it.
        if (!(error instanceof AlreadyExistsError)) throw error;
      }
      return undefined;
    }
    case 'scaleStatefulSet':
      return mergeInto(step.reference, { metadata: { uid: step.uid }, spec: { replicas: step.replicas } }, acting);
    case 'markRestart':
      return mergeInto(step.reference, { metadata: { uid: step.uid, annotations: step.annotations } }, acting);
    default:
      return step satisfies never;
  }
};

const writePatroniConfiguration = async (write: PatroniConfigurationWrite, acting: Acting): Promise<void> => {
  const { reference, resourceVersion, annotations } = write;
  await mergeInto(reference, { metadata: { resourceVersion, annotations } }, acting);
};

const writeFinalizer = async (finalizer: Decision['finalizer'], cluster: Cluster, acting: Acting): Promise<void> => {
  const { identity, profile } = cluster;
  const present = identity.finalizers.includes(profile.finalizer);
  if (present === (finalizer === 'present')) return;
  const finalizers = present
    ? identity.finalizers.filter((name) => name !== profile.finalizer)
    : [...identity.finalizers, profile.finalizer];
  const body = { metadata: { resourceVersion: identity.resourceVersion, finalizers } };
  try {
    const written = await acting.client.patch(
      acting.resource,
      identity,
      { kind: 'merge', body },
      { fieldManager: fieldManager.children, signal: acting.signal },
    );
    acting.wrote('patch', identity.kind);
    acting.manifestWritten(written.metadata.resourceVersion ?? '');
  } catch (error) {
    if (!present || !(error instanceof NotFoundError)) throw error;
  }
};

const writeStatus = async (status: Readonly<Record<string, unknown>>, cluster: Cluster, acting: Acting): Promise<void> => {
  if (acting.equalStatus(status)) return;
  const { apiVersion, kind, name, namespace } = cluster.identity;
  const object = { apiVersion, kind, metadata: { name, namespace }, status };
  try {
    const written = await acting.client.apply(acting.resource, object, {
      fieldManager: fieldManager.status,
      force: true,
      subresource: 'status',
      signal: acting.signal,
    });
    acting.wrote('apply', `${kind}/status`);
    acting.manifestWritten(written.metadata.resourceVersion ?? '');
  } catch (error) {
    // Deleted meanwhile: there is nothing left to say it on.
    if (!(error instanceof NotFoundError)) throw error;
  }
};

/** Carries out everything of a Decision that is a write. Readings, programs and events are the caller's: they take their own time. */
export const act = async (decision: Decision, cluster: Cluster, acting: Acting): Promise<readonly Refusal[]> => {
  const refusals: Refusal[] = [];
  let stale = false;
  const attempt = async (what: string, work: () => Promise<unknown>): Promise<boolean> => {
    if (stale) return false;
    try {
      await work();
      return true;
    } catch (error) {
      if (acting.signal.aborted) throw error;
      // A Secret that was to be made is there: what was decided without knowing it must not go on.
      if (error instanceof StaleCacheError) stale = true;
      refusals.push({ what, error });
      return false;
    }
  };

  const holdsFinalizer =
    decision.finalizer === 'absent' || (await attempt('finalizer', async () => writeFinalizer('present', cluster, acting)));
  // Without the finalizer nothing is made: what is made must be taken back in order when the cluster is deleted.
  if (!holdsFinalizer) return refusals;

  for (const stage of [0, 1, 2] as const) {
    const secrets = decision.secrets.filter((intent) => intent.stage === stage);
    // Roots before leaves: a Secret that others are filled from comes first.
    const [roots, leaves] = [
      secrets.filter(({ ownership }) => ownership === 'shared'),
      secrets.filter(({ ownership }) => ownership !== 'shared'),
    ];
    await inParallel(roots, async (intent) => {
      await attempt(`Secret ${intent.reference.name}`, async () => writeSecret(intent, cluster, acting));
    });
    const works = [
      ...leaves.map((intent) => ({
        what: `Secret ${intent.reference.name}`,
        work: async () => writeSecret(intent, cluster, acting),
      })),
      ...decision.objects
        .filter((desired) => desired.stage === stage)
        .map((desired) => ({
          what: `${desired.object.kind} ${desired.object.metadata?.name ?? ''}`,
          work: async () => applyObject(desired, cluster, acting),
        })),
    ];
    await inParallel(works, async ({ what, work }) => {
      await attempt(what, work);
    });
  }
  await inParallel(decision.deletions, async (deletion) => {
    await attempt(`deletion of ${deletion.reference.kind} ${deletion.reference.name}`, async () => deleteObject(deletion, acting));
  });
  const { patroniConfiguration, step, status } = decision;
  if (patroniConfiguration !== undefined)
    await attempt("Patroni's configuration", async () => writePatroniConfiguration(patroniConfiguration, acting));
  if (step !== undefined) await attempt(step.kind, async () => takeStep(step, cluster, acting));
  // The status tells what is in the way, and makes nothing: a cache that is behind does not keep it back.
  stale = false;
  if (status !== undefined) await attempt('status', async () => writeStatus(status, cluster, acting));
  if (decision.finalizer === 'absent' && refusals.length === 0)
    await attempt('finalizer', async () => writeFinalizer('absent', cluster, acting));
  return refusals;
};
