/** Marks on pods whose PostgreSQL is to be restarted in place: when, the how many-th time, and for which configuration. */
import type { Pod } from '@pgherd/api';
import type { Member } from '../model/members.ts';
import type { CommandResult, Observation } from '../observation.ts';
import { refusedMark } from '../render/scripts/trial.ts';
import { stamps } from '../stamps.ts';

/** A large shared_buffers or much WAL to replay takes a while. Longer, and others no longer wait for it. In milliseconds. */
export const restartingMs = 60_000;
const longestPatienceMs = 30 * 60_000;

interface Mark {
  readonly atMs: number;
  /** From 1: how often it was asked for with the same configuration. */
  readonly attempt: number;
  readonly revision: string;
}

export const markOf = (pod: Pod | undefined): Mark | undefined => {
  const [time = '', attempt = '', revision = ''] = (pod?.metadata.annotations?.[stamps.restartAsked] ?? '').split(' ');
  const mark = { atMs: Date.parse(time), attempt: Number(attempt), revision };
  return Number.isNaN(mark.atMs) || !Number.isInteger(mark.attempt) || mark.attempt < 1 ? undefined : mark;
};

/** The mark that follows, as text. */
export const markAfter = (before: Mark | undefined, revision: string, nowMs: number): string =>
  `${new Date(nowMs).toISOString()} ${before?.revision === revision ? before.attempt + 1 : 1} ${revision}`;

/** The command that a mark asks for. */
export const restartCommand = ({
  pod,
  podObject,
}: Pick<Member, 'pod' | 'podObject'>): { readonly key: string; readonly inputs: string } => ({
  key: `restart ${pod}`,
  inputs: `${podObject?.metadata.uid ?? ''} ${markOf(podObject)?.atMs ?? ''}`,
});

type Known = Pick<Observation, 'nowMs' | 'commandResults'>;

/** For how long its PostgreSQL counts as about to go down, or as down, if nothing more is heard of it. In milliseconds; zero: it does not. */
export const restartLeftMs = (member: Member, { nowMs, commandResults }: Known): number => {
  const mark = markOf(member.podObject);
  // A time in the future is of a clock that was wrong.
  if (!member.pendingRestart || mark === undefined || mark.atMs > nowMs || nowMs >= mark.atMs + restartingMs) return 0;
  const { key, inputs } = restartCommand(member);
  const known = commandResults[key];
  return known?.inputs !== inputs || (known.result.kind === 'failed' && refusalIn(known) === undefined)
    ? mark.atMs + restartingMs - nowMs
    : 0;
};

/** Why PostgreSQL would not start again, in its own words, so that it was not stopped; undefined: nothing of the kind is known. */
export const refusalIn = (known: CommandResult | undefined): string | undefined => {
  const message = known?.result.kind === 'failed' ? known.result.message : '';
  const at = message.indexOf(refusedMark);
  return at < 0 ? undefined : message.slice(at + refusedMark.length).trim();
};

/** Its PostgreSQL is about to go down, or is down: nothing else may be taken down with it. */
export const isRestarting = (member: Member, known: Known): boolean => restartLeftMs(member, known) > 0;

/** When its restart may be asked for, in milliseconds since 1970; one that was not asked for yet comes before all others. */
export const dueAtMs = (mark: Mark | undefined, revision: string, nowMs: number): number => {
  if (mark === undefined || mark.revision !== revision || mark.atMs > nowMs) return 0;
  return mark.atMs + Math.min(longestPatienceMs, restartingMs * 2 ** Math.min(mark.attempt - 1, 20));
};
