/**
 * What kube-controller-manager does with what was deleted: dependents of owners that are gone, foreground and orphan deletion, namespaces that
 * terminate, claims that no pod uses any more.
 */
import { asList, asObject, asString, at, copy, objectAt } from './json.ts';
import type { JsonObject } from './json.ts';
import { remove } from './removals.ts';
import { resourceOf } from './servedKinds.ts';
import type { ServedKind } from './servedKinds.ts';
import { nameOf, namespaceOf } from './storage.ts';
import { isGone } from './deletion.ts';
import type { WriteContext } from './writes.ts';

type Item = readonly [resource: string, object: JsonObject];

/** Works until nothing is left to do. */
export function collectGarbage(context: WriteContext, kinds: () => readonly ServedKind[]): void {
  for (let before = -1; before !== context.storage.revision();) {
    before = context.storage.revision();
    const items = context.storage.all();
    // What a visit removes is missed by the next round.
    const alive = new Set(items.map(([, object]) => uidOf(object)));
    const served = kinds();
    for (const item of items) visit(context, served, alive, item);
  }
}

function visit(context: WriteContext, kinds: readonly ServedKind[], alive: ReadonlySet<string>, item: Item): void {
  const [resource, seen] = item;
  // An earlier visit of the same round may have changed it.
  const object = context.storage.get(resource, namespaceOf(seen), nameOf(seen));
  const kind = kinds.find((candidate) => resourceOf(candidate) === resource);
  if (object === undefined || kind === undefined) return;
  const deleting = at(object, 'metadata', 'deletionTimestamp') !== undefined;
  const finalizers = asList(at(object, 'metadata', 'finalizers'));
  if (deleting && resource === '/namespaces') finishNamespace(context, kinds, object);
  else if (deleting && finalizers.includes('orphan')) orphanDependents(context, resource, object);
  else if (deleting && finalizers.includes('foregroundDeletion')) deleteDependentsFirst(context, kinds, resource, object);
  else if (deleting && resource === '/persistentvolumeclaims' && !isClaimUsed(context, object))
    dropFinalizer(context, resource, object, 'kubernetes.io/pvc-protection');
  else if (!deleting) followOwners(context, kind, alive, object);
}

const background = { uid: undefined, resourceVersion: undefined, gracePeriodSeconds: undefined, propagation: 'Background' } as const;

function ownersOf(object: JsonObject): readonly JsonObject[] {
  return asList(at(object, 'metadata', 'ownerReferences')).map(asObject);
}

function uidOf(object: JsonObject): string {
  return asString(at(object, 'metadata', 'uid'));
}

function dependentsOf(context: WriteContext, owner: JsonObject): readonly Item[] {
  return context.storage.all().filter(([, object]) => ownersOf(object).some((reference) => reference.uid === uidOf(owner)));
}

function dropFinalizer(context: WriteContext, resource: string, object: JsonObject, finalizer: string): void {
  const present = asList(at(object, 'metadata', 'finalizers'));
  const kept = present.filter((candidate) => candidate !== finalizer);
  if (kept.length === present.length) return;
  const next = copy(object);
  const metadata = objectAt(next, 'metadata');
  if (kept.length === 0) delete metadata.finalizers;
  else metadata.finalizers = kept;
  if (isGone(next)) context.storage.remove(resource, next);
  else context.storage.put(resource, next);
}

function dropOwners(context: WriteContext, resource: string, object: JsonObject, uids: ReadonlySet<string>): void {
  const next = copy(object);
  const metadata = objectAt(next, 'metadata');
  const kept = ownersOf(object).filter((reference) => !uids.has(asString(reference.uid)));
  if (kept.length === 0) delete metadata.ownerReferences;
  else metadata.ownerReferences = kept;
  context.storage.put(resource, next);
}

function finishNamespace(context: WriteContext, kinds: readonly ServedKind[], namespace: JsonObject): void {
  const content = context.storage.all().filter(([, object]) => namespaceOf(object) === nameOf(namespace));
  for (const [resource, object] of content) {
    const kind = kinds.find((candidate) => resourceOf(candidate) === resource);
    // There is no kubelet that would end the pods.
    if (kind !== undefined && at(object, 'metadata', 'deletionTimestamp') === undefined)
      remove(context, kind, object, { ...background, gracePeriodSeconds: 0 });
  }
  if (content.length === 0) context.storage.remove('/namespaces', namespace);
}

function orphanDependents(context: WriteContext, resource: string, owner: JsonObject): void {
  for (const [dependentResource, dependent] of dependentsOf(context, owner))
    dropOwners(context, dependentResource, dependent, new Set([uidOf(owner)]));
  dropFinalizer(context, resource, owner, 'orphan');
}

function deleteDependentsFirst(context: WriteContext, kinds: readonly ServedKind[], resource: string, owner: JsonObject): void {
  const dependents = dependentsOf(context, owner);
  for (const [dependentResource, dependent] of dependents) {
    const kind = kinds.find((candidate) => resourceOf(candidate) === dependentResource);
    if (kind !== undefined && at(dependent, 'metadata', 'deletionTimestamp') === undefined)
      remove(context, kind, dependent, { ...background, propagation: 'Foreground' });
  }
  const blocking = dependents.filter(([, object]) =>
    ownersOf(object).some((reference) => reference.uid === uidOf(owner) && reference.blockOwnerDeletion === true),
  );
  if (blocking.length === 0) dropFinalizer(context, resource, owner, 'foregroundDeletion');
}

function isClaimUsed(context: WriteContext, claim: JsonObject): boolean {
  return context.storage
    .list('/pods')
    .filter((pod) => namespaceOf(pod) === namespaceOf(claim))
    .some((pod) => asList(at(pod, 'spec', 'volumes')).some((volume) => at(volume, 'persistentVolumeClaim', 'claimName') === nameOf(claim)));
}

function followOwners(context: WriteContext, kind: ServedKind, alive: ReadonlySet<string>, object: JsonObject): void {
  const references = ownersOf(object);
  if (references.length === 0) return;
  const gone = new Set(references.map((reference) => asString(reference.uid)).filter((uid) => !alive.has(uid)));
  if (gone.size === 0) return;
  if (gone.size === references.length) remove(context, kind, object, background);
  else dropOwners(context, resourceOf(kind), object, gone);
}
