/**
 * How far each namespace that is looked after is known. Each counts for itself: one that is gone, or that the operator has no rights in, keeps no
 * other waiting, and is taken up when it can be read. Reflectors try again by themselves, at least once a minute.
 *
 * | known of a namespace                        | state    |
 * |---------------------------------------------|----------|
 * | nothing, or a part                          | filling  |
 * | a part, and the API server refuses the rest | refused  |
 * | all that is watched in it, once             | complete |
 */
import { ForbiddenError, type Informer, type KubernetesObject } from '@pgherd/kube';

/** A namespace, or undefined for all of them at once. */
export type Scope = string | undefined;

export interface Namespaces {
  /** Everything in it is known. Before that nothing may be decided there: what is not known looks as if it were not there. */
  readonly isComplete: (namespace: string) => boolean;
  /** Calls for each that becomes complete from now on. */
  readonly onComplete: (handler: (scope: Scope) => void) => void;
  /** Takes note of what went wrong. `refused`: it is the first refusal for this kind of this namespace, and somebody should be told. */
  readonly failed: (scope: Scope, kind: string, error: Error) => 'refused' | 'known' | 'other';
  /** Resolves when there is something to work on and nothing more to wait for: one is complete, and the others are complete or refused. */
  readonly ready: Promise<void>;
  /** Those that are refused, in order. */
  readonly refused: () => readonly string[];
}

export const newNamespaces = (informers: ReadonlyMap<Scope, readonly Pick<Informer<KubernetesObject>, 'waitForSync'>[]>): Namespaces => {
  const states = new Map<Scope, 'filling' | 'refused' | 'complete'>([...informers.keys()].map((scope) => [scope, 'filling']));
  /** By namespace, the kinds that were refused: each is a right of its own that is missing. */
  const refusedKinds = new Map<Scope, Set<string>>();
  const handlers: ((scope: Scope) => void)[] = [];
  const { promise: ready, resolve } = Promise.withResolvers<void>();
  const enter = (scope: Scope, state: 'refused' | 'complete'): void => {
    states.set(scope, state);
    const all = [...states.values()];
    if (all.includes('complete') && !all.includes('filling')) resolve();
  };
  const follow = async (scope: Scope, ofScope: readonly Pick<Informer<KubernetesObject>, 'waitForSync'>[]): Promise<void> => {
    await Promise.all(ofScope.map(async (informer) => informer.waitForSync()));
    enter(scope, 'complete');
    refusedKinds.delete(scope);
    for (const handler of handlers) handler(scope);
  };
  for (const [scope, ofScope] of informers) void follow(scope, ofScope);
  return {
    isComplete: (namespace) => states.get(states.has(namespace) ? namespace : undefined) === 'complete',
    onComplete: (handler) => {
      handlers.push(handler);
    },
    failed: (scope, kind, error) => {
      if (!(error instanceof ForbiddenError) || states.get(scope) === 'complete') return 'other';
      const kinds = refusedKinds.get(scope) ?? new Set();
      if (kinds.has(kind)) return 'known';
      refusedKinds.set(scope, kinds.add(kind));
      enter(scope, 'refused');
      return 'refused';
    },
    ready,
    refused: () => [...states].flatMap(([scope, state]) => (state === 'refused' && scope !== undefined ? [scope] : [])).toSorted(),
  };
};
