/** What tests of rendering share: members, and where a cluster's life stands. */
import type { KubernetesKind } from '@pgherd/api';
import type { Cluster } from '../model/cluster.ts';
import { memberIdentity, type MemberIdentity } from '../model/members.ts';
import type { MemberTarget, RenderContext, Renderer } from '../render/context.ts';
import { testConfiguration } from './clusters.ts';

/** A running, bootstrapped cluster. */
export const testContext: RenderContext = {
  configuration: testConfiguration,
  bootstrapped: true,
  replicaRepository: undefined,
  leaderServiceIp: '10.96.0.17',
  claimNames: new Map(),
  boundClaims: new Set(),
  claimTemplates: new Map(),
  restarts: new Map(),
  leaving: [],
  leadsFirst: undefined,
  memberRuns: true,
};

export const testMember = (cluster: Cluster, set: string, suffix: string): MemberIdentity => {
  const { names } = cluster.profile;
  const name = names.member(cluster.identity.name, set, suffix);
  return memberIdentity(cluster, set, name);
};

/** Every member that the manifest wants, with suffixes `b001`, `b002` … */
export const testTargets = (cluster: Cluster, pods: 0 | 1 = 1): readonly MemberTarget[] =>
  cluster.sets.flatMap(({ name, replicas }) =>
    Array.from({ length: replicas }, (_, index) => ({
      identity: testMember(cluster, name, `b${String(index + 1).padStart(3, '0')}`),
      pods,
    })),
  );

export const rendered = (
  renderer: Renderer,
  cluster: Cluster,
  targets: readonly MemberTarget[] = testTargets(cluster),
  context: RenderContext = testContext,
): readonly KubernetesKind[] => renderer(cluster, targets, context).map(({ object }) => object);
