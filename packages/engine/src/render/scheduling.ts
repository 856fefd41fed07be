/** How many members of a set must stay when a node is drained. */
import type { PodDisruptionBudget } from '@pgherd/api';
import type { DesiredObject } from '../decision.ts';
import type { Renderer } from './context.ts';
import { childMetadata, mergedMetadata } from './metadata.ts';

/** One budget a set: the eviction API answers with an error where two budgets match a pod, so no other may select members. */
export const renderDisruptionBudgets: Renderer = (cluster) => {
  const { labels, names } = cluster.profile;
  return cluster.sets.flatMap((set): readonly DesiredObject[] => {
    if (set.minAvailable === undefined) return [];
    const selector = { [labels.cluster]: cluster.identity.name, [labels.instanceSet]: set.name };
    const budget: PodDisruptionBudget = {
      apiVersion: 'policy/v1',
      kind: 'PodDisruptionBudget',
      metadata: childMetadata(
        cluster,
        names.disruptionBudget(cluster.identity.name, set.name),
        { [labels.instanceSet]: set.name },
        mergedMetadata(cluster.metadata, set.metadata),
      ),
      spec: { minAvailable: set.minAvailable, selector: { matchLabels: selector } },
    };
    return [{ object: budget, stage: 2, mode: 'apply' }];
  });
};
