/**
 * Which events hurry: what somebody asks for, and what happens to the database. The rest is mostly our own writes coming back, and waits while
 * others are in a hurry.
 *
 * | event                                                              | urgency |
 * |--------------------------------------------------------------------|---------|
 * | found by listing                                                   | low     |
 * | anything was deleted                                               | high    |
 * | a manifest came, or another one is asked for                       | high    |
 * | a manifest's status or finalizers changed                          | low     |
 * | a pod or Patroni's Endpoints came or changed, or a Job changed     | high    |
 * | anything else                                                      | low     |
 */
import { hashOf } from '@pgherd/engine';
import type { Change, KubernetesObject, Priority } from '@pgherd/kube';

/** Kinds that tell how the database fares. Most of what happens to them is the doing of others: of Kubernetes, of Patroni, of what runs in them. */
const tellOfTheDatabase: ReadonlySet<string> = new Set(['Pod', 'Endpoints', 'Job']);

/** What an owner can ask by: the specification counts generations. */
const askedFor = ({ metadata: { generation, labels, annotations, deletionTimestamp } }: KubernetesObject): string =>
  hashOf([generation, labels, annotations, deletionTimestamp]);

export const urgencyOf = (
  change: Change<KubernetesObject>,
  what: { readonly kind: string; readonly isManifest: boolean; readonly listed: boolean },
): Priority => {
  if (what.listed) return 'low';
  if (change.kind === 'deleted') return 'high';
  if (what.isManifest) return change.kind === 'updated' && askedFor(change.old) === askedFor(change.object) ? 'low' : 'high';
  // Our own write coming back, as nobody else makes a cluster's Jobs.
  if (change.kind === 'added' && what.kind === 'Job') return 'low';
  return tellOfTheDatabase.has(what.kind) ? 'high' : 'low';
};
