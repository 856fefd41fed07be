/** Compute resources and volume claims, with their quantities checked: the API server would only refuse the pods later, far from the manifest. */
import type { PersistentVolumeClaimSpec, ResourceRequirements } from '@pgherd/api';
import type { VolumeClaim } from '../../model/cluster.ts';
import { parseQuantity } from '../../quantity.ts';
import type { Field } from './fields.ts';
import { at, embedded, isPresent, itemsOf, membersOf, objectOf, report, shown } from './fields.ts';

/** One amount as text; undefined when it is none, which blocks: to go on without it would run the pods with other resources. */
const amountOf = (field: Field): string | undefined => {
  const amount = parseQuantity(field.value);
  if (amount !== undefined && amount >= 0) return String(field.value);
  report(field, {
    kind: 'invalid',
    reason: 'InvalidQuantity',
    message: `${shown(field.value)} is no possible quantity; write an amount such as 500m (processor), 2Gi (memory, storage)`,
    blocking: true,
  });
  return undefined;
};

const amountsOf = (field: Field): Readonly<Record<string, string>> =>
  Object.fromEntries(
    membersOf(field)
      .map(({ name, field: member }) => [name, amountOf(member)] as const)
      .filter((entry): entry is readonly [string, string] => entry[1] !== undefined),
  );

/** Resources of a container, amounts as text. Undefined when the manifest asks for none. */
export const resourcesOf = (field: Field): ResourceRequirements | undefined => {
  const resources = objectOf(field);
  if (resources === undefined) return undefined;
  const limits = amountsOf(at(field, 'limits'));
  const requests = amountsOf(at(field, 'requests'));
  for (const [name, request] of Object.entries(requests)) {
    const limit = limits[name];
    if (limit !== undefined && (parseQuantity(request) ?? 0) > (parseQuantity(limit) ?? 0)) {
      report(at(field, 'requests', name), {
        kind: 'invalid',
        reason: 'InvalidQuantity',
        message: `asks for ${request}, more than the limit of ${limit}; lower it or raise ${field.path}.limits.${name}`,
        blocking: true,
      });
    }
  }
  return {
    ...resources,
    ...(isPresent(at(field, 'limits')) && { limits }),
    ...(isPresent(at(field, 'requests')) && { requests }),
  };
};

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
