/** What goes with server-side apply: when an apply can be skipped, and whether a cache has seen our own writes. */
import { createHash } from 'node:crypto';
import type { Clock } from './clock.ts';
import { firstDifference } from './difference.ts';
import type { KubernetesObject } from './objects.ts';
import { compareResourceVersions } from './resourceVersion.ts';

/** The value without undefined fields and list items, as JSON would send it, but with shared structure. */
export function prune<T>(value: T): T {
  if (Array.isArray(value)) return value.filter((item) => item !== undefined).map((item: unknown) => prune(item)) as T;
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, child]) => child !== undefined)
      .map(([name, child]) => [name, prune<unknown>(child)]),
  ) as T;
}

/** JSON with sorted field names: the same text for the same value. Undefined fields are left out, as JSON.stringify does. */
export function canonicalJson(value: unknown): string {
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null';
  if (Array.isArray(value)) return `[${value.map((item) => canonicalJson(item)).join(',')}]`;
  const fields = value as Readonly<Record<string, unknown>>;
  let text = '';
  for (const name of Object.keys(fields).toSorted()) {
    const child = fields[name];
    if (child === undefined) continue;
    text += `${text === '' ? '' : ','}${JSON.stringify(name)}:${canonicalJson(child)}`;
  }
  return `{${text}}`;
}

/** 16 hexadecimal digits that differ when the value does. No protection against somebody who wants them to be equal. */
export function hashOf(value: unknown): string {
  return createHash('sha256').update(canonicalJson(value)).digest('hex').slice(0, 16);
}

export type ApplyPlan<T> =
  | { readonly kind: 'skip' }
  | {
      readonly kind: 'apply';
      /** What to apply: the desired object with its hash. */
      readonly object: T;
      /** Not there; other than what we applied last; changed by somebody since. */
      readonly reason: 'missing' | 'changed' | 'drifted';
      /** Where it drifted. */
      readonly path?: string;
    };

/**
 * Whether `desired` must be applied over `live`, the object in the cache. It must not if the hash of what was applied is equal and every applied field
 * still has its value.
 *
 * @param annotation Name of the annotation that carries the hash.
 */
export function planApply<T extends KubernetesObject>(desired: T, live: KubernetesObject | undefined, annotation: string): ApplyPlan<T> {
  const hash = hashOf(desired);
  const { metadata } = desired;
  const stamped = (): T => prune({ ...desired, metadata: { ...metadata, annotations: { ...metadata.annotations, [annotation]: hash } } });
  if (live === undefined) return { kind: 'apply', object: stamped(), reason: 'missing' };
  if (live.metadata.annotations?.[annotation] !== hash) return { kind: 'apply', object: stamped(), reason: 'changed' };
  const path = firstDifference(desired, live);
  return path === undefined ? { kind: 'skip' } : { kind: 'apply', object: stamped(), reason: 'drifted', path };
}

/** What a cache must show before decisions on it are sound. Keys name an object of one kind. */
export interface Expectations {
  /** A write of ours came back with this version. */
  expect(key: string, resourceVersion: string): void;
  /** A delete of ours was accepted for the object with this uid. */
  expectDeletion(key: string, uid: string): void;
  /** Whether the cache has caught up. What is met is forgotten. */
  isMet(key: string, cache: CacheView): boolean;
}

/** What a cache shows of a key. */
export interface CacheView {
  readonly object: KubernetesObject | undefined;
  /** Up to which the cache is complete: an object that came and went while nobody looked must not be waited for. */
  readonly resourceVersion: string;
}

/**
 * @param timeoutMs After which an expectation counts as met, so that a version that never comes (etcd restored from a backup) blocks nothing for
 * good. Default 30 s.
 */
export function createExpectations(clock: Clock, timeoutMs = 30_000): Expectations {
  type Expected = { readonly until: number; readonly resourceVersion: string } | { readonly until: number; readonly uid: string };
  const expected = new Map<string, Expected>();

  function meets(expectation: Expected, cache: CacheView): boolean {
    if (clock.elapsed() >= expectation.until) return true;
    if ('uid' in expectation)
      return cache.object?.metadata.uid !== expectation.uid || cache.object.metadata.deletionTimestamp !== undefined;
    const seen = cache.object?.metadata.resourceVersion ?? '';
    return (
      compareResourceVersions(seen, expectation.resourceVersion) >= 0 ||
      compareResourceVersions(cache.resourceVersion, expectation.resourceVersion) >= 0
    );
  }

  return {
    expect(key, resourceVersion) {
      const earlier = expected.get(key);
      if (earlier !== undefined && 'resourceVersion' in earlier && compareResourceVersions(earlier.resourceVersion, resourceVersion) > 0)
        return;
      expected.set(key, { until: clock.elapsed() + timeoutMs, resourceVersion });
    },
    expectDeletion(key, uid) {
      expected.set(key, { until: clock.elapsed() + timeoutMs, uid });
    },
    isMet(key, cache) {
      const expectation = expected.get(key);
      if (expectation === undefined) return true;
      if (!meets(expectation, cache)) return false;
      expected.delete(key);
      return true;
    },
  };
}
