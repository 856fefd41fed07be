/**
 * A node that is to be emptied has no use for a primary: it hands over before anybody takes its pod. So a drain costs clients a switchover and no
 * more, and where no eviction takes a primary (a PodDisruptionBudget of its own), the drain goes on by itself.
 *
 * | observed                                                             | decision                                       |
 * |----------------------------------------------------------------------|------------------------------------------------|
 * | nodes may not be watched, or the primary's takes pods                | nothing                                        |
 * | the primary's node takes no more pods, a replica elsewhere is fit    | switchover to it                               |
 * | the same, and those that are fit are on nodes that take none either  | nothing: its pod hands over when it is stopped |
 * | stopped                                                              | nothing                                        |
 */
import type { Member } from '../model/members.ts';
import type { Contribution } from './contribution.ts';
import { presentMembers, type Situation } from './situation.ts';
import { switchoverTo } from './switchover.ts';

export const leaveCordonedNodes = (situation: Situation): Contribution => {
  const { cluster, observation, primary } = situation;
  const isClosed = ({ podObject }: Member): boolean => observation.closedNodes?.has(podObject?.spec?.nodeName ?? '') === true;
  if (cluster.stopped || primary === undefined || !isClosed(primary)) return {};
  const elsewhere = presentMembers(situation).filter((member) => member.name !== primary.name && !isClosed(member));
  const node = primary.podObject?.spec?.nodeName ?? '';
  return switchoverTo(
    situation,
    elsewhere,
    `node ${node} of ${primary.pod}, which leads, takes no more pods, so another takes over before it is emptied`,
  );
};
