/**
 * Volumes that outlive their cluster (`pgherd.dev/retain`) hold no word on which of them is the newest, and a cluster that is made of them again
 * has no other memory: so the deletion notes it on the volume of the member that led (formerPrimaryNotes.ts), and the next cluster reads it here.
 *
 * | observed                                                     | decision                                                        |
 * |--------------------------------------------------------------|-----------------------------------------------------------------|
 * | the cluster is deleted, its data are retained, a member led  | annotation `pgherd.dev/led-until` on that member's data volume  |
 * | the same, and another volume was annotated before            | the annotation of this deletion goes from that one              |
 * | no database yet, and a data volume says that its member led  | that member starts first, and the others follow when it leads   |
 * | no database yet, and several say so                          | the one that led last                                           |
 * | no database yet, and such a volume is rendered               | the annotation stays: a pass that ends early has no other memory |
 * | no database yet, and fewer members that share a StatefulSet | it is a member all the same: it leads first, hands over and goes, and so does its annotation |
 * | a database, or none of the volumes says so                   | nothing, and the annotation goes                                |
 */
import type { PersistentVolumeClaim } from '@pgherd/api';
import type { Cluster } from '../model/cluster.ts';
import type { Recollection } from '../model/recollection.ts';
import type { Children } from '../observation.ts';
import { stamps } from '../stamps.ts';
import { claimsOf, memberVolumeOf } from './claims.ts';
import { isDeleting } from './pods.ts';

/** When the volume's member led last, RFC 3339; empty where nothing says so. */
export const ledUntil = ({ metadata }: PersistentVolumeClaim): string => metadata.annotations?.[stamps.ledUntil] ?? '';

/** Who led when an earlier cluster of this name was deleted. */
const formerPrimary = (cluster: Cluster, children: Children): Recollection['startupMember'] => {
  const [latest] = [...claimsOf(cluster, children).values()]
    .filter((claim) => memberVolumeOf(cluster, claim)?.kind === 'data' && !isDeleting(claim) && ledUntil(claim) !== '')
    .toSorted((left, right) => (ledUntil(left) > ledUntil(right) ? -1 : ledUntil(left) < ledUntil(right) ? 1 : 0));
  const { member: name, set } = (latest && memberVolumeOf(cluster, latest)) ?? {};
  return name === undefined || set === undefined ? undefined : { name, set };
};

/** What the status tells, and before there is a database, what the volumes of an earlier one tell. */
export const withFormerPrimary = (
  recalled: Recollection,
  cluster: Cluster,
  children: Children,
  systemIdentifier: string | undefined,
): Recollection => {
  const isNew =
    [systemIdentifier, recalled.systemIdentifier, recalled.primary, recalled.startupMember].every((known) => known === undefined) &&
    cluster.identity.deletionTimestamp === undefined;
  return isNew ? { ...recalled, startupMember: formerPrimary(cluster, children) } : recalled;
};
