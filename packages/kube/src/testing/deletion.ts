/** Deletion: preconditions, finalizers, grace periods of pods, propagation to dependents. */
import { conflict, invalid } from './apiFailure.ts';
import { asList, asObject, asString, at, copy, equal, objectAt } from './json.ts';
import type { JsonObject } from './json.ts';
import { resourceOf } from './servedKinds.ts';
import type { ServedKind } from './servedKinds.ts';
import { nameOf } from './storage.ts';

export interface DeleteOptions {
  readonly uid: string | undefined;
  readonly resourceVersion: string | undefined;
  readonly gracePeriodSeconds: number | undefined;
  readonly propagation: 'Background' | 'Foreground' | 'Orphan' | undefined;
}

export function readDeleteOptions(body: JsonObject, query: URLSearchParams): DeleteOptions {
  const preconditions = asObject(body.preconditions);
  const grace = body.gracePeriodSeconds ?? query.get('gracePeriodSeconds') ?? undefined;
  const propagation = asString(body.propagationPolicy) || query.get('propagationPolicy');
  return {
    uid: preconditions.uid === undefined ? undefined : asString(preconditions.uid),
    resourceVersion: preconditions.resourceVersion === undefined ? undefined : asString(preconditions.resourceVersion),
    gracePeriodSeconds: grace === undefined ? undefined : Number(grace),
    propagation: propagation === 'Background' || propagation === 'Foreground' || propagation === 'Orphan' ? propagation : undefined,
  };
}

/** @throws {ApiFailure} 409 if the object is not the one that the caller means. */
export function checkPreconditions(kind: ServedKind, object: JsonObject, options: DeleteOptions): void {
  const uid = asString(at(object, 'metadata', 'uid'));
  const version = asString(at(object, 'metadata', 'resourceVersion'));
  if (options.uid !== undefined && options.uid !== uid) {
    throw conflict(
      kind,
      nameOf(object),
      `the UID in the precondition (${options.uid}) does not match the UID in record (${uid}). The object might have been deleted and then recreated`,
    );
  }
  if (options.resourceVersion !== undefined && options.resourceVersion !== version) {
    throw conflict(
      kind,
      nameOf(object),
      `the ResourceVersion in the precondition (${options.resourceVersion}) does not match the ResourceVersion in record (${version}). The object might have been modified`,
    );
  }
}

const orphan = 'orphan';
const foreground = 'foregroundDeletion';

/** The finalizers that garbage collection works with, after a deletion with this policy. */
function finalizersAfter(kind: ServedKind, object: JsonObject, options: DeleteOptions): readonly string[] {
  const present = asList(at(object, 'metadata', 'finalizers')).map(asString);
  const others = present.filter((finalizer) => finalizer !== orphan && finalizer !== foreground);
  switch (options.propagation) {
    case 'Orphan':
      return [...others, orphan];
    case 'Foreground':
      return [...others, foreground];
    case 'Background':
      return others;
    case undefined:
      // A Job deleted without a policy leaves its pods, for compatibility with its first versions.
      return present.includes(orphan) || present.includes(foreground) || resourceOf(kind) !== 'batch/jobs' ? present : [...others, orphan];
    default:
      return options.propagation satisfies never;
  }
}

function gracePeriod(kind: ServedKind, object: JsonObject, options: DeleteOptions): number {
  if (resourceOf(kind) !== '/pods') return 0;
  // Nobody but the kubelet of its node needs the time.
  const phase = asString(at(object, 'status', 'phase'));
  if (asString(at(object, 'spec', 'nodeName')) === '' || phase === 'Succeeded' || phase === 'Failed') return 0;
  return options.gracePeriodSeconds ?? Number(at(object, 'spec', 'terminationGracePeriodSeconds') ?? 30);
}

/** The object marked for deletion, or undefined if it goes at once. */
export function markDeleted(kind: ServedKind, object: JsonObject, options: DeleteOptions, now: Date): JsonObject | undefined {
  const finalizers = finalizersAfter(kind, object, options);
  const grace = gracePeriod(kind, object, options);
  if (finalizers.length === 0 && grace === 0) return undefined;
  const marked = copy(object);
  const metadata = objectAt(marked, 'metadata');
  if (finalizers.length === 0) delete metadata.finalizers;
  else metadata.finalizers = finalizers;
  const before = metadata.deletionGracePeriodSeconds;
  if (metadata.deletionTimestamp === undefined || (typeof before === 'number' && grace < before)) {
    metadata.deletionTimestamp = new Date(now.getTime() + grace * 1000).toISOString().replace(/\.\d+Z$/, 'Z');
    metadata.deletionGracePeriodSeconds = grace;
    if (typeof metadata.generation === 'number') metadata.generation += 1;
  }
  return marked;
}

/** Whether an update leaves nothing that keeps an object which is being deleted. */
export function isGone(object: JsonObject): boolean {
  return (
    at(object, 'metadata', 'deletionTimestamp') !== undefined &&
    asList(at(object, 'metadata', 'finalizers')).length === 0 &&
    (at(object, 'metadata', 'deletionGracePeriodSeconds') ?? 0) === 0
  );
}

/** @throws {ApiFailure} 422 if an update adds a finalizer to an object that is being deleted. */
export function refuseNewFinalizers(kind: ServedKind, current: JsonObject, next: JsonObject): void {
  if (at(current, 'metadata', 'deletionTimestamp') === undefined) return;
  const before = asList(at(current, 'metadata', 'finalizers'));
  const added = asList(at(next, 'metadata', 'finalizers')).filter((finalizer) => !before.some((present) => equal(present, finalizer)));
  if (added.length > 0) {
    throw invalid(
      kind.group,
      kind.kind,
      nameOf(current),
      'metadata.finalizers',
      `Forbidden: no new finalizers can be added if the object is being deleted, found new finalizers []string{${added.map((finalizer) => JSON.stringify(finalizer)).join(', ')}}`,
    );
  }
}
