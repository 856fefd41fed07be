/** Members: for each its claims, its configuration and a StatefulSet with one pod. */
import type { ConfigMap, PersistentVolumeClaim, StatefulSet } from '@pgherd/api';
import type { DesiredObject } from '../decision.ts';
import type { Cluster, InstanceSet, VolumeClaim } from '../model/cluster.ts';
import type { MemberIdentity } from '../model/members.ts';
import { claimName } from './claims.ts';
import type { MemberTarget, RenderContext, Renderer } from './context.ts';
import { dataKinds, memberLabels } from './labels.ts';
import { memberPodTemplate, patroniFileKey } from './memberPod.ts';
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
    cluster.profile.names.memberConfiguration(member.name),
    { ...memberLabels(cluster, member), [cluster.profile.labels.patroni]: cluster.patroni.scope },
    mergedMetadata(cluster.metadata, set.metadata),
  ),
  data: { [patroniFileKey]: patroniMemberFile(cluster, member, context) },
});

const statefulSet = (cluster: Cluster, set: InstanceSet, target: MemberTarget, context: RenderContext): StatefulSet | undefined => {
  const { labels, names } = cluster.profile;
  const template = memberPodTemplate(cluster, set, target.identity, context);
  if (template === undefined) return undefined;
  return {
    apiVersion: 'apps/v1',
    kind: 'StatefulSet',
    metadata: childMetadata(
      cluster,
      target.identity.name,
      { ...memberLabels(cluster, target.identity), [labels.data]: dataKinds.postgres },
      mergedMetadata(cluster.metadata, set.metadata),
    ),
    spec: {
      replicas: target.pods,
      // Templates are compared by us, so revisions of them would only be clutter.
      revisionHistoryLimit: 0,
      selector: { matchLabels: memberLabels(cluster, target.identity) },
      serviceName: names.podService(cluster.identity.name),
      template,
      updateStrategy: { type: 'OnDelete' },
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
    const workload = statefulSet(cluster, set, target, context);
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
      { object: configuration(cluster, set, identity, context), stage: 1, mode: 'apply' },
      ...(workload === undefined ? [] : ([{ object: workload, stage: 2, mode: 'apply' }] as const)),
    ];
  });
};
