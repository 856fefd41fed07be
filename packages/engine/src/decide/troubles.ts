/** What a pod is stuck on, told to the owner of the manifest: what is in the way, which field it comes from, what to do. */
import type { Pod } from '@pgherd/api';
import type { Cluster } from '../model/cluster.ts';
import type { PodTrouble } from './pods.ts';

/** A pod that no node takes may only be waiting for its volume or for a new node. */
export const schedulingPatienceMs = 30_000;

/** A container that ends once or twice may only have come too early. */
const restartsOfDeadEnd = 3;

/** CamelCase, for conditions and events. */
export const reasonOf = (trouble: PodTrouble): string => {
  switch (trouble.kind) {
    case 'unschedulable':
      return 'Unschedulable';
    case 'image':
      return 'ImageNotAvailable';
    case 'crashing':
      return 'ContainerCrashing';
    case 'configuration':
      return 'ContainerNotConfigured';
    default:
      return trouble satisfies never;
  }
};

const setOf = (cluster: Cluster, pod: Pod): string => {
  const name = pod.metadata.labels?.[cluster.profile.labels.instanceSet];
  return cluster.sets.find((set) => set.name === name)?.path ?? 'the manifest';
};

/** The field that names the image of a container. */
const imageField = ({ profile, sets }: Cluster, container: string): string => {
  const { backupServer, backupConfiguration, backupLogDirectory } = profile.containers;
  const isOwn = sets.some(({ additionalContainers, additionalInitContainers }) =>
    [...additionalContainers, ...additionalInitContainers].some(({ name }) => name === container),
  );
  if (isOwn) return `the image of container ${container} in the manifest`;
  const isBackup = [backupServer, backupConfiguration, backupLogDirectory].includes(container);
  return (isBackup ? profile.fields?.backupImage : profile.fields?.postgresImage) ?? 'the image in the manifest';
};

/**
 * In one sentence. The kubelet's own words are left out where they change from try to try (its delays, its two names for an image that cannot
 * be pulled): a message that changes is a write.
 */
export const describeTrouble = (cluster: Cluster, pod: Pod, trouble: PodTrouble): string => {
  const { name } = pod.metadata;
  switch (trouble.kind) {
    case 'unschedulable':
      return `pod ${name} fits on no node: ${trouble.message}; change affinity, tolerations, resources or volumes of ${setOf(cluster, pod)}, or add a node`;
    case 'image':
      return `pod ${name}, container ${trouble.container}: image ${trouble.image} cannot be pulled; correct ${imageField(cluster, trouble.container)}, push the image, or add a pull secret`;
    case 'crashing':
      return `pod ${name}, container ${trouble.container} ends again and again; see kubectl logs --previous ${name} -c ${trouble.container}`;
    case 'configuration':
      return `pod ${name}, container ${trouble.container} cannot be made: ${trouble.message}`;
    default:
      return trouble satisfies never;
  }
};

/** Nothing gets on until somebody acts; before that it may pass by itself. */
export const isDeadEnd = (trouble: PodTrouble, nowMs: number): boolean => {
  switch (trouble.kind) {
    case 'unschedulable':
      return nowMs - trouble.sinceMs >= schedulingPatienceMs;
    case 'crashing':
      return trouble.restarts >= restartsOfDeadEnd;
    case 'image':
    case 'configuration':
      return true;
    default:
      return trouble satisfies never;
  }
};
