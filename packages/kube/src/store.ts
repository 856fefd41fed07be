/**
 * The objects of one watch, by key, with indexes. Written by one reflector; everybody else holds the read side.
 *
 * Each write tells what changed. An object that comes again with the resourceVersion that is already held changes nothing and keeps its identity.
 */
import { keyOf } from './objects.ts';
import type { KubernetesObject } from './objects.ts';

export type Change<T> =
  | { readonly kind: 'added'; readonly key: string; readonly object: T }
  | { readonly kind: 'updated'; readonly key: string; readonly old: T; readonly object: T }
  /** `object` is the last state that was seen; it may be older than the deletion. */
  | { readonly kind: 'deleted'; readonly key: string; readonly object: T };

/** Name → the values under which an object is found. Must depend on nothing but the object. */
export type Indexers<T> = Readonly<Record<string, (object: T) => readonly string[]>>;

export interface ReadStore<T> {
  readonly size: number;
  /** The version up to which the store is known to be complete; empty before the first list. */
  readonly resourceVersion: string;
  get(key: string): T | undefined;
  /** In no particular order. */
  list(): readonly T[];
  keys(): IterableIterator<string>;
  /** Objects that have `value` in the index `name`. @throws RangeError for an index that does not exist. */
  indexed(name: string, value: string): readonly T[];
}

export interface Store<T> extends ReadStore<T> {
  /** Holds exactly `objects` from now on. Objects that are missing were deleted while nobody looked. */
  replace(objects: Iterable<T>, resourceVersion: string): readonly Change<T>[];
  set(object: T): Change<T> | undefined;
  /** Removes it whether or not it is known, and gives `object` as its last state. */
  delete(object: T): Change<T> | undefined;
  /** Nothing changed up to this version. */
  advance(resourceVersion: string): void;
}

export function createStore<T extends KubernetesObject>(indexers: Indexers<T> = {}): Store<T> {
  const objects = new Map<string, T>();
  const indexes = new Map(Object.keys(indexers).map((name) => [name, new Map<string, Set<string>>()]));
  let version = '';

  function reindex(key: string, old: T | undefined, next: T | undefined): void {
    for (const [name, valuesOf] of Object.entries(indexers)) {
      const index = indexes.get(name);
      if (index === undefined) continue;
      for (const value of old === undefined ? [] : valuesOf(old)) {
        const keys = index.get(value);
        keys?.delete(key);
        if (keys?.size === 0) index.delete(value);
      }
      for (const value of next === undefined ? [] : valuesOf(next)) {
        const keys = index.get(value);
        if (keys === undefined) index.set(value, new Set([key]));
        else keys.add(key);
      }
    }
  }

  function put(object: T): Change<T> | undefined {
    const key = keyOf(object.metadata);
    const old = objects.get(key);
    if (old !== undefined && old.metadata.uid === object.metadata.uid && sameVersion(old, object)) return undefined;
    objects.set(key, object);
    reindex(key, old, object);
    return old === undefined ? { kind: 'added', key, object } : { kind: 'updated', key, old, object };
  }

  function remove(key: string, last: T | undefined): Change<T> | undefined {
    const old = objects.get(key);
    if (old === undefined) return undefined;
    objects.delete(key);
    reindex(key, old, undefined);
    return { kind: 'deleted', key, object: last ?? old };
  }

  return {
    get size() {
      return objects.size;
    },
    get resourceVersion() {
      return version;
    },
    get: (key) => objects.get(key),
    list: () => [...objects.values()],
    keys: () => objects.keys(),
    indexed(name, value) {
      const index = indexes.get(name);
      if (index === undefined) throw new RangeError(`no index ${JSON.stringify(name)}; there are: ${[...indexes.keys()].join(', ')}`);
      return [...(index.get(value) ?? [])].flatMap((key) => objects.get(key) ?? []);
    },
    replace(next, resourceVersion) {
      const changes: Change<T>[] = [];
      const present = new Set<string>();
      for (const object of next) {
        present.add(keyOf(object.metadata));
        const change = put(object);
        if (change !== undefined) changes.push(change);
      }
      for (const key of objects.keys()) {
        const change = present.has(key) ? undefined : remove(key, undefined);
        if (change !== undefined) changes.push(change);
      }
      version = resourceVersion;
      return changes;
    },
    set(object) {
      version = object.metadata.resourceVersion ?? version;
      return put(object);
    },
    delete(object) {
      version = object.metadata.resourceVersion ?? version;
      return remove(keyOf(object.metadata), object);
    },
    advance(resourceVersion) {
      version = resourceVersion;
    },
  };
}

function sameVersion(left: KubernetesObject, right: KubernetesObject): boolean {
  return left.metadata.resourceVersion !== undefined && left.metadata.resourceVersion === right.metadata.resourceVersion;
}
