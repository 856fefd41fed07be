/** What a fault proxy can do to a request, and to which. */
import { parseRequestPath } from './requestPath.ts';
import type { RequestPath } from './requestPath.ts';

export type Verb = 'get' | 'list' | 'watch' | 'create' | 'update' | 'patch' | 'apply' | 'delete' | 'deletecollection';

/** A request as a rule sees it. What is not a resource of the API has an empty path. */
export interface ProxiedRequest extends RequestPath {
  readonly verb: Verb;
  readonly dryRun: boolean;
}

export type Fault =
  /** The connection breaks before the server has seen the request. */
  | { readonly kind: 'drop' }
  /** The server carries the request out; the connection breaks before its reply. */
  | { readonly kind: 'loseReply' }
  /** Nothing happens, and no reply comes. */
  | { readonly kind: 'stall' }
  /** The server carries the request out; no reply comes. */
  | { readonly kind: 'stallReply' }
  /** The proxy answers with a Status in the server's stead. */
  | { readonly kind: 'answer'; readonly httpStatus: number; readonly reason?: string; readonly retryAfterSeconds?: number }
  /** The reply comes in pieces of so many bytes, cut inside characters. */
  | { readonly kind: 'splitChunks'; readonly bytes: number }
  /** Events of a watch come so many at once, in one piece. */
  | { readonly kind: 'mergeEvents'; readonly events: number }
  /** A watch is one event behind: the newest is held back until another comes or the proxy releases it. */
  | { readonly kind: 'holdEvent' }
  /** The connection of a watch breaks inside the line after so many events. */
  | { readonly kind: 'cutWatch'; readonly afterEvents: number }
  /** A watch ends with an ERROR event after so many events, as after a compaction. */
  | { readonly kind: 'failWatch'; readonly afterEvents: number; readonly httpStatus: number; readonly reason: string };

/** All that are given must fit. */
export interface RequestMatch {
  readonly verb?: Verb | readonly Verb[];
  readonly group?: string;
  /** `statefulsets`. */
  readonly resource?: string;
  readonly namespace?: string;
  readonly name?: string;
  /** Empty: only the object itself. Absent: any. */
  readonly subresource?: string;
}

export interface FaultRule {
  readonly match?: RequestMatch;
  readonly fault: Fault;
  /** How many matching requests pass before the first is hit. Default 0. */
  readonly skip?: number;
  /** How many are hit. Default 1. */
  readonly times?: number;
}

/** What a proxy says of itself in the server's stead. */
export const proxyStatus = (code: number, reason: string): object => ({
  kind: 'Status',
  apiVersion: 'v1',
  metadata: {},
  status: 'Failure',
  message: 'fault proxy',
  reason,
  code,
});

export const writeVerbs: readonly Verb[] = ['create', 'update', 'patch', 'apply', 'delete', 'deletecollection'];

export function matches(match: RequestMatch, request: ProxiedRequest): boolean {
  const fits = (wanted: string | undefined, actual: string): boolean => wanted === undefined || wanted === actual;
  const verbs = match.verb === undefined ? undefined : [match.verb].flat();
  return (
    (verbs === undefined || verbs.includes(request.verb)) &&
    fits(match.group, request.group) &&
    fits(match.resource, request.plural) &&
    fits(match.namespace, request.namespace) &&
    fits(match.name, request.name) &&
    fits(match.subresource, request.subresource)
  );
}

const noPath: RequestPath = { group: '', version: '', namespace: '', plural: '', name: '', subresource: '' };

/** Reads what a request asks for from its line and the type of its body. */
export function readProxiedRequest(method: string, url: URL, contentType: string): ProxiedRequest {
  const path = parseRequestPath(url.pathname) ?? noPath;
  return { ...path, verb: verbOf(method, path, url.searchParams, contentType), dryRun: url.searchParams.has('dryRun') };
}

function verbOf(method: string, path: RequestPath, query: URLSearchParams, contentType: string): Verb {
  switch (method) {
    case 'POST':
      return 'create';
    case 'PUT':
      return 'update';
    case 'PATCH':
      return contentType.startsWith('application/apply-patch') ? 'apply' : 'patch';
    case 'DELETE':
      return path.name === '' ? 'deletecollection' : 'delete';
    default:
      if (path.name !== '') return 'get';
      return query.get('watch') === 'true' || query.get('watch') === '1' ? 'watch' : 'list';
  }
}
