/** Volumes that a manifest adds to pods. */
import { mountsIn, type InstanceSet } from '../../model/cluster.ts';

/** Where a container can write on volumes that the manifest adds. */
export const writableMounts = (set: InstanceSet, container: string): readonly string[] =>
  mountsIn(set, container)
    .filter(({ readOnly }) => readOnly !== true)
    .map(({ mountPath }) => mountPath);
