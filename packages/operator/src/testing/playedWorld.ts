/**
 * Plays, for one namespace of an API server behind which nothing runs, what nodes, controllers and Patroni do: pods of StatefulSets, bound claims,
 * completed Jobs, an elected leader with its objects, and, where the server does not do so itself, garbage collection.
 *
 * It looks at what is there and does the next thing, as those do, so that it needs no script, and no memory but of who led, on which timeline. Who leads first does not depend on
 * who came first: Patroni is played as if it waited for all members that the manifest asks for.
 */
import type { Dialect } from '@pgherd/engine';
import { ApiError, createCache, kinds, type Client, type Informer, type KubernetesObject, type ResourceType } from '@pgherd/kube';
import { childKinds } from '../kinds.ts';
import { resourceOfDialect } from '../observe/caches.ts';
import { manifestsOf } from './manifests.ts';

export interface PlayedWorld extends AsyncDisposable {
  /** Everything that belongs to clusters, manifests included, as it stands. */
  readonly objects: () => readonly KubernetesObject[];
  /** How many changes there have been so far. */
  readonly changes: () => number;
  /** Values of Secrets that were not what they had been made as: `Secret NAME: KEY`. */
  readonly alteredSecrets: () => readonly string[];
}

export interface PlayedWorldOptions {
  readonly client: Client;
  readonly dialect: Dialect;
  readonly namespace: string;
  /** Whether the server is left without the controllers that remove what is deleted. */
  readonly collectsGarbage: boolean;
}

interface Pod extends KubernetesObject {
  readonly spec: { readonly volumes?: readonly { readonly persistentVolumeClaim?: { readonly claimName: string } }[] };
  readonly status?: { readonly conditions?: readonly { readonly type: string; readonly status: string }[] };
}

interface StatefulSet extends KubernetesObject {
  readonly spec: {
    readonly replicas?: number;
    readonly template: {
      readonly metadata: KubernetesObject['metadata'];
      readonly spec: Readonly<Record<string, unknown>> & { readonly volumes?: readonly object[] };
    };
    readonly volumeClaimTemplates?: readonly { readonly metadata: { readonly name: string } }[];
  };
  readonly status?: { readonly observedGeneration?: number };
}

interface Claim extends KubernetesObject {
  readonly status?: { readonly phase?: string };
}

interface Job extends KubernetesObject {
  readonly status?: { readonly succeeded?: number };
}

interface Manifest extends KubernetesObject {
  readonly spec: Readonly<Record<string, unknown>>;
}

const now = (): string => new Date().toISOString().replace(/\.\d+Z$/, 'Z');

/** What a controller takes in its stride: somebody else was faster. */
const unlessTooLate = async (work: Promise<unknown>): Promise<void> => {
  try {
    await work;
  } catch (error) {
    if (!(error instanceof ApiError) || ![404, 409].includes(error.httpStatus)) throw error;
  }
};

const isGoing = ({ metadata }: KubernetesObject): boolean => metadata.deletionTimestamp !== undefined;

const isReady = (pod: Pod): boolean => pod.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') === true;

/** As Patroni of this pod said it last; 0: it never did. */
const timelineOf = ({ metadata }: KubernetesObject): number => {
  const said: unknown = JSON.parse(metadata.annotations?.['status'] ?? '{}');
  return typeof said === 'object' && said !== null && 'timeline' in said && typeof said.timeline === 'number' ? said.timeline : 0;
};

const byName = (left: KubernetesObject, right: KubernetesObject): number => (left.metadata.name < right.metadata.name ? -1 : 1);

export const playWorld = async (options: PlayedWorldOptions): Promise<PlayedWorld> => {
  const { client, dialect, namespace } = options;
  const { commonLabels, labels, names, roleValues } = dialect.profile;
  const { membersIn } = manifestsOf(dialect);
  const cache = createCache({ client });
  const informers = new Map<string, Informer<KubernetesObject>>(
    [resourceOfDialect(dialect), ...Object.values(childKinds)].map((type) => [
      type.kind,
      cache.informer<KubernetesObject>({ type, selection: { namespace } }),
    ]),
  );
  const listed = (type: ResourceType): readonly KubernetesObject[] => (informers.get(type.kind)?.store.list() ?? []).toSorted(byName);
  const statefulSets = (): readonly StatefulSet[] => listed(kinds.statefulSets) as readonly StatefulSet[];
  const pods = (): readonly Pod[] => listed(kinds.pods) as readonly Pod[];
  const claims = (): readonly Claim[] => listed(kinds.persistentVolumeClaims);
  const jobs = (): readonly Job[] => listed(kinds.jobs);
  const manifests = (): readonly Manifest[] => listed(resourceOfDialect(dialect)) as readonly Manifest[];

  const secretValues = new Map<string, string>();
  const altered = new Set<string>();
  const dead = new Set<string>();
  const timelines = new Map<string, number>();
  /** Who led last, as played: what is listed may be behind. */
  const leaders = new Map<string, string>();
  let changes = 0;
  let wake = Promise.withResolvers<void>();

  for (const informer of informers.values()) {
    informer.addHandler((change) => {
      const { metadata, kind } = change.object;
      changes += 1;
      if (change.kind === 'deleted') dead.add(metadata.uid ?? '');
      if (kind === 'Secret') {
        for (const [key, value] of Object.entries((change.object as KubernetesObject & { data?: Record<string, string> }).data ?? {})) {
          const place = `Secret ${metadata.name}: ${key}`;
          if (secretValues.has(place) && secretValues.get(place) !== value) altered.add(place);
          secretValues.set(place, value);
        }
      }
      wake.resolve();
    });
  }

  const collectGarbage = async (): Promise<void> => {
    for (const informer of informers.values()) {
      for (const object of informer.store.list()) {
        const { name, ownerReferences = [] } = object.metadata;
        if (isGoing(object) || ownerReferences.length === 0 || !ownerReferences.every(({ uid }) => dead.has(uid))) continue;
        await unlessTooLate(client.delete(informer.type, { namespace, name }, { propagationPolicy: 'Background' }));
      }
    }
    const used = new Set(pods().flatMap(({ spec }) => spec.volumes?.map((volume) => volume.persistentVolumeClaim?.claimName) ?? []));
    for (const claim of claims()) {
      const { name } = claim.metadata;
      if (!isGoing(claim) || used.has(name)) continue;
      const body = { metadata: { finalizers: null } };
      await unlessTooLate(client.patch(kinds.persistentVolumeClaims, { namespace, name }, { kind: 'merge', body }));
    }
  };

  const bindClaims = async (): Promise<void> => {
    for (const claim of claims()) {
      const { name } = claim.metadata;
      if (isGoing(claim) || claim.status?.phase === 'Bound') continue;
      const bound = { kind: 'merge', body: { spec: { volumeName: `volume-of-${name}` } } } as const;
      await unlessTooLate(client.patch(kinds.persistentVolumeClaims, { namespace, name }, bound));
      const status = { kind: 'merge', body: { status: { phase: 'Bound' } } } as const;
      await unlessTooLate(client.patch(kinds.persistentVolumeClaims, { namespace, name }, status, { subresource: 'status' }));
    }
  };

  const runStatefulSets = async (): Promise<void> => {
    for (const statefulSet of statefulSets()) {
      const { name, uid, generation } = statefulSet.metadata;
      if (isGoing(statefulSet)) continue;
      const { template, replicas = 1, volumeClaimTemplates = [] } = statefulSet.spec;
      const own = pods().filter(({ metadata }) => metadata.ownerReferences?.some((owner) => owner.uid === uid));
      for (let ordinal = 0; ordinal < replicas; ordinal++) {
        const podName = `${name}-${ordinal}`;
        if (own.some(({ metadata }) => metadata.name === podName)) continue;
        const ownerReferences = [
          { apiVersion: 'apps/v1', kind: 'StatefulSet', name, uid: uid ?? '', controller: true, blockOwnerDeletion: true },
        ];
        const labelled = { ...template.metadata.labels, 'statefulset.kubernetes.io/pod-name': podName };
        const claimed = volumeClaimTemplates.map(({ metadata }) => ({
          name: metadata.name,
          persistentVolumeClaim: { claimName: `${metadata.name}-${podName}` },
        }));
        const made = {
          apiVersion: 'v1',
          kind: 'Pod',
          metadata: { ...template.metadata, labels: labelled, name: podName, namespace, ownerReferences },
          spec: { ...template.spec, volumes: [...(template.spec.volumes ?? []), ...claimed], nodeName: 'node' },
        };
        await unlessTooLate(client.create(kinds.pods, made));
      }
      for (const pod of own) {
        const podName = pod.metadata.name;
        if (isGoing(pod) || Number(podName.slice(podName.lastIndexOf('-') + 1)) < replicas) continue;
        await unlessTooLate(client.delete(kinds.pods, { namespace, name: podName }, { gracePeriodSeconds: 30 }));
      }
      if (statefulSet.status?.observedGeneration === generation) continue;
      const body = { status: { observedGeneration: generation, replicas } };
      await unlessTooLate(client.patch(kinds.statefulSets, { namespace, name }, { kind: 'merge', body }, { subresource: 'status' }));
    }
  };

  const becomeReady = async (pod: Pod): Promise<void> => {
    if (isReady(pod)) return;
    const conditions = ['PodScheduled', 'Ready'].map((type) => ({ type, status: 'True', lastTransitionTime: now() }));
    const body = { status: { phase: 'Running', conditions } };
    const { name } = pod.metadata;
    await unlessTooLate(client.patch(kinds.pods, { namespace, name }, { kind: 'merge', body }, { subresource: 'status' }));
  };

  const runPods = async (): Promise<void> => {
    for (const pod of pods()) {
      const { name } = pod.metadata;
      if (isGoing(pod)) await unlessTooLate(client.delete(kinds.pods, { namespace, name }, { gracePeriodSeconds: 0 }));
      else if (pod.metadata.labels?.[labels.patroni] === undefined) await becomeReady(pod);
    }
  };

  const runJobs = async (): Promise<void> => {
    for (const job of jobs()) {
      const { name, resourceVersion } = job.metadata;
      if (isGoing(job) || (job.status?.succeeded ?? 0) > 0) continue;
      const conditions = ['SuccessCriteriaMet', 'Complete'].map((type) => ({
        type,
        status: 'True',
        lastProbeTime: now(),
        lastTransitionTime: now(),
      }));
      // Once: what is listed may be behind, and these times cannot be changed.
      const body = { metadata: { resourceVersion }, status: { succeeded: 1, startTime: now(), completionTime: now(), conditions } };
      await unlessTooLate(client.patch(kinds.jobs, { namespace, name }, { kind: 'merge', body }, { subresource: 'status' }));
    }
  };

  /** One of Patroni's own objects with these annotations. */
  const note = async (cluster: string, scope: string, name: string, annotations: Readonly<Record<string, string>>): Promise<void> => {
    const live = listed(kinds.endpoints).find(({ metadata }) => metadata.name === name);
    if (live === undefined) {
      const metadata = { name, namespace, annotations, labels: { ...commonLabels, [labels.cluster]: cluster, [labels.patroni]: scope } };
      await unlessTooLate(client.create(kinds.endpoints, { apiVersion: 'v1', kind: 'Endpoints', metadata }));
    } else if (Object.entries(annotations).some(([key, value]) => live.metadata.annotations?.[key] !== value)) {
      const body = { metadata: { annotations } };
      await unlessTooLate(client.patch(kinds.endpoints, { namespace, name }, { kind: 'merge', body }));
    }
  };

  const runPatroni = async (): Promise<void> => {
    for (const manifest of manifests()) {
      const cluster = manifest.metadata.name;
      const scope = names.scope(cluster);
      const stateStore = names.configurationService(cluster);
      const running = pods().filter((pod) => !isGoing(pod) && pod.metadata.labels?.[labels.patroni] === scope);
      const annotationsOf = (name: string): Readonly<Record<string, string>> =>
        listed(kinds.endpoints).find(({ metadata }) => metadata.name === name)?.metadata.annotations ?? {};
      const isInitialized = annotationsOf(stateStore)['initialize'] !== undefined;
      if (running.length === 0 || (!isInitialized && running.length < membersIn(manifest.spec))) continue;
      const before = leaders.get(cluster) ?? annotationsOf(scope)['leader'];
      const asked = annotationsOf(`${scope}-failover`);
      const isThere = (name: string | undefined): boolean => running.some(({ metadata }) => metadata.name === name);
      const handsOver = asked['leader'] === before && isThere(asked['member']);
      const leader = handsOver ? asked['member'] : isThere(before) ? before : running[0]?.metadata.name;
      if (leader === undefined) continue;
      if (!timelines.has(cluster)) timelines.set(cluster, Math.max(1, ...running.map(timelineOf)));
      if (before !== undefined && leader !== before) timelines.set(cluster, (timelines.get(cluster) ?? 1) + 1);
      leaders.set(cluster, leader);
      await note(cluster, scope, scope, { leader });
      if ((asked['leader'] ?? '') !== '') await note(cluster, scope, `${scope}-failover`, { leader: '', member: '' });
      if (!isInitialized) await note(cluster, scope, stateStore, { initialize: '7500000000000000001', config: '{}' });
      for (const pod of running) {
        const { name } = pod.metadata;
        const role = name === leader ? roleValues.leader : roleValues.replica;
        const state = {
          role,
          state: 'running',
          timeline: timelines.get(cluster) ?? 1,
          version: '4.0.7',
          ...(name === leader ? {} : { replication_state: 'streaming' }),
        };
        const status = JSON.stringify(state);
        if (pod.metadata.annotations?.['status'] !== status || pod.metadata.labels?.[labels.role] !== role) {
          const body = { metadata: { labels: { [labels.role]: role }, annotations: { status } } };
          await unlessTooLate(client.patch(kinds.pods, { namespace, name }, { kind: 'merge', body }));
        }
        await becomeReady(pod);
      }
    }
  };

  const stop = new AbortController();
  const running = cache.run(stop.signal);
  await cache.waitForSync();
  const playing = (async (): Promise<void> => {
    while (!stop.signal.aborted) {
      await wake.promise;
      wake = Promise.withResolvers<void>();
      if (stop.signal.aborted) return;
      if (options.collectsGarbage) await collectGarbage();
      for (const turn of [bindClaims, runStatefulSets, runPods, runPatroni, runJobs]) await turn();
    }
  })();
  // A failure shows where the world is disposed of; until then the test waits for a state that does not come.
  playing.catch(() => undefined);

  return {
    objects: () => [...informers.values()].flatMap(({ type }) => listed(type)),
    changes: () => changes,
    alteredSecrets: () => [...altered].toSorted(),
    [Symbol.asyncDispose]: async () => {
      stop.abort(new Error('the world has ended'));
      wake.resolve();
      await Promise.all([playing, running]);
    },
  };
};
