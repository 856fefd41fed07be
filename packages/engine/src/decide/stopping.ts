/**
 * How many pods each wanted member has now: the order of stop and start. What was the primary starts first and stops last; its name outlives
 * the stop in the status.
 *
 * | asked for | observed                                        | pods of the startup member | of the others |
 * |-----------|-------------------------------------------------|----------------------------|---------------|
 * | running   | no startup member noted                         | 1                          | 1             |
 * | running   | noted, and it leads and is ready                | 1, the note goes           | 1             |
 * | running   | noted, and it does not lead yet                 | 1                          | 0             |
 * | running   | noted, and another leads and runs               | 1, the note goes           | 1             |
 * | stopped   | others have pods                                | 1                          | 0             |
 * | stopped   | no other has a pod                              | 0                          | 0             |
 * | stopped   | noted, and another leads and runs               | 1, it is noted instead     | 0             |
 *
 * Members that share a StatefulSet are not wanted while they are stopped, nor is one whose number is beyond those asked for: their pods are given
 * and taken by scaleDown.ts, and of the rows above only the note holds for them. Besides, for them:
 *
 * | asked for | observed                                                  | pods of the startup member                        | of the others |
 * |-----------|-----------------------------------------------------------|---------------------------------------------------|---------------|
 * | running   | noted, and its number is beyond those asked for           | none here; the note stays while it has its volume | 0             |
 * | stopped   | noted, and no member is wanted any more                   | none, the note stays                              | none          |
 * | stopped   | none noted, none leads, and one led last                  | none here; it is noted                            | none          |
 */
import { memberIdentity, type MemberIdentity } from '../model/members.ts';
import type { MemberTarget } from '../render/context.ts';
import { isDoomed } from './members.ts';
import type { Situation } from './situation.ts';

export interface Targets {
  readonly targets: readonly MemberTarget[];
  /** To be noted in the status; undefined while the cluster runs normally. */
  readonly startupMember: MemberIdentity | undefined;
}

/**
 * What the status notes, while there is such a member: one that goes counts, too, as long as its data do not go first. A note that what runs
 * contradicts is void: somebody else may have written it.
 */
const notedMember = ({ wanted, surplus, recalled, writable }: Situation): MemberIdentity | undefined => {
  const noted = [...wanted, ...surplus.filter((member) => !isDoomed(member))].find(({ name }) => name === recalled.startupMember?.name);
  return writable === undefined || writable.name === noted?.name ? noted : undefined;
};

/** Where a stop leaves no member that is wanted, the status is the only one that knows. */
const rememberedMember = ({ cluster, recalled: { startupMember } }: Situation): MemberIdentity | undefined =>
  startupMember === undefined ? undefined : memberIdentity(cluster, startupMember.set, startupMember.name);

/** Who stops last and starts first; undefined while the cluster runs normally. It may be a member that goes. */
export const startupMemberOf = (situation: Situation): MemberIdentity | undefined => {
  const { cluster, members, wanted, primary, recalled } = situation;
  const noted = notedMember(situation);
  if (cluster.stopped) {
    const ledLast = (wanted.length === 0 ? members : wanted).find(({ name }) => name === recalled.primary);
    return noted ?? primary ?? ledLast ?? wanted[0] ?? rememberedMember(situation);
  }
  return noted === undefined || (primary?.name === noted.name && primary.ready) ? undefined : noted;
};

export const memberTargets = (situation: Situation): Targets => {
  const { cluster, wanted, members } = situation;
  const startup = startupMemberOf(situation);
  const all = (pods: (identity: MemberIdentity) => 0 | 1): readonly MemberTarget[] =>
    wanted.map((identity) => ({ identity, pods: pods(identity) }));
  if (!cluster.stopped) {
    return { targets: all(({ name }) => (startup === undefined || name === startup.name ? 1 : 0)), startupMember: startup };
  }
  const othersRun = members.some(({ name, podObject }) => name !== startup?.name && podObject !== undefined);
  return { targets: all(({ name }) => (name === startup?.name && othersRun ? 1 : 0)), startupMember: startup };
};
