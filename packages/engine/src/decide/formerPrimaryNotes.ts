/** The notes on data volumes of who led: made at the deletion, kept while they are needed. What they decide stands in formerPrimary.ts. */
import type { PersistentVolumeClaim } from '@pgherd/api';
import type { DesiredObject } from '../decision.ts';
import type { Cluster } from '../model/cluster.ts';
import { memberIdentity } from '../model/members.ts';
import type { Children } from '../observation.ts';
import { renderDataClaim } from '../render/members.ts';
import { stamps } from '../stamps.ts';
import { claimNames, claimsOf, memberVolumeOf } from './claims.ts';
import { ledUntil } from './formerPrimary.ts';
import type { Situation } from './situation.ts';
import { possibleVolumes } from './volumes.ts';

/**
 * Rendered objects, the claims among them with the notes that stand on the live ones: what we apply no longer is removed, and the status learns of a
 * note only at the end of a pass. Patroni names the system after somebody leads, so the note is void by then.
 */
export const withNotes = (
  { cluster, observation, systemIdentifier }: Pick<Situation, 'cluster' | 'observation' | 'systemIdentifier'>,
  objects: readonly DesiredObject[],
): readonly DesiredObject[] => {
  if (systemIdentifier !== undefined) return [...objects, ...withoutVoidNotes(cluster, observation.children, objects)];
  const notes = new Map(observation.children.persistentVolumeClaims.map((claim) => [claim.metadata.name, ledUntil(claim)]));
  return objects.map((desired): DesiredObject => {
    if (desired.mode === 'released' || desired.object.kind !== 'PersistentVolumeClaim') return desired;
    const time = notes.get(desired.object.metadata.name) ?? '';
    return time === '' ? desired : { ...desired, object: noted(desired.object, time) };
  });
};

/**
 * Claims that nothing renders, since their members are beyond those asked for, without the note: nobody starts from it any more, and at another time
 * it would bring old data to the front.
 */
const withoutVoidNotes = (cluster: Cluster, children: Children, rendered: readonly DesiredObject[]): readonly DesiredObject[] => {
  if (cluster.profile.workloads === 'own') return [];
  const isRendered = new Set(rendered.map(({ object }) => object.metadata.name));
  return [...claimsOf(cluster, children).values()].flatMap((claim) => {
    const { member, set, kind } = memberVolumeOf(cluster, claim) ?? {};
    if (kind !== 'data' || member === undefined || set === undefined) return [];
    if (isRendered.has(claim.metadata.name) || ledUntil(claim) === '') return [];
    return renderDataClaim(cluster, memberIdentity(cluster, set, member), { claimNames: claimNames(cluster, children) });
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
  const { names } = cluster.profile;
  const time = cluster.identity.deletionTimestamp ?? '';
  const led = primary?.name ?? recalled.startupMember?.name ?? recalled.primary;
  const claims = claimsOf(cluster, children);
  if (led === undefined || !claims.has(names.memberDataVolume(led))) return [];
  return [...claims.values()].flatMap((claim): readonly ClaimToNote[] => {
    const { member: name = '', set = '', kind } = memberVolumeOf(cluster, claim) ?? {};
    if (kind !== 'data' || (name !== led && ledUntil(claim) !== time)) return [];
    const desired = renderDataClaim(cluster, memberIdentity(cluster, set, name), { claimNames: claimNames(cluster, children) });
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
