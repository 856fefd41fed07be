/**
 * What an earlier pass left in the status, in neutral words: the only memory that a decision has besides the objects themselves. A
 * dialect reads it back from its own status (the inverse of what it wrote), so that a transition can be told from a state.
 */
import { noSwitchover, type ConditionOutcome, type RepositoryOutcome, type SwitchoverProgress } from './outcome.ts';

export interface RecalledCondition extends ConditionOutcome {
  /** Since when its status is what it is, in milliseconds since 1970; undefined: the status does not say. */
  readonly sinceMs: number | undefined;
}

export interface Recollection {
  readonly conditions: readonly RecalledCondition[];
  /** Name of the member that led. */
  readonly primary: string | undefined;
  readonly systemIdentifier: string | undefined;
  readonly repositories: readonly RepositoryOutcome[];
  readonly usersRevision: string | undefined;
  readonly databaseRevision: string | undefined;
  /** Name of the ConfigMap whose SQL was run; undefined: none was. */
  readonly initSql: string | undefined;
  readonly startupMember: { readonly name: string; readonly set: string } | undefined;
  readonly switchover: SwitchoverProgress;
  /** 0 before the first pass. */
  readonly observedGeneration: number;
}

/** Before the first pass. */
export const nothingRecalled: Recollection = {
  conditions: [],
  primary: undefined,
  systemIdentifier: undefined,
  repositories: [],
  usersRevision: undefined,
  databaseRevision: undefined,
  initSql: undefined,
  startupMember: undefined,
  switchover: noSwitchover,
  observedGeneration: 0,
};
