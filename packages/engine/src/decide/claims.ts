/**
 * Which claim serves which purpose. Claims are found by their labels, as the original finds them: one that was brought along (volumes of an
 * earlier cluster, a restored copy) keeps the name that it has. Those of members that share a StatefulSet are found by their names alone: its pods
 * mount no others, and would be given new ones.
 */
import type { PersistentVolumeClaim, PodSpec } from '@pgherd/api';
import type { Cluster } from '../model/cluster.ts';
import { ordinalOf, podOf } from '../model/members.ts';
import type { Children } from '../observation.ts';

type ClaimsByPurpose = ReadonlyMap<string, PersistentVolumeClaim>;

/** What a claim is to a member. */
export interface MemberVolume {
  readonly member: string;
  readonly set: string | undefined;
  readonly kind: 'data' | 'wal';
}

/** Whose volume a claim is, and which; undefined: no member's. */
export const memberVolumeOf = (
  { identity, profile: { labels, names, roleValues, workloads } }: Pick<Cluster, 'identity' | 'profile'>,
  { metadata }: PersistentVolumeClaim,
): MemberVolume | undefined => {
  const { [labels.instanceSet]: set, [labels.instance]: labelled, [labels.role]: role } = metadata.labels ?? {};
  if (workloads === 'own') {
    const kind = role === roleValues.dataVolume ? 'data' : role === roleValues.walVolume ? 'wal' : undefined;
    return labelled === undefined || kind === undefined ? undefined : { member: labelled, set, kind };
  }
  if (set === undefined) return undefined;
  const member = podOf(names.workload(identity.name, set), ordinalOf(metadata.name));
  if (metadata.name === names.memberDataVolume(member)) return { member, set, kind: 'data' };
  return metadata.name === names.memberWalVolume(member) ? { member, set, kind: 'wal' } : undefined;
};

/** What a claim is for, said by the name that we would give it; undefined: it is for nothing that we make claims for. */
const purposeOf = (cluster: Cluster, claim: PersistentVolumeClaim): string | undefined => {
  const { labels, names } = cluster.profile;
  const repository = claim.metadata.labels?.[labels.backupRepository];
  if (repository !== undefined) return names.repositoryVolume(cluster.identity.name, repository);
  const volume = memberVolumeOf(cluster, claim);
  if (volume === undefined) return undefined;
  return volume.kind === 'data' ? names.memberDataVolume(volume.member) : names.memberWalVolume(volume.member);
};

const mountedIn = (spec: PodSpec | undefined): readonly string[] =>
  (spec?.volumes ?? []).flatMap(({ persistentVolumeClaim }) => persistentVolumeClaim?.claimName ?? []);

/**
 * The claims that are there, by the names that we would give them. Of several for one purpose that counts which is mounted: it holds what was
 * written last. Then comes one that has a volume, then one with the name that we would give it.
 */
export const claimsOf = (cluster: Cluster, children: Children): ClaimsByPurpose => {
  const mounted = new Set([
    ...children.statefulSets.flatMap(({ spec }) => mountedIn(spec?.template.spec)),
    ...children.pods.flatMap(({ spec }) => mountedIn(spec)),
  ]);
  const found = new Map<string, PersistentVolumeClaim>();
  const merits = (claim: PersistentVolumeClaim, purpose: string): number =>
    (mounted.has(claim.metadata.name) ? 4 : 0) +
    ((claim.spec?.volumeName ?? '') === '' ? 0 : 2) +
    (claim.metadata.name === purpose ? 1 : 0);
  for (const claim of children.persistentVolumeClaims) {
    const purpose = purposeOf(cluster, claim);
    if (purpose === undefined) continue;
    const known = found.get(purpose);
    const gain = known === undefined ? 1 : merits(claim, purpose) - merits(known, purpose);
    if (known === undefined || gain > 0 || (gain === 0 && claim.metadata.name < known.metadata.name)) found.set(purpose, claim);
  }
  return found;
};

/** Of the claims that are there under another name than we would give them: that name by ours. */
export const claimNames = (cluster: Cluster, children: Children): ReadonlyMap<string, string> =>
  new Map(
    [...claimsOf(cluster, children)].flatMap(([purpose, { metadata }]) => (metadata.name === purpose ? [] : [[purpose, metadata.name]])),
  );
