/**
 * Every error that this package throws: one class a situation, with a stable `code`, and whether trying the same again can help as data.
 *
 * Messages never hold request bodies, headers or credentials.
 */
import type { Status, StatusCause } from './objects.ts';

/** The base of all of them. Aborted calls are the exception: they reject with the reason of their signal. */
export abstract class KubeError extends Error {
  abstract readonly code: string;
  /** The same call may succeed later without anybody changing anything. */
  abstract readonly retryable: boolean;
  /** Wait asked for by the server, in milliseconds. */
  readonly retryAfterMs: number | undefined = undefined;
}

/** No answer: the connection could not be made, or broke. A write may have been carried out all the same. */
export class ConnectionError extends KubeError {
  override readonly name = 'ConnectionError';
  readonly code = 'CONNECTION';
  readonly retryable = true;
}

/** No complete answer in time. A write may have been carried out all the same. */
export class DeadlineError extends KubeError {
  override readonly name = 'DeadlineError';
  readonly code = 'DEADLINE';
  readonly retryable = true;
}

/** What came is not what the Kubernetes API sends: a proxy's page, a cut line, a wrong address. */
export class ProtocolError extends KubeError {
  override readonly name = 'ProtocolError';
  readonly code = 'PROTOCOL';
  readonly retryable = true;
}

/** The kubeconfig, or what runs in the pod, does not say how to reach the API server. */
export class ConfigurationError extends KubeError {
  override readonly name = 'ConfigurationError';
  readonly code = 'CONFIGURATION';
  readonly retryable = false;
}

/** A credential could not be had: unreadable token file, failing exec plugin. */
export class CredentialError extends KubeError {
  override readonly name = 'CredentialError';
  readonly code = 'CREDENTIAL';
  readonly retryable = true;
}

/** What a call was about, for messages and tests. */
export interface CallDescription {
  readonly method: string;
  readonly path: string;
}

export interface ApiErrorInit {
  /** HTTP status. */
  readonly httpStatus: number;
  readonly status: Status;
  readonly retryAfterMs?: number | undefined;
  readonly call?: CallDescription | undefined;
}

/**
 * Of an object that it cannot read as one of its kind (an unknown field, a repeated item of a list) an apply says so with 500 and no reason
 * (managedfields/internal/typeconverter, Kubernetes 1.34). It will say the same of the same object for ever.
 */
const isRefusedObject = (message: string): boolean => message.includes('failed to create typed patch object');

/** The API server refused. Thrown itself only for reasons without a class of their own. */
export class ApiError extends KubeError {
  override readonly name: string = 'ApiError';
  readonly httpStatus: number;
  /** The machine-readable `reason` of the Status, for example `AlreadyExists`; empty if the server gave none. */
  readonly reason: string;
  readonly details: Status['details'];
  readonly retryable: boolean;
  override readonly retryAfterMs: number | undefined;
  readonly code: string;

  constructor(init: ApiErrorInit) {
    const { httpStatus, status, call } = init;
    const said = status.message ?? `HTTP ${httpStatus}`;
    super(call === undefined ? said : `${call.method} ${withoutQuery(call.path)}: ${said}`);
    this.httpStatus = httpStatus;
    this.reason = status.reason ?? '';
    this.details = status.details;
    this.retryAfterMs = init.retryAfterMs;
    this.retryable = (httpStatus === 429 || httpStatus >= 500 || httpStatus === 409 || httpStatus === 410) && !isRefusedObject(said);
    this.code = this.reason === '' ? `HTTP_${httpStatus}` : this.reason;
  }

  /** A version was asked for that the server has not seen: it lost history, for example because etcd was restored from a backup. */
  get isVersionTooLarge(): boolean {
    return this.details?.causes?.some((cause) => cause.reason === 'ResourceVersionTooLarge') ?? false;
  }
}

/** 400: the request makes no sense to the server. */
export class BadRequestError extends ApiError {
  override readonly name = 'BadRequestError';
}

/** 401: credentials missing, wrong or expired. */
export class UnauthorizedError extends ApiError {
  override readonly name = 'UnauthorizedError';
}

/** 403: no permission; the message names verb and resource. */
export class ForbiddenError extends ApiError {
  override readonly name = 'ForbiddenError';
}

/** 404: the object, its namespace or the whole kind is not there. */
export class NotFoundError extends ApiError {
  override readonly name = 'NotFoundError';

  /** The server does not serve the kind: its CRD is not installed. */
  get kindMissing(): boolean {
    return this.details?.name === undefined && (this.details?.kind === undefined || this.details.kind === '');
  }
}

/** 409 AlreadyExists: a create found the name taken. */
export class AlreadyExistsError extends ApiError {
  override readonly name = 'AlreadyExistsError';
}

/** A field that an apply without force wanted and somebody else holds. */
export interface FieldConflict {
  readonly manager: string;
  readonly field: string;
}

/** 409 Conflict: the object changed since it was read, a precondition failed, or another field manager holds a field. */
export class ConflictError extends ApiError {
  override readonly name = 'ConflictError';

  /** The fields at issue and who holds them; empty unless the call was an apply. */
  get fieldConflicts(): readonly FieldConflict[] {
    return (this.details?.causes ?? [])
      .filter((cause) => cause.reason === 'FieldManagerConflict')
      .map((cause) => ({ manager: managerIn(cause), field: cause.field ?? '' }));
  }
}

/** 410: the resource version or continue token is too old; list again. */
export class ExpiredError extends ApiError {
  override readonly name = 'ExpiredError';
}

/** 422: the object breaks a rule of its schema or of validation; `details.causes` names the fields. */
export class InvalidError extends ApiError {
  override readonly name = 'InvalidError';
}

/** 429: the server, or an eviction budget, asks for patience. */
export class TooManyRequestsError extends ApiError {
  override readonly name = 'TooManyRequestsError';
}

/** 5xx: the server failed. A write may have been carried out all the same. */
export class ServerError extends ApiError {
  override readonly name = 'ServerError';
}

/** The class for an answer of the server that is not a success. */
export function apiErrorOf(init: ApiErrorInit): ApiError {
  const { httpStatus } = init;
  switch (httpStatus) {
    case 400:
      return new BadRequestError(init);
    case 401:
      return new UnauthorizedError(init);
    case 403:
      return new ForbiddenError(init);
    case 404:
      return new NotFoundError(init);
    case 409:
      return init.status.reason === 'AlreadyExists' ? new AlreadyExistsError(init) : new ConflictError(init);
    case 410:
      return new ExpiredError(init);
    case 422:
      return new InvalidError(init);
    case 429:
      return new TooManyRequestsError(init);
    default:
      return httpStatus >= 500 ? new ServerError(init) : new ApiError(init);
  }
}

/** What a caller, a log line or a condition says of anything thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** Whether the same call may succeed later. Unknown errors count as retryable: a bug must not stop a key for good. */
export function isRetryable(error: unknown): boolean {
  return error instanceof KubeError ? error.retryable : true;
}

/** apimachinery 0.34 `managedfields.NewConflictError`: `conflict with "kubectl" with subresource "x" using apps/v1`. */
function managerIn(cause: StatusCause): string {
  return /conflict with "((?:[^"\\]|\\.)*)"/.exec(cause.message ?? '')?.[1] ?? '';
}

function withoutQuery(path: string): string {
  const query = path.indexOf('?');
  return query < 0 ? path : path.slice(0, query);
}
