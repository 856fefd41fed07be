/** Labels and annotations that the owner wants on objects: the cluster's first, a component's over them. */
import type { Metadata } from '../../model/cluster.ts';
import type { Field } from '../common/fields.ts';
import { at, textsOf } from '../common/fields.ts';

export const metadataOf = (field: Field): Metadata => ({
  labels: textsOf(at(field, 'labels')),
  annotations: textsOf(at(field, 'annotations')),
});

export const mergedMetadata = (below: Metadata, above: Metadata): Metadata => ({
  labels: { ...below.labels, ...above.labels },
  annotations: { ...below.annotations, ...above.annotations },
});
