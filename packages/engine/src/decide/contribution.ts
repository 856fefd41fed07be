/** What one process adds to a Decision, and how the contributions of all become one. */
import type {
  CommandRequest,
  Deletion,
  DesiredObject,
  DisruptiveStep,
  EventRequest,
  PatroniConfigurationWrite,
  ReadingRequest,
  SecretIntent,
} from '../decision.ts';
import type { ConditionOutcome } from '../model/outcome.ts';

export interface Contribution {
  readonly objects?: readonly DesiredObject[];
  readonly secrets?: readonly SecretIntent[];
  readonly deletions?: readonly Deletion[];
  readonly step?: DisruptiveStep | undefined;
  readonly patroniConfiguration?: PatroniConfigurationWrite | undefined;
  readonly readings?: readonly ReadingRequest[];
  readonly commands?: readonly CommandRequest[];
  readonly conditions?: readonly ConditionOutcome[];
  readonly events?: readonly EventRequest[];
  readonly lookAgainAfterMs?: number | undefined;
}

export interface Contributions {
  readonly objects: readonly DesiredObject[];
  readonly secrets: readonly SecretIntent[];
  readonly deletions: readonly Deletion[];
  readonly step: DisruptiveStep | undefined;
  readonly patroniConfiguration: PatroniConfigurationWrite | undefined;
  readonly readings: readonly ReadingRequest[];
  readonly commands: readonly CommandRequest[];
  readonly conditions: readonly ConditionOutcome[];
  readonly events: readonly EventRequest[];
  readonly lookAgainAfterMs: number | undefined;
}

/** The earlier of two moments to look again; undefined is never. */
export const sooner = (left: number | undefined, right: number | undefined): number | undefined =>
  left === undefined ? right : right === undefined ? left : Math.min(left, right);

/** All of them together. Of the disruptive steps only the first goes ahead: the order of the processes is their precedence. */
export const together = (contributions: readonly Contribution[]): Contributions => ({
  objects: contributions.flatMap(({ objects }) => objects ?? []),
  secrets: contributions.flatMap(({ secrets }) => secrets ?? []),
  deletions: contributions.flatMap(({ deletions }) => deletions ?? []),
  step: contributions.find(({ step }) => step !== undefined)?.step,
  patroniConfiguration: contributions.find(({ patroniConfiguration }) => patroniConfiguration !== undefined)?.patroniConfiguration,
  readings: contributions.flatMap(({ readings }) => readings ?? []),
  commands: contributions.flatMap(({ commands }) => commands ?? []),
  conditions: contributions.flatMap(({ conditions }) => conditions ?? []),
  events: contributions.flatMap(({ events }) => events ?? []),
  lookAgainAfterMs: contributions.reduce<number | undefined>(
    (earliest, { lookAgainAfterMs }) => sooner(earliest, lookAgainAfterMs),
    undefined,
  ),
});
