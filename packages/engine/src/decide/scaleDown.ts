/**
 * Takes members away that the manifest asks for no longer. One that serves goes at a time, the primary never: it hands over first.
 *
 * | the member                                        | decision                                                    |
 * |---------------------------------------------------|-------------------------------------------------------------|
 * | leads, a member that stays is fit                 | switchover to it                                            |
 * | leads, none is fit                                | wait: it goes on serving                                    |
 * | serves, and another is on its way down            | wait                                                        |
 * | has a pod or may get one                          | its StatefulSet to 0                                        |
 * | pod on its way down                               | wait                                                        |
 * | no pod, claims that nobody deleted yet            | delete its claims                                           |
 * | no pod, and no claim that stays                   | delete its StatefulSet                                      |
 *
 * Claims go before the StatefulSet, so that a pass that is cut short never leaves a volume that looks as if it had lost its member.
 * Configuration and certificates of members that are gone altogether are swept up.
 */
import type { Deletion, DisruptiveStep } from '../decision.ts';
import type { Member } from '../model/members.ts';
import type { Contribution } from './contribution.ts';
import { memberOf, type Situation } from './situation.ts';
import { isDeleting } from './pods.ts';
import { deletionOf, referenceTo } from './references.ts';
import { switchoverTo } from './switchover.ts';

const isGoingDown = ({ podObject, statefulSet }: Member): boolean =>
  podObject !== undefined && (isDeleting(podObject) || statefulSet === undefined || (statefulSet.spec?.replicas ?? 1) === 0);

/** The next move of one surplus member. */
const removalOf = (member: Member, situation: Situation): { readonly step?: DisruptiveStep; readonly deletions?: readonly Deletion[] } => {
  const { cluster, observation, members, wanted } = situation;
  const { namespace } = cluster.identity;
  const { name, set, statefulSet, podObject, ready } = member;
  const declared = cluster.sets.find((candidate) => candidate.name === set);
  const reason =
    declared === undefined
      ? `set ${set} is no longer in the manifest, so member ${name} goes`
      : `${declared.path} asks for ${declared.replicas}, so member ${name} goes`;
  if (member.role === 'leader' && podObject !== undefined && !isGoingDown(member)) {
    const staying = wanted.map((identity) => memberOf(situation, identity)).filter((candidate) => candidate !== undefined);
    const step = switchoverTo(situation, staying, `${reason}; it leads, so another takes over first`);
    return step === undefined ? {} : { step };
  }
  if (isGoingDown(member)) {
    if (statefulSet !== undefined || podObject === undefined || isDeleting(podObject)) return {};
    return { step: { kind: 'deletePod', deletion: deletionOf(podObject, namespace, reason), reason } };
  }
  if (statefulSet !== undefined && !isDeleting(statefulSet) && (statefulSet.spec?.replicas ?? 1) > 0) {
    if (ready && members.some((other) => other.name !== name && isGoingDown(other))) return {};
    return {
      step: {
        kind: 'scaleStatefulSet',
        reference: referenceTo(statefulSet, namespace),
        uid: statefulSet.metadata.uid ?? '',
        replicas: 0,
        reason,
      },
    };
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

/** Members that lead come last, so that a switchover waits for nothing that could have gone before. */
export const scaleDown = (situation: Situation): Contribution => {
  const leadersLast = situation.surplus.toSorted((left, right) => Number(left.role === 'leader') - Number(right.role === 'leader'));
  const removals = leadersLast.map((member) => removalOf(member, situation));
  return {
    step: removals.find(({ step }) => step !== undefined)?.step,
    deletions: [...removals.flatMap(({ deletions }) => deletions ?? []), ...leftovers(situation)],
  };
};
