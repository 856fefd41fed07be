/**
 * How many pods each wanted member has now: the order of stop and start. What was the primary starts first and stops last; its name outlives
 * the stop in the status.
 *
 * | asked for | observed                                        | pods of the startup member | of the others |
 * |-----------|-------------------------------------------------|----------------------------|---------------|
 * | running   | no startup member noted                         | 1                          | 1             |
 * | running   | noted, and it leads and is ready                | 1, the note goes           | 1             |
 * | running   | noted, and it does not lead yet                 | 1                          | 0             |
 * | stopped   | others have pods                                | 1                          | 0             |
 * | stopped   | no other has a pod                              | 0                          | 0             |
 */
import type { MemberIdentity } from '../model/members.ts';
import type { MemberTarget } from '../render/context.ts';
import type { Situation } from './situation.ts';

export interface Targets {
  readonly targets: readonly MemberTarget[];
  /** To be noted in the status; undefined while the cluster runs normally. */
  readonly startupMember: MemberIdentity | undefined;
}

export const memberTargets = ({ cluster, wanted, members, recalled, primary }: Situation): Targets => {
  const noted = wanted.find(({ name }) => name === recalled.startupMember?.name);
  const all = (pods: (identity: MemberIdentity) => 0 | 1): readonly MemberTarget[] =>
    wanted.map((identity) => ({ identity, pods: pods(identity) }));
  if (!cluster.stopped) {
    if (noted === undefined || (primary?.name === noted.name && primary.ready)) return { targets: all(() => 1), startupMember: undefined };
    return { targets: all(({ name }) => (name === noted.name ? 1 : 0)), startupMember: noted };
  }
  const startup = noted ?? wanted.find(({ name }) => name === primary?.name) ?? wanted[0];
  const othersRun = members.some(({ name, podObject }) => name !== startup?.name && podObject !== undefined);
  return { targets: all(({ name }) => (name === startup?.name && othersRun ? 1 : 0)), startupMember: startup };
};
