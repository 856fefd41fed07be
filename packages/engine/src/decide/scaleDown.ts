/**
 * Takes members away that the manifest asks for no longer. One that serves goes at a time, the primary never: it hands over first. Once there
 * are data, a member goes only while another one that stays leads: who holds the newest data is told by nothing else.
 *
 * | the member                                        | decision                                                    |
 * |---------------------------------------------------|-------------------------------------------------------------|
 * | the cluster is stopped                            | its StatefulSet to 0, after the others if it led; no deletion |
 * | led before the stop, and none leads yet           | its StatefulSet to 1: those that stay are copied from it    |
 * | the same, and it has its pod                      | wait                                                        |
 * | leads, a member that stays is fit                 | switchover to it                                            |
 * | leads, none is fit                                | wait: it goes on serving                                    |
 * | there are data, and none that stays leads         | wait                                                        |
 * | serves, and one that stays is not ready           | wait                                                        |
 * | serves, and another is on its way down            | wait                                                        |
 * | has a pod or may get one                          | its StatefulSet to 0                                        |
 * | pod on its way down                               | wait; one that a lost node keeps is waited for one minute beyond its time |
 * | no pod, a StatefulSet of its own, claims that nobody deleted yet | delete its claims                            |
 * | no pod, a StatefulSet of its own, no claim that stays            | delete its StatefulSet                       |
 *
 * Of members that share a StatefulSet the last one goes first, whatever it does: the StatefulSet is told a number of pods. To take a member's pod is
 * to tell its number. Besides, for them, and first where both apply:
 *
 * | the member that shares a StatefulSet                           | decision                                                 |
 * |----------------------------------------------------------------|----------------------------------------------------------|
 * | stopped; it leads, and one of a lower number is fit            | switchover to that one: the first pod stops last         |
 * | stopped; it leads, and none of a lower number is fit           | it goes, once the status notes that it starts first      |
 * | stopped; it or another leads, and the leader's volume was deleted | switchover to any that is fit; until then none goes   |
 * | stopped; it leads, and the volume of one of a lower number was deleted | delete the pod of that one, which gets another volume |
 * | stopped; its StatefulSet was deleted and left it its pod       | delete the pod                                           |
 * | its StatefulSet was deleted and left it its pod                | wait: the next one takes over all that are left          |
 * | leads, none that stays is accepted, one that goes before it is | switchover to that one                                   |
 * | is the last that could take over from one that goes and leads  | wait                                                     |
 * | is the last that could take over from a leader whose volume was deleted | wait: it takes over                             |
 * | comes before one that a lost node keeps                        | goes all the same                                        |
 * | is noted to start first, and has its volume and no StatefulSet | wait: there is one soon, without pods                    |
 * | no pod                                                         | nothing: its volumes stay, for when it comes back        |
 *
 * Claims go before the StatefulSet, so that a pass that is cut short never leaves a volume that looks as if it had lost its member.
 * Configuration and certificates of members that are gone altogether are swept up.
 */
import type { Deletion } from '../decision.ts';
import { isOrphaned, isToRun, type Member } from '../model/members.ts';
import { sooner, type Contribution } from './contribution.ts';
import { isLost, lostAfterMs } from './deletion.ts';
import { isDoomed } from './members.ts';
import { isDeleting } from './pods.ts';
import { deletionOf, referenceTo } from './references.ts';
import { replacementOf } from './rollOut.ts';
import { memberOf, presentMembers, type Situation } from './situation.ts';
import { startupMemberOf } from './stopping.ts';
import { isFit, switchoverTo } from './switchover.ts';

/** Its pod ends and may still run. */
const isGoingDown = (member: Member, { cluster, observation }: Situation): boolean => {
  const { podObject } = member;
  return podObject !== undefined && !isLost(podObject, observation.nowMs) && (isDeleting(podObject) || !isToRun(cluster, member));
};

type Removal = Pick<Contribution, 'step' | 'deletions' | 'lookAgainAfterMs'>;

/** Gives the member its pod, or takes it and those of higher numbers away. */
const scaled = ({ statefulSet, ordinal }: Member, pods: 0 | 1, namespace: string, reason: string): Removal =>
  statefulSet === undefined
    ? {}
    : {
        step: {
          kind: 'scaleStatefulSet',
          reference: referenceTo(statefulSet, namespace),
          uid: statefulSet.metadata.uid ?? '',
          replicas: ordinal + pods,
          reason,
        },
      };

/** Its StatefulSet makes it a pod, or left it one. */
const mayRun = (member: Member, { cluster }: Situation): boolean =>
  isToRun(cluster, member) && (member.statefulSet === undefined || !isDeleting(member.statefulSet));

/** Takes its pod, which no StatefulSet makes again. */
const withoutPod = ({ podObject }: Member, namespace: string, reason: string): Removal =>
  podObject === undefined ? {} : { step: { kind: 'deletePod', deletion: deletionOf(podObject, namespace, reason), reason } };

/** The write of the status wakes the next pass; this is for the case that it does not. In milliseconds. */
const untilNotedMs = 1000;

const isLeaving = ({ podObject }: Member): boolean => podObject === undefined || isDeleting(podObject);

/** While the cluster is stopped, a surplus member that shares its StatefulSet. */
const sharedStopOf = (member: Member, situation: Situation): Removal => {
  const { cluster, members, primary, recalled } = situation;
  const { namespace } = cluster.identity;
  const reason = 'the manifest asks for a stop';
  if (!mayRun(member, situation)) return {};
  // Its data end with its pod: those that another has must be the newest.
  if (primary !== undefined && isDoomed(primary)) {
    return switchoverTo(situation, members, `${reason}; ${primary.name} leads and its volume was deleted, so another takes over`);
  }
  const lower = members.filter(({ workload, ordinal }) => workload === member.workload && ordinal < member.ordinal);
  if (member.role === 'leader') {
    // Left behind, it might lead, and could not be stopped then.
    const doomed = lower.find(isDoomed);
    if (doomed !== undefined) return isLeaving(doomed) ? {} : withoutPod(doomed, namespace, replacementOf(doomed));
    // The first pod stops last and starts first, alone: so the newest data should be there.
    const handover = switchoverTo(situation, lower, `${reason}; ${member.name} leads and stops first, so another takes over`);
    if (handover.step !== undefined || handover.lookAgainAfterMs !== undefined) return handover;
    // Once it is gone, nothing else knows that it led.
    if (recalled.startupMember?.name !== member.name) return { lookAgainAfterMs: untilNotedMs };
  }
  return isOrphaned(cluster, member) ? withoutPod(member, namespace, reason) : scaled(member, 0, namespace, reason);
};

/** While the cluster is stopped, a surplus member stops as the others do, and keeps all that it has. */
const stopOf = (member: Member, situation: Situation): Removal => {
  const { cluster, members } = situation;
  if (cluster.profile.workloads === 'shared') return sharedStopOf(member, situation);
  const reason = 'the manifest asks for a stop';
  const startsFirst = startupMemberOf(situation)?.name === member.name;
  if (!mayRun(member, situation) || (startsFirst && members.some(({ name, podObject }) => name !== member.name && podObject !== undefined)))
    return {};
  return scaled(member, 0, cluster.identity.namespace, reason);
};

/** Data were written once, by Patroni's store or, where that is lost, by the status. */
const holdsData = ({ systemIdentifier, recalled, primary }: Situation): boolean =>
  systemIdentifier !== undefined || recalled.systemIdentifier !== undefined || primary !== undefined;

/** One that goes, or whose volume was deleted, leads and has not handed over yet, and this is the only one that could take over from it. */
const isLastHeir = (member: Member, { cluster, members, primary, surplus }: Situation): boolean =>
  cluster.profile.workloads === 'shared' &&
  primary !== undefined &&
  (isDoomed(primary) || surplus.some(({ name }) => name === primary.name)) &&
  isFit(member, primary) &&
  !members.some((other) => other.name !== member.name && isFit(other, primary));

/** A member that stays leads, and its PostgreSQL runs. */
const isLedByOneThatStays = ({ writable, wanted }: Situation): boolean => wanted.some(({ name }) => name === writable?.name);

/** The next move of one surplus member. */
const removalOf = (member: Member, situation: Situation): Removal => {
  const { cluster, observation, members, wanted } = situation;
  const { namespace } = cluster.identity;
  const { name, set, statefulSet, podObject, ready } = member;
  const declared = cluster.sets.find((candidate) => candidate.name === set);
  const reason =
    declared === undefined
      ? `set ${set} is no longer in the manifest, so member ${name} goes`
      : `${declared.path} asks for ${declared.replicas}, so member ${name} goes`;
  if (cluster.stopped) return stopOf(member, situation);
  if (startupMemberOf(situation)?.name === member.name && member.role !== 'leader') {
    // What was rendered makes it no pod, since it goes.
    if (statefulSet === undefined || isDeleting(statefulSet) || mayRun(member, situation)) return {};
    return scaled(
      member,
      1,
      namespace,
      `${reason}; it led before the stop, so it starts first and the members that stay are copied from it`,
    );
  }
  if (member.role === 'leader' && podObject !== undefined && !isGoingDown(member, situation)) {
    const because = `${reason}; it leads, so another takes over first`;
    const handover = switchoverTo(situation, presentMembers(situation), because);
    if (cluster.profile.workloads === 'own' || handover.step !== undefined || handover.lookAgainAfterMs !== undefined) return handover;
    // Where replication is synchronous, the standby may be one that goes, too: once the last pod is gone, it is another.
    return switchoverTo(
      situation,
      members.filter(({ ordinal }) => ordinal < member.ordinal),
      because,
    );
  }
  const isLed = cluster.profile.workloads === 'own' ? isLedByOneThatStays(situation) : situation.writable !== undefined;
  if (holdsData(situation) && !isLed) return {};
  if (isGoingDown(member, situation)) {
    if (statefulSet !== undefined || podObject === undefined || isDeleting(podObject)) return {};
    return { step: { kind: 'deletePod', deletion: deletionOf(podObject, namespace, reason), reason } };
  }
  if (mayRun(member, situation)) {
    const isComplete = wanted.every((identity) => memberOf(situation, identity)?.ready === true);
    if (ready && (!isComplete || members.some((other) => other.name !== name && isGoingDown(other, situation)))) return {};
    if (isLastHeir(member, situation)) return {};
    return scaled(member, 0, namespace, reason);
  }
  if (cluster.profile.workloads === 'shared') return {};
  const claims = observation.children.persistentVolumeClaims.filter(
    ({ metadata }) => metadata.labels?.[cluster.profile.labels.instance] === name,
  );
  const unasked = claims.filter((claim) => !isDeleting(claim));
  if (unasked.length > 0) return { deletions: unasked.map((claim) => deletionOf(claim, namespace, reason, 'unchanged')) };
  if (statefulSet === undefined || isDeleting(statefulSet)) return {};
  return { deletions: [deletionOf(statefulSet, namespace, reason)] };
};

/** Configuration and certificates that belong to no member any more. */
const leftovers = ({ cluster, observation, members, wanted }: Situation): readonly Deletion[] => {
  const { instance } = cluster.profile.labels;
  const { namespace, uid } = cluster.identity;
  const alive = new Set([...members, ...wanted].map(({ name }) => name));
  const isLeft = (labels: Readonly<Record<string, string>> | undefined, ownerUids: readonly string[]): boolean => {
    const name = labels?.[instance];
    return name !== undefined && !alive.has(name) && ownerUids.includes(uid);
  };
  const reason = 'its member is gone';
  const configurations = observation.children.configMaps
    .filter(({ metadata }) => isLeft(metadata.labels, metadata.ownerReferences?.map((owner) => owner.uid) ?? []))
    .map((configuration) => deletionOf(configuration, namespace, reason));
  const certificates = observation.children.secrets
    .filter(({ labels, ownerUids, deleting }) => !deleting && isLeft(labels, ownerUids))
    .map(({ name, uid: secretUid, resourceVersion }) =>
      deletionOf({ apiVersion: 'v1', kind: 'Secret', metadata: { name, namespace, uid: secretUid, resourceVersion } }, namespace, reason),
    );
  return [...configurations, ...certificates];
};

/** When the next surplus pod that is on its way down counts as lost, in milliseconds from now. */
const untilLostMs = ({ surplus, observation }: Situation): number | undefined => {
  const waits = surplus
    .map(({ podObject }) => Date.parse(podObject?.metadata.deletionTimestamp ?? '') + lostAfterMs + 1000 - observation.nowMs)
    .filter((waitMs) => waitMs > 0);
  return waits.length === 0 ? undefined : Math.min(...waits);
};

/**
 * Members that lead come last, so that a switchover waits for nothing that could have gone before. A StatefulSet that several share gives up its
 * last pod first, whatever that one does; so there whoever leads hands over before any goes, if anybody that stays may take over.
 */
const inOrder = (situation: Situation): readonly Member[] => {
  const { cluster, observation, surplus } = situation;
  if (cluster.profile.workloads === 'own') {
    return surplus.toSorted((left, right) => Number(left.role === 'leader') - Number(right.role === 'leader'));
  }
  // One that has told its StatefulSet its number already, and whose pod nobody can end, keeps no other.
  const left = surplus.filter(
    (member) => isToRun(cluster, member) || (member.podObject !== undefined && !isLost(member.podObject, observation.nowMs)),
  );
  const last = left.filter(({ workload, ordinal }) => !left.some((other) => other.workload === workload && other.ordinal > ordinal));
  if (cluster.stopped) return last;
  const startup = startupMemberOf(situation);
  const first = surplus.filter(({ name, role }) => role === 'leader' || name === startup?.name);
  return [...first, ...last.filter((member) => !first.includes(member))];
};

export const scaleDown = (situation: Situation): Contribution => {
  const removals = inOrder(situation).map((member) => removalOf(member, situation));
  return {
    step: removals.find(({ step }) => step !== undefined)?.step,
    deletions: [...removals.flatMap(({ deletions }) => deletions ?? []), ...leftovers(situation)],
    lookAgainAfterMs: removals.reduce((soonest, { lookAgainAfterMs }) => sooner(soonest, lookAgainAfterMs), untilLostMs(situation)),
  };
};
