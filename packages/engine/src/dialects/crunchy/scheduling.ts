/** Where pods may run. Database and repository host are spread over nodes and zones by default, without being kept from running. */
import type { Affinity, Toleration, TopologySpreadConstraint } from '@pgherd/api';
import type { Scheduling } from '../../model/cluster.ts';
import { profile } from './profile.ts';
import type { Field } from '../common/fields.ts';
import { at, embedded, embeddedItems, textOf } from '../common/fields.ts';
import { softSpread } from '../common/spread.ts';

const defaultSpread = (cluster: string): readonly TopologySpreadConstraint[] =>
  softSpread({
    matchLabels: { [profile.labels.cluster]: cluster },
    matchExpressions: [{ key: profile.labels.data, operator: 'In', values: ['postgres', 'pgbackrest'] }],
  });

/** Scheduling of a component that is not spread by default: Jobs. */
export const plainSchedulingOf = (field: Field): Scheduling => ({
  affinity: embedded<Affinity>(at(field, 'affinity')),
  tolerations: embeddedItems<Toleration>(at(field, 'tolerations')),
  topologySpreadConstraints: embeddedItems<TopologySpreadConstraint>(at(field, 'topologySpreadConstraints')),
  priorityClassName: textOf(at(field, 'priorityClassName')),
});

/** The two fields by which Kubernetes tells constraints apart: the API server refuses a second one with the same. */
const isSame = (left: TopologySpreadConstraint, right: TopologySpreadConstraint): boolean =>
  left.topologyKey === right.topologyKey && left.whenUnsatisfiable === right.whenUnsatisfiable;

/** Scheduling of pods that hold data; the defaults come after the manifest's own constraints unless it wants none. */
export const spreadSchedulingOf = (field: Field, cluster: string, withDefaults: boolean): Scheduling => {
  const scheduling = plainSchedulingOf(field);
  if (!withDefaults) return scheduling;
  const own = scheduling.topologySpreadConstraints;
  const further = defaultSpread(cluster).filter((constraint) => !own.some((other) => isSame(constraint, other)));
  return { ...scheduling, topologySpreadConstraints: [...own, ...further] };
};
