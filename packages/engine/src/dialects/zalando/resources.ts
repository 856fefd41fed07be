/** CPU and memory of containers. */
import type { ResourceRequirements } from '@pgherd/api';
import { parseQuantity } from '../../quantity.ts';
import { resourcesOf } from '../common/amounts.ts';
import type { Field } from '../common/fields.ts';

/** What the original gives a container of PostgreSQL that asks for nothing. */
const usualResources = { requests: { cpu: '100m', memory: '100Mi' }, limits: { cpu: '1', memory: '500Mi' } } as const;

/** Resources with the usual ones where the manifest says nothing; a limit is never below what is asked for. */
export const memberResourcesOf = (field: Field): ResourceRequirements => {
  const own = resourcesOf(field, true) ?? {};
  const requests: Readonly<Record<string, string>> = { ...usualResources.requests, ...(own.requests as Readonly<Record<string, string>>) };
  const limits: Record<string, string> = { ...usualResources.limits, ...(own.limits as Readonly<Record<string, string>>) };
  for (const [name, request] of Object.entries(requests)) {
    const limit = limits[name];
    if (limit !== undefined && (parseQuantity(request) ?? 0) > (parseQuantity(limit) ?? 0)) limits[name] = request;
  }
  return { requests, limits };
};
