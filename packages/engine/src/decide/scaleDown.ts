/**
 * Takes members away that the manifest asks for no longer. One that serves goes at a time, the primary never: it hands over first. Once there
 * are data, a member goes only while another one that stays leads: who holds the newest data is told by nothing else.
 *
 * | the member                                        | decision                                                    |
 * |---------------------------------------------------|-------------------------------------------------------------|
 * | the cluster is stopped                            | its StatefulSet to 0, after the others if it led; no deletion |
 * | led before the stop, and none leads yet           | its StatefulSet to 1: those that stay are copied from it    |
 * | leads, a member that stays is fit                 | switchover to it                                            |
 * | leads, none is fit                                | wait: it goes on serving                                    |
 * | there are data, and none that stays leads         | wait                                                        |
 * | serves, and one that stays is not ready           | wait                                                        |
 * | serves, and another is on its way down            | wait                                                        |
 * | has a pod or may get one                          | its StatefulSet to 0                                        |
 * | pod on its way down                               | wait; one that a lost node keeps is waited for one minute beyond its time |
 * | no pod, its StatefulSet is one that others share  | nothing: its volumes stay, for when it comes back           |
 * | no pod, claims that nobody deleted yet            | delete its claims                                           |
 * | no pod, and no claim that stays                   | delete its StatefulSet                                      |
 *
 * Claims go before the StatefulSet, so that a pass that is cut short never leaves a volume that looks as if it had lost its member.
 * Configuration and certificates of members that are gone altogether are swept up.
 */
import type { Deletion } from '../decision.ts';
import { isAskedFor, type Member } from '../model/members.ts';
import { sooner, type Contribution } from './contribution.ts';
import { isLost, lostAfterMs } from './deletion.ts';
import { memberOf, type Situation } from './situation.ts';
import { isDeleting } from './pods.ts';
import { deletionOf, referenceTo } from './references.ts';
import { startupMemberOf } from './stopping.ts';
import { switchoverTo } from './switchover.ts';

/** Its pod ends and may still run. */
const isGoingDown = (member: Member, { observation }: Situation): boolean => {
  const { podObject } = member;
  return podObject !== undefined && !isLost(podObject, observation.nowMs) && (isDeleting(podObject) || !isAskedFor(member));
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

/** Its StatefulSet makes it a pod. */
const mayRun = (member: Member): boolean => member.statefulSet !== undefined && isAskedFor(member) && !isDeleting(member.statefulSet);

/** While the cluster is stopped, a surplus member stops as the others do, and keeps all that it has. */
const stopOf = (member: Member, situation: Situation): Removal => {
  const { cluster, members } = situation;
  const reason = 'the manifest asks for a stop';
  if (cluster.profile.workloads === 'shared') {
    if (!mayRun(member)) return {};
    // The first pod stops last and starts first, alone: so the newest data must be there.
    const lower = members.filter(({ workload, ordinal }) => workload === member.workload && ordinal < member.ordinal);
    return member.role === 'leader' && lower.length > 0
      ? switchoverTo(situation, lower, `${reason}; ${member.name} leads and stops first, so another takes over`)
      : scaled(member, 0, cluster.identity.namespace, reason);
  }
  const startsFirst = startupMemberOf(situation)?.name === member.name;
  if (!mayRun(member) || (startsFirst && members.some(({ name, podObject }) => name !== member.name && podObject !== undefined))) return {};
  return scaled(member, 0, cluster.identity.namespace, reason);
};

/** Data were written once, by Patroni's store or, where that is lost, by the status. */
const holdsData = ({ systemIdentifier, recalled, primary }: Situation): boolean =>
  systemIdentifier !== undefined || recalled.systemIdentifier !== undefined || primary !== undefined;

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
  if (startupMemberOf(situation)?.name === member.name && statefulSet !== undefined && !mayRun(member) && !isDeleting(statefulSet)) {
    return scaled(
      member,
      1,
      namespace,
      `${reason}; it led before the stop, so it starts first and the members that stay are copied from it`,
    );
  }
  if (member.role === 'leader' && podObject !== undefined && !isGoingDown(member, situation)) {
    const staying = wanted.map((identity) => memberOf(situation, identity)).filter((candidate) => candidate !== undefined);
    const because = `${reason}; it leads, so another takes over first`;
    const handover = switchoverTo(situation, staying, because);
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
  if (mayRun(member)) {
    const isComplete = wanted.every((identity) => memberOf(situation, identity)?.ready === true);
    if (ready && (!isComplete || members.some((other) => other.name !== name && isGoingDown(other, situation)))) return {};
    return scaled(member, 0, namespace, reason);
  }
  const claims = observation.children.persistentVolumeClaims.filter(
    ({ metadata }) => metadata.labels?.[cluster.profile.labels.instance] === name,
  );
  if (cluster.profile.workloads === 'shared') return {};
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
const inOrder = ({ cluster, surplus }: Situation): readonly Member[] => {
  if (cluster.profile.workloads === 'own') {
    return surplus.toSorted((left, right) => Number(left.role === 'leader') - Number(right.role === 'leader'));
  }
  const last = surplus.filter(({ workload, ordinal }) => !surplus.some((other) => other.workload === workload && other.ordinal > ordinal));
  const leader = surplus.find(({ role }) => role === 'leader');
  return leader === undefined || cluster.stopped || last.includes(leader) ? last : [leader, ...last];
};

export const scaleDown = (situation: Situation): Contribution => {
  const removals = inOrder(situation).map((member) => removalOf(member, situation));
  return {
    step: removals.find(({ step }) => step !== undefined)?.step,
    deletions: [...removals.flatMap(({ deletions }) => deletions ?? []), ...leftovers(situation)],
    lookAgainAfterMs: removals.reduce((soonest, { lookAgainAfterMs }) => sooner(soonest, lookAgainAfterMs), untilLostMs(situation)),
  };
};
