/** The members: one set of pods, called as the cluster. */
import type {
  Affinity,
  EnvFromSource,
  LabelSelector,
  NodeAffinity,
  PersistentVolumeClaimSpec,
  Toleration,
  TopologySpreadConstraint,
} from '@pgherd/api';
import type { DisruptionBudget, InstanceSet, Metadata, VolumeClaim } from '../../model/cluster.ts';
import { parseQuantity } from '../../quantity.ts';
import { amountOf } from '../common/amounts.ts';
import type { Field } from '../common/fields.ts';
import { at, embedded, embeddedItems, integerOf, isPresent, report, textOf } from '../common/fields.ts';
import { softSpread } from '../common/spread.ts';
import { initContainersOf, sidecarsOf, withMountsOf } from './additionalContainers.ts';
import { additionalVolumesOf } from './additionalVolumes.ts';
import { databaseVariables, databaseVariablesOf } from './environment.ts';
import { ownVolumes } from './ownPod.ts';
import { distinctObjects, listKeys } from './podLists.ts';
import { profile } from './profile.ts';
import { memberResourcesOf } from './resources.ts';

const { labels } = profile;

/** On pods that no drain may take, while a member gets its data. */
const criticalOperation = 'critical-operation';

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

/**
 * No drain takes the primary; and pods that the image marks are taken by none, as the original has it. No pod is matched by both. Of a cluster that is
 * stopped nothing has to be available, so that nobody is told of a budget that is not met.
 */
const budgetsOf = (cluster: string, replicas: number): readonly DisruptionBudget[] => [
  {
    name: `postgres-${cluster}-pdb`,
    limit: { minAvailable: replicas === 0 ? 0 : 1 },
    labels: { [labels.role]: profile.roleValues.leader },
    expressions: [{ key: criticalOperation, operator: 'NotIn', values: ['true'] }],
  },
  {
    name: `postgres-${cluster}-critical-op-pdb`,
    limit: { maxUnavailable: 0 },
    labels: { [criticalOperation]: 'true' },
    expressions: [],
  },
];

/** Members keep apart from each other where they can. */
const usualSpread = (cluster: string): readonly TopologySpreadConstraint[] =>
  softSpread({ matchLabels: { ...profile.commonLabels, [labels.cluster]: cluster, [labels.data]: 'postgres' } });

export interface PodInputs {
  readonly cluster: string;
  readonly majorVersion: number;
  readonly replicas: number;
  /** Of the pods; its annotations are on nothing else. */
  readonly metadata: Metadata;
  /** The cluster has its data: where they came from matters no more. */
  readonly bootstrapped: boolean;
}

export const membersOf = (spec: Field, inputs: PodInputs): InstanceSet => {
  const { cluster, majorVersion, replicas, metadata, bootstrapped } = inputs;
  const additionalContainers = sidecarsOf(at(spec, 'sidecars'), cluster);
  const sidecars = additionalContainers.map(({ name }) => name);
  const initContainers = initContainersOf(at(spec, 'initContainers'), sidecars);
  const additional = additionalVolumesOf(at(spec, 'additionalVolumes'), {
    sidecars,
    initContainers: initContainers.map(({ container }) => container.name),
  });
  const volumes = new Set([...ownVolumes, ...additional.volumes.map(({ name }) => name)]);
  const own = databaseVariables(cluster, majorVersion);
  const nodeAffinity = embedded<NodeAffinity>(at(spec, 'nodeAffinity'));
  const affinity: Affinity | undefined = nodeAffinity === undefined ? undefined : { nodeAffinity };
  const constraints = at(spec, 'topologySpreadConstraints');
  return {
    name: cluster,
    path: 'spec',
    replicas,
    metadata: { labels: metadata.labels, annotations: {} },
    podMetadata: metadata,
    bootstrapLabels: { [criticalOperation]: 'true' },
    declaresPatroniPort: true,
    resources: memberResourcesOf(at(spec, 'resources')),
    dataVolume: dataVolumeOf(at(spec, 'volume')),
    walVolume: undefined,
    scheduling: {
      affinity,
      tolerations: embeddedItems<Toleration>(at(spec, 'tolerations')),
      topologySpreadConstraints: isPresent(constraints)
        ? distinctObjects<TopologySpreadConstraint>(constraints, listKeys.spreadConstraints)
        : usualSpread(cluster),
      priorityClassName: textOf(at(spec, 'podPriorityClassName')),
    },
    disruptionBudgets: budgetsOf(cluster, replicas),
    helperResources: {},
    additionalContainers,
    additionalInitContainers: initContainers.map((each) => withMountsOf(each, volumes)),
    additionalVolumes: additional.volumes,
    additionalMounts: additional.mounts,
    mountsByContainer: additional.mountsByContainer,
    additionalEnvironment: [...own, ...databaseVariablesOf(at(spec, 'env'), own, bootstrapped)],
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
