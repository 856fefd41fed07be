/** The kinds of object that belong to a cluster, and where each is found in an Observation. */
import { kinds, type ResourceType } from '@pgherd/kube';
import type { Children } from '@pgherd/engine';

/** Kinds that are watched by the label of their cluster. */
export const childKinds = {
  statefulSets: kinds.statefulSets,
  deployments: kinds.deployments,
  pods: kinds.pods,
  services: kinds.services,
  endpoints: kinds.endpoints,
  configMaps: kinds.configMaps,
  secrets: kinds.secrets,
  persistentVolumeClaims: kinds.persistentVolumeClaims,
  podDisruptionBudgets: kinds.podDisruptionBudgets,
  serviceAccounts: kinds.serviceAccounts,
  roles: kinds.roles,
  roleBindings: kinds.roleBindings,
  jobs: kinds.jobs,
  cronJobs: kinds.cronJobs,
} as const satisfies Readonly<Record<keyof Children, ResourceType>>;

const byKind: ReadonlyMap<string, ResourceType> = new Map(Object.values(childKinds).map((type) => [type.kind, type]));

/** Where objects of a kind live in the API. Throws for a kind that no cluster has: the engine and this table have come apart. */
export const resourceOf = (kind: string): ResourceType => {
  const type = byKind.get(kind);
  if (type === undefined) throw new Error(`no cluster has objects of kind ${kind}: add it to childKinds`);
  return type;
};
