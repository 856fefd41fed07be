/**
 * Which claim serves which purpose. Claims are found by their labels, as the original finds them: one that was brought along (volumes of an
 * earlier cluster, a restored copy) keeps the name that it has.
 */
import type { PersistentVolumeClaim, PodSpec } from '@pgherd/api';
import type { Cluster } from '../model/cluster.ts';
import type { Children } from '../observation.ts';

type ClaimsByPurpose = ReadonlyMap<string, PersistentVolumeClaim>;

/** What a claim is for, said by the name that we would give it; undefined: it is for nothing that we make claims for. */
const purposeOf = (
  { identity, profile: { labels, names, roleValues } }: Cluster,
  { metadata }: PersistentVolumeClaim,
): string | undefined => {
  const { [labels.instance]: member, [labels.role]: role, [labels.backupRepository]: repository } = metadata.labels ?? {};
  if (repository !== undefined) return names.repositoryVolume(identity.name, repository);
  if (member === undefined) return undefined;
  if (role === roleValues.dataVolume) return names.memberDataVolume(member);
  return role === roleValues.walVolume ? names.memberWalVolume(member) : undefined;
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
