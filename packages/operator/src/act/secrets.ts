/** Carries out what a Decision asks of Secrets: made by create, completed under the precondition of what was observed. */
import type { Cluster, SecretIntent } from '@pgherd/engine';
import { fieldManager, isUnclaimed } from '@pgherd/engine';
import { AlreadyExistsError, type Client, kinds, NotFoundError, resourceType, type KubernetesObject } from '@pgherd/kube';
import { dataOf, type StoredSecret } from '../observe/secretFacts.ts';
import { ObjectInTheWayError, ownerOf, type ObjectWriting } from './objects.ts';
import { fillSecret, type SecretData, type SecretSources } from './secretValues.ts';

/** The Secret is there, yet the cache did not know: nothing that was decided without it may go on. */
export class StaleCacheError extends Error {
  readonly code = 'StaleCache';
  readonly retryable = true;

  constructor(name: string, options?: ErrorOptions) {
    super(`Secret ${name} exists, but was not observed: looking again`, options);
    this.name = 'StaleCacheError';
  }
}

const secretType = resourceType<KubernetesObject & StoredSecret>(kinds.secrets);

/** Reads a Secret now, past the caches: placeholders are filled from what is, not from what was. */
export const readSecret = async (client: Client, namespace: string, name: string, signal: AbortSignal): Promise<SecretData | undefined> => {
  try {
    return dataOf(await client.get(secretType, { namespace, name }, { signal }));
  } catch (error) {
    if (error instanceof NotFoundError) return undefined;
    throw error;
  }
};

const ownerReference = (cluster: Cluster, ownership: SecretIntent['ownership']) => ({
  apiVersion: cluster.identity.apiVersion,
  kind: cluster.identity.kind,
  name: cluster.identity.name,
  uid: cluster.identity.uid,
  ...(ownership === 'controller' ? { controller: true, blockOwnerDeletion: true } : {}),
});

const encoded = (data: Readonly<Record<string, Buffer>>): Record<string, string> =>
  Object.fromEntries(Object.entries(data).map(([key, value]) => [key, value.toString('base64')]));

/**
 * Whose the Secret is that stands where one was to be made. Caches hold what bears a cluster's label, so one that bears it not is no sign of
 * a cache that is behind. Shared ones bear no cluster's label: there another cluster was faster.
 */
const whyTaken = async (
  intent: SecretIntent,
  { profile, identity }: Cluster,
  client: Client,
  signal: AbortSignal,
  cause: AlreadyExistsError,
): Promise<Error> => {
  const { labels, write } = intent;
  const { namespace, name } = intent.reference;
  const stale = new StaleCacheError(name, { cause });
  if (labels[profile.labels.cluster] === undefined) return stale;
  try {
    const live = await client.get(secretType, { namespace, name }, { signal });
    const found = { labels: live.metadata.labels ?? {}, ownerUids: (live.metadata.ownerReferences ?? []).map((owner) => owner.uid) };
    const mayBeTaken = write.kind === 'create' && write.takenUnlabelled === true && isUnclaimed(intent, found);
    return mayBeTaken || live.metadata.labels?.[profile.labels.cluster] === identity.name
      ? stale
      : new ObjectInTheWayError('Secret', name, ownerOf(live), { cause });
  } catch (error) {
    // Gone meanwhile: the next look will tell.
    if (error instanceof NotFoundError) return stale;
    throw error;
  }
};

/** What writing Secrets takes. */
export interface SecretWriting extends Pick<ObjectWriting, 'client' | 'wrote' | 'secretChanged' | 'signal'> {
  readonly secretSources: SecretSources;
}

const createSecret = async (intent: SecretIntent, cluster: Cluster, writing: SecretWriting): Promise<KubernetesObject> => {
  const { namespace, name } = intent.reference;
  const { client, signal } = writing;
  const data = await fillSecret(name, intent.values, {}, writing.secretSources);
  const object = {
    apiVersion: 'v1',
    kind: 'Secret',
    type: 'Opaque',
    metadata: {
      name,
      namespace,
      labels: intent.labels,
      annotations: intent.annotations,
      ownerReferences: [ownerReference(cluster, intent.ownership)],
    },
    data: encoded(data),
  };
  try {
    const created = await client.create(secretType, object, { fieldManager: fieldManager.children, signal });
    writing.wrote('create', 'Secret');
    return created;
  } catch (error) {
    if (error instanceof AlreadyExistsError) throw await whyTaken(intent, cluster, client, signal, error);
    throw error;
  }
};

const fillIn = async (
  { reference: { namespace, name }, values, labels, annotations, ownership }: SecretIntent,
  { uid, resourceVersion, adopts }: Extract<SecretIntent['write'], { kind: 'fill' }>,
  cluster: Cluster,
  { client, secretSources, wrote, signal }: SecretWriting,
): Promise<KubernetesObject> => {
  const existing = (await readSecret(client, namespace, name, signal)) ?? {};
  const data = await fillSecret(name, values, existing, secretSources);
  // Nobody owned it when it was looked at, and its version says that it is still so.
  const owners = adopts === true ? { ownerReferences: [ownerReference(cluster, ownership)] } : {};
  const body = { metadata: { uid, resourceVersion, labels, annotations, ...owners }, data: encoded(data) };
  const options = { fieldManager: fieldManager.children, signal };
  const completed = await client.patch(secretType, { namespace, name }, { kind: 'merge', body }, options);
  wrote('patch', 'Secret');
  return completed;
};

/**
 * Makes or completes one Secret.
 *
 * @throws StaleCacheError when a Secret to be made is there already: the pass ends, and nothing is generated anew.
 * @throws ObjectInTheWayError when that Secret is not this cluster's: it is left alone.
 * @throws SecretSourceMissingError while what it is made from is not there.
 */
export const writeSecret = async (intent: SecretIntent, cluster: Cluster, writing: SecretWriting): Promise<void> => {
  const { name } = intent.reference;
  let written: KubernetesObject | undefined;
  try {
    written = await (intent.write.kind === 'create'
      ? createSecret(intent, cluster, writing)
      : fillIn(intent, intent.write, cluster, writing));
  } finally {
    // What several clusters share is read by name, and the next to ask is near. The cluster's own are in the caches.
    writing.secretChanged(name, intent.ownership === 'shared' ? written : undefined);
  }
};
