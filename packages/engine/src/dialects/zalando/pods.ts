/** The members: one set of pods, called as the cluster. */
import type {
  Affinity,
  Container,
  EnvFromSource,
  EnvVar,
  LabelSelector,
  NodeAffinity,
  PersistentVolumeClaimSpec,
  ResourceRequirements,
  Toleration,
  TopologySpreadConstraint,
  Volume,
  VolumeMount,
} from '@pgherd/api';
import type { DisruptionBudget, InstanceSet, Metadata, VolumeClaim } from '../../model/cluster.ts';
import { parseQuantity } from '../../quantity.ts';
import { amountOf, resourcesOf } from '../common/amounts.ts';
import type { Field } from '../common/fields.ts';
import {
  at,
  booleanOf,
  embedded,
  embeddedItems,
  integerOf,
  isPresent,
  itemsOf,
  objectOf,
  report,
  shown,
  textItemsOf,
  textOf,
} from '../common/fields.ts';
import { softSpread } from '../common/spread.ts';
import { profile, rootDirectory } from './profile.ts';

const { labels, roles, containers, paths, names } = profile;

/** What the original gives a container of PostgreSQL that asks for nothing. */
const usualResources = { requests: { cpu: '100m', memory: '100Mi' }, limits: { cpu: '1', memory: '500Mi' } } as const;

/** Resources with the usual ones where the manifest says nothing; a limit is never below what is asked for. */
export const memberResourcesOf = (field: Field): ResourceRequirements => {
  const own = resourcesOf(field) ?? {};
  const requests: Readonly<Record<string, string>> = { ...usualResources.requests, ...(own.requests as Readonly<Record<string, string>>) };
  const limits: Record<string, string> = { ...usualResources.limits, ...(own.limits as Readonly<Record<string, string>>) };
  for (const [name, request] of Object.entries(requests)) {
    const limit = limits[name];
    if (limit !== undefined && (parseQuantity(request) ?? 0) > (parseQuantity(limit) ?? 0)) limits[name] = request;
  }
  return { requests, limits };
};

const dataVolumeOf = (field: Field): VolumeClaim => {
  const size = at(field, 'size');
  const storage = amountOf(size);
  if (storage !== undefined && parseQuantity(storage) === 0) {
    report(size, {
      kind: 'invalid',
      reason: 'InvalidVolumeClaim',
      message: 'a volume needs a size; write an amount such as 10Gi',
      blocking: true,
    });
  }
  const storageClassName = textOf(at(field, 'storageClass'));
  const selector = embedded<LabelSelector>(at(field, 'selector'));
  const spec: PersistentVolumeClaimSpec = {
    accessModes: ['ReadWriteOnce'],
    resources: { requests: { storage: storage ?? '' } },
    ...(storageClassName !== undefined && storageClassName !== '' && { storageClassName }),
    ...(selector !== undefined && { selector }),
  };
  return { spec };
};

/** No drain takes the primary; and pods that the image marks are taken by none, as the original has it. No pod is matched by both. */
const budgetsOf = (cluster: string, replicas: number): readonly DisruptionBudget[] => {
  const critical = 'critical-operation';
  return replicas === 0
    ? []
    : [
        {
          name: `postgres-${cluster}-pdb`,
          limit: { minAvailable: 1 },
          labels: { [labels.role]: profile.roleValues.leader },
          expressions: [{ key: critical, operator: 'NotIn', values: ['true'] }],
        },
        { name: `postgres-${cluster}-critical-op-pdb`, limit: { maxUnavailable: 0 }, labels: { [critical]: 'true' }, expressions: [] },
      ];
};

/** Members keep apart from each other where they can. */
const usualSpread = (cluster: string): readonly TopologySpreadConstraint[] =>
  softSpread({ matchLabels: { ...profile.commonLabels, [labels.cluster]: cluster, [labels.data]: 'postgres' } });

const fieldEnvironment = (name: string, fieldPath: string): EnvVar => ({ name, valueFrom: { fieldRef: { apiVersion: 'v1', fieldPath } } });

/** What programs in the container of PostgreSQL read to know where they are. Passwords are none of it: its own programs need none. */
const databaseEnvironment = (cluster: string, majorVersion: number): readonly EnvVar[] => [
  { name: 'SCOPE', value: profile.names.scope(cluster) },
  { name: 'PGROOT', value: rootDirectory },
  { name: 'PGVERSION', value: String(majorVersion) },
  { name: 'PGUSER_SUPERUSER', value: roles.superuser },
  { name: 'PGUSER_STANDBY', value: roles.replication },
  { name: 'KUBERNETES_SCOPE_LABEL', value: labels.cluster },
  { name: 'KUBERNETES_ROLE_LABEL', value: labels.role },
  { name: 'KUBERNETES_LABELS', value: JSON.stringify(profile.commonLabels) },
  { name: 'DCS_ENABLE_KUBERNETES_API', value: 'true' },
  fieldEnvironment('POD_IP', 'status.podIP'),
  fieldEnvironment('POD_NAMESPACE', 'metadata.namespace'),
];

/** Variables of the manifest. One never replaces one of the cluster's own; names count without their case, as in the original. */
const environmentOf = (field: Field, own: readonly EnvVar[]): readonly EnvVar[] => {
  const taken = new Set(own.map(({ name }) => name.toUpperCase()));
  return itemsOf(field).flatMap((item): readonly EnvVar[] => {
    const name = textOf(at(item, 'name')) ?? '';
    const variable = embedded<EnvVar>(item);
    if (variable !== undefined && name !== '') return taken.has(name.toUpperCase()) ? [] : [variable];
    report(item, { kind: 'invalid', reason: 'InvalidVariable', message: 'a variable needs a name, so it is left out; give it one' });
    return [];
  });
};

const takenNames = (sidecars: readonly string[]): ReadonlySet<string> =>
  new Set([containers.database, containers.certificateCopy, containers.startup, ...sidecars]);

/** A container of the manifest's own, with the data and the way into the database, as the original gives them to it. */
const sidecarsOf = (field: Field, cluster: string): readonly Container[] => {
  const used: string[] = [];
  return itemsOf(field).flatMap((item, index): readonly Container[] => {
    const name = textOf(at(item, 'name')) ?? `sidecar-${index}`;
    const image = textOf(at(item, 'image'));
    if (takenNames(used).has(name)) {
      report(at(item, 'name'), {
        kind: 'invalid',
        reason: 'InvalidContainer',
        message: `the pod already has a container ${shown(name)}; the container is left out, choose another name`,
      });
      return [];
    }
    if (image === undefined || image === '') {
      report(at(item, 'image'), {
        kind: 'invalid',
        reason: 'InvalidContainer',
        message: 'a container needs an image, so it is left out; name one',
      });
      return [];
    }
    used.push(name);
    const password = { name: names.userSecret(cluster, roles.superuser), key: 'password' };
    const environment: readonly EnvVar[] = [
      fieldEnvironment('POD_NAME', 'metadata.name'),
      fieldEnvironment('POD_NAMESPACE', 'metadata.namespace'),
      { name: 'POSTGRES_USER', value: roles.superuser },
      { name: 'POSTGRES_PASSWORD', valueFrom: { secretKeyRef: password } },
    ];
    const command = textItemsOf(at(item, 'command'));
    const ports = embeddedItems<NonNullable<Container['ports']>[number]>(at(item, 'ports'));
    return [
      {
        name,
        image,
        ...(command.length > 0 && { command }),
        ...(ports.length > 0 && { ports }),
        env: [...environment, ...environmentOf(at(item, 'env'), environment)],
        resources: memberResourcesOf(at(item, 'resources')),
        volumeMounts: [{ name: profile.volumes.data, mountPath: paths.dataMount }],
      },
    ];
  });
};

interface AdditionalVolumes {
  readonly volumes: readonly Volume[];
  readonly mounts: readonly VolumeMount[];
  readonly mountsByContainer: Readonly<Record<string, readonly VolumeMount[]>>;
}

/** A socket for everybody in the pod, at the place where clients look for it. */
const socketVolume: Volume = { name: 'postgresql-run', emptyDir: { medium: 'Memory', sizeLimit: '16Mi' } };
const socketMount: VolumeMount = { name: socketVolume.name, mountPath: paths.socketDirectory };

const additionalVolumesOf = (field: Field, known: ReadonlySet<string>): AdditionalVolumes => {
  const volumes: Volume[] = [socketVolume];
  const mounts: VolumeMount[] = [socketMount];
  const mountsByContainer: Record<string, VolumeMount[]> = {};
  const refuse = (place: Field, message: string): void =>
    report(place, { kind: 'invalid', reason: 'InvalidVolume', message: `${message}; the volume is left out` });
  const taken = new Set([profile.volumes.data, socketVolume.name, 'cert-volume', 'patroni-config', 'dshm', 'tmp']);
  for (const item of itemsOf(field)) {
    const name = textOf(at(item, 'name')) ?? '';
    const mountPath = textOf(at(item, 'mountPath')) ?? '';
    const source = objectOf(at(item, 'volumeSource'));
    if (taken.has(name) || name === '') {
      refuse(at(item, 'name'), `the pod already has a volume ${shown(name)}, or the name is empty: choose another one`);
      continue;
    }
    if (!mountPath.startsWith('/') || mountPath === paths.dataMount || mountPath === paths.socketDirectory) {
      refuse(at(item, 'mountPath'), `nothing can be mounted at ${shown(mountPath)}: choose another directory`);
      continue;
    }
    if (source === undefined) {
      refuse(at(item, 'volumeSource'), 'nothing says what the volume is: name a source, such as emptyDir: {}');
      continue;
    }
    taken.add(name);
    const subPath = textOf(at(item, 'subPath'));
    const isExpression = booleanOf(at(item, 'isSubPathExpr')) === true;
    const mount: VolumeMount = {
      name,
      mountPath,
      ...(subPath !== undefined && subPath !== '' && (isExpression ? { subPathExpr: subPath } : { subPath })),
    };
    volumes.push({ name, ...source });
    const targetItems = itemsOf(at(item, 'targetContainers'));
    const targets = targetItems.map((target) => textOf(target)).filter((target) => target !== undefined);
    if (targets.length === 1 && targets[0] === 'all') {
      mounts.push(mount);
      continue;
    }
    for (const target of targetItems) {
      if (typeof target.value !== 'string' || known.has(target.value)) continue;
      report(target, {
        kind: 'warning',
        reason: 'SpecifiedContainerNotFound',
        message: `the pod has no container ${shown(target.value)}, so nothing mounts the volume there; choose of ${[...known].join(', ')}, or "all" alone`,
      });
    }
    for (const target of targets.length === 0 ? [containers.database] : targets.filter((container) => known.has(container))) {
      (mountsByContainer[target] ??= []).push(mount);
    }
  }
  return { volumes, mounts, mountsByContainer };
};

export interface PodInputs {
  readonly cluster: string;
  readonly majorVersion: number;
  readonly replicas: number;
  readonly metadata: Metadata;
}

export const membersOf = (spec: Field, { cluster, majorVersion, replicas, metadata }: PodInputs): InstanceSet => {
  const additionalContainers = sidecarsOf(at(spec, 'sidecars'), cluster);
  const additionalInitContainers = embeddedItems<Container>(at(spec, 'initContainers')).filter(({ name }) => name !== containers.startup);
  const known = new Set([containers.database, ...[...additionalContainers, ...additionalInitContainers].map(({ name }) => name)]);
  const additional = additionalVolumesOf(at(spec, 'additionalVolumes'), known);
  const own = databaseEnvironment(cluster, majorVersion);
  const nodeAffinity = embedded<NodeAffinity>(at(spec, 'nodeAffinity'));
  const affinity: Affinity | undefined = nodeAffinity === undefined ? undefined : { nodeAffinity };
  const constraints = embeddedItems<TopologySpreadConstraint>(at(spec, 'topologySpreadConstraints'));
  return {
    name: cluster,
    path: 'spec',
    replicas,
    metadata,
    resources: memberResourcesOf(at(spec, 'resources')),
    dataVolume: dataVolumeOf(at(spec, 'volume')),
    walVolume: undefined,
    scheduling: {
      affinity,
      tolerations: embeddedItems<Toleration>(at(spec, 'tolerations')),
      topologySpreadConstraints: isPresent(at(spec, 'topologySpreadConstraints')) ? constraints : usualSpread(cluster),
      priorityClassName: textOf(at(spec, 'podPriorityClassName')),
    },
    disruptionBudgets: budgetsOf(cluster, replicas),
    helperResources: {},
    additionalContainers,
    additionalInitContainers,
    additionalVolumes: additional.volumes,
    additionalMounts: additional.mounts,
    mountsByContainer: additional.mountsByContainer,
    additionalEnvironment: [...own, ...environmentOf(at(spec, 'env'), own)],
    environmentSources: embeddedItems<EnvFromSource>(at(spec, 'envFrom')),
  };
};

/** How many; the bound is there so that whoever counts up to it comes to an end. */
export const replicasOf = (field: Field): number => {
  const mostReplicas = 100;
  const replicas = integerOf(field, 0) ?? 1;
  if (replicas <= mostReplicas) return replicas;
  report(field, {
    kind: 'invalid',
    reason: 'TooManyReplicas',
    message: `${replicas} members are asked for, and a cluster has at most ${mostReplicas}; ask for fewer`,
    blocking: true,
  });
  return mostReplicas;
};
