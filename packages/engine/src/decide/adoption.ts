/**
 * Guards clusters that another operator runs. Its children are those that the cluster owns; where members share a StatefulSet, also one of its name,
 * for not every operator writes down that the cluster owns it. Volumes alone are nobody's: they may have been brought along.
 *
 * | children of another operator        | annotation `pgherd.dev/adopt` | decision                        |
 * |-------------------------------------|-------------------------------|---------------------------------|
 * | none                                | any                           | ours                            |
 * | at least one carries our stamp      | any                           | ours                            |
 * | some, and none carries our stamp    | not `"true"`                  | left alone, condition NotAdopted |
 * | some, and none carries our stamp    | `"true"`                      | ours                            |
 * | a StatefulSet that members share, and none carries our stamp | any  | left alone, condition NotAdopted: it cannot be taken over yet |
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
  if (isStamped(children)) return undefined;
  if (foreignWorkloads(cluster, children)) {
    return (
      'another operator made the StatefulSet of this cluster, so it is left alone: taking it over is not carried out yet; ' +
      'let its operator run it, or copy its data into a cluster of another name'
    );
  }
  if (!ownsChildren(cluster, children)) return undefined;
  if (cluster.identity.annotations[stamps.adopt] === 'true') return undefined;
  return `another operator made the children of this cluster, so they are left alone; annotate it with ${stamps.adopt}=true to let pgherd take over`;
};

const kindsOf = (children: Children): readonly (readonly Stamped[])[] => [
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

const isStamped = (children: Children): boolean =>
  kindsOf(children)
    .flat()
    .some(({ metadata }) => metadata.annotations?.[stamps.rendering] !== undefined);

const ownsChildren = ({ identity }: Cluster, children: Children): boolean =>
  kindsOf(children)
    .flat()
    .some(({ metadata }) => metadata.ownerReferences?.some(({ uid, controller }) => uid === identity.uid && controller === true));

/** The StatefulSet under the one name that it can have. What else carries the cluster's labels may be somebody's own. */
const foreignWorkloads = ({ identity, profile: { workloads, names }, sets }: Cluster, { statefulSets }: Children): boolean =>
  workloads === 'shared' &&
  statefulSets.some(({ metadata }) => sets.some((set) => names.workload(identity.name, set.name) === metadata.name));
