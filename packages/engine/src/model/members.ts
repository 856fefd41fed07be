/** The members of a cluster: which there are, which should be, and how each does. */
import type { PersistentVolumeClaim, Pod, StatefulSet } from '@pgherd/api';

/** Who a member is. The name never changes: its volumes, its Patroni name and its DNS name hang on it. */
export interface MemberIdentity {
  /** `hippo-pgdb-x2bn`: StatefulSet, stem of the pod, the claims and the configuration. */
  readonly name: string;
  readonly set: string;
  readonly pod: string;
}

/** A member as observed. Parts that do not exist are undefined. */
export interface Member extends MemberIdentity {
  readonly statefulSet: StatefulSet | undefined;
  readonly podObject: Pod | undefined;
  readonly dataClaim: PersistentVolumeClaim | undefined;
  /** From the role label that Patroni keeps on the pod. */
  readonly role: 'leader' | 'replica' | undefined;
  /** The kubelet's readiness of the pod. */
  readonly ready: boolean;
  /** Patroni's own word on the pod: `running`, `streaming`, `starting`, `stopped` …; undefined before it wrote one. */
  readonly state: string | undefined;
  readonly timeline: number | undefined;
  readonly pendingRestart: boolean;
}
