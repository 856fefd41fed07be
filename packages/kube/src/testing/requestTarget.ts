/** Reads a request's path and query: which kind, namespace, object and subresource it means. */
import { noSuchResource } from './apiFailure.ts';
import type { ServedKind } from './servedKinds.ts';

export interface RequestTarget {
  readonly kind: ServedKind;
  /** Empty for cluster-scoped kinds and for lists over all namespaces. */
  readonly namespace: string;
  /** Empty for a collection. */
  readonly name: string;
  /** Empty for the object itself. */
  readonly subresource: string;
  readonly query: URLSearchParams;
}

/** A path that is nobody's: the real server answers it before it knows of kinds, in plain text. */
export class NotServed extends Error {}

/** @throws {NotServed} @throws {ApiFailure} 404 if no served kind is meant. */
export function readTarget(url: URL, kinds: readonly ServedKind[]): RequestTarget {
  const parts = url.pathname
    .split('/')
    .filter((part) => part !== '')
    .map(decodeURIComponent);
  const [root, ...rest] = parts;
  if (root !== 'api' && root !== 'apis') throw new NotServed();
  const group = root === 'api' ? '' : (rest.shift() ?? '');
  const version = rest.shift() ?? '';
  // `namespaces/x/pods` is in a namespace; `namespaces/x` and `namespaces/x/status` are namespaces.
  const inNamespace =
    rest[0] === 'namespaces' && rest.length > 2 && !(rest.length === 3 && (rest[2] === 'status' || rest[2] === 'finalize'));
  const namespace = inNamespace ? (rest[1] ?? '') : '';
  const [plural = '', name = '', subresource = ''] = inNamespace ? rest.slice(2) : rest;
  const kind = kinds.find((candidate) => candidate.group === group && candidate.version === version && candidate.plural === plural);
  if (!kinds.some((candidate) => candidate.group === group && candidate.version === version)) throw new NotServed();
  if (kind === undefined || (inNamespace && !kind.namespaced)) throw noSuchResource();
  if (kind.namespaced && namespace === '' && name !== '') throw noSuchResource();
  return { kind, namespace, name, subresource, query: url.searchParams };
}
