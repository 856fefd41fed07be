/** How many members of a set must stay when a node is drained. */
import type { PodDisruptionBudget } from '@pgherd/api';
import type { DesiredObject } from '../decision.ts';
import type { Renderer } from './context.ts';
import { clusterLabels } from './labels.ts';
import { childMetadata, mergedMetadata } from './metadata.ts';

export const renderDisruptionBudgets: Renderer = (cluster) => {
  const { labels } = cluster.profile;
  return cluster.sets.flatMap((set) =>
    set.disruptionBudgets.map((budget): DesiredObject => {
      const selector = { ...clusterLabels(cluster), [labels.instanceSet]: set.name, ...budget.labels };
      const object: PodDisruptionBudget = {
        apiVersion: 'policy/v1',
        kind: 'PodDisruptionBudget',
        metadata: childMetadata(cluster, budget.name, { [labels.instanceSet]: set.name }, mergedMetadata(cluster.metadata, set.metadata)),
        spec: {
          ...budget.limit,
          selector: { matchLabels: selector, ...(budget.expressions.length > 0 && { matchExpressions: budget.expressions }) },
        },
      };
      return { object, stage: 2, mode: 'apply' };
    }),
  );
};
