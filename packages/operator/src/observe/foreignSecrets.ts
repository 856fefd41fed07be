/**
 * Secrets that bear no cluster's label, so that no cache has them: the root of a namespace, and what owners bring along. They are fetched by name,
 * change once in years, and are asked for in every pass; so each is remembered for a while.
 */
import { ForbiddenError, NotFoundError } from '@pgherd/kube';
import type { StoredSecret } from './secretFacts.ts';

export interface ForeignSecrets {
  /** As it was at most `rememberedMs` ago. What is missing or may not be read is asked for every time. */
  readonly read: (namespace: string, name: string) => Promise<StoredSecret | 'missing' | 'unreadable'>;
}

export interface ForeignSecretSources {
  /** Fetches one Secret now. Rejects with NotFoundError or ForbiddenError as the API server says. */
  readonly fetch: (namespace: string, name: string) => Promise<StoredSecret>;
  /** Milliseconds of a clock that never goes back. */
  readonly elapsed: () => number;
  readonly rememberedMs: number;
}

export const newForeignSecrets = ({ fetch, elapsed, rememberedMs }: ForeignSecretSources): ForeignSecrets => {
  const remembered = new Map<string, { readonly atMs: number; readonly secret: StoredSecret }>();
  const fetching = new Map<string, Promise<StoredSecret | 'missing' | 'unreadable'>>();

  const fetched = async (key: string, namespace: string, name: string): Promise<StoredSecret | 'missing' | 'unreadable'> => {
    try {
      const atMs = elapsed();
      const secret = await fetch(namespace, name);
      remembered.set(key, { atMs, secret });
      return secret;
    } catch (error) {
      if (error instanceof NotFoundError) return 'missing';
      if (error instanceof ForbiddenError) return 'unreadable';
      throw error;
    } finally {
      fetching.delete(key);
    }
  };

  return {
    read: async (namespace, name) => {
      const key = `${namespace}/${name}`;
      // Roots hold private keys: none is kept longer than it may be used.
      for (const [old, { atMs }] of remembered) if (elapsed() - atMs >= rememberedMs) remembered.delete(old);
      const known = remembered.get(key)?.secret;
      if (known !== undefined) return known;
      const underWay = fetching.get(key) ?? fetched(key, namespace, name);
      fetching.set(key, underWay);
      return underWay;
    },
  };
};
