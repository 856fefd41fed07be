/**
 * What manifest and operator configuration ask of a pod, and nothing that only a new renderer would change. A pod is replaced when this
 * changes; a new rendering of the same inputs waits (invariant I8). A field that begins to shape a pod belongs in here from the start.
 */
import type { Cluster, InstanceSet } from '../model/cluster.ts';
import { logDirectoryToMake } from './logDirectory.ts';

/** What tells the volumes of one member's pod from those of another. */
export interface PodVolumes {
  readonly ownWalVolume: boolean;
  /** Names of claims that we did not name; undefined where all names are ours. */
  readonly otherClaims: readonly string[] | undefined;
}

/** And the restart that it was made for, where one was asked for. */
interface PodRequest extends PodVolumes {
  readonly restart: string | undefined;
}

/**
 * Of a pod of a set of members. The names that we give, and what Patroni takes over without a restart, are no part of it.
 */
export const podInputs = (cluster: Cluster, set: InstanceSet, { ownWalVolume, otherClaims, restart }: PodRequest): unknown => ({
  restart,
  metadata: [cluster.metadata, set.metadata],
  image: cluster.postgres.image,
  majorVersion: cluster.postgres.majorVersion,
  port: cluster.postgres.port,
  configurationFiles: cluster.postgres.configurationFiles,
  // Made when a pod starts: a new one is there only after a restart.
  logDirectory: logDirectoryToMake(cluster),
  patroni: [cluster.patroni.port, cluster.patroni.leaderLeaseDurationSeconds, cluster.patroni.syncPeriodSeconds],
  certificates: cluster.certificates,
  pods: cluster.pods,
  backups: cluster.backups && { image: cluster.backups.image, configuration: cluster.backups.configuration },
  set: {
    resources: set.resources,
    walVolume: ownWalVolume,
    otherClaims,
    scheduling: set.scheduling,
    helperResources: set.helperResources,
    additionalContainers: [...set.additionalInitContainers, ...set.additionalContainers],
    additionalVolumes: set.additionalVolumes,
    additionalMounts: [set.additionalMounts, set.mountsByContainer],
    additionalEnvironment: [set.additionalEnvironment, set.environmentSources],
  },
});

/** Of the repository host's pod; `otherClaims` as of a member's. */
export const repositoryHostInputs = (cluster: Cluster, otherClaims: PodVolumes['otherClaims']): unknown =>
  cluster.backups && {
    metadata: [cluster.metadata, cluster.backups.metadata],
    images: [cluster.backups.image, cluster.postgres.image],
    majorVersion: cluster.postgres.majorVersion,
    pods: cluster.pods,
    configuration: cluster.backups.configuration,
    repositories: cluster.backups.repositories.map(({ name }) => name),
    host: cluster.backups.repositoryHost,
    otherClaims,
  };
