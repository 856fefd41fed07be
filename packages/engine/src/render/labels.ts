/** Which labels the objects of one concern carry, and which of them select pods. Selectors of StatefulSets never change, so neither may these. */
import type { Cluster } from '../model/cluster.ts';
import type { MemberIdentity } from '../model/members.ts';

type Pairs = Readonly<Record<string, string>>;

/** What a pod's data are, as the value of the data label. */
export const dataKinds = { postgres: 'postgres', backups: 'pgbackrest' } as const;

/** On everything of a cluster; with the role they select pods. */
export const clusterLabels = ({ identity, profile }: Cluster): Pairs => ({
  ...profile.commonLabels,
  [profile.labels.cluster]: identity.name,
});

/** On everything of one member alone. */
export const memberLabels = (cluster: Cluster, member: MemberIdentity): Pairs => {
  const { labels } = cluster.profile;
  return { ...clusterLabels(cluster), [labels.instanceSet]: member.set, [labels.instance]: member.name };
};

/** On a StatefulSet and what its pods have in common; selects its pods. */
export const workloadLabels = (cluster: Cluster, member: MemberIdentity): Pairs => {
  const { labels, workloads } = cluster.profile;
  return workloads === 'own' ? memberLabels(cluster, member) : { ...clusterLabels(cluster), [labels.instanceSet]: member.set };
};

/** On everything of the backups. */
export const backupLabels = (cluster: Cluster): Pairs => ({
  ...clusterLabels(cluster),
  [cluster.profile.labels.backups]: '',
});

/** On the repository host; selects its pod. */
export const repositoryHostLabels = (cluster: Cluster): Pairs => ({
  ...backupLabels(cluster),
  [cluster.profile.labels.backupDedicatedHost]: '',
});
