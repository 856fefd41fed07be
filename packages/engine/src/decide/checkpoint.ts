/**
 * A checkpoint before the only member is stopped: PostgreSQL writes everything down while it serves, so that what is left to write when it stops, and
 * nobody is served, is little.
 *
 * | observed                                                      | decision                                              |
 * |---------------------------------------------------------------|-------------------------------------------------------|
 * | no checkpoint was made for this stop                          | make one                                              |
 * | it took more than half of the time that a stop may take       | make another, which finds less to write               |
 * | it was made, or the second one was                            | stop it                                               |
 * | it failed                                                     | event NoCheckpoint; stop it                           |
 * | the second one took as long                                   | event SlowCheckpoint; stop it                         |
 */
import type { EventRequest } from '../decision.ts';
import type { Member } from '../model/members.ts';
import type { CommandResult } from '../observation.ts';
import { checkpointScript, databaseOf, psql } from '../readings.ts';
import { terminationGraceSeconds } from '../render/timing.ts';
import type { Contribution } from './contribution.ts';
import type { Situation } from './situation.ts';

const slowMs = (terminationGraceSeconds / 2) * 1000;

type Round = 'first' | 'second';
type Result = CommandResult['result'];

const keyOf = (round: Round): string => `${round} checkpoint`;
const tookMs = (result: Result): number => (result.kind === 'failed' ? 0 : Number(result.output.trim()));
const isSlow = (result: Result): boolean => tookMs(result) > slowMs;

/** The member may be stopped, with these events; or first this is to be done. */
export type Checkpoint =
  { readonly kind: 'made'; readonly events: readonly EventRequest[] } | { readonly kind: 'needed'; readonly first: Contribution };

/** `purpose` tells one stop of the same pod from another. */
export const checkpointBeforeStop = ({ cluster, observation }: Situation, member: Member, purpose: string): Checkpoint => {
  const target = databaseOf(cluster, member);
  const inputs = `${target.podUid} ${purpose}`;
  const resultOf = (round: Round): Result | undefined => {
    const result = observation.commandResults[keyOf(round)];
    return result?.inputs === inputs ? result.result : undefined;
  };
  const needed = (round: Round): Checkpoint => ({
    kind: 'needed',
    first: {
      commands: [
        {
          key: keyOf(round),
          inputs,
          target,
          command: psql(cluster.postgres.majorVersion),
          input: checkpointScript,
          timeoutMs: 2 * terminationGraceSeconds * 1000,
          reason: `pod ${member.pod} is about to be stopped`,
          invalidates: [],
        },
      ],
    },
  });
  const first = resultOf('first');
  if (first === undefined) return needed('first');
  const last = isSlow(first) ? resultOf('second') : first;
  if (last === undefined) return needed('second');
  if (last.kind === 'failed') {
    const message = `pod ${member.pod} is stopped without a checkpoint before it, so that may take longer: ${last.message.trim()}`;
    return { kind: 'made', events: [{ type: 'Warning', reason: 'NoCheckpoint', message }] };
  }
  if (!isSlow(last)) return { kind: 'made', events: [] };
  const message = `the last checkpoint before pod ${member.pod} is stopped took ${Math.round(tookMs(last) / 1000)} s, so the stop may take as long; faster storage or a smaller checkpoint_timeout shorten it`;
  return { kind: 'made', events: [{ type: 'Warning', reason: 'SlowCheckpoint', message }] };
};
