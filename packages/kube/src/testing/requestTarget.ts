/** What a request means: which kind, namespace, object and subresource. */
import { noSuchResource } from './apiFailure.ts';
import { parseRequestPath } from './requestPath.ts';
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

/**
 * @throws {NotServed} if the path is in no served group version.
 * @throws {ApiFailure} 404 if the group version has no such kind.
 */
export function readTarget(url: URL, kinds: readonly ServedKind[]): RequestTarget {
  const path = parseRequestPath(url.pathname);
  const inGroup = kinds.filter((candidate) => candidate.group === path?.group && candidate.version === path.version);
  if (path === undefined || inGroup.length === 0) throw new NotServed();
  const { namespace, plural, name, subresource } = path;
  const kind = inGroup.find((candidate) => candidate.plural === plural);
  if (kind === undefined || (namespace !== '' && !kind.namespaced)) throw noSuchResource();
  if (kind.namespaced && namespace === '' && name !== '') throw noSuchResource();
  return { kind, namespace, name, subresource, query: url.searchParams };
}
