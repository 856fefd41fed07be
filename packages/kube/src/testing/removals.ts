/** DELETE of an object or a collection, and eviction. */
import { ApiFailure, notFound } from './apiFailure.ts';
import { checkPreconditions, markDeleted, readDeleteOptions } from './deletion.ts';
import type { DeleteOptions } from './deletion.ts';
import { asObject, asString, at, copy, objectAt } from './json.ts';
import type { Json, JsonObject } from './json.ts';
import type { RequestTarget } from './requestTarget.ts';
import { selectorOfObject } from './selectors.ts';
import { selectionOf } from './reads.ts';
import { apiVersionOf, resourceOf } from './servedKinds.ts';
import type { ServedKind } from './servedKinds.ts';
import { nameOf } from './storage.ts';
import type { WriteContext } from './writes.ts';

/** Kinds whose deletion answers with the object instead of a Status (ReturnDeletedObject); a pod answers so too. */
const returned = new Set(['/pods', '/serviceaccounts', '/persistentvolumeclaims', '/persistentvolumes', 'storage.k8s.io/storageclasses']);

/** Deletes the object that a request names. @returns the body of the answer. */
export function deleteObject(context: WriteContext, target: RequestTarget, body: JsonObject): JsonObject {
  const object = context.storage.get(resourceOf(target.kind), target.namespace, target.name);
  if (object === undefined) throw notFound(target.kind, target.name);
  const options = readDeleteOptions(body, target.query);
  checkPreconditions(target.kind, object, options);
  const dryRun = target.query.get('dryRun') === 'All' || body.dryRun !== undefined;
  return dryRun ? object : remove(context, target.kind, object, options);
}

/** Deletes all objects that the selectors of a request select. @returns the body of the answer. */
export function deleteCollection(context: WriteContext, target: RequestTarget, body: JsonObject): JsonObject {
  const objects = context.storage.list(resourceOf(target.kind)).filter(selectionOf(target));
  const options = readDeleteOptions(body, target.query);
  if (target.query.get('dryRun') !== 'All' && body.dryRun === undefined)
    for (const object of objects) remove(context, target.kind, object, options);
  return {
    kind: `${target.kind.kind}List`,
    apiVersion: apiVersionOf(target.kind),
    metadata: { resourceVersion: String(context.storage.revision()) },
    items: objects,
  };
}

/** Deletes one object as far as its finalizers and its grace period let it go. */
export function remove(context: WriteContext, kind: ServedKind, object: JsonObject, options: DeleteOptions): JsonObject {
  const resource = resourceOf(kind);
  const marked = resource === '/namespaces' ? terminatingNamespace(context, object) : markDeleted(kind, object, options, context.now());
  if (marked !== undefined) return marked === object || sameDeletion(marked, object) ? object : context.storage.put(resource, marked);
  const last = context.storage.remove(resource, object);
  return returned.has(resource) ? last : deleted(kind, object);
}

function sameDeletion(marked: JsonObject, object: JsonObject): boolean {
  return JSON.stringify(marked.metadata) === JSON.stringify(object.metadata);
}

function terminatingNamespace(context: WriteContext, namespace: JsonObject): JsonObject {
  if (at(namespace, 'metadata', 'deletionTimestamp') !== undefined) return namespace;
  const marked = copy(namespace);
  objectAt(marked, 'metadata').deletionTimestamp = context
    .now()
    .toISOString()
    .replace(/\.\d+Z$/, 'Z');
  objectAt(marked, 'status').phase = 'Terminating';
  return marked;
}

function deleted(kind: ServedKind, object: JsonObject): JsonObject {
  const details: Json = {
    name: nameOf(object),
    ...(kind.group === '' ? {} : { group: kind.group }),
    kind: kind.plural,
    uid: asString(at(object, 'metadata', 'uid')),
  };
  return { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success', details };
}

/** Deletes a pod unless a PodDisruptionBudget forbids it (`pkg/registry/core/pod/storage/eviction.go`). */
export function evictPod(context: WriteContext, target: RequestTarget, body: JsonObject): JsonObject {
  const pod = context.storage.get('/pods', target.namespace, target.name);
  if (pod === undefined) throw notFound(target.kind, target.name);
  const phase = asString(at(pod, 'status', 'phase'));
  const protectedPod = phase === 'Running' || phase === 'Unknown';
  if (protectedPod && at(pod, 'metadata', 'deletionTimestamp') === undefined) spendBudget(context, target.namespace, pod);
  const options = readDeleteOptions(asObject(body.deleteOptions), target.query);
  checkPreconditions(target.kind, pod, options);
  remove(context, target.kind, pod, options);
  return { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success', code: 201 };
}

function spendBudget(context: WriteContext, namespace: string, pod: JsonObject): void {
  const labels = asObject(at(pod, 'metadata', 'labels'));
  const resource = 'policy/poddisruptionbudgets';
  const budgets = context.storage
    .list(resource)
    .filter(
      (budget) => at(budget, 'metadata', 'namespace') === namespace && selectorOfObject(asObject(at(budget, 'spec', 'selector')))(labels),
    );
  if (budgets.length > 1) {
    throw new ApiFailure(500, '', 'This pod has more than one PodDisruptionBudget, which the eviction subresource does not support.');
  }
  const [budget] = budgets;
  if (budget === undefined) return;
  const allowed = Number(at(budget, 'status', 'disruptionsAllowed') ?? 0);
  const current = Number(at(budget, 'status', 'observedGeneration') ?? 0) >= Number(at(budget, 'metadata', 'generation') ?? 0);
  if (!current || allowed <= 0) {
    throw new ApiFailure(429, 'TooManyRequests', "Cannot evict pod as it would violate the pod's disruption budget.", {
      causes: [{ reason: 'DisruptionBudget', message: `The disruption budget ${nameOf(budget)} does not allow it` }],
    });
  }
  const spent = copy(budget);
  objectAt(spent, 'status').disruptionsAllowed = allowed - 1;
  context.storage.put(resource, spent);
}
