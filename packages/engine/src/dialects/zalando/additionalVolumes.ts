/** Volumes of the manifest's own. One that cannot be mounted as asked is left out, so that the pod can be made. */
import type { Volume, VolumeMount } from '@pgherd/api';
import type { Field, JsonObject } from '../common/fields.ts';
import { at, booleanOf, isObject, itemsOf, objectOf, report, shown, textOf } from '../common/fields.ts';
import { initContainerMounts, ownContainers, ownVolumes, sidecarMounts, socketMount, socketVolume, type OwnMount } from './ownPod.ts';
import { isAtOrBelow, isLabel, labelRule, plainPath } from './podLists.ts';
import { profile, rootDirectory } from './profile.ts';

const { containers, paths } = profile;

export interface AdditionalVolumes {
  readonly volumes: readonly Volume[];
  /** What every container mounts. */
  readonly mounts: readonly VolumeMount[];
  /** What only some containers mount, by container name. */
  readonly mountsByContainer: Readonly<Record<string, readonly VolumeMount[]>>;
}

/** Names of the manifest's own containers. */
export interface OtherContainers {
  readonly sidecars: readonly string[];
  readonly initContainers: readonly string[];
}

/** What a volume can be, in Kubernetes' words; the compiler holds it to the generated types. */
const sources: Readonly<Record<Exclude<keyof Volume, 'name'>, true>> = {
  awsElasticBlockStore: true,
  azureDisk: true,
  azureFile: true,
  cephfs: true,
  cinder: true,
  configMap: true,
  csi: true,
  downwardAPI: true,
  emptyDir: true,
  ephemeral: true,
  fc: true,
  flexVolume: true,
  flocker: true,
  gcePersistentDisk: true,
  gitRepo: true,
  glusterfs: true,
  hostPath: true,
  image: true,
  iscsi: true,
  nfs: true,
  persistentVolumeClaim: true,
  photonPersistentDisk: true,
  portworxVolume: true,
  projected: true,
  quobyte: true,
  rbd: true,
  scaleIO: true,
  secret: true,
  storageos: true,
  vsphereVolume: true,
};

/** What the volume is; undefined where it is nothing, or more than one thing. Whatever stands beside it does not name the volume. */
const sourceOf = (field: Field, name: string): JsonObject | undefined => {
  const { name: other, ...given } = objectOf(field) ?? {};
  const [source, ...more] = Object.entries(given).filter(([, value]) => value !== undefined && value !== null);
  if (source === undefined || more.length > 0 || !Object.hasOwn(sources, source[0]) || !isObject(source[1])) return undefined;
  if (other !== undefined) {
    report(at(field, 'name'), {
      kind: 'invalid',
      reason: 'InvalidValue',
      message: `the volume is called ${shown(name)}, and a name in here is ignored; remove it, or indent it as its volumeSource asks`,
    });
  }
  return Object.fromEntries([source]);
};

/** Nothing of the manifest's goes there, in no container: the data would lie on a volume that goes with the pod, or nobody would find the socket. */
const isKept = (path: string): boolean =>
  path === '/' || path === paths.dataMount || path === paths.socketDirectory || isAtOrBelow(path, rootDirectory);

/** A directory below the volume's root. Kubernetes refuses a way up (core/v1 VolumeMount). */
const isBelow = (subPath: string): boolean => !subPath.startsWith('/') && !subPath.split('/').includes('..');

/** The containers that a volume is for; `known` are those that a manifest may name. */
const targetsOf = (field: Field, known: readonly string[]): readonly string[] | 'all' => {
  const items = itemsOf(field);
  const targets = items.map((item) => textOf(item)).filter((target) => target !== undefined);
  if (targets.length === 1 && targets[0] === 'all') return 'all';
  for (const item of items) {
    if (typeof item.value !== 'string' || known.includes(item.value)) continue;
    report(item, {
      kind: 'warning',
      reason: 'SpecifiedContainerNotFound',
      message: `the pod has no container ${shown(item.value)}, so nothing mounts the volume there; choose of ${known.join(', ')}, or "all" alone`,
    });
  }
  return targets.length === 0 ? [containers.database] : [...new Set(targets.filter((target) => known.includes(target)))];
};

interface Wanted {
  readonly volume: Volume;
  readonly mount: VolumeMount;
  readonly targets: readonly string[] | 'all';
}

const refuse = (field: Field, message: string): undefined => {
  report(field, { kind: 'invalid', reason: 'InvalidVolume', message: `${message}; the volume is left out` });
  return undefined;
};

/** What an item asks for; undefined, and reported, where that cannot be, whatever else is in the pod. */
const wantedOf = (item: Field, known: readonly string[]): Wanted | undefined => {
  const name = textOf(at(item, 'name')) ?? '';
  if (!isLabel(name)) return refuse(at(item, 'name'), `${shown(name)} is no name of a volume: ${labelRule}`);
  const path = textOf(at(item, 'mountPath')) ?? '';
  const mountPath = plainPath(path);
  if (!path.startsWith('/') || path.includes(':') || isKept(mountPath)) {
    return refuse(at(item, 'mountPath'), `nothing can be mounted at ${shown(path)}: choose another directory`);
  }
  const source = sourceOf(at(item, 'volumeSource'), name);
  if (source === undefined) {
    return refuse(at(item, 'volumeSource'), 'it must say in one way what the volume is: name one source, such as emptyDir: {}');
  }
  const subPath = textOf(at(item, 'subPath')) ?? '';
  if (!isBelow(subPath)) {
    return refuse(at(item, 'subPath'), `${shown(subPath)} is no directory below the volume: write a relative path without ..`);
  }
  const isExpression = booleanOf(at(item, 'isSubPathExpr')) === true;
  return {
    volume: { name, ...source },
    mount: { name, mountPath, ...(subPath !== '' && (isExpression ? { subPathExpr: subPath } : { subPath })) },
    targets: targetsOf(at(item, 'targetContainers'), known),
  };
};

/** Whether a mount would hide another or be hidden by it, or could have no directory. */
const isInTheWay = ({ path, readOnly }: OwnMount, mountPath: string): boolean =>
  readOnly ? isAtOrBelow(mountPath, path) : mountPath === path;

/** The first of two volumes that would be in each other's way counts. An init container that mounts something itself keeps it. */
export const additionalVolumesOf = (field: Field, { sidecars, initContainers }: OtherContainers): AdditionalVolumes => {
  const volumes: Volume[] = [socketVolume];
  const mounts: VolumeMount[] = [socketMount];
  const mountsByContainer = new Map<string, readonly VolumeMount[]>();
  const taken = new Set(ownVolumes);
  const occupied = new Map<string, readonly OwnMount[]>([
    ...ownContainers,
    ...sidecars.map((name) => [name, sidecarMounts] as const),
    ...initContainers.map((name) => [name, initContainerMounts] as const),
  ]);
  for (const item of itemsOf(field)) {
    const wanted = wantedOf(item, [containers.database, ...sidecars, ...initContainers]);
    if (wanted === undefined) continue;
    const { volume, mount, targets } = wanted;
    if (taken.has(volume.name)) {
      refuse(at(item, 'name'), `the pod already has a volume ${shown(volume.name)}: choose another name`);
      continue;
    }
    const mounting = targets === 'all' ? [...occupied.keys()] : targets;
    const crowded = mounting.find((name) => occupied.get(name)?.some((other) => isInTheWay(other, mount.mountPath)));
    if (crowded !== undefined) {
      refuse(at(item, 'mountPath'), `container ${shown(crowded)} has something at ${shown(mount.mountPath)}: choose another directory`);
      continue;
    }
    taken.add(volume.name);
    volumes.push(volume);
    if (targets === 'all') mounts.push(mount);
    for (const name of mounting) {
      occupied.set(name, [...(occupied.get(name) ?? []), { path: mount.mountPath, readOnly: false }]);
      if (targets !== 'all') mountsByContainer.set(name, [...(mountsByContainer.get(name) ?? []), mount]);
    }
  }
  return { volumes, mounts, mountsByContainer: Object.fromEntries(mountsByContainer) };
};
