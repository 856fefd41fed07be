/**
 * What the in-process API server keeps: the objects, one counter of resource versions for all of them, and the history that watches replay.
 *
 * Objects in here are never changed; a write puts a new one in place.
 */
import { at, asString } from './json.ts';
import type { JsonObject, MutableObject } from './json.ts';

export interface Change {
  readonly revision: number;
  /** `group/plural`. */
  readonly resource: string;
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED';
  /** The object after the change; for DELETED its last state, with the revision of the deletion. */
  readonly object: JsonObject;
  /** The object before the change; undefined for ADDED. */
  readonly previous: JsonObject | undefined;
}

/** What a storage holds, without its history. */
export interface StorageState {
  readonly revision: number;
  readonly objects: readonly (readonly [resource: string, object: JsonObject])[];
}

export interface Storage {
  /** As it is now; what is written later is not in it. */
  state(): StorageState;
  /** The newest resource version. */
  revision(): number;
  get(resource: string, namespace: string, name: string): JsonObject | undefined;
  /** All objects of a resource, in the order of namespace and name. */
  list(resource: string): readonly JsonObject[];
  /** All objects of all resources. */
  all(): readonly (readonly [resource: string, object: JsonObject])[];
  /** Stores the object under a new resource version and returns it with that. */
  put(resource: string, object: JsonObject): JsonObject;
  remove(resource: string, object: JsonObject): JsonObject;
  /** Changes after a revision; undefined: some of them are forgotten. */
  since(revision: number): readonly Change[] | undefined;
  /** Forgets all changes up to now, as etcd's compaction does. */
  compact(): void;
  subscribe(listener: (change: Change) => void): Disposable;
}

export function nameOf(object: JsonObject): string {
  return asString(at(object, 'metadata', 'name'));
}

export function namespaceOf(object: JsonObject): string {
  return asString(at(object, 'metadata', 'namespace'));
}

/** A real server has a past when a test meets it: resource version 1 is too old for a watch. */
const firstRevision = 1000;

/** `from`: what it holds at the start; nothing, by default. */
export function createStorage(from: StorageState = { revision: firstRevision, objects: [] }): Storage {
  const resources = new Map<string, Map<string, JsonObject>>();
  const listeners = new Set<(change: Change) => void>();
  let history: Change[] = [];
  let { revision } = from;
  let compactedAt = from.revision;

  const keyOf = (namespace: string, name: string): string => `${namespace}/${name}`;

  for (const [resource, object] of from.objects) {
    const objects = resources.get(resource) ?? new Map<string, JsonObject>();
    resources.set(resource, objects.set(keyOf(namespaceOf(object), nameOf(object)), object));
  }

  const all = (): readonly (readonly [string, JsonObject])[] =>
    [...resources].flatMap(([resource, objects]) => [...objects.values()].map((object) => [resource, object] as const));

  function stamp(object: JsonObject): JsonObject {
    revision += 1;
    const metadata: MutableObject = { ...(object.metadata as JsonObject), resourceVersion: String(revision) };
    return { ...object, metadata };
  }

  function record(change: Change): void {
    history.push(change);
    for (const listener of listeners) listener(change);
  }

  return {
    revision: () => revision,
    get: (resource, namespace, name) => resources.get(resource)?.get(keyOf(namespace, name)),
    list: (resource) =>
      [...(resources.get(resource)?.entries() ?? [])].toSorted(([left], [right]) => (left < right ? -1 : 1)).map(([, object]) => object),
    all,
    state: () => ({ revision, objects: all() }),
    put(resource, object) {
      const key = keyOf(namespaceOf(object), nameOf(object));
      const previous = resources.get(resource)?.get(key);
      const stored = stamp(object);
      const objects = resources.get(resource) ?? new Map<string, JsonObject>();
      resources.set(resource, objects.set(key, stored));
      record({ revision, resource, type: previous === undefined ? 'ADDED' : 'MODIFIED', object: stored, previous });
      return stored;
    },
    remove(resource, object) {
      const key = keyOf(namespaceOf(object), nameOf(object));
      const previous = resources.get(resource)?.get(key);
      const last = stamp(object);
      resources.get(resource)?.delete(key);
      record({ revision, resource, type: 'DELETED', object: last, previous });
      return last;
    },
    since: (from) => (from < compactedAt ? undefined : history.filter((change) => change.revision > from)),
    compact() {
      history = [];
      compactedAt = revision;
    },
    subscribe(listener) {
      listeners.add(listener);
      return { [Symbol.dispose]: () => void listeners.delete(listener) };
    },
  };
}
