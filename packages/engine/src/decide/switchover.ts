/** Who could lead instead of the primary, and the one switchover that a pass may ask for. */
import type { DisruptiveStep } from '../decision.ts';
import type { Member } from '../model/members.ts';
import { isDoomed } from './members.ts';
import type { Situation } from './situation.ts';

/** Streams from the primary and is ready: nothing is lost when it takes over. */
export const isFit = (member: Member, primary: Member | undefined): boolean =>
  member.name !== primary?.name &&
  member.ready &&
  member.state === 'streaming' &&
  !isDoomed(member) &&
  (member.timeline === undefined || primary?.timeline === undefined || member.timeline === primary.timeline);

/** A switchover that Patroni has been asked for and has not finished with. */
export const isSwitching = ({ cluster, observation }: Situation): boolean => {
  const name = `${cluster.patroni.scope}-failover`;
  const annotations = observation.children.endpoints.find(({ metadata }) => metadata.name === name)?.metadata.annotations ?? {};
  return (annotations['leader'] ?? '') !== '' || (annotations['member'] ?? '') !== '';
};

/**
 * Where replication is synchronous, Patroni hands over to nobody but a synchronous standby (4.0, patroni/ha.py,
 * `process_manual_failover_from_leader`); it names them, by commas, in an object of its own while there is any.
 */
const isAccepted = ({ cluster, observation }: Situation, { pod }: Member): boolean => {
  const name = `${cluster.patroni.scope}-sync`;
  const standbys =
    observation.children.endpoints.find(({ metadata }) => metadata.name === name)?.metadata.annotations?.['sync_standby'] ?? '';
  return standbys === '' || standbys.split(',').some((standby) => standby.trim() === pod);
};

/** Hands over to one of `candidates`; undefined while none is fit or a switchover is under way. */
export const switchoverTo = (situation: Situation, candidates: readonly Member[], reason: string): DisruptiveStep | undefined => {
  const { primary, cluster } = situation;
  const candidate = candidates.find((member) => isFit(member, primary) && isAccepted(situation, member));
  if (primary === undefined || candidate === undefined || isSwitching(situation)) return undefined;
  return { kind: 'switchover', scope: cluster.patroni.scope, from: primary.pod, to: candidate.pod, reason };
};
