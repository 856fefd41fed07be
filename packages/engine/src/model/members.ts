/** The members of a cluster: which there are, which should be, and how each does. */
import type { PersistentVolumeClaim, Pod, StatefulSet } from '@pgherd/api';
import type { Cluster } from './cluster.ts';

/** Who a member is. The name never changes: its volumes, its Patroni name and its DNS name hang on it. */
export interface MemberIdentity {
  /** `hippo-pgdb-x2bn`, or where members share a StatefulSet `hippo-1`: its volumes are called after it. */
  readonly name: string;
  readonly set: string;
  readonly pod: string;
  /** The StatefulSet that makes its pod. */
  readonly workload: string;
  /** Which of that one's pods it is, from 0. */
  readonly ordinal: number;
}

/** The name of a StatefulSet's pod. */
export const podOf = (workload: string, ordinal = 0): string => `${workload}-${ordinal}`;

/** Which of its StatefulSet's pods a pod is, by its name. */
export const ordinalOf = (pod: string): number => Number(pod.slice(pod.lastIndexOf('-') + 1));

/** The member of that name. */
export const memberIdentity = ({ identity, profile }: Pick<Cluster, 'identity' | 'profile'>, set: string, name: string): MemberIdentity => {
  if (profile.workloads === 'own') return { name, set, pod: podOf(name), workload: name, ordinal: 0 };
  return {
    name,
    set,
    pod: name,
    workload: profile.names.workload(identity.name, set),
    ordinal: ordinalOf(name),
  };
};

/** Settings that a server takes at its start only, by name: what is in force, and what is asked for. As Patroni writes them. */
export type PendingSettings = Readonly<Record<string, { readonly inForce: string; readonly asked: string }>>;

/** A member as observed. Parts that do not exist are undefined. */
export interface Member extends MemberIdentity {
  readonly statefulSet: StatefulSet | undefined;
  readonly podObject: Pod | undefined;
  readonly dataClaim: PersistentVolumeClaim | undefined;
  /** From the role label that Patroni keeps on the pod. */
  readonly role: 'leader' | 'replica' | undefined;
  /** The kubelet calls the pod ready, and nobody is about to restart its PostgreSQL. */
  readonly ready: boolean;
  /** Patroni's own word on the pod: `running`, `streaming`, `starting`, `stopped` …; undefined before it wrote one. */
  readonly state: string | undefined;
  readonly timeline: number | undefined;
  /** Settings wait for the next start of its PostgreSQL. */
  readonly pendingRestart: boolean;
  readonly pendingSettings: PendingSettings;
}

type InWorkload = Pick<Member, 'ordinal' | 'statefulSet'>;

/** The StatefulSet that it shares was deleted and left it its pod (`kubectl delete --cascade=orphan`): the next one takes the pod over. */
export const isOrphaned = ({ profile }: Pick<Cluster, 'profile'>, { statefulSet, podObject }: Member): boolean =>
  profile.workloads === 'shared' &&
  statefulSet === undefined &&
  podObject !== undefined &&
  podObject.metadata.deletionTimestamp === undefined;

/** Its StatefulSet exists and is to have its pod. */
export const isAskedFor = ({ ordinal, statefulSet }: InWorkload): boolean =>
  statefulSet !== undefined && (statefulSet.spec?.replicas ?? 1) > ordinal;

/** It has its pod until somebody decides otherwise. */
export const isToRun = (cluster: Pick<Cluster, 'profile'>, member: Member): boolean => isAskedFor(member) || isOrphaned(cluster, member);
