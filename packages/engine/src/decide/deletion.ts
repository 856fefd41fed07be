/**
 * Takes a cluster down when its manifest was deleted. Volumes have no owner, so no garbage collector touches them: they go here, and only here.
 *
 * | observed                                          | decision                                                                |
 * |---------------------------------------------------|-------------------------------------------------------------------------|
 * | our finalizer is gone                             | nothing                                                                 |
 * | the cluster owns volumes that policy retains      | besides: release them from it, before anything that frees the finalizer |
 * | the definition of its kind is being deleted       | as below, but every volume stays; event VolumesKept                     |
 * | a primary, and replicas besides, a StatefulSet each | delete the replicas' StatefulSets, all together                       |
 * | members are left, a StatefulSet each, no replicas besides a primary | delete their StatefulSets                             |
 * | members are left that share a StatefulSet         | delete it, and with it all of them at once                              |
 * | volumes are left that no member mounts, with labels that members share | nothing: somebody else has them                    |
 * | pods are going                                    | wait; one that a lost node keeps is waited for one minute beyond its time |
 * | no pods; Patroni's objects or volumes are left    | delete Patroni's objects, and the volumes that policy does not retain   |
 * | a volume that stays does not tell who led, though it is to | wait; for ten minutes from the deletion at most                |
 * | nothing left but volumes on their way out         | take the finalizer off: the garbage collector does the rest             |
 */
import type { PersistentVolumeClaim, Pod } from '@pgherd/api';
import type { Deletion, EventRequest } from '../decision.ts';
import { patroniObjects, type Cluster } from '../model/cluster.ts';
import type { Member } from '../model/members.ts';
import { stamps } from '../stamps.ts';
import { memberVolumeOf } from './claims.ts';
import type { Contribution } from './contribution.ts';
import { noteFormerPrimary, unwrittenNotes } from './formerPrimaryNotes.ts';
import { notReady } from './health.ts';
import { isDeleting } from './pods.ts';
import { deletionOf } from './references.ts';
import { reportRefusals } from './refusals.ts';
import { releaseVolumes } from './release.ts';
import type { Situation } from './situation.ts';

/** Its node does not answer: the pod's time is up, and a minute more. In milliseconds. */
export const lostAfterMs = 60_000;

/**
 * From the deletion, in milliseconds. A note that the API server refuses to take (an admission policy, say) must not hold the cluster for ever:
 * the deletion was asked for, the note only helps a cluster that may come.
 */
export const notePatienceMs = 10 * 60_000;

export interface TearDown extends Contribution {
  readonly finalizer: 'present' | 'absent';
}

/** It was to be gone, and nobody answers for it. */
export const isLost = (pod: Pod, nowMs: number): boolean => {
  const until = Date.parse(pod.metadata.deletionTimestamp ?? '');
  return !Number.isNaN(until) && nowMs > until + lostAfterMs;
};

/**
 * What annotation `pgherd.dev/retain` keeps. A word that nobody knows keeps everything: volumes do not come back. So does the end of the
 * definition: it takes every cluster of the kind along, and nobody asked for that of each one's volumes.
 */
const retained = ({ cluster, observation }: Situation): { readonly data: boolean; readonly backups: boolean } => {
  if (observation.definitionIsDeleting === true) return { data: true, backups: true };
  const words = (cluster.identity.annotations[stamps.retain] ?? '').split(/[\s,]+/).filter((word) => word !== '');
  const isUnclear = words.some((word) => !['data', 'backups', 'all', 'none'].includes(word));
  const all = isUnclear || words.includes('all');
  return { data: all || words.includes('data'), backups: all || words.includes('backups') };
};

const deletionsOfMember = ({ statefulSet, podObject }: Member, namespace: string): readonly Deletion[] => {
  const reason = 'the cluster is being deleted';
  if (statefulSet !== undefined) return isDeleting(statefulSet) ? [] : [deletionOf(statefulSet, namespace, reason)];
  return podObject === undefined || isDeleting(podObject) ? [] : [deletionOf(podObject, namespace, reason)];
};

interface Volumes {
  readonly going: readonly PersistentVolumeClaim[];
  readonly staying: readonly PersistentVolumeClaim[];
}

const volumesOf = (situation: Situation): Volumes => {
  const { cluster, observation } = situation;
  const { labels } = cluster.profile;
  const keep = retained(situation);
  const claims = observation.children.persistentVolumeClaims;
  // The label is one that others give their claims, too, where members share a StatefulSet: those that its pods do not mount are no business of ours.
  const isOfCluster = ({ metadata }: PersistentVolumeClaim): boolean => metadata.labels?.[labels.cluster] === cluster.identity.name;
  const isOurs = (claim: PersistentVolumeClaim): boolean =>
    isOfCluster(claim) && (cluster.profile.workloads === 'own' || memberVolumeOf(cluster, claim) !== undefined);
  const goes = (claim: PersistentVolumeClaim): boolean => {
    if (claim.metadata.labels?.[labels.backupRepository] !== undefined) return !keep.backups && isOfCluster(claim);
    return !keep.data && isOurs(claim);
  };
  return { going: claims.filter(goes), staying: claims.filter((claim) => !goes(claim)) };
};

const volumesKept = ({ identity: { kind } }: Cluster): EventRequest => ({
  type: 'Warning',
  reason: 'VolumesKept',
  message: `the definition of ${kind} is being deleted, so the volumes stay: delete the claims that nobody needs`,
});

export const tearDown = (situation: Situation): TearDown => {
  const { cluster, observation, members } = situation;
  const { namespace, finalizers, uid, deletionTimestamp } = cluster.identity;
  const { finalizer } = cluster.profile;
  if (!finalizers.includes(finalizer)) return { finalizer: 'absent' };
  const volumes = volumesOf(situation);
  const released = releaseVolumes(situation, volumes.staying);
  const notes = retained(situation).data ? noteFormerPrimary(situation) : [];
  const kept = observation.definitionIsDeleting === true ? [volumesKept(cluster)] : [];
  const waiting = (message: string): Contribution => ({
    objects: [...released, ...notes],
    conditions: [
      ...notReady('Reconciling', 'Deleting', [message, ...kept.map((event) => event.message)].join('; ')),
      ...(reportRefusals(observation.refusals).conditions ?? []),
    ],
    events: kept,
  });

  const remaining = members.filter((member) => member.podObject === undefined || !isLost(member.podObject, observation.nowMs));
  // One StatefulSet for all goes with all of its pods.
  const primary = cluster.profile.workloads === 'own' ? remaining.find(({ role }) => role === 'leader') : undefined;
  const replicas = remaining.filter((member) => member !== primary);
  const leaving = primary !== undefined && replicas.length > 0 ? replicas : remaining;
  const deletions = [
    ...new Map(leaving.flatMap((member) => deletionsOfMember(member, namespace)).map((deletion) => [deletion.uid, deletion])).values(),
  ];
  const running = leaving.filter(({ podObject }) => podObject !== undefined);
  if (deletions.length > 0 || running.length > 0 || leaving.length < remaining.length) {
    const names = leaving.map(({ name }) => name).join(', ');
    const dueMs = Math.max(0, ...running.map(({ podObject }) => Date.parse(podObject?.metadata.deletionTimestamp ?? '') || 0));
    return {
      finalizer: 'present',
      deletions,
      ...waiting(`going down: ${names}`),
      lookAgainAfterMs: dueMs === 0 ? undefined : Math.max(1000, dueMs + lostAfterMs + 1000 - observation.nowMs),
    };
  }
  const patronis = patroniObjects(cluster);
  const ofPatroni = [...observation.children.endpoints, ...observation.children.configMaps].filter(
    ({ metadata }) => patronis.includes(metadata.name) && metadata.ownerReferences?.some((owner) => owner.uid === uid) !== true,
  );
  const rest = [
    ...ofPatroni.filter((object) => !isDeleting(object)).map((object) => deletionOf(object, namespace, 'the cluster is gone')),
    ...volumes.going
      .filter((claim) => !isDeleting(claim))
      .map((claim) => deletionOf(claim, namespace, 'the cluster is being deleted, and nothing asks to retain its volumes', 'unchanged')),
  ];
  if (rest.length > 0) return { finalizer: 'present', deletions: rest, ...waiting("Patroni's objects and the volumes are going") };
  if (released.length > 0) return { finalizer: 'present', ...waiting('volumes that stay are released from the cluster') };
  const untold = unwrittenNotes(notes, observation.children);
  const noteDueMs = Date.parse(deletionTimestamp ?? '') + notePatienceMs;
  if (untold.length > 0 && observation.nowMs < noteDueMs) {
    const message = `volume ${untold.join(', ')} is to tell whether its member led`;
    return { finalizer: 'present', ...waiting(message), lookAgainAfterMs: noteDueMs - observation.nowMs };
  }
  return { finalizer: 'absent' };
};
