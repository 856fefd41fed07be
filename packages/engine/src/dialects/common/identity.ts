/** Which object of the API server a cluster was read from; the same for every kind of manifest. */
import type { Identity } from '../../model/cluster.ts';
import type { Manifest } from '../manifest.ts';

export const identityOf = ({ apiVersion, kind, metadata }: Manifest): Identity => ({
  apiVersion,
  kind,
  namespace: metadata.namespace,
  name: metadata.name,
  uid: metadata.uid,
  generation: metadata.generation ?? 0,
  resourceVersion: metadata.resourceVersion ?? '',
  annotations: metadata.annotations ?? {},
  finalizers: metadata.finalizers ?? [],
  deletionTimestamp: metadata.deletionTimestamp,
});
