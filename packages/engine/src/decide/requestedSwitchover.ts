/**
 * A switchover that the owner asks for. Which request was carried out last, and from which timeline the next one starts, is kept in the status.
 *
 * | observed                                              | decision                                                                  |
 * |-------------------------------------------------------|---------------------------------------------------------------------------|
 * | none is asked for                                     | forget the last one                                                       |
 * | it was carried out                                    | nothing                                                                   |
 * | stopped, or no member leads                           | condition SwitchoverPending; a failover goes ahead where its target runs  |
 * | the target leads                                      | it is carried out; event SwitchedOver                                     |
 * | no target, and the timeline is another than the one that is noted | it is carried out; event SwitchedOver tells of both           |
 * | the timeline is not the one that is noted             | note it                                                                   |
 * | a switchover, and one that may take over is fit       | step: switchover                                                          |
 * | a switchover, and none is                             | condition SwitchoverPending says why                                      |
 * | a failover                                            | step: failover, asked again as often as a switchover                      |
 *
 * Timelines and not names tell that it happened: between two passes the lead may have gone and come back.
 */
import type { Member } from '../model/members.ts';
import { noSwitchover, type SwitchoverProgress } from '../model/outcome.ts';
import type { Contribution } from './contribution.ts';
import { presentMembers, type Situation } from './situation.ts';
import { failoverTo, isFit, switchoverTo } from './switchover.ts';

export interface RequestedProgress extends Contribution {
  readonly switchover: SwitchoverProgress;
}

const whyNot = (candidates: readonly Member[], situation: Situation): string => {
  const { primary } = situation;
  if (candidates.length === 0) return 'there is no such member besides the one that leads';
  const unfit = candidates
    .filter((member) => !isFit(member, primary))
    .map(({ name, state, ready }) => `${name} (${ready ? (state ?? 'ready') : 'not ready'})`);
  return unfit.length > 0
    ? `not streaming yet: ${unfit.join(', ')}`
    : 'Patroni accepts only synchronous standbys, and has named none of these yet';
};

export const switchOverAsAsked = (situation: Situation): RequestedProgress => {
  const { cluster, members, primary, recalled, writable } = situation;
  const { switchover: asked } = cluster.patroni;
  if (asked === undefined) return { switchover: noSwitchover };
  const { done, fromTimeline } = recalled.switchover;
  if (done === asked.request) return { switchover: { done, fromTimeline: undefined } };
  const waiting = { switchover: recalled.switchover };
  const kind = asked.forced ? 'failover' : 'switchover';
  const to = asked.target === undefined ? '' : ` to ${asked.target}`;
  const reason = `the ${kind}${to} that was asked for ("${asked.request}")`;
  const pending = (because: string): Pick<Contribution, 'conditions'> => ({
    conditions: [
      {
        type: 'SwitchoverPending',
        status: 'True',
        reason: 'Waiting',
        message: `${reason} waits: ${because}; taking the annotation back withdraws it`,
      },
    ],
  });
  const target = members.find(({ name }) => name === asked.target);
  if (cluster.stopped) return { ...waiting, ...pending('the cluster is stopped') };
  if (primary === undefined || writable === undefined) {
    if (!asked.forced || target === undefined) return { ...waiting, ...pending('no member leads') };
    return { ...waiting, ...pending('no member leads'), ...failoverTo(situation, target, reason) };
  }
  if (primary.timeline === undefined) return { ...waiting, ...pending('the timeline of the member that leads is not known yet') };
  const finished = (how: string): RequestedProgress => ({
    switchover: { done: asked.request, fromTimeline: undefined },
    events: [{ type: 'Normal', reason: 'SwitchedOver', message: `${reason} took place: ${how}` }],
  });
  if (target?.name === primary.name) {
    return finished(
      fromTimeline === undefined || fromTimeline === primary.timeline
        ? `${primary.name} leads already, on timeline ${primary.timeline}`
        : `${primary.name} leads, from timeline ${fromTimeline} to ${primary.timeline}`,
    );
  }
  const hasMoved = fromTimeline !== undefined && fromTimeline !== primary.timeline;
  if (hasMoved && asked.target === undefined)
    return finished(`${primary.name} leads, from timeline ${fromTimeline} to ${primary.timeline}`);
  // The status that is written wakes the next pass; this is for the case that it does not.
  if (fromTimeline !== primary.timeline) return { switchover: { done, fromTimeline: primary.timeline }, lookAgainAfterMs: 1000 };
  if (asked.forced) {
    if (target === undefined) return { ...waiting, ...pending('there is no such member') };
    return { ...waiting, ...failoverTo(situation, target, reason) };
  }
  const candidates = presentMembers(situation).filter(
    ({ name }) => name !== primary.name && (asked.target === undefined || name === asked.target),
  );
  const handover = switchoverTo(situation, candidates, reason);
  if (handover.step !== undefined || handover.lookAgainAfterMs !== undefined) return { ...waiting, ...handover };
  return { ...waiting, ...pending(whyNot(candidates, situation)) };
};
