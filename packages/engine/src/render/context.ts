/** What rendering needs to know besides the cluster: facts about where its life stands, all from the observation. */
import type { PersistentVolumeClaim } from '@pgherd/api';
import type { EngineConfiguration } from '../observation.ts';
import type { DesiredObject } from '../decision.ts';
import type { Cluster } from '../model/cluster.ts';
import type { Member, MemberIdentity } from '../model/members.ts';

export interface RenderContext {
  readonly configuration: EngineConfiguration;
  /** Patroni has initialised the cluster: bootstrap sections are left out from now on. */
  readonly bootstrapped: boolean;
  /** Repository from which new replicas are restored; undefined: a base backup from the primary. */
  readonly replicaRepository: string | undefined;
  /** ClusterIP of the leader Service, once the API server gave one. */
  readonly leaderServiceIp: string | undefined;
  /** Claims that are there under another name than the profile gives them: that name by the profile's. */
  readonly claimNames: ReadonlyMap<string, string>;
  /** Names of the claims that have a volume. */
  readonly boundClaims: ReadonlySet<string>;
  /** The live ones of StatefulSets that members share, by the StatefulSet's name. */
  readonly claimTemplates: ReadonlyMap<string, readonly PersistentVolumeClaim[]>;
  /** The restarts that pods were last made for, by their StatefulSet's name: taking the request back asks for none. */
  readonly restarts: ReadonlyMap<string, string>;
  /** Members that go and still run, or may start again. Nothing of theirs is rendered but what others hold for them. */
  readonly leaving: readonly Member[];
  /** The member that must lead first; undefined: whoever Patroni elects. */
  readonly leadsFirst: MemberIdentity | undefined;
  /** A member has a pod, be it one that is stopping. */
  readonly memberRuns: boolean;
}

/** Members wanted, with how many pods each should have now (0 or 1): stop, start and delete order them through this. */
export interface MemberTarget {
  readonly identity: MemberIdentity;
  readonly pods: 0 | 1;
}

/** What every renderer is: a pure function to objects. */
export type Renderer = (cluster: Cluster, members: readonly MemberTarget[], context: RenderContext) => readonly DesiredObject[];
