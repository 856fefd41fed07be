/** How observed objects are pointed at: references and deletions with their preconditions. */
import type { Deletion, ObjectReference } from '../decision.ts';

interface Observed {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string; readonly uid?: string; readonly resourceVersion?: string };
}

export const referenceTo = (object: Observed, namespace: string): ObjectReference => ({
  apiVersion: object.apiVersion,
  kind: object.kind,
  namespace: object.metadata.namespace ?? namespace,
  name: object.metadata.name,
});

/**
 * The deletion of exactly this object. Its resourceVersion is a precondition only where `unchanged` is asked for: what holds data goes only as
 * it was seen, while the status of what runs changes all the time.
 */
export const deletionOf = (object: Observed, namespace: string, reason: string, precondition: 'same' | 'unchanged' = 'same'): Deletion => ({
  reference: referenceTo(object, namespace),
  uid: object.metadata.uid ?? '',
  resourceVersion: precondition === 'unchanged' ? object.metadata.resourceVersion : undefined,
  propagation: 'Background',
  gracePeriodSeconds: undefined,
  reason,
});
