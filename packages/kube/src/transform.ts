/**
 * What a cache keeps of an object. Transforms run once, as the object is decoded, before anything else sees it: most of the memory of a cached
 * object is in fields that nobody reads (managedFields above all).
 *
 * A transform returns a new object or the same one, and never a changed one.
 */
import type { KubernetesObject, ManagedFieldsEntry, ObjectMeta } from './objects.ts';

export type Transform<T> = (object: T) => T;

const lastAppliedAnnotation = 'kubectl.kubernetes.io/last-applied-configuration';

/** Runs the transforms from left to right. */
export function compose<T>(...transforms: readonly Transform<T>[]): Transform<T> {
  return (object) => transforms.reduce((value, transform) => transform(value), object);
}

/** Keeps of managedFields only the entries of this manager, to see what it applied; without a manager none. */
export function keepManagedFieldsOf<T extends KubernetesObject>(manager: string | undefined): Transform<T> {
  return (object) => {
    const entries = object.metadata.managedFields;
    if (entries === undefined) return object;
    const kept = manager === undefined ? [] : entries.filter((entry) => entry.manager === manager);
    return { ...object, metadata: metadataWith(object.metadata, kept) };
  };
}

/** Drops the copy of the whole manifest that `kubectl apply` leaves in an annotation. */
export function dropLastApplied<T extends KubernetesObject>(object: T): T {
  const annotations = object.metadata.annotations;
  if (annotations?.[lastAppliedAnnotation] === undefined) return object;
  const kept = Object.fromEntries(Object.entries(annotations).filter(([name]) => name !== lastAppliedAnnotation));
  return { ...object, metadata: { ...object.metadata, annotations: kept } };
}

/** For objects of our own kinds and children: all but managedFields and the annotation of `kubectl apply`. */
export function ownObject<T extends KubernetesObject>(object: T): T {
  return dropLastApplied(keepManagedFieldsOf<T>(undefined)(object));
}

/** For kinds of others: identity (name, namespace, uid, version, labels, owners, deletion) and what `project` picks from the rest. */
export function projected<T extends KubernetesObject>(
  project: (object: T) => Omit<T, 'apiVersion' | 'kind' | 'metadata'>,
  annotations: readonly string[] = [],
): Transform<T> {
  return (object) =>
    ({
      ...project(object),
      apiVersion: object.apiVersion,
      kind: object.kind,
      metadata: identityOf(object.metadata, annotations),
    }) as unknown as T;
}

/** Freezes all of it, so that a test in which somebody changes a cached object fails. */
export function frozen<T>(value: T): T {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return value;
  Object.freeze(value);
  for (const child of Object.values(value)) frozen(child);
  return value;
}

function metadataWith(metadata: ObjectMeta, managedFields: readonly ManagedFieldsEntry[]): ObjectMeta {
  const { managedFields: _, ...rest } = metadata;
  return managedFields.length === 0 ? rest : { ...rest, managedFields };
}

function identityOf(metadata: ObjectMeta, annotations: readonly string[]): ObjectMeta {
  const { annotations: all = {}, managedFields: _, finalizers: __, ...rest } = metadata;
  const kept = annotations.flatMap((name) => (all[name] === undefined ? [] : [[name, all[name]] as const]));
  return kept.length === 0 ? rest : { ...rest, annotations: Object.fromEntries(kept) };
}
