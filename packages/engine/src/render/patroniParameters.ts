import type { Cluster } from '../model/cluster.ts';
import { podDomain } from './podDomain.ts';

/** How programs in a member's pod reach the Patroni there (see scripts/patroniClient.ts); without the time that each of them has. */
export const patroniParameters = (cluster: Cluster): readonly string[] => {
  const { directory, authorities, certificateAndKey } = cluster.profile.paths.patroni;
  return [
    `https://localhost:${cluster.patroni.port}`,
    podDomain(cluster),
    `${directory}/${authorities}`,
    `${directory}/${certificateAndKey}`,
  ];
};
