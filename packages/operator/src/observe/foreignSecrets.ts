/**
 * Secrets that bear no cluster's label, so that no cache has them: the root of a namespace, and what owners bring along. They are fetched by name,
 * change once in years, and are asked for in every pass; so each is remembered for a while, to observe by. What is made is made from what is: a
 * pass that acts takes nothing that was asked for before it began to.
 */
import { ForbiddenError, NotFoundError } from '@pgherd/kube';
import type { StoredSecret } from './secretFacts.ts';

export interface ForeignSecrets {
  /** As it was at most `rememberedMs` ago. What is missing or may not be read is asked for every time. */
  readonly read: (namespace: string, name: string) => Promise<StoredSecret | 'missing' | 'unreadable'>;
  /** For a pass that acts from now on. */
  readonly fromNow: (namespace: string) => LiveSecrets;
}

/** Secrets of one namespace as they are at some time from `fromNow` on: each is fetched once, and what is fetched is remembered for all. */
export interface LiveSecrets {
  /** Undefined where there is none. @throws ForbiddenError where it may not be read. */
  readonly read: (name: string) => Promise<StoredSecret | undefined>;
  /** What was known of the Secret before is so no more: a write of it was answered with what it is now, or refused, where `secret` is undefined. */
  readonly changed: (name: string, secret: StoredSecret | undefined) => void;
}

export interface ForeignSecretSources {
  /** Fetches one Secret now. Rejects with NotFoundError or ForbiddenError as the API server says. */
  readonly fetch: (namespace: string, name: string) => Promise<StoredSecret>;
  /** Milliseconds of a clock that never goes back. */
  readonly elapsed: () => number;
  readonly rememberedMs: number;
}

/** Something known of a Secret that was true at `atMs` or later. */
interface Known<T> {
  readonly atMs: number;
  readonly secret: T;
}

export const newForeignSecrets = ({ fetch, elapsed, rememberedMs }: ForeignSecretSources): ForeignSecrets => {
  const remembered = new Map<string, Known<StoredSecret>>();
  const fetching = new Map<string, Known<Promise<StoredSecret | undefined>>>();
  const keyOf = (namespace: string, name: string): string => `${namespace}/${name}`;

  const fetched = (key: string, namespace: string, name: string): Promise<StoredSecret | undefined> => {
    const atMs = elapsed();
    const request = async (): Promise<StoredSecret | undefined> => {
      try {
        const secret = await fetch(namespace, name);
        // Not what a write or a later request has overtaken.
        if (fetching.get(key) === underWay) remembered.set(key, { atMs, secret });
        return secret;
      } catch (error) {
        if (error instanceof NotFoundError) return undefined;
        throw error;
      } finally {
        if (fetching.get(key) === underWay) fetching.delete(key);
      }
    };
    const underWay = { atMs, secret: request() };
    fetching.set(key, underWay);
    return underWay.secret;
  };

  /** As it was at that time or later. */
  const readSince = async (sinceMs: number, namespace: string, name: string): Promise<StoredSecret | undefined> => {
    const key = keyOf(namespace, name);
    // Roots hold private keys: none is kept longer than it may be used.
    for (const [old, { atMs }] of remembered) if (elapsed() - atMs >= rememberedMs) remembered.delete(old);
    const known = [remembered.get(key), fetching.get(key)].find((candidate) => candidate !== undefined && candidate.atMs >= sinceMs);
    return known === undefined ? fetched(key, namespace, name) : known.secret;
  };

  return {
    read: async (namespace, name) => {
      try {
        return (await readSince(Number.NEGATIVE_INFINITY, namespace, name)) ?? 'missing';
      } catch (error) {
        if (error instanceof ForbiddenError) return 'unreadable';
        throw error;
      }
    },
    fromNow: (namespace) => {
      const beganMs = elapsed();
      return {
        read: async (name) => readSince(beganMs, namespace, name),
        changed: (name, secret) => {
          const key = keyOf(namespace, name);
          fetching.delete(key);
          if (secret === undefined) remembered.delete(key);
          else remembered.set(key, { atMs: beganMs, secret });
        },
      };
    },
  };
};
