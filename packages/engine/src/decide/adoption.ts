/**
 * Guards clusters that another operator runs.
 *
 * | children that the cluster owns      | annotation `pgherd.dev/adopt` | decision                        |
 * |-------------------------------------|-------------------------------|---------------------------------|
 * | none                                | any                           | ours                            |
 * | at least one carries our stamp      | any                           | ours                            |
 * | some, and none carries our stamp    | not `"true"`                  | left alone, condition NotAdopted |
 * | some, and none carries our stamp    | `"true"`                      | ours                            |
 */
import type { Cluster } from '../model/cluster.ts';
import type { Children } from '../observation.ts';
import { stamps } from '../stamps.ts';

interface Stamped {
  readonly metadata: {
    readonly annotations?: Readonly<Record<string, string>>;
    readonly ownerReferences?: readonly { readonly uid: string; readonly controller?: boolean }[];
  };
}

/** Why the cluster is left alone, in words; undefined: it is ours, or may be taken over. */
export const foreignness = (cluster: Cluster, children: Children): string | undefined => {
  if (!isForeign(cluster, children)) return undefined;
  if (cluster.identity.annotations[stamps.adopt] === 'true') return undefined;
  return `another operator made the children of this cluster, so they are left alone; annotate it with ${stamps.adopt}=true to let pgherd take over`;
};

/** Another operator's children are there. */
const isForeign = (cluster: Cluster, children: Children): boolean => {
  const kinds: readonly (readonly Stamped[])[] = [
    children.statefulSets,
    children.deployments,
    children.services,
    children.configMaps,
    children.persistentVolumeClaims,
    children.podDisruptionBudgets,
    children.serviceAccounts,
    children.roles,
    children.roleBindings,
    children.cronJobs,
  ];
  const owned = kinds
    .flat()
    .filter(({ metadata }) => metadata.ownerReferences?.some(({ uid, controller }) => uid === cluster.identity.uid && controller === true));
  const stamped = kinds.flat().some(({ metadata }) => metadata.annotations?.[stamps.rendering] !== undefined);
  return owned.length > 0 && !stamped;
};
