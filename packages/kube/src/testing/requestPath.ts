/** The parts of a path of the Kubernetes API, without knowing which kinds there are. */

export interface RequestPath {
  readonly group: string;
  readonly version: string;
  /** Empty for cluster-scoped kinds and for lists over all namespaces. */
  readonly namespace: string;
  readonly plural: string;
  /** Empty for a collection. */
  readonly name: string;
  /** Empty for the object itself. */
  readonly subresource: string;
}

/** @returns undefined for paths that are no resource: `/readyz`, `/openapi/v3`. */
export function parseRequestPath(pathname: string): RequestPath | undefined {
  const parts = pathname
    .split('/')
    .filter((part) => part !== '')
    .map(decodeURIComponent);
  const [root, ...rest] = parts;
  if (root !== 'api' && root !== 'apis') return undefined;
  const group = root === 'api' ? '' : (rest.shift() ?? '');
  const version = rest.shift() ?? '';
  // `namespaces/x/pods` is in a namespace; `namespaces/x` and `namespaces/x/status` are namespaces.
  const inNamespace =
    rest[0] === 'namespaces' && rest.length > 2 && !(rest.length === 3 && (rest[2] === 'status' || rest[2] === 'finalize'));
  const namespace = inNamespace ? (rest[1] ?? '') : '';
  const [plural = '', name = '', subresource = ''] = inNamespace ? rest.slice(2) : rest;
  return plural === '' ? undefined : { group, version, namespace, plural, name, subresource };
}
