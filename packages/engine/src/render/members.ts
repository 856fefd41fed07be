/** Members: for each its claims, its configuration and a StatefulSet with one pod. */
import type { ConfigMap, PersistentVolumeClaim, StatefulSet } from '@pgherd/api';
import type { DesiredObject } from '../decision.ts';
import type { Cluster, InstanceSet, VolumeClaim } from '../model/cluster.ts';
import { isToRun, type MemberIdentity } from '../model/members.ts';
import { claimName } from './claims.ts';
import type { MemberTarget, RenderContext, Renderer } from './context.ts';
import { dataKinds, memberLabels, workloadLabels } from './labels.ts';
import { leadsFirstKey, memberPodTemplate, patroniFileKey } from './memberPod.ts';
import { childMetadata, mergedMetadata, unownedMetadata } from './metadata.ts';
import { patroniMemberFile } from './patroni.ts';

const claim = (
  cluster: Cluster,
  set: InstanceSet,
  member: MemberIdentity,
  name: string,
  role: string,
  volume: VolumeClaim,
): PersistentVolumeClaim => {
  const { labels } = cluster.profile;
  return {
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
    metadata: unownedMetadata(
      cluster,
      name,
      { ...memberLabels(cluster, member), [labels.role]: role, [labels.data]: dataKinds.postgres },
      mergedMetadata(cluster.metadata, set.metadata),
    ),
    spec: volume.spec,
  };
};

const configuration = (cluster: Cluster, set: InstanceSet, member: MemberIdentity, context: RenderContext): ConfigMap => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: childMetadata(
    cluster,
    cluster.profile.names.memberConfiguration(member.workload),
    { ...workloadLabels(cluster, member), [cluster.profile.labels.patroni]: cluster.patroni.scope },
    mergedMetadata(cluster.metadata, set.metadata),
  ),
  data: {
    [patroniFileKey]: patroniMemberFile(cluster, member, context),
    ...(cluster.profile.workloads === 'shared' && { [leadsFirstKey]: context.leadsFirst?.pod ?? '' }),
  },
});

/** How many pods: those of the targets, and those of members that go, whose process takes them away one by one. */
const replicasOf = (cluster: Cluster, targets: readonly MemberTarget[], workload: string, { leaving }: RenderContext): number => {
  const staying = targets.filter(({ pods }) => pods === 1).map(({ identity }) => identity);
  const going = leaving.filter((member) => isToRun(cluster, member));
  return Math.max(0, ...[...staying, ...going].filter((member) => member.workload === workload).map(({ ordinal }) => ordinal + 1));
};

/**
 * Claims of a StatefulSet that members share. They are made here, by name, so that they bear our labels and grow; the templates only tie them to
 * pods, and cannot be changed: what is live stays.
 */
const claimTemplates = (
  cluster: Cluster,
  set: InstanceSet,
  member: MemberIdentity,
  context: RenderContext,
): Pick<NonNullable<StatefulSet['spec']>, 'podManagementPolicy' | 'persistentVolumeClaimRetentionPolicy' | 'volumeClaimTemplates'> => {
  if (cluster.profile.workloads === 'own') return {};
  const template: PersistentVolumeClaim = {
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
    metadata: { name: cluster.profile.volumes.data },
    spec: set.dataVolume.spec,
  };
  return {
    podManagementPolicy: 'Parallel',
    // Who made the StatefulSet before us may have asked for something else: volumes go when we say so, and only then.
    persistentVolumeClaimRetentionPolicy: { whenDeleted: 'Retain', whenScaled: 'Retain' },
    volumeClaimTemplates: context.claimTemplates.get(member.workload) ?? [template],
  };
};

/** The StatefulSet of one member, or of all members of a set: `member` is then any of them. */
const statefulSet = (
  cluster: Cluster,
  set: InstanceSet,
  member: MemberIdentity,
  replicas: number,
  context: RenderContext,
): StatefulSet | undefined => {
  const { labels, names } = cluster.profile;
  const template = memberPodTemplate(cluster, set, member, context);
  if (template === undefined) return undefined;
  return {
    apiVersion: 'apps/v1',
    kind: 'StatefulSet',
    metadata: childMetadata(
      cluster,
      member.workload,
      { ...workloadLabels(cluster, member), [labels.data]: dataKinds.postgres },
      mergedMetadata(cluster.metadata, set.metadata),
    ),
    spec: {
      replicas,
      // Templates are compared by us, so revisions of them would only be clutter.
      revisionHistoryLimit: 0,
      selector: { matchLabels: workloadLabels(cluster, member) },
      serviceName: names.podService(cluster.identity.name),
      template,
      updateStrategy: { type: 'OnDelete' },
      ...claimTemplates(cluster, set, member, context),
    },
  };
};

/** The data volume of one member; none when its set is gone from the manifest. */
export const renderDataClaim = (
  cluster: Cluster,
  member: MemberIdentity,
  context: Pick<RenderContext, 'claimNames'>,
): readonly DesiredObject[] => {
  const { names, roleValues } = cluster.profile;
  const set = cluster.sets.find(({ name }) => name === member.set);
  if (set === undefined) return [];
  const name = claimName(context, names.memberDataVolume(member.name));
  return [{ object: claim(cluster, set, member, name, roleValues.dataVolume, set.dataVolume), stage: 1, mode: 'apply' }];
};

/** Members whose set is gone from the manifest are not rendered: they are on their way out, and deciding how is no matter of rendering. */
export const renderMembers: Renderer = (cluster, members, context) => {
  const { names, roleValues } = cluster.profile;
  return members.flatMap((target): readonly DesiredObject[] => {
    const { identity } = target;
    const set = cluster.sets.find(({ name }) => name === identity.set);
    if (set === undefined) return [];
    const isFirst = members.find((other) => other.identity.workload === identity.workload) === target;
    const workload = isFirst
      ? statefulSet(cluster, set, identity, replicasOf(cluster, members, identity.workload, context), context)
      : undefined;
    const walClaim = claimName(context, names.memberWalVolume(identity.name));
    return [
      ...renderDataClaim(cluster, identity, context),
      ...(set.walVolume === undefined
        ? []
        : ([
            {
              object: claim(cluster, set, identity, walClaim, roleValues.walVolume, set.walVolume),
              stage: 1,
              mode: 'apply',
            },
          ] as const)),
      ...(isFirst ? ([{ object: configuration(cluster, set, identity, context), stage: 1, mode: 'apply' }] as const) : []),
      ...(workload === undefined ? [] : ([{ object: workload, stage: 2, mode: 'apply' }] as const)),
    ];
  });
};
