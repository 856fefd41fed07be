/** Which Kubernetes types pgherd knows: what the generator of `src/kubernetes/generated.*.ts` starts from. */

/** OpenAPI documents that hold them. */
export const documents = [
  'api/v1',
  'apis/apps/v1',
  'apis/batch/v1',
  'apis/policy/v1',
  'apis/rbac.authorization.k8s.io/v1',
  'apis/authorization.k8s.io/v1',
  'apis/storage.k8s.io/v1',
  'apis/scheduling.k8s.io/v1',
  'apis/coordination.k8s.io/v1',
  'apis/discovery.k8s.io/v1',
  'apis/events.k8s.io/v1',
  'apis/networking.k8s.io/v1',
  'apis/apiextensions.k8s.io/v1',
] as const;

const core = (kind: string): string => `io.k8s.api.core.v1.${kind}`;
const meta = (kind: string): string => `io.k8s.apimachinery.pkg.apis.meta.v1.${kind}`;
const extensions = 'io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1';

/** Kinds (and two bare types) that get TypeScript interfaces, with all they refer to. */
export const typeRoots: readonly string[] = [
  ...[
    'ConfigMap',
    'Endpoints',
    'Event',
    'Namespace',
    'Node',
    'PersistentVolume',
    'PersistentVolumeClaim',
    'Pod',
    'Secret',
    'Service',
    'ServiceAccount',
  ].map(core),
  'io.k8s.api.apps.v1.ControllerRevision',
  'io.k8s.api.apps.v1.Deployment',
  'io.k8s.api.apps.v1.StatefulSet',
  'io.k8s.api.authorization.v1.SelfSubjectAccessReview',
  'io.k8s.api.batch.v1.CronJob',
  'io.k8s.api.batch.v1.Job',
  'io.k8s.api.coordination.v1.Lease',
  'io.k8s.api.discovery.v1.EndpointSlice',
  'io.k8s.api.events.v1.Event',
  'io.k8s.api.networking.v1.NetworkPolicy',
  'io.k8s.api.policy.v1.Eviction',
  'io.k8s.api.policy.v1.PodDisruptionBudget',
  'io.k8s.api.rbac.v1.ClusterRole',
  'io.k8s.api.rbac.v1.ClusterRoleBinding',
  'io.k8s.api.rbac.v1.Role',
  'io.k8s.api.rbac.v1.RoleBinding',
  'io.k8s.api.scheduling.v1.PriorityClass',
  'io.k8s.api.storage.v1.StorageClass',
  `${extensions}.CustomResourceDefinition`,
  meta('Condition'),
  meta('Status'),
];

/** Types that the custom resources embed: these get a structural schema too. */
export const schemaRoots: readonly string[] = [
  ...[
    'Affinity',
    'Container',
    'ContainerPort',
    'EnvFromSource',
    'EnvVar',
    'LocalObjectReference',
    'NodeAffinity',
    'PersistentVolumeClaimSpec',
    'Probe',
    'ResourceRequirements',
    'SecretProjection',
    'ConfigMapProjection',
    'Toleration',
    'TopologySpreadConstraint',
    'VolumeProjection',
  ].map(core),
  meta('LabelSelector'),
];
