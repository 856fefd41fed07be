/**
 * A watched collection that several controllers share: one reflector, one store, any number of handlers.
 *
 * Handlers are called in the order of the changes, after the store holds them, and must not wait: what takes time belongs on a work queue.
 */
import type { Client, Representation, Selection } from './client.ts';
import { systemClock, unlessAborted } from './clock.ts';
import type { Clock } from './clock.ts';
import { apiVersionOf, keyOf } from './objects.ts';
import type { KubernetesObject, ResourceType } from './objects.ts';
import { runReflector } from './reflector/reflector.ts';
import type { ReflectorState } from './reflector/state.ts';
import { createStore } from './store.ts';
import type { Change, Indexers, ReadStore } from './store.ts';
import { ownObject } from './transform.ts';
import type { Transform } from './transform.ts';

export interface ChangeContext {
  /** The change was found by listing (at the start, or after the watch lost its place), not told by an event: there is less hurry. */
  readonly listed: boolean;
}

export type ChangeHandler<T> = (change: Change<T>, context: ChangeContext) => void;

export interface InformerOptions<T extends KubernetesObject> {
  readonly client: Pick<Client, 'list' | 'watch'>;
  readonly type: ResourceType<T>;
  readonly selection?: Selection | undefined;
  /** Default `full`. */
  readonly representation?: Representation | undefined;
  /** Default: without managedFields and the annotation of `kubectl apply`. */
  readonly transform?: Transform<T> | undefined;
  readonly indexers?: Indexers<T> | undefined;
  readonly clock?: Clock | undefined;
  /** In [0, 1). Default Math.random. */
  readonly random?: (() => number) | undefined;
  readonly onError?: ((error: Error) => void) | undefined;
  readonly onState?: ((state: ReflectorState['kind']) => void) | undefined;
  /** A handler threw. The others are called all the same. Default: rethrown outside, which ends the process. */
  readonly onHandlerError?: ((error: unknown) => void) | undefined;
}

export interface Informer<T> {
  readonly type: ResourceType;
  readonly selection: Selection;
  readonly store: ReadStore<T>;
  /** The store has been complete once. */
  readonly synced: boolean;
  /** Calls the handler for every object that is there, then for every change, until disposed. */
  addHandler(handler: ChangeHandler<T>): Disposable;
  /** Resolves once the store is complete; rejects with the signal's reason. */
  waitForSync(signal?: AbortSignal): Promise<void>;
  /** Follows the collection until the signal aborts. To be called once. */
  run(signal: AbortSignal): Promise<void>;
}

export function createInformer<T extends KubernetesObject>(options: InformerOptions<T>): Informer<T> {
  const store = createStore<T>(options.indexers);
  const handlers = new Set<ChangeHandler<T>>();
  const sync = Promise.withResolvers<void>();
  let synced = false;
  let started = false;
  const selection = options.selection ?? {};
  const onHandlerError =
    options.onHandlerError ??
    ((error: unknown) => {
      queueMicrotask(() => {
        throw error;
      });
    });

  function call(handler: ChangeHandler<T>, change: Change<T>, listed: boolean): void {
    try {
      handler(change, { listed });
    } catch (error) {
      onHandlerError(error);
    }
  }

  function announce(changes: readonly (Change<T> | undefined)[], listed: boolean): void {
    for (const change of changes) if (change !== undefined) for (const handler of handlers) call(handler, change, listed);
  }

  return {
    type: options.type,
    selection,
    store,
    get synced() {
      return synced;
    },
    addHandler(handler) {
      // Wrapped, so that the same function may be added twice and each is disposed by itself.
      const own: ChangeHandler<T> = (change, context) => handler(change, context);
      for (const object of store.list()) call(own, { kind: 'added', key: keyOf(object.metadata), object }, true);
      handlers.add(own);
      return { [Symbol.dispose]: () => void handlers.delete(own) };
    },
    waitForSync(signal) {
      if (signal === undefined || synced) return sync.promise;
      return unlessAborted(sync.promise, signal);
    },
    async run(signal) {
      if (started) throw new Error(`the informer of ${options.type.plural} runs already`);
      started = true;
      await runReflector<T>(
        {
          client: options.client,
          type: options.type,
          selection,
          representation: options.representation ?? 'full',
          transform: options.transform ?? ownObject,
          clock: options.clock ?? systemClock,
          random: options.random ?? Math.random,
          onError: options.onError,
          onState: (state) => options.onState?.(state.kind),
          sink: {
            replace(objects, resourceVersion) {
              announce(store.replace(objects, resourceVersion), true);
              synced = true;
              sync.resolve();
            },
            set: (object) => announce([store.set(object)], false),
            delete: (object) => announce([store.delete(object)], false),
            advance: (resourceVersion) => store.advance(resourceVersion),
          },
        },
        signal,
      );
    },
  };
}

export interface Cache {
  /** The informer of this kind and selection, made if nobody asked for it before. The options of the first who asks count. */
  informer<T extends KubernetesObject>(
    options: Pick<InformerOptions<T>, 'type' | 'selection' | 'representation' | 'transform' | 'indexers'>,
  ): Informer<T>;
  /** All of them. */
  readonly informers: readonly Informer<KubernetesObject>[];
  /** Resolves when all that there are now are complete. */
  waitForSync(signal?: AbortSignal): Promise<void>;
  /** Runs all informers, those made later too, until the signal aborts. */
  run(signal: AbortSignal): Promise<void>;
}

/** Shares informers: one for each kind, selection and representation. */
export function createCache(
  options: Omit<
    InformerOptions<KubernetesObject>,
    'type' | 'selection' | 'representation' | 'transform' | 'indexers' | 'onError' | 'onState'
  > & {
    readonly onError?: ((type: ResourceType, error: Error, selection: Selection) => void) | undefined;
    readonly onState?: ((type: ResourceType, state: ReflectorState['kind']) => void) | undefined;
  },
): Cache {
  const informers = new Map<string, Informer<KubernetesObject>>();
  let start: ((informer: Informer<KubernetesObject>) => void) | undefined;
  return {
    informer<T extends KubernetesObject>(
      own: Pick<InformerOptions<T>, 'type' | 'selection' | 'representation' | 'transform' | 'indexers'>,
    ) {
      const { type, selection = {}, representation = 'full' } = own;
      const { namespace = '', labelSelector = '', fieldSelector = '' } = selection;
      const key = JSON.stringify([apiVersionOf(type), type.plural, namespace, labelSelector, fieldSelector, representation]);
      const existing = informers.get(key);
      if (existing !== undefined) return existing as unknown as Informer<T>;
      const made = createInformer<T>({
        ...own,
        client: options.client,
        clock: options.clock,
        random: options.random,
        onHandlerError: options.onHandlerError,
        onError: (error) => options.onError?.(type, error, selection),
        onState: (state) => options.onState?.(type, state),
      });
      informers.set(key, made);
      start?.(made);
      return made;
    },
    get informers() {
      return [...informers.values()];
    },
    async waitForSync(signal) {
      await Promise.all([...informers.values()].map((informer) => informer.waitForSync(signal)));
    },
    async run(signal) {
      const running = new Set<Promise<void>>();
      start = (informer) => running.add(informer.run(signal));
      for (const informer of informers.values()) start(informer);
      await new Promise<void>((resolve) => {
        if (signal.aborted) resolve();
        else signal.addEventListener('abort', () => resolve(), { once: true });
      });
      start = undefined;
      await Promise.all(running);
    },
  };
}
