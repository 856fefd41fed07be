/** Compute resources, with their quantities checked: the API server would only refuse the pods later, far from the manifest. */
import type { ResourceRequirements } from '@pgherd/api';
import { parseQuantity } from '../../quantity.ts';
import type { Field } from './fields.ts';
import { at, isPresent, membersOf, objectOf, report, shown } from './fields.ts';

/** One amount as text; undefined when it is none, which blocks: to go on without it would run the pods with other resources. */
export const amountOf = (field: Field): string | undefined => {
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

export const amountsOf = (field: Field): Readonly<Record<string, string>> =>
  Object.fromEntries(
    membersOf(field)
      .map(({ name, field: member }) => [name, amountOf(member)] as const)
      .filter((entry): entry is readonly [string, string] => entry[1] !== undefined),
  );

/** Resources of a container, amounts as text. Undefined when the manifest asks for none. `raises`: a limit below a request is raised by the caller. */
export const resourcesOf = (field: Field, raises = false): ResourceRequirements | undefined => {
  const resources = objectOf(field);
  if (resources === undefined) return undefined;
  const limits = amountsOf(at(field, 'limits'));
  const requests = amountsOf(at(field, 'requests'));
  for (const [name, request] of Object.entries(requests)) {
    const limit = limits[name];
    if (!raises && limit !== undefined && (parseQuantity(request) ?? 0) > (parseQuantity(limit) ?? 0)) {
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
