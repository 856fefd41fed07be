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

/** Another operator's children are there, and nobody allowed us to take them over. */
export const isForeign = (cluster: Cluster, children: Children): boolean => {
  if (cluster.identity.annotations[stamps.adopt] === 'true') return false;
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
