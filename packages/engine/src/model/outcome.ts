/** What a pass found, in neutral words. A dialect turns it into its status. */
import type { Member } from './members.ts';

/** Metav1 condition without its transition time, which is kept while the status stays the same. */
export interface ConditionOutcome {
  readonly type: string;
  readonly status: 'True' | 'False' | 'Unknown';
  /** CamelCase. */
  readonly reason: string;
  /** For a person: what is, what is in the way, what to do. */
  readonly message: string;
}

export interface RepositoryOutcome {
  readonly name: string;
  readonly bound: boolean;
  readonly volume: string | undefined;
  readonly stanzaCreated: boolean;
  readonly replicaCreateBackupComplete: boolean;
}

/** How far switchovers are that the owner asked for. */
export interface SwitchoverProgress {
  /** The request that was carried out last. */
  readonly done: string | undefined;
  /** The timeline from which another one is to lead to the next; undefined: none is under way. */
  readonly fromTimeline: number | undefined;
}

export const noSwitchover: SwitchoverProgress = { done: undefined, fromTimeline: undefined };

export interface Outcome {
  readonly members: readonly Member[];
  /** Name of the member that leads, or that led last while none does. */
  readonly primary: string | undefined;
  /** Version that the primary runs, as it says it (`17.6`); undefined or absent: not read in this pass. */
  readonly serverVersion?: string | undefined;
  /** Patroni's system identifier; its presence means that the cluster was bootstrapped. */
  readonly systemIdentifier: string | undefined;
  readonly sets: readonly {
    readonly name: string;
    readonly replicas: number;
    readonly readyReplicas: number;
    readonly updatedReplicas: number;
  }[];
  readonly repositoryHost: { readonly ready: boolean } | undefined;
  readonly repositories: readonly RepositoryOutcome[];
  /** Hash of the roles and databases that are in force. */
  readonly usersRevision: string | undefined;
  readonly databaseRevision: string | undefined;
  /** Name of the ConfigMap whose SQL was run. */
  readonly initSql: string | undefined;
  /** The member that starts first and stops last, while the cluster is not running normally. */
  readonly startupMember: { readonly name: string; readonly set: string } | undefined;
  readonly switchover: SwitchoverProgress;
  /** All conditions that should stand; others of the same types are removed. */
  readonly conditions: readonly ConditionOutcome[];
  /** The generation was looked at in this pass. */
  readonly observedGeneration: number;
}
