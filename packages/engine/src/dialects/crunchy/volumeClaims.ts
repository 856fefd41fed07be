/** Volume claims, as the manifest gives them whole. */
import type { PersistentVolumeClaimSpec } from '@pgherd/api';
import type { VolumeClaim } from '../../model/cluster.ts';
import { parseQuantity } from '../../quantity.ts';
import { amountsOf } from '../common/amounts.ts';
import type { Field } from '../common/fields.ts';
import { at, embedded, isPresent, itemsOf, report } from '../common/fields.ts';

/**
 * A volume claim. `autoGrow` and `limits.storage` say how far the volume may grow; neither is part of the claim (a claim's own limit would
 * only refuse larger volumes).
 */
export const volumeClaimOf = (field: Field): VolumeClaim => {
  const { autoGrow: _autoGrow, ...spec } = embedded<PersistentVolumeClaimSpec & { readonly autoGrow?: unknown }>(field) ?? {};
  const accessModes = itemsOf(at(field, 'accessModes'));
  if (accessModes.length === 0) {
    report(at(field, 'accessModes'), {
      kind: 'invalid',
      reason: 'InvalidVolumeClaim',
      message: 'a volume needs at least one access mode; write ["ReadWriteOnce"]',
      blocking: true,
    });
  }
  const resources = at(field, 'resources');
  const { storage: _limit, ...limits } = amountsOf(at(resources, 'limits'));
  const requests = amountsOf(at(resources, 'requests'));
  const storage = at(resources, 'requests', 'storage');
  if (!isPresent(storage) || parseQuantity(storage.value) === 0) {
    report(storage, {
      kind: 'invalid',
      reason: 'InvalidVolumeClaim',
      message: 'a volume needs a size; write an amount such as 10Gi',
      blocking: true,
    });
  }
  return {
    spec: { ...spec, resources: { ...(Object.keys(limits).length > 0 && { limits }), requests } },
  };
};
