/** Who could lead instead of the primary, and the one switchover that a pass may ask for. */
import type { Member } from '../model/members.ts';
import { stamps } from '../stamps.ts';
import type { Contribution } from './contribution.ts';
import { isDoomed } from './members.ts';
import { restartLeftMs } from './restartMarks.ts';
import type { Situation } from './situation.ts';

/** Streams from the primary and is ready: nothing is lost when it takes over. */
export const isFit = (member: Member, primary: Member | undefined): boolean =>
  member.name !== primary?.name &&
  member.ready &&
  member.state === 'streaming' &&
  !isDoomed(member) &&
  (member.timeline === undefined || primary?.timeline === undefined || member.timeline === primary.timeline);

/** What Patroni refused is not asked again sooner: it answers within seconds, and says nothing of why. In milliseconds. */
const patienceMs = 30_000;

const annotationsOf = ({ observation }: Situation, name: string): Readonly<Record<string, string>> =>
  observation.children.endpoints.find(({ metadata }) => metadata.name === name)?.metadata.annotations ?? {};

/** How long to wait before a switchover may be asked for: one is under way, or was asked for lately. In milliseconds; zero: no longer. */
const switchoverWaitMs = (situation: Situation): number => {
  // Patroni empties its own keys when it is done (4.0, patroni/dcs/kubernetes.py, `manual_failover`), and leaves others alone.
  const {
    leader = '',
    member = '',
    [stamps.switchoverAsked]: asked = '',
  } = annotationsOf(situation, `${situation.cluster.patroni.scope}-failover`);
  const [time = '', from] = asked.split(' ');
  const leftMs = Date.parse(time) + patienceMs - situation.observation.nowMs;
  if (leader !== '' || member !== '') return patienceMs;
  // It went through: this is another one.
  if (from !== undefined && from !== situation.primary?.pod) return 0;
  // A time in the future is of a clock that was wrong: it holds nothing up for longer than a right one would.
  return Number.isNaN(leftMs) ? 0 : Math.min(Math.max(leftMs, 0), patienceMs);
};

/** The same, but for one that Patroni keeps until a time that lies ahead. */
export const switchoverUnderWayMs = (situation: Situation): number => {
  const { scheduled_at: scheduledAt = '' } = annotationsOf(situation, `${situation.cluster.patroni.scope}-failover`);
  return Date.parse(scheduledAt) > situation.observation.nowMs + patienceMs ? 0 : switchoverWaitMs(situation);
};

/**
 * Where replication is synchronous, Patroni hands over to nobody but a synchronous standby (4.0, patroni/ha.py, `get_failover_candidates`). It
 * names itself as leader and them, by commas, in an object of its own, which it empties where replication is not synchronous.
 */
const isAccepted = (situation: Situation, { pod }: Member): boolean => {
  const { leader = '', sync_standby: standbys = '' } = annotationsOf(situation, `${situation.cluster.patroni.scope}-sync`);
  return leader === '' || standbys.split(',').some((standby) => standby.trim() === pod);
};

type Handover = Pick<Contribution, 'step' | 'lookAgainAfterMs'>;

/** `from`: nobody else may lead when Patroni carries it out; undefined: whoever does. */
const ask = (situation: Situation, from: string | undefined, to: string, reason: string): Handover => {
  const { cluster, observation, primary } = situation;
  const lookAgainAfterMs = switchoverWaitMs(situation);
  if (lookAgainAfterMs > 0) return { lookAgainAfterMs };
  // When it was asked for, and who led then.
  const asked = `${new Date(observation.nowMs).toISOString()} ${primary?.pod ?? ''}`;
  return { step: { kind: 'switchover', scope: cluster.patroni.scope, from, to, asked, reason } };
};

/** Makes `candidate` lead, whoever does now, and whatever it lacks: what it lacks is lost. */
export const failoverTo = (situation: Situation, candidate: Member, reason: string): Handover =>
  ask(situation, undefined, candidate.pod, reason);

/** Hands over to one of `candidates`; no step while none is fit, the primary restarts in place, or Patroni was asked just now. */
export const switchoverTo = (situation: Situation, candidates: readonly Member[], reason: string): Handover => {
  const { primary, observation } = situation;
  const candidate = candidates.find((member) => isFit(member, primary) && isAccepted(situation, member));
  if (primary === undefined || candidate === undefined) return {};
  const lookAgainAfterMs = restartLeftMs(primary, observation);
  if (lookAgainAfterMs > 0) return { lookAgainAfterMs };
  return ask(situation, primary.pod, candidate.pod, reason);
};
