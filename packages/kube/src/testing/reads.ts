/** GET of objects and lists, with selectors, pages and the metadata-only representation. */
import { ApiFailure, badRequest, expired, notFound } from './apiFailure.ts';

import type { JsonObject, MutableObject } from './json.ts';
import type { RequestTarget } from './requestTarget.ts';
import { fieldSelector, labelSelector } from './selectors.ts';
import type { Selector } from './selectors.ts';
import { apiVersionOf, resourceOf } from './servedKinds.ts';
import type { ServedKind } from './servedKinds.ts';
import { namespaceOf } from './storage.ts';
import type { Storage } from './storage.ts';

/** How the caller wants objects: whole, or `PartialObjectMetadata`. */
export type Representation = 'full' | 'metadata';

export function representationOf(accept: string | undefined): Representation {
  return accept !== undefined && /as=PartialObjectMetadata/.test(accept.split(',')[0] ?? '') ? 'metadata' : 'full';
}

export function represent(object: JsonObject, representation: Representation): JsonObject {
  return representation === 'full' ? object : { kind: 'PartialObjectMetadata', apiVersion: 'meta.k8s.io/v1', metadata: object.metadata };
}

/** What list and watch select: by namespace, labels and fields. */
export function selectionOf(target: RequestTarget): Selector {
  const labels = labelSelector(target.query.get('labelSelector') ?? '');
  const fields = fieldSelector(target.query.get('fieldSelector') ?? '');
  return (object) => (target.namespace === '' || namespaceOf(object) === target.namespace) && labels(object) && fields(object);
}

export function getObject(storage: Storage, target: RequestTarget, representation: Representation): JsonObject {
  const object = storage.get(resourceOf(target.kind), target.namespace, target.name);
  if (object === undefined) throw notFound(target.kind, target.name);
  return represent(versioned(target.kind, object), representation);
}

/** A custom resource is stored once and read in each of its versions. */
export function versioned(kind: ServedKind, object: JsonObject): JsonObject {
  const apiVersion = apiVersionOf(kind);
  return object.apiVersion === apiVersion ? object : { ...object, apiVersion };
}

/** The rest of lists that were read in pages, by token. Compaction forgets it. */
export interface Pages {
  keep(revision: number, items: readonly JsonObject[]): string;
  take(token: string): { readonly revision: number; readonly items: readonly JsonObject[] } | undefined;
  clear(): void;
}

export function createPages(): Pages {
  const pages = new Map<string, { readonly revision: number; readonly items: readonly JsonObject[] }>();
  return {
    keep(revision, items) {
      const token = Buffer.from(`page-${pages.size + 1}-of-${revision}`).toString('base64url');
      pages.set(token, { revision, items });
      return token;
    },
    take: (token) => pages.get(token),
    clear: () => pages.clear(),
  };
}

export function listObjects(storage: Storage, pages: Pages, target: RequestTarget, representation: Representation): JsonObject {
  const { kind, query } = target;
  refuseFutureRevision(storage, query.get('resourceVersion'));
  const token = query.get('continue') ?? '';
  const from =
    token === '' ? { revision: storage.revision(), items: storage.list(resourceOf(kind)).filter(selectionOf(target)) } : pages.take(token);
  if (from === undefined)
    throw expired(
      'The provided continue parameter is too old to display a consistent list result. You can start a new list without the continue parameter.',
    );
  const limit = Number(query.get('limit') ?? 0);
  const items = limit > 0 ? from.items.slice(0, limit) : from.items;
  const rest = from.items.slice(items.length);
  const metadata: MutableObject = { resourceVersion: String(from.revision) };
  if (rest.length > 0) {
    metadata.continue = pages.keep(from.revision, rest);
    if (!query.has('labelSelector') && !query.has('fieldSelector')) metadata.remainingItemCount = rest.length;
  }
  if (representation === 'metadata')
    return {
      kind: 'PartialObjectMetadataList',
      apiVersion: 'meta.k8s.io/v1',
      metadata,
      items: items.map((item) => represent(item, representation)),
    };
  return { kind: `${kind.kind}List`, apiVersion: apiVersionOf(kind), metadata, items: items.map((item) => listItem(kind, item)) };
}

/** Items of a list of a built-in kind do not repeat their kind. */
function listItem(kind: ServedKind, object: JsonObject): JsonObject {
  if (kind.custom) return versioned(kind, object);
  const item: MutableObject = { ...object };
  delete item.apiVersion;
  delete item.kind;
  return item;
}

function refuseFutureRevision(storage: Storage, requested: string | null): void {
  if (requested === null || requested === '') return;
  const revision = Number(requested);
  if (!Number.isSafeInteger(revision) || revision < 0) throw badRequest(`invalid resource version "${requested}"`);
  if (revision > storage.revision()) {
    throw new ApiFailure(504, 'Timeout', `Too large resource version: ${revision}, current: ${storage.revision()}`, {
      causes: [{ reason: 'ResourceVersionTooLarge', message: 'Too large resource version' }],
      retryAfterSeconds: 1,
    });
  }
}
