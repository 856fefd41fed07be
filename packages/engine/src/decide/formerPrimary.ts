/**
 * Volumes that outlive their cluster (`pgherd.dev/retain`) hold no word on which of them is the newest, and a cluster that is made of them again
 * has no other memory: so the deletion notes it on the volume of the member that led.
 *
 * | observed                                                     | decision                                                        |
 * |--------------------------------------------------------------|-----------------------------------------------------------------|
 * | the cluster is deleted, its data are retained, a member led  | annotation `pgherd.dev/led-until` on that member's data volume  |
 * | the same, and another volume was annotated before            | the annotation of this deletion goes from that one              |
 * | no database yet, and a data volume says that its member led  | that member starts first, and the others follow when it leads   |
 * | no database yet, and several say so                          | the one that led last                                           |
 * | no database yet, and such a volume is rendered               | the annotation stays: a pass that ends early has no other memory |
 * | a database, or none of the volumes says so                   | nothing, and the annotation goes                                |
 */
import type { PersistentVolumeClaim } from '@pgherd/api';
import type { DesiredObject } from '../decision.ts';
import type { Cluster } from '../model/cluster.ts';
import type { MemberIdentity } from '../model/members.ts';
import type { Recollection } from '../model/recollection.ts';
import type { Children } from '../observation.ts';
import { renderDataClaim } from '../render/members.ts';
import { stamps } from '../stamps.ts';
import { claimNames, claimsOf } from './claims.ts';
import { isDeleting } from './pods.ts';
import type { Situation } from './situation.ts';
import { possibleVolumes } from './volumes.ts';

const ledUntil = ({ metadata }: PersistentVolumeClaim): string => metadata.annotations?.[stamps.ledUntil] ?? '';

/** Who led when an earlier cluster of this name was deleted. */
const formerPrimary = (cluster: Cluster, children: Children): Recollection['startupMember'] => {
  const { labels, roleValues } = cluster.profile;
  const [latest] = [...claimsOf(cluster, children).values()]
    .filter((claim) => claim.metadata.labels?.[labels.role] === roleValues.dataVolume && !isDeleting(claim) && ledUntil(claim) !== '')
    .toSorted((left, right) => (ledUntil(left) > ledUntil(right) ? -1 : ledUntil(left) < ledUntil(right) ? 1 : 0));
  const { [labels.instance]: name, [labels.instanceSet]: set } = latest?.metadata.labels ?? {};
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

/**
 * Rendered objects, the claims among them with the notes that stand on the live ones: what we apply no longer is removed, and the status learns of a
 * note only at the end of a pass. Patroni names the system after somebody leads, so the note is void by then.
 */
export const withNotes = (
  { observation, systemIdentifier }: Pick<Situation, 'observation' | 'systemIdentifier'>,
  objects: readonly DesiredObject[],
): readonly DesiredObject[] => {
  if (systemIdentifier !== undefined) return objects;
  const notes = new Map(observation.children.persistentVolumeClaims.map((claim) => [claim.metadata.name, ledUntil(claim)]));
  return objects.map((desired): DesiredObject => {
    if (desired.mode === 'released' || desired.object.kind !== 'PersistentVolumeClaim') return desired;
    const time = notes.get(desired.object.metadata.name) ?? '';
    return time === '' ? desired : { ...desired, object: noted(desired.object, time) };
  });
};

/** A claim as it is to be, to be applied. */
export interface ClaimToNote extends DesiredObject {
  readonly object: PersistentVolumeClaim;
}

/**
 * The data volume of the member that led, with the note on it, and without it each that was taken for that one before. For a cluster that is being
 * deleted, and whose data are retained.
 */
export const noteFormerPrimary = ({ cluster, observation, primary, recalled }: Situation): readonly ClaimToNote[] => {
  const { children } = observation;
  const { labels, names } = cluster.profile;
  const time = cluster.identity.deletionTimestamp ?? '';
  const led = primary?.name ?? recalled.startupMember?.name ?? recalled.primary;
  const claims = claimsOf(cluster, children);
  if (led === undefined || !claims.has(names.memberDataVolume(led))) return [];
  return [...claims].flatMap(([purpose, claim]): readonly ClaimToNote[] => {
    const { [labels.instance]: name = '', [labels.instanceSet]: set = '' } = claim.metadata.labels ?? {};
    if (purpose !== names.memberDataVolume(name) || (name !== led && ledUntil(claim) !== time)) return [];
    const member: MemberIdentity = { name, set, pod: names.memberPod(name) };
    const desired = renderDataClaim(cluster, member, { claimNames: claimNames(cluster, children) });
    const { objects = [] } = possibleVolumes(cluster, desired, children.persistentVolumeClaims);
    return objects.flatMap((each): readonly ClaimToNote[] =>
      each.object.kind === 'PersistentVolumeClaim' ? [{ ...each, object: name === led ? noted(each.object, time) : each.object }] : [],
    );
  });
};

/** Names of the claims that do not say yet what they are to say of who led. */
export const unwrittenNotes = (notes: readonly ClaimToNote[], { persistentVolumeClaims }: Children): readonly string[] =>
  notes
    .filter(({ object }) => {
      const live = persistentVolumeClaims.find(({ metadata }) => metadata.name === object.metadata.name);
      return live !== undefined && ledUntil(live) !== ledUntil(object);
    })
    .map(({ object }) => object.metadata.name)
    .toSorted();

const noted = (claim: PersistentVolumeClaim, time: string): PersistentVolumeClaim => ({
  ...claim,
  metadata: { ...claim.metadata, annotations: { ...claim.metadata.annotations, [stamps.ledUntil]: time } },
});
