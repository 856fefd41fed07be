/**
 * Takes volumes out of the cluster's ownership.
 *
 * We make claims without an owner. The original operator made itself their controller's, so that the garbage collector would delete those of a
 * cluster that was taken over: as soon as its manifest is gone, and with foreground deletion before, whatever was to be retained.
 *
 * | observed of a claim                       | decision                                         |
 * |-------------------------------------------|--------------------------------------------------|
 * | the cluster is not among its owners       | nothing                                          |
 * | it is going                               | nothing                                          |
 * | the cluster is among its owners           | take its reference away; others' references stay |
 */
import type { PersistentVolumeClaim } from '@pgherd/api';
import type { DesiredObject } from '../decision.ts';
import { isDeleting } from './pods.ts';
import type { Situation } from './situation.ts';

export const releaseVolumes = ({ cluster: { identity } }: Situation, claims: readonly PersistentVolumeClaim[]): readonly DesiredObject[] =>
  claims.flatMap((claim): readonly DesiredObject[] => {
    const { name, namespace = identity.namespace, uid, resourceVersion, ownerReferences = [] } = claim.metadata;
    const others = ownerReferences.filter((owner) => owner.uid !== identity.uid);
    if (isDeleting(claim) || others.length === ownerReferences.length || uid === undefined || resourceVersion === undefined) return [];
    const metadata = { name, namespace, uid, resourceVersion, ownerReferences: others };
    return [{ object: { apiVersion: 'v1', kind: 'PersistentVolumeClaim', metadata }, stage: 0, mode: 'released' }];
  });
