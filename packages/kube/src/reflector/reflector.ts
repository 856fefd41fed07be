/**
 * Keeps a local copy of a collection. The shell around `state.ts`: it opens the requests that the state machine asks for, tells it what came,
 * and carries its effects out on a sink. It decides nothing.
 */
import type { Client, Representation, Selection } from '../client.ts';
import { reasonOf, sleep } from '../clock.ts';
import type { Clock } from '../clock.ts';
import { ApiError, apiErrorOf, messageOf } from '../errors.ts';
import type { KubernetesObject, ResourceType } from '../objects.ts';
import type { Transform } from '../transform.ts';
import { initialState, silenceLimitMs, transition, watchTimeoutSeconds } from './state.ts';
import type { Activity, ReflectorEvent, ReflectorState, Transition } from './state.ts';

/** What the copy is written to. */
export interface ReflectorSink<T> {
  replace(objects: Iterable<T>, resourceVersion: string): void;
  set(object: T): void;
  delete(object: T): void;
  advance(resourceVersion: string): void;
}

export interface ReflectorOptions<T extends KubernetesObject> {
  readonly client: Pick<Client, 'list' | 'watch'>;
  readonly type: ResourceType<T>;
  readonly selection: Selection;
  readonly representation: Representation;
  readonly transform: Transform<T>;
  readonly sink: ReflectorSink<T>;
  readonly clock: Clock;
  /** In [0, 1). */
  readonly random: () => number;
  /** Told of each error, for logs and metrics. The reflector goes on by itself. */
  readonly onError?: ((error: Error) => void) | undefined;
  /** Told of each state entered. */
  readonly onState?: ((state: ReflectorState) => void) | undefined;
}

const pageSize = 500;

/** What the shell hands to the state machine, with the object or page that an effect may need. */
interface Received<T> {
  readonly event: ReflectorEvent;
  readonly change?: { readonly deleted: boolean; readonly object: T };
  readonly page?: readonly T[];
}

/** Runs until the signal aborts. Never rejects. */
export async function runReflector<T extends KubernetesObject>(options: ReflectorOptions<T>, signal: AbortSignal): Promise<void> {
  const { clock, sink } = options;
  let state = initialState;
  /** Objects put aside; a WatchList may change and delete what it has just sent. */
  let aside = new Map<string, T>();

  function step(received: Received<T>): Transition {
    const next = transition(state, received.event, { nowMs: clock.elapsed(), random: options.random() });
    const entered = next.state.kind !== state.kind;
    state = next.state;
    for (const effect of next.effects) {
      switch (effect.kind) {
        case 'collect':
          collect(received);
          break;
        case 'replace': {
          const objects = aside;
          aside = new Map();
          sink.replace(objects.values(), effect.resourceVersion);
          break;
        }
        case 'update':
          if (received.change?.deleted === true) sink.delete(received.change.object);
          else if (received.change !== undefined) sink.set(received.change.object);
          break;
        case 'advance':
          sink.advance(effect.resourceVersion);
          break;
        default:
          effect satisfies never;
      }
    }
    const { activity } = next;
    if (activity?.kind === 'stream' || (activity?.kind === 'list' && activity.token === undefined) || activity?.kind === 'nothing')
      aside = new Map();
    if (entered) options.onState?.(state);
    return next;
  }

  function collect({ change, page }: Received<T>): void {
    for (const object of page ?? []) aside.set(idOf(object), object);
    if (change?.deleted === true) aside.delete(idOf(change.object));
    else if (change !== undefined) aside.set(idOf(change.object), change.object);
  }

  let activity = step({ event: { kind: 'start' } }).activity;
  while (activity !== undefined && activity.kind !== 'nothing') {
    let next: Transition['activity'];
    for await (const received of eventsOf(options, activity, () => silenceLimitMs(state), signal)) {
      next = step(received).activity;
      // The state machine wants something else: leaving the loop closes what is open.
      if (next !== undefined) break;
    }
    activity = next;
  }
}

/** What an activity brings, to its end. The last event is one that makes the state machine start something else. */
async function* eventsOf<T extends KubernetesObject>(
  options: ReflectorOptions<T>,
  activity: Activity | { readonly kind: 'wait'; readonly delayMs: number },
  silenceLimit: () => number | undefined,
  signal: AbortSignal,
): AsyncGenerator<Received<T>, void, void> {
  try {
    switch (activity.kind) {
      case 'wait':
        await sleep(options.clock, activity.delayMs, signal);
        yield { event: { kind: 'timer' } };
        return;
      case 'list':
        yield await page(options, activity, signal);
        return;
      case 'stream':
      case 'watch':
        yield* watch(options, activity, silenceLimit, signal);
        yield { event: { kind: 'ended' } };
        return;
      default:
        activity satisfies never;
    }
  } catch (error) {
    if (!signal.aborted) options.onError?.(error instanceof Error ? error : new Error(messageOf(error)));
    yield { event: signal.aborted ? { kind: 'stop' } : eventFor(error) };
  }
}

async function page<T extends KubernetesObject>(
  options: ReflectorOptions<T>,
  activity: Extract<Activity, { kind: 'list' }>,
  signal: AbortSignal,
): Promise<Received<T>> {
  const list = await options.client.list(options.type, {
    ...options.selection,
    representation: options.representation,
    // The newest state, never "0": a server's cache may be older than what we have shown already.
    limit: activity.paged ? pageSize : undefined,
    continue: activity.token,
    signal,
  });
  return {
    event: { kind: 'page', resourceVersion: list.resourceVersion, token: list.continue },
    page: list.items.map(options.transform),
  };
}

async function* watch<T extends KubernetesObject>(
  options: ReflectorOptions<T>,
  activity: Extract<Activity, { kind: 'stream' | 'watch' }>,
  silenceLimit: () => number | undefined,
  signal: AbortSignal,
): AsyncGenerator<Received<T>, void, void> {
  using watchdog = createWatchdog(options.clock, silenceLimit, signal);
  const { least, most } = watchTimeoutSeconds;
  const timeoutSeconds = least + Math.floor(options.random() * (most - least + 1));
  const events = options.client.watch(options.type, {
    ...options.selection,
    representation: options.representation,
    timeoutSeconds,
    signal: watchdog.signal,
    ...(activity.kind === 'stream' ? { sendInitialEvents: true } : { resourceVersion: activity.resourceVersion }),
  });
  for await (const event of events) {
    watchdog.touch();
    switch (event.kind) {
      case 'added':
      case 'modified':
      case 'deleted':
        yield {
          event: { kind: 'change', resourceVersion: event.object.metadata.resourceVersion ?? '' },
          change: { deleted: event.kind === 'deleted', object: options.transform(event.object) },
        };
        break;
      case 'bookmark':
        yield { event: { kind: event.initialEventsEnd ? 'initialEventsEnd' : 'bookmark', resourceVersion: event.resourceVersion } };
        break;
      case 'error':
        throw apiErrorOf({
          httpStatus: event.status.code ?? 500,
          status: event.status,
          call: { method: 'WATCH', path: options.type.plural },
        });
      default:
        event satisfies never;
    }
  }
}

/** A watch said nothing for so long that its connection counts as dead. It is made again; nothing was lost. */
export class SilenceError extends Error {}

interface Watchdog extends Disposable {
  /** Aborts with the outer signal, or with a SilenceError. */
  readonly signal: AbortSignal;
  touch(): void;
}

/** One timer for a whole stream, however many events it brings. */
function createWatchdog(clock: Clock, limit: () => number | undefined, outer: AbortSignal): Watchdog {
  const controller = new AbortController();
  let touchedAt = clock.elapsed();
  let timer = clock.after(Math.min(limit() ?? recheckMs, recheckMs), check);
  function check(): void {
    const limitMs = limit();
    if (limitMs === undefined) return;
    const silentMs = clock.elapsed() - touchedAt;
    if (silentMs >= limitMs)
      controller.abort(new SilenceError(`nothing came for ${Math.round(silentMs / 1000)} s; the connection counts as dead`));
    // Looks again before the limit is up, because bookmarks may shorten it meanwhile.
    else timer = clock.after(Math.min(limitMs - silentMs, recheckMs), check);
  }
  const onAbort = (): void => controller.abort(reasonOf(outer));
  if (outer.aborted) onAbort();
  else outer.addEventListener('abort', onAbort, { once: true });
  return {
    signal: controller.signal,
    touch() {
      touchedAt = clock.elapsed();
    },
    [Symbol.dispose]() {
      timer.cancel();
      outer.removeEventListener('abort', onAbort);
    },
  };
}

const recheckMs = 60_000;

/** HTTP answers that say: this server does not know such a request. */
const refusals: ReadonlySet<number> = new Set([400, 405, 406, 415, 422]);

function eventFor(error: unknown): ReflectorEvent {
  if (error instanceof SilenceError) return { kind: 'silent' };
  if (!(error instanceof ApiError)) return { kind: 'failed' };
  if (error.httpStatus === 410 || error.reason === 'Expired' || error.isVersionTooLarge) return { kind: 'expired' };
  const { retryAfterMs } = error;
  return { kind: refusals.has(error.httpStatus) ? 'refused' : 'failed', retryAfterMs };
}

function idOf(object: KubernetesObject): string {
  return `${object.metadata.namespace ?? ''}/${object.metadata.name}`;
}
