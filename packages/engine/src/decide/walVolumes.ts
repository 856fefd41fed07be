/**
 * Volumes for WAL that the manifest asks for no longer. A server without its `pg_wal` does not start, so what holds it stays.
 *
 * | the manifest asks for a WAL volume | live claim                  | decision                                                   |
 * |------------------------------------|-----------------------------|------------------------------------------------------------|
 * | yes                                | any                         | mounted                                                    |
 * | no                                 | none, or never had a volume | not mounted                                                |
 * | no                                 | has a volume                | mounted as before; condition NotYetSupported names the field |
 */
import type { Finding } from '../model/cluster.ts';
import type { Children } from '../observation.ts';
import { claimsOf } from './claims.ts';
import type { Situation } from './situation.ts';
import { elsewhere } from './volumes.ts';

/** Names of the claims that have a volume, or had one that is lost. */
export const boundClaims = ({ persistentVolumeClaims }: Children): ReadonlySet<string> =>
  new Set(persistentVolumeClaims.filter(({ spec }) => (spec?.volumeName ?? '') !== '').map(({ metadata }) => metadata.name));

/** One finding for each set of members that keep their volumes. */
export const keptWalVolumes = ({ cluster, wanted, observation }: Situation): readonly Finding[] => {
  const { names, fields } = cluster.profile;
  const bound = boundClaims(observation.children);
  const claims = claimsOf(cluster, observation.children);
  return cluster.sets.flatMap((set): readonly Finding[] => {
    const kept = wanted
      .filter((member) => member.set === set.name)
      .map(({ name }) => claims.get(names.memberWalVolume(name))?.metadata.name ?? '')
      .filter((name) => bound.has(name));
    if (set.walVolume !== undefined || kept.length === 0) return [];
    return [
      {
        kind: 'unsupported',
        path: `${set.path}.${fields?.walVolume ?? 'WAL volume'}`,
        reason: 'WalVolumeKept',
        message: `it was taken out, and moving WAL off a volume is not carried out yet, so ${kept.join(', ')} stays in use; put the field back, or move to ${elsewhere(cluster)}`,
        blocking: false,
      },
    ];
  });
};
