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
 * | no pod, claims that nobody deleted yet            | delete its claims                                           |
 * | no pod, and no claim that stays                   | delete its StatefulSet                                      |
 *
 * Claims go before the StatefulSet, so that a pass that is cut short never leaves a volume that looks as if it had lost its member.
 * Configuration and certificates of members that are gone altogether are swept up.
 */
import type { Deletion } from '../decision.ts';
import type { Member } from '../model/members.ts';
import { sooner, type Contribution } from './contribution.ts';
import { isLost, lostAfterMs } from './deletion.ts';
import { memberOf, type Situation } from './situation.ts';
import { isDeleting } from './pods.ts';
import { deletionOf, referenceTo } from './references.ts';
import { startupMemberOf } from './stopping.ts';
import { switchoverTo } from './switchover.ts';

/** Its pod ends and may still run. */
const isGoingDown = ({ podObject, statefulSet }: Member, { observation }: Situation): boolean =>
  podObject !== undefined &&
  !isLost(podObject, observation.nowMs) &&
  (isDeleting(podObject) || statefulSet === undefined || (statefulSet.spec?.replicas ?? 1) === 0);

type Removal = Pick<Contribution, 'step' | 'deletions' | 'lookAgainAfterMs'>;

const scaled = ({ statefulSet }: Member, replicas: 0 | 1, namespace: string, reason: string): Removal =>
  statefulSet === undefined
    ? {}
    : {
        step: {
          kind: 'scaleStatefulSet',
          reference: referenceTo(statefulSet, namespace),
          uid: statefulSet.metadata.uid ?? '',
          replicas,
          reason,
        },
      };

/** Its StatefulSet makes it a pod. */
const mayRun = ({ statefulSet }: Member): boolean =>
  statefulSet !== undefined && !isDeleting(statefulSet) && (statefulSet.spec?.replicas ?? 1) > 0;

/** While the cluster is stopped, a surplus member stops as the others do, and keeps all that it has. */
const stopOf = (member: Member, situation: Situation): Removal => {
  const { cluster, members } = situation;
  const startsFirst = startupMemberOf(situation)?.name === member.name;
  if (!mayRun(member) || (startsFirst && members.some(({ name, podObject }) => name !== member.name && podObject !== undefined))) return {};
  return scaled(member, 0, cluster.identity.namespace, 'the manifest asks for a stop');
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
    return switchoverTo(situation, staying, `${reason}; it leads, so another takes over first`);
  }
  if (holdsData(situation) && !isLedByOneThatStays(situation)) return {};
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

/** Members that lead come last, so that a switchover waits for nothing that could have gone before. */
export const scaleDown = (situation: Situation): Contribution => {
  const leadersLast = situation.surplus.toSorted((left, right) => Number(left.role === 'leader') - Number(right.role === 'leader'));
  const removals = leadersLast.map((member) => removalOf(member, situation));
  return {
    step: removals.find(({ step }) => step !== undefined)?.step,
    deletions: [...removals.flatMap(({ deletions }) => deletions ?? []), ...leftovers(situation)],
    lookAgainAfterMs: removals.reduce((soonest, { lookAgainAfterMs }) => sooner(soonest, lookAgainAfterMs), untilLostMs(situation)),
  };
};
