/** Refusals of the in-process API server, in the words of the real one: meta/v1 Status objects. */
import type { Json, JsonObject } from './json.ts';

export interface ResourceName {
  readonly group: string;
  readonly plural: string;
}

interface Cause {
  readonly reason: string;
  readonly message: string;
  readonly field: string;
}

/** Thrown anywhere while a request is handled; becomes the answer. */
export class ApiFailure extends Error {
  readonly code: number;
  readonly reason: string;
  readonly details: JsonObject;

  constructor(code: number, reason: string, message: string, details: JsonObject = {}) {
    super(message);
    this.code = code;
    this.reason = reason;
    this.details = details;
  }

  get status(): JsonObject {
    return {
      kind: 'Status',
      apiVersion: 'v1',
      metadata: {},
      status: 'Failure',
      message: this.message,
      reason: this.reason,
      ...(Object.keys(this.details).length === 0 ? {} : { details: this.details }),
      code: this.code,
    };
  }
}

/** `statefulsets.apps`, as messages name a resource. */
function qualified(resource: ResourceName): string {
  return resource.group === '' ? resource.plural : `${resource.plural}.${resource.group}`;
}

function detailsOf(resource: ResourceName, name: string, more: JsonObject = {}): JsonObject {
  return { name, ...(resource.group === '' ? {} : { group: resource.group }), kind: resource.plural, ...more };
}

export function notFound(resource: ResourceName, name: string): ApiFailure {
  return new ApiFailure(404, 'NotFound', `${qualified(resource)} "${name}" not found`, detailsOf(resource, name));
}

export function noSuchResource(): ApiFailure {
  return new ApiFailure(404, 'NotFound', 'the server could not find the requested resource');
}

export function alreadyExists(resource: ResourceName, name: string): ApiFailure {
  return new ApiFailure(409, 'AlreadyExists', `${qualified(resource)} "${name}" already exists`, detailsOf(resource, name));
}

export function conflict(resource: ResourceName, name: string, why: string): ApiFailure {
  return new ApiFailure(
    409,
    'Conflict',
    `Operation cannot be fulfilled on ${qualified(resource)} "${name}": ${why}`,
    detailsOf(resource, name),
  );
}

export const modified = 'the object has been modified; please apply your changes to the latest version and try again';

export function applyConflict(causes: readonly Cause[]): ApiFailure {
  const list = causes.map((cause) => `${cause.message}: ${cause.field}`);
  const message =
    list.length === 1 ? `Apply failed with 1 conflict: ${list[0]}` : `Apply failed with ${list.length} conflicts: ${list.join('\n')}`;
  return new ApiFailure(409, 'Conflict', message, { causes: causes.map((cause): Json => ({ ...cause })) });
}

/** `kind` as in messages: `StatefulSet.apps`. */
export function invalid(
  group: string,
  kind: string,
  name: string,
  field: string,
  message: string,
  reason = 'FieldValueForbidden',
): ApiFailure {
  const qualifiedKind = group === '' ? kind : `${kind}.${group}`;
  return new ApiFailure(422, 'Invalid', `${qualifiedKind} "${name}" is invalid: ${field}: ${message}`, {
    name,
    ...(group === '' ? {} : { group }),
    kind,
    causes: [{ reason, message, field }],
  });
}

export function badRequest(message: string): ApiFailure {
  return new ApiFailure(400, 'BadRequest', message);
}

export function forbidden(resource: ResourceName, name: string, why: string): ApiFailure {
  return new ApiFailure(403, 'Forbidden', `${qualified(resource)} "${name}" is forbidden: ${why}`, detailsOf(resource, name));
}

export function unsupportedMediaType(type: string): ApiFailure {
  return new ApiFailure(
    415,
    'UnsupportedMediaType',
    `the body of the request was in an unknown format - accepted media types include: application/json-patch+json, application/merge-patch+json, application/apply-patch+yaml; got ${type}`,
  );
}

export function expired(message: string): ApiFailure {
  return new ApiFailure(410, 'Expired', message);
}
