/** Which labels the objects of one concern carry, and which of them select pods. Selectors of StatefulSets never change, so neither may these. */
import type { Cluster } from '../model/cluster.ts';
import type { MemberIdentity } from '../model/members.ts';

type Pairs = Readonly<Record<string, string>>;

/** What a pod's data are, as the value of the data label. */
export const dataKinds = { postgres: 'postgres', backups: 'pgbackrest' } as const;

/** On everything of one member; selects its pod. */
export const memberLabels = (cluster: Cluster, member: MemberIdentity): Pairs => {
  const { labels } = cluster.profile;
  return { [labels.cluster]: cluster.identity.name, [labels.instanceSet]: member.set, [labels.instance]: member.name };
};

/** On everything of the backups. */
export const backupLabels = (cluster: Cluster): Pairs => ({
  [cluster.profile.labels.cluster]: cluster.identity.name,
  [cluster.profile.labels.backups]: '',
});

/** On the repository host; selects its pod. */
export const repositoryHostLabels = (cluster: Cluster): Pairs => ({
  ...backupLabels(cluster),
  [cluster.profile.labels.backupDedicatedHost]: '',
});
