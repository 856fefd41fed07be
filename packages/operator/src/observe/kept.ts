/** What caches keep of an object that was read: what somebody reads of it, in strings that equal objects share. */
import type { KubernetesObject } from '@pgherd/kube';
import { projected } from './projection.ts';
import { newStringPool } from './stringPool.ts';

/** Values of Secrets are remembered nowhere beside the Secret. */
const secretMembers: ReadonlySet<string> = new Set(['data', 'stringData']);

/** One for all caches of a process: what says the same is in all of them. Changes the object that it is given. */
export const newKeeping = (): ((kind: string, object: KubernetesObject) => KubernetesObject) => {
  const strings = newStringPool();
  return (kind, object) => strings.share(projected(kind, object), secretMembers);
};
