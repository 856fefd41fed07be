/** Names, labels, owners and stamps: the head of every object that is rendered. */
import type { NamedObjectMeta, OwnerReference } from '@pgherd/api';
import type { Cluster, Metadata } from '../model/cluster.ts';
import { renderingVersion, stamps } from '../stamps.ts';
import { clusterLabels } from './labels.ts';

type Pairs = Readonly<Record<string, string>>;

/** The owner's wishes for one object, from the whole cluster to the part, later ones winning. */
export const mergedMetadata = (...parts: readonly Metadata[]): Metadata => ({
  labels: Object.assign({}, ...parts.map((part) => part.labels)) as Pairs,
  annotations: Object.assign({}, ...parts.map((part) => part.annotations)) as Pairs,
});

/** The cluster as the controller of its children: they go when it goes, and it waits for those deleted in the foreground. */
export const ownerReference = (cluster: Cluster): OwnerReference => ({
  apiVersion: cluster.identity.apiVersion,
  kind: cluster.identity.kind,
  name: cluster.identity.name,
  uid: cluster.identity.uid,
  controller: true,
  blockOwnerDeletion: true,
});

/**
 * Metadata of an object without an owner reference. Only claims are made so: a deleted definition or a mistaken garbage collection must
 * cost no data, so the delete process removes them itself.
 */
export const unownedMetadata = (cluster: Cluster, name: string, labels: Pairs, wishes: Metadata = cluster.metadata): NamedObjectMeta => ({
  name,
  namespace: cluster.identity.namespace,
  labels: { ...wishes.labels, ...clusterLabels(cluster), ...labels },
  annotations: { ...wishes.annotations, [stamps.rendering]: renderingVersion },
});

/** Metadata of a child that the cluster controls. Our labels win over the owner's. */
export const childMetadata = (
  cluster: Cluster,
  name: string,
  labels: Pairs = {},
  wishes: Metadata = cluster.metadata,
): NamedObjectMeta => ({
  ...unownedMetadata(cluster, name, labels, wishes),
  ownerReferences: [ownerReference(cluster)],
});
