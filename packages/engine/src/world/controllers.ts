/** What Kubernetes' own controllers and kubelets do in one turn. */
import type { PersistentVolumeClaim, Pod, PodSpec, StatefulSet } from '@pgherd/api';
import type { Cluster } from '../model/cluster.ts';
import { ordinalOf, podOf } from '../model/members.ts';
import { create, keyOf, objectsOf, remove, store, timeOf, type World, type WorldObject } from './world.ts';

// The model stores what the API would return, so an object of a kind has that kind's shape.
const asPod = (object: WorldObject): Pod => object as unknown as Pod;
const asClaim = (object: WorldObject): PersistentVolumeClaim => object as unknown as PersistentVolumeClaim;
const asStatefulSet = (object: WorldObject): StatefulSet => object as unknown as StatefulSet;

const withStatus = (object: WorldObject, status: unknown): WorldObject => ({ ...object, status });

const specOf = (pod: WorldObject): PodSpec | undefined => asPod(pod).spec;

/** Names of the claims that a pod uses. */
const claimsOf = (pod: WorldObject): readonly string[] =>
  (specOf(pod)?.volumes ?? []).flatMap(({ persistentVolumeClaim }) => persistentVolumeClaim?.claimName ?? []);

/** What a pod mounts and is not there. */
const missingFor = (world: World, pod: WorldObject): readonly string[] => {
  const needed: string[] = claimsOf(pod).map((name) => keyOf('PersistentVolumeClaim', name));
  for (const volume of specOf(pod)?.volumes ?? []) {
    for (const source of [volume, ...(volume.projected?.sources ?? [])]) {
      if (source.configMap?.name !== undefined && source.configMap.optional !== true)
        needed.push(keyOf('ConfigMap', source.configMap.name));
      const { secret } = source;
      if (secret === undefined || secret.optional === true) continue;
      const name = 'secretName' in secret ? secret.secretName : 'name' in secret ? secret.name : undefined;
      if (name !== undefined) needed.push(keyOf('Secret', name));
    }
  }
  // The last one is in every namespace.
  const isThere = (key: string): boolean =>
    world.objects.has(key) || world.secrets.has(key.replace(/^Secret\//, '')) || key === 'ConfigMap/kube-root-ca.crt';
  return needed.filter((key) => !isThere(key));
};

const bindClaims = (world: World): World => {
  const used = new Set(objectsOf(world, 'Pod').flatMap(claimsOf));
  let next = world;
  for (const claim of objectsOf(world, 'PersistentVolumeClaim')) {
    const { name, deletionTimestamp } = claim.metadata;
    if (deletionTimestamp !== undefined) {
      if (!used.has(name)) next = remove(next, 'PersistentVolumeClaim', name);
      continue;
    }
    const { spec } = asClaim(claim);
    const bound = { ...claim, spec: { volumeMode: 'Filesystem', ...spec, volumeName: `pv-${claim.metadata.uid}` } };
    next = store(next, withStatus(bound, { phase: 'Bound', capacity: { storage: spec?.resources?.requests?.['storage'] } }));
  }
  return next;
};

const giveAddresses = (world: World): World => {
  let next = world;
  for (const service of objectsOf(world, 'Service')) {
    const spec = service['spec'] as { readonly clusterIP?: string } | undefined;
    if (spec?.clusterIP === undefined) next = store(next, { ...service, spec: { ...spec, clusterIP: `10.96.0.${world.counter % 250}` } });
  }
  return next;
};

const runStatefulSets = (world: World): World => {
  let next = world;
  for (const statefulSet of objectsOf(world, 'StatefulSet')) {
    const { name, uid, namespace, generation } = statefulSet.metadata;
    const { spec } = asStatefulSet(statefulSet);
    const { template, replicas = 1, volumeClaimTemplates = [] } = spec ?? {};
    const owner = { uid, kind: 'StatefulSet', name, controller: true };
    for (let ordinal = 0; ordinal < replicas; ordinal++) {
      const podName = podOf(name, ordinal);
      const present = next.objects.get(keyOf('Pod', podName));
      if (present !== undefined) {
        // One without an owner is taken over.
        const { metadata } = present;
        if ((metadata.ownerReferences ?? []).length === 0)
          next = store(next, { ...present, metadata: { ...metadata, ownerReferences: [owner] } });
        continue;
      }
      // A claim on its way out must be gone before there is another of its name (kubernetes 1.31, createPersistentVolumeClaims).
      const isBlocked = volumeClaimTemplates.some(
        (claim) =>
          next.objects.get(keyOf('PersistentVolumeClaim', `${claim.metadata?.name ?? ''}-${podName}`))?.metadata.deletionTimestamp !==
          undefined,
      );
      if (isBlocked) continue;
      const podMetadata = {
        ...template?.metadata,
        labels: { ...template?.metadata?.labels, 'statefulset.kubernetes.io/pod-name': podName },
        name: podName,
        ownerReferences: [owner],
      };
      const volumes = volumeClaimTemplates.map((claim) => {
        const volume = claim.metadata?.name ?? '';
        const claimName = `${volume}-${podName}`;
        // It makes what is not there, with the labels of its selector.
        if (!next.objects.has(keyOf('PersistentVolumeClaim', claimName))) {
          const metadata = { name: claimName, labels: spec?.selector.matchLabels };
          next = create(next, { apiVersion: 'v1', kind: 'PersistentVolumeClaim', metadata, spec: claim.spec }, namespace);
        }
        return { name: volume, persistentVolumeClaim: { claimName } };
      });
      const podSpec = { ...template?.spec, volumes: [...(template?.spec?.volumes ?? []), ...volumes] };
      next = create(next, { apiVersion: 'v1', kind: 'Pod', metadata: podMetadata, spec: podSpec, status: { phase: 'Pending' } }, namespace);
    }
    for (const pod of objectsOf(next, 'Pod')) {
      if (pod.metadata.ownerReferences?.some((owner) => owner.uid === uid) !== true || pod.metadata.deletionTimestamp !== undefined)
        continue;
      if (ordinalOf(pod.metadata.name) < replicas) continue;
      next = store(next, { ...pod, metadata: { ...pod.metadata, deletionTimestamp: timeOf(world.nowMs) } });
    }
    next = store(next, withStatus(statefulSet, { observedGeneration: generation }));
  }
  return next;
};

const nodeLabelsAsked = (pod: WorldObject): readonly string[] =>
  (specOf(pod)?.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms ?? []).flatMap((term) =>
    (term.matchExpressions ?? []).map(({ key }) => key),
  );

/** The pod's status after a turn of scheduler and kubelet; Patroni says when a member's pod is ready. */
const podStatus = (world: World, pod: WorldObject, isMember: boolean): unknown => {
  const condition = (type: string, status: 'True' | 'False', reason?: string, message?: string) => ({
    type,
    status,
    ...(reason === undefined ? {} : { reason }),
    ...(message === undefined ? {} : { message }),
    lastTransitionTime: pod.metadata.creationTimestamp,
  });
  if (nodeLabelsAsked(pod).some((key) => world.faults.unknownNodeLabels.has(key))) {
    const message = "0/2 nodes are available: 2 node(s) didn't match Pod's node affinity/selector.";
    return { phase: 'Pending', conditions: [condition('PodScheduled', 'False', 'Unschedulable', message)] };
  }
  const scheduled = condition('PodScheduled', 'True');
  // What runs has mounted everything already.
  if (asPod(pod).status?.phase !== 'Running' && missingFor(world, pod).length > 0) return { phase: 'Pending', conditions: [scheduled] };
  const containers = specOf(pod)?.containers ?? [];
  const lacking = [...(specOf(pod)?.initContainers ?? []), ...containers].find(({ image }) => world.faults.missingImages.has(image ?? ''));
  if (lacking !== undefined) {
    const waiting = { reason: 'ImagePullBackOff', message: `Back-off pulling image "${lacking.image ?? ''}"` };
    const isInit = !containers.some(({ name }) => name === lacking.name);
    const statuses = [{ name: lacking.name, image: lacking.image, imageID: '', ready: false, restartCount: 0, state: { waiting } }];
    return { phase: 'Pending', conditions: [scheduled], [isInit ? 'initContainerStatuses' : 'containerStatuses']: statuses };
  }
  const before = asPod(pod).status?.conditions?.find(({ type }) => type === 'Ready')?.status;
  const ready = isMember ? before === 'True' : true;
  const containerStatuses = containers.map(({ name, image }) => ({
    name,
    image,
    imageID: image,
    ready,
    restartCount: 0,
    state: { running: { startedAt: pod.metadata.creationTimestamp } },
  }));
  return { phase: 'Running', conditions: [scheduled, condition('Ready', ready ? 'True' : 'False')], containerStatuses };
};

const runPods = (world: World, cluster: Cluster): World => {
  let next = world;
  for (const pod of objectsOf(world, 'Pod')) {
    if (pod.metadata.deletionTimestamp !== undefined) {
      if (!world.faults.lostPods.has(pod.metadata.name)) next = remove(next, 'Pod', pod.metadata.name);
    } else next = store(next, withStatus(pod, podStatus(world, pod, pod.metadata.labels?.[cluster.profile.labels.instance] !== undefined)));
  }
  return next;
};

const runJobs = (world: World): World => {
  let next = world;
  for (const job of objectsOf(world, 'Job')) {
    if (job['status'] !== undefined) continue;
    const conditions = [
      { type: world.faults.failingJobs ? 'Failed' : 'Complete', status: 'True', lastTransitionTime: timeOf(world.nowMs) },
    ];
    next = store(next, withStatus(job, world.faults.failingJobs ? { failed: 7, conditions } : { succeeded: 1, conditions }));
  }
  return next;
};

/** Objects all of whose owners are gone go, too. */
const collectGarbage = (world: World): World => {
  const alive = new Set([...world.objects.values()].map(({ metadata }) => metadata.uid));
  if (world.manifest !== undefined) alive.add(world.manifest.metadata.uid);
  const isOrphan = ({ ownerReferences }: WorldObject['metadata']): boolean =>
    ownerReferences !== undefined && ownerReferences.length > 0 && ownerReferences.every(({ uid }) => !alive.has(uid));
  let next = world;
  for (const object of world.objects.values()) {
    if (!isOrphan(object.metadata) || object.metadata.deletionTimestamp !== undefined) continue;
    next =
      object.kind === 'Pod'
        ? store(next, { ...object, metadata: { ...object.metadata, deletionTimestamp: timeOf(world.nowMs) } })
        : remove(next, object.kind, object.metadata.name);
  }
  const secrets = new Map([...next.secrets].filter(([, { metadata }]) => !isOrphan(metadata)));
  return secrets.size === next.secrets.size ? next : { ...next, secrets };
};

/** One turn of all of them. */
export const runControllers = (world: World, cluster: Cluster): World =>
  [collectGarbage, giveAddresses, bindClaims, runStatefulSets, (next: World): World => runPods(next, cluster), runJobs].reduce(
    (next, controller) => controller(next),
    world,
  );
