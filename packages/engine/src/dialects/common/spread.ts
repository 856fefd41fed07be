/** How pods that hold data are spread where a manifest says nothing of it. */
import type { LabelSelector, TopologySpreadConstraint } from '@pgherd/api';

/** Over nodes and over zones as far as there are several; never so that a pod has to wait for another node. */
export const softSpread = (labelSelector: LabelSelector): readonly TopologySpreadConstraint[] =>
  ['kubernetes.io/hostname', 'topology.kubernetes.io/zone'].map((topologyKey) => ({
    maxSkew: 1,
    topologyKey,
    whenUnsatisfiable: 'ScheduleAnyway',
    labelSelector,
  }));
