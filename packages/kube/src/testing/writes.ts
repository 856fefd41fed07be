/**
 * Creation, replacement, patching and applying of objects: the path of a write through defaulting, field ownership, admission and storage, in the
 * order of the real server (`apiserver/pkg/endpoints/handlers`, `registry/generic/registry/store.go`).
 */
import { admitCreate, admitStatus, admitUpdate } from './admission.ts';
import type { Allocator } from './admission.ts';
import { ApiFailure, alreadyExists, applyConflict, badRequest, conflict, forbidden, invalid, modified, notFound } from './apiFailure.ts';
import { setDefaults } from './defaults.ts';
import { isGone, refuseNewFinalizers } from './deletion.ts';
import { emptySet, pathSet } from './fieldSet.ts';
import { asList, asObject, asString, at, copy, equal, isObject, objectAt } from './json.ts';
import type { Json, JsonObject, MutableObject } from './json.ts';
import { ApplyConflict, applyConfiguration, ownershipAfterUpdate, readEntries, writeEntries } from './managedFields.ts';
import type { ManagerEntry, Ownership, Writer } from './managedFields.ts';
import { normalize } from './normalize.ts';
import type { UnknownField } from './normalize.ts';
import type { RequestTarget } from './requestTarget.ts';
import { apiVersionOf, resourceOf } from './servedKinds.ts';
import type { ServedKind } from './servedKinds.ts';
import { nameOf } from './storage.ts';
import type { Storage } from './storage.ts';
import { ListItemError } from './typedValue.ts';

export interface WriteContext {
  readonly storage: Storage;
  readonly allocator: Allocator;
  readonly now: () => Date;
  /** A new uid. */
  readonly uid: () => string;
  /** A new suffix for `generateName`. */
  readonly suffix: () => string;
}

export interface Written {
  readonly created: boolean;
  readonly object: JsonObject;
}

interface WriteRequest {
  readonly target: RequestTarget;
  /** Field manager when the query names none: the first word of the user agent. */
  readonly defaultManager: string;
}

function rfc3339(date: Date): string {
  return date.toISOString().replace(/\.\d+Z$/, 'Z');
}

function ownershipOf(context: WriteContext, request: WriteRequest, operation: Writer['operation']): Ownership {
  const { kind, subresource, query } = request.target;
  const writer = { manager: query.get('fieldManager') ?? request.defaultManager, operation, apiVersion: apiVersionOf(kind), subresource };
  const reset = subresource === 'status' ? pathSet('f:spec') : kind.status ? pathSet('f:status') : emptySet;
  return { types: kind.types, type: kind.type, writer, reset, time: rfc3339(context.now()) };
}

function isDryRun(target: RequestTarget): boolean {
  return target.query.get('dryRun') === 'All';
}

/** The object with defaults, in the form in which it is stored. */
function complete(kind: ServedKind, object: JsonObject): MutableObject {
  const result = normalize(kind.types, kind.type, object);
  if (!kind.custom) setDefaults(kind.group, kind.kind, result);
  return normalize(kind.types, kind.type, result);
}

/** What the kind is before anything is set: what a create starts from. */
function blank(kind: ServedKind): JsonObject {
  const object = { apiVersion: apiVersionOf(kind), kind: kind.kind };
  return kind.custom ? object : normalize(kind.types, kind.type, object);
}

function withoutManagedFields(object: JsonObject): JsonObject {
  const result = copy(object);
  delete objectAt(result, 'metadata').managedFields;
  return result;
}

function setManagedFields(object: MutableObject, entries: readonly ManagerEntry[]): void {
  const metadata = objectAt(object, 'metadata');
  if (entries.length === 0) delete metadata.managedFields;
  else metadata.managedFields = writeEntries(entries);
}

function checkBody(target: RequestTarget, body: Json): JsonObject {
  if (!isObject(body)) throw badRequest('the body of the request is not an object');
  const { kind } = target;
  if (body.kind !== kind.kind || body.apiVersion !== apiVersionOf(kind)) {
    throw badRequest(
      `${kind.kind} in version "${kind.version}" cannot be handled as a ${asString(body.kind)}: the API version in the data (${asString(body.apiVersion)}) does not match the expected API version (${apiVersionOf(kind)})`,
    );
  }
  const namespace = asString(at(body, 'metadata', 'namespace'));
  if (namespace !== '' && namespace !== target.namespace)
    throw badRequest('the namespace of the provided object does not match the namespace sent on the request');
  const name = nameOf(body);
  if (target.name !== '' && name !== '' && name !== target.name)
    throw badRequest(`the name of the object (${name}) does not match the name on the URL (${target.name})`);
  return body;
}

function refuseUnknownFields(target: RequestTarget, body: JsonObject): void {
  if (target.query.get('fieldValidation') !== 'Strict') return;
  const unknown: UnknownField[] = [];
  normalize(target.kind.types, target.kind.type, body, unknown);
  if (unknown.length > 0) throw badRequest(`strict decoding error: ${unknown.map(({ path }) => `unknown field "${path}"`).join(', ')}`);
}

/** @throws {ApiFailure} if the namespace does not exist or is going away. */
function requireNamespace(context: WriteContext, target: RequestTarget, name: string): void {
  if (!target.kind.namespaced) return;
  const namespace = context.storage.get('/namespaces', '', target.namespace);
  if (namespace === undefined) throw notFound({ group: '', plural: 'namespaces' }, target.namespace);
  if (at(namespace, 'metadata', 'deletionTimestamp') !== undefined) {
    throw forbidden(target.kind, name, `unable to create new content in namespace ${target.namespace} because it is being terminated`);
  }
}

export function createObject(context: WriteContext, request: WriteRequest, given: Json): Written {
  const body = checkBody(request.target, given);
  refuseUnknownFields(request.target, body);
  const { kind } = request.target;
  const object = complete(kind, body);
  const entries = ownershipAfterUpdate(ownershipOf(context, request, 'Update'), [], blank(kind), withoutManagedFields(object));
  return insert(context, request.target, body, object, entries);
}

/** Stores a new object. `given` is what the request sent, `object` that with defaults. */
function insert(
  context: WriteContext,
  target: RequestTarget,
  given: JsonObject,
  object: MutableObject,
  entries: readonly ManagerEntry[],
): Written {
  const { kind, namespace } = target;
  const metadata = objectAt(object, 'metadata');
  const generateName = asString(metadata.generateName);
  const name = asString(metadata.name) || (generateName === '' ? '' : generateName + context.suffix());
  requireNamespace(context, target, name);
  if (name === '')
    throw invalid(kind.group, kind.kind, '', 'metadata.name', 'Required value: name or generateName is required', 'FieldValueRequired');
  if (asString(metadata.resourceVersion) !== '')
    throw new ApiFailure(500, '', 'resourceVersion should not be set on objects to be created');
  if (context.storage.get(resourceOf(kind), namespace, name) !== undefined) throw alreadyExists(kind, name);
  for (const field of ['resourceVersion', 'generation', 'selfLink', 'deletionTimestamp', 'deletionGracePeriodSeconds'])
    delete metadata[field];
  Object.assign(metadata, { name, uid: context.uid(), creationTimestamp: rfc3339(context.now()) });
  if (kind.namespaced) metadata.namespace = namespace;
  admitCreate(kind, given, object, context.allocator);
  setManagedFields(object, entries);
  const stored = complete(kind, object);
  return { created: true, object: isDryRun(target) ? stored : context.storage.put(resourceOf(kind), stored) };
}

/** Kinds that a PUT creates if they are not there (AllowCreateOnUpdate). */
const createdByPut = new Set(['roles', 'rolebindings', 'clusterroles', 'clusterrolebindings', 'leases', 'events', 'services', 'endpoints']);

export function replaceObject(context: WriteContext, request: WriteRequest, given: Json): Written {
  const { target } = request;
  const body = checkBody(target, given);
  refuseUnknownFields(target, body);
  const current = context.storage.get(resourceOf(target.kind), target.namespace, target.name);
  if (current === undefined) {
    if (target.kind.custom || !createdByPut.has(target.kind.plural) || target.subresource !== '') throw notFound(target.kind, target.name);
    return createObject(context, request, body);
  }
  const unconditional =
    !target.kind.custom && !['leases', 'poddisruptionbudgets', 'customresourcedefinitions'].includes(target.kind.plural);
  if (!unconditional && asString(at(body, 'metadata', 'resourceVersion')) === '') {
    throw invalid(
      target.kind.group,
      target.kind.kind,
      target.name,
      'metadata.resourceVersion',
      'Invalid value: 0x0: must be specified for an update',
      'FieldValueInvalid',
    );
  }
  return changeByUpdate(context, request, current, body);
}

/** Replaces the object by what `patch` makes of it. */
export function patchObject(context: WriteContext, request: WriteRequest, patch: (current: JsonObject) => Json): Written {
  const { target } = request;
  const current = context.storage.get(resourceOf(target.kind), target.namespace, target.name);
  if (current === undefined) throw notFound(target.kind, target.name);
  return changeByUpdate(context, request, current, checkBody(target, patch(current)));
}

function changeByUpdate(context: WriteContext, request: WriteRequest, current: JsonObject, body: JsonObject): Written {
  const { kind, subresource } = request.target;
  const object = complete(kind, body);
  const given = asList(at(body, 'metadata', 'managedFields'));
  const reset = subresource === '' && given.length === 1 && equal(given[0], {});
  const ownEntries = subresource === '' ? readEntries(body) : [];
  const entries = reset ? [] : ownEntries.length > 0 ? ownEntries : readEntries(current);
  // An object without owners stays without, until somebody applies it.
  const next =
    entries.length === 0
      ? []
      : ownershipAfterUpdate(ownershipOf(context, request, 'Update'), entries, withoutManagedFields(current), withoutManagedFields(object));
  return change(context, request.target, current, object, next);
}

export function applyObject(context: WriteContext, request: WriteRequest, given: Json): Written {
  const { target } = request;
  const { kind, query } = target;
  const config = checkBody(target, given);
  if ((query.get('fieldManager') ?? '') === '') {
    throw invalid('meta.k8s.io', 'PatchOptions', '', 'fieldManager', 'Required value: is required for apply patch', 'FieldValueRequired');
  }
  if (at(config, 'metadata', 'managedFields') !== undefined) throw badRequest('metadata.managedFields must be nil');
  const unknown: UnknownField[] = [];
  normalize(kind.types, kind.type, config, unknown);
  const what = `${target.namespace === '' ? '' : `${target.namespace}/`}${target.name}; ${apiVersionOf(kind)}, Kind=${kind.kind}`;
  if (unknown[0] !== undefined)
    throw new ApiFailure(500, '', `failed to create typed patch object (${what}): .${unknown[0].path}: field not declared in schema`);
  const current = context.storage.get(resourceOf(kind), target.namespace, target.name);
  if (current === undefined && target.subresource !== '') throw notFound(kind, target.name);
  const uid = asString(at(config, 'metadata', 'uid'));
  if (current === undefined && uid !== '')
    throw conflict(kind, target.name, `uid mismatch: the provided object specified uid ${uid}, and no existing object was found`);
  const live = current === undefined ? blank(kind) : withoutManagedFields(current);
  const applied = applyOrRefuse(
    context,
    request,
    current === undefined ? [] : ownersBeforeApply(context, request, current),
    live,
    config,
    what,
  );
  const object = complete(kind, applied.object);
  if (current !== undefined) return change(context, target, current, object, applied.entries);
  Object.assign(objectAt(object, 'metadata'), { name: target.name });
  return insert(context, target, config, object, applied.entries);
}

/** Whoever applies an object without owners first is not its only owner: what is there belongs to nobody in particular. */
function ownersBeforeApply(context: WriteContext, request: WriteRequest, current: JsonObject): readonly ManagerEntry[] {
  const entries = readEntries(current);
  if (entries.length > 0) return entries;
  const ownership = ownershipOf(context, request, 'Update');
  const writer = { ...ownership.writer, manager: 'before-first-apply' };
  return ownershipAfterUpdate({ ...ownership, writer }, [], blank(request.target.kind), withoutManagedFields(current));
}

function applyOrRefuse(
  context: WriteContext,
  request: WriteRequest,
  entries: readonly ManagerEntry[],
  live: JsonObject,
  config: JsonObject,
  what: string,
): ReturnType<typeof applyConfiguration> {
  const force = request.target.query.get('force') === 'true';
  try {
    return applyConfiguration(ownershipOf(context, request, 'Apply'), entries, live, config, force);
  } catch (error) {
    if (error instanceof ListItemError) throw new ApiFailure(500, '', `failed to create typed patch object (${what}): ${error.message}`);
    if (!(error instanceof ApplyConflict)) throw error;
    throw applyConflict(
      error.conflicts.flatMap(({ writer, paths }) =>
        paths.map((field) => ({ reason: 'FieldManagerConflict', message: describeWriter(writer), field })),
      ),
    );
  }
}

function describeWriter(writer: Writer): string {
  const subresource = writer.subresource === '' ? '' : ` with subresource "${writer.subresource}"`;
  return `conflict with ${JSON.stringify(writer.manager)}${subresource}${writer.operation === 'Update' ? ` using ${writer.apiVersion}` : ''}`;
}

function change(
  context: WriteContext,
  target: RequestTarget,
  current: JsonObject,
  object: MutableObject,
  entries: readonly ManagerEntry[],
): Written {
  const { kind } = target;
  checkSame(kind, current, object);
  const metadata = objectAt(object, 'metadata');
  for (const field of [
    'name',
    'namespace',
    'uid',
    'resourceVersion',
    'creationTimestamp',
    'generation',
    'deletionTimestamp',
    'deletionGracePeriodSeconds',
  ]) {
    const kept = at(current, 'metadata', field);
    if (kept === undefined) delete metadata[field];
    else metadata[field] = kept;
  }
  refuseNewFinalizers(kind, current, object);
  setManagedFields(object, entries);
  const next = target.subresource === 'status' ? admitStatus(kind, current, object) : object;
  if (target.subresource === '') admitUpdate(kind, current, next, context.allocator, context.storage);
  const stored = complete(kind, next);
  if (equal(withoutTimes(stored), withoutTimes(current))) return { created: false, object: current };
  if (isDryRun(target)) return { created: false, object: stored };
  if (!isGone(stored)) return { created: false, object: context.storage.put(resourceOf(kind), stored) };
  context.storage.remove(resourceOf(kind), stored);
  return { created: false, object: stored };
}

/** @throws {ApiFailure} 409 if the write was meant for another state or another object. */
function checkSame(kind: ServedKind, current: JsonObject, object: JsonObject): void {
  const name = nameOf(current);
  const [uid, currentUid] = [object, current].map((candidate) => asString(at(candidate, 'metadata', 'uid')));
  if (uid !== '' && uid !== currentUid)
    throw conflict(kind, name, `Precondition failed: UID in precondition: ${uid}, UID in object meta: ${currentUid}`);
  const version = asString(at(object, 'metadata', 'resourceVersion'));
  if (version !== '' && version !== at(current, 'metadata', 'resourceVersion')) throw conflict(kind, name, modified);
}

/** A write that would change nothing but the times of managers is no write. */
function withoutTimes(object: JsonObject): JsonObject {
  const metadata = asObject(object.metadata);
  const managedFields = asList(metadata.managedFields).map((entry) => ({ ...asObject(entry), time: null }));
  return { ...object, metadata: { ...metadata, managedFields } };
}
