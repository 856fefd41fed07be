/** Built-in kinds that most controllers need. Callers give the objects a type by `resourceType<Pod>(pods)` or keep the bare metadata. */
import type { KubernetesObject, ResourceType } from './objects.ts';

/** The same resource with objects of type T. */
export function resourceType<T extends KubernetesObject>(type: ResourceType): ResourceType<T> {
  return type as ResourceType<T>;
}

function core(kind: string, plural: string, namespaced = true): ResourceType {
  return { group: '', version: 'v1', kind, plural, namespaced };
}

function named(group: string, version: string, kind: string, plural: string, namespaced = true): ResourceType {
  return { group, version, kind, plural, namespaced };
}

export const kinds = {
  namespaces: core('Namespace', 'namespaces', false),
  nodes: core('Node', 'nodes', false),
  pods: core('Pod', 'pods'),
  services: core('Service', 'services'),
  endpoints: core('Endpoints', 'endpoints'),
  configMaps: core('ConfigMap', 'configmaps'),
  secrets: core('Secret', 'secrets'),
  serviceAccounts: core('ServiceAccount', 'serviceaccounts'),
  persistentVolumeClaims: core('PersistentVolumeClaim', 'persistentvolumeclaims'),
  persistentVolumes: core('PersistentVolume', 'persistentvolumes', false),
  events: core('Event', 'events'),
  statefulSets: named('apps', 'v1', 'StatefulSet', 'statefulsets'),
  deployments: named('apps', 'v1', 'Deployment', 'deployments'),
  jobs: named('batch', 'v1', 'Job', 'jobs'),
  cronJobs: named('batch', 'v1', 'CronJob', 'cronjobs'),
  podDisruptionBudgets: named('policy', 'v1', 'PodDisruptionBudget', 'poddisruptionbudgets'),
  roles: named('rbac.authorization.k8s.io', 'v1', 'Role', 'roles'),
  roleBindings: named('rbac.authorization.k8s.io', 'v1', 'RoleBinding', 'rolebindings'),
  clusterRoles: named('rbac.authorization.k8s.io', 'v1', 'ClusterRole', 'clusterroles', false),
  clusterRoleBindings: named('rbac.authorization.k8s.io', 'v1', 'ClusterRoleBinding', 'clusterrolebindings', false),
  leases: named('coordination.k8s.io', 'v1', 'Lease', 'leases'),
  storageClasses: named('storage.k8s.io', 'v1', 'StorageClass', 'storageclasses', false),
  customResourceDefinitions: named('apiextensions.k8s.io', 'v1', 'CustomResourceDefinition', 'customresourcedefinitions', false),
} as const satisfies Readonly<Record<string, ResourceType>>;
