/**
 * A work queue of keys. Level-triggered: it says that something about a key should be looked at, never what, so that any number of reasons make one
 * pass.
 *
 * Where a key can be, at most one of ready and waiting, and besides that processing:
 * - ready: handed to the next `take`; high before low, each first in, first out. Adding it again changes nothing, except that high beats low. Low
 *   ones can be made to yield, too, while high ones are processed, since what is processed shares processor and API server.
 * - waiting: becomes ready at its time. Adding it makes it ready at once; a second time for it counts only if it is earlier.
 * - processing: between `take` and `done`. It is handed out to nobody else meanwhile. Added meanwhile, it is ready again after `done`.
 *
 * Failed keys come back after a delay that doubles with each failure of the key; a token bucket over all keys bounds how many come back
 * at a time. A key that fails delays no other.
 */
import type { Clock, Timer } from './clock.ts';
import { reasonOf } from './clock.ts';
import { createHeap } from './heap.ts';
import type { HeapEntry } from './heap.ts';

/** `high` for what somebody waits for, `low` for the first list and periodic passes over everything. */
export type Priority = 'high' | 'low';

export interface QueueOptions {
  readonly clock: Clock;
  /** Delay after a key's first failure, and the longest. Default 5 ms (client-go's) and 5 minutes. */
  readonly backoff?: { readonly firstMs: number; readonly longestMs: number } | undefined;
  /** Failed keys that come back, over all keys. Default 10 a second after a burst of 100 (client-go's). */
  readonly retryBudget?: { readonly perSecond: number; readonly burst: number } | undefined;
  /** When low keys yield to high ones that are processed. Default: never. */
  readonly yielding?: Yielding | undefined;
  readonly observer?: QueueObserver | undefined;
}

export interface Yielding {
  /** Low keys are held back while so many high ones are processed, or more. */
  readonly toHigh: number;
  /** One that has been ready for so long is held back no longer. */
  readonly forMs: number;
  /** At most so many low ones are processed at the same time while they should be held back. */
  readonly atOnce: number;
}

/** Hooks for metrics; the names in brackets are controller-runtime's. */
export interface QueueObserver {
  /** workqueue_adds_total */
  added?(priority: Priority): void;
  /** workqueue_depth */
  depth?(ready: number): void;
  /** workqueue_queue_duration_seconds */
  taken?(readyForMs: number): void;
  /** workqueue_work_duration_seconds */
  done?(workedForMs: number): void;
  /** workqueue_retries_total */
  retried?(): void;
}

export interface Taken {
  readonly key: string;
  readonly priority: Priority;
}

export interface WorkQueue {
  /** Ready keys. */
  readonly depth: number;
  readonly waiting: number;
  readonly processing: number;
  /** How long the longest of the keys under work has been so; 0 if there is none. */
  readonly longestRunningMs: number;
  /** How long all keys under work have been so, added up. */
  readonly unfinishedMs: number;
  add(key: string, priority?: Priority): void;
  addAfter(key: string, delayMs: number, priority?: Priority): void;
  /** The pass over the key failed: comes back after its backoff, or `atLeastMs` if that is longer. */
  retry(key: string, priority?: Priority, atLeastMs?: number): void;
  /** The pass over the key succeeded: its next failure counts as its first. */
  forget(key: string): void;
  /** Failures of the key in a row. */
  failures(key: string): number;
  /** The next ready key; undefined when the queue is shut down. Rejects with the signal's reason. */
  take(signal?: AbortSignal): Promise<Taken | undefined>;
  /** Must follow each `take`. */
  done(key: string): void;
  /**
   * Takes nothing in and hands nothing out from now on. Keys that were not begun are dropped: whoever works next lists everything again.
   * Resolves when all that were taken are done.
   */
  shutDown(): Promise<void>;
}

interface Waiting extends HeapEntry {
  readonly key: string;
  readonly priority: Priority;
}

interface Ready {
  readonly since: number;
}

interface Waiter {
  resolve(taken: Taken | undefined): void;
}

export function createQueue(options: QueueOptions): WorkQueue {
  const { clock, observer } = options;
  const backoff = options.backoff ?? { firstMs: 5, longestMs: 300_000 };
  const bucket = createBucket(clock, options.retryBudget ?? { perSecond: 10, burst: 100 });
  const ready = { high: new Map<string, Ready>(), low: new Map<string, Ready>() };
  const waiting = new Map<string, Waiting>();
  const byTime = createHeap<Waiting>();
  const processing = new Map<string, { readonly since: number; readonly priority: Priority }>();
  const processed = { high: 0, low: 0 };
  const yielding = options.yielding ?? { toHigh: Number.POSITIVE_INFINITY, forMs: 0, atOnce: Number.POSITIVE_INFINITY };
  /** Ends the patience of the first low key that is held back. */
  let patience: Timer | undefined;
  /** Keys that came again while they were processed. */
  const again = new Map<string, Priority>();
  const failures = new Map<string, number>();
  const waiters = new Set<Waiter>();
  const drained = Promise.withResolvers<void>();
  let timer: { readonly at: number; readonly handle: Timer } | undefined;
  let closed = false;

  function depth(): number {
    return ready.high.size + ready.low.size;
  }

  function setTimer(): void {
    const next = byTime.peek();
    if (next === undefined || closed) {
      timer?.handle.cancel();
      timer = undefined;
      return;
    }
    if (timer !== undefined && timer.at === next.at) return;
    timer?.handle.cancel();
    timer = { at: next.at, handle: clock.after(next.at - clock.elapsed(), onTimer) };
  }

  function onTimer(): void {
    timer = undefined;
    for (let next = byTime.peek(); next !== undefined && next.at <= clock.elapsed(); next = byTime.peek()) {
      byTime.pop();
      waiting.delete(next.key);
      makeReady(next.key, next.priority);
    }
    setTimer();
  }

  function stopWaiting(key: string): Priority | undefined {
    const entry = waiting.get(key);
    if (entry === undefined) return undefined;
    waiting.delete(key);
    byTime.remove(entry);
    return entry.priority;
  }

  function makeReady(key: string, priority: Priority): void {
    if (processing.has(key)) {
      again.set(key, higher(priority, again.get(key)));
      return;
    }
    if (ready.high.has(key) || (priority === 'low' && ready.low.has(key))) return;
    const since = ready.low.get(key)?.since ?? clock.elapsed();
    ready.low.delete(key);
    ready[priority].set(key, { since });
    observer?.added?.(priority);
    handOut();
    observer?.depth?.(depth());
  }

  function takeFrom(priority: Priority): Taken | undefined {
    const [first] = ready[priority];
    if (first === undefined) return undefined;
    const [key, { since }] = first;
    ready[priority].delete(key);
    processing.set(key, { since: clock.elapsed(), priority });
    processed[priority] += 1;
    observer?.taken?.(clock.elapsed() - since);
    observer?.depth?.(depth());
    return { key, priority };
  }

  /** How long the first low key is still to be held back, in milliseconds; not above 0: it may go. */
  function heldBackMs(): number {
    if (processed.high < yielding.toHigh) return 0;
    if (processed.low >= yielding.atOnce) return Number.POSITIVE_INFINITY;
    const [first] = ready.low.values();
    return first === undefined ? 0 : first.since + yielding.forMs - clock.elapsed();
  }

  function next(): Taken | undefined {
    const high = takeFrom('high');
    if (high !== undefined) return high;
    const heldBack = heldBackMs();
    if (heldBack <= 0) return takeFrom('low');
    // For ever: until one that is processed is done.
    if (heldBack !== Number.POSITIVE_INFINITY) {
      patience ??= clock.after(heldBack, () => {
        patience = undefined;
        handOut();
      });
    }
    return undefined;
  }

  function handOut(): void {
    for (const waiter of waiters) {
      const taken = next();
      if (taken === undefined) return;
      waiters.delete(waiter);
      waiter.resolve(taken);
    }
  }

  function add(key: string, priority: Priority = 'high'): void {
    if (closed) return;
    const waited = stopWaiting(key);
    setTimer();
    makeReady(key, higher(priority, waited));
  }

  function addAfter(key: string, delayMs: number, priority: Priority = 'high'): void {
    if (closed || ready.high.has(key) || ready.low.has(key)) return;
    if (delayMs <= 0) {
      add(key, priority);
      return;
    }
    const earlier = waiting.get(key);
    const at = Math.min(clock.elapsed() + delayMs, earlier?.at ?? Number.POSITIVE_INFINITY);
    stopWaiting(key);
    const entry: Waiting = { key, at, priority: higher(priority, earlier?.priority), place: -1 };
    waiting.set(key, entry);
    byTime.push(entry);
    setTimer();
  }

  return {
    get depth() {
      return depth();
    },
    get waiting() {
      return waiting.size;
    },
    get processing() {
      return processing.size;
    },
    get longestRunningMs() {
      let longest = 0;
      for (const { since } of processing.values()) longest = Math.max(longest, clock.elapsed() - since);
      return longest;
    },
    get unfinishedMs() {
      let sum = 0;
      for (const { since } of processing.values()) sum += clock.elapsed() - since;
      return sum;
    },

    add,
    addAfter,

    retry(key, priority = 'high', atLeastMs = 0) {
      if (closed) return;
      const before = failures.get(key) ?? 0;
      failures.set(key, before + 1);
      observer?.retried?.();
      const backoffMs = Math.min(backoff.firstMs * 2 ** Math.min(before, 40), backoff.longestMs);
      addAfter(key, Math.max(backoffMs, bucket.reserve(), atLeastMs), priority);
    },

    forget(key) {
      failures.delete(key);
    },

    failures: (key) => failures.get(key) ?? 0,

    take(signal) {
      if (closed) return Promise.resolve(undefined);
      if (signal?.aborted === true) return Promise.reject(reasonOf(signal));
      const taken = next();
      if (taken !== undefined) return Promise.resolve(taken);
      return new Promise((resolve, reject) => {
        const onAbort = (): void => {
          waiters.delete(waiter);
          reject(reasonOf(signal));
        };
        const waiter: Waiter = {
          resolve(result) {
            signal?.removeEventListener('abort', onAbort);
            resolve(result);
          },
        };
        waiters.add(waiter);
        signal?.addEventListener('abort', onAbort, { once: true });
      });
    },

    done(key) {
      const work = processing.get(key);
      if (work === undefined) throw new Error(`done(${JSON.stringify(key)}) without take`);
      processing.delete(key);
      processed[work.priority] -= 1;
      observer?.done?.(clock.elapsed() - work.since);
      const priority = again.get(key);
      again.delete(key);
      if (closed) {
        if (processing.size === 0) drained.resolve();
        return;
      }
      if (priority !== undefined) add(key, priority);
      // What yielded to it may go now.
      handOut();
    },

    shutDown() {
      if (!closed) {
        closed = true;
        ready.high.clear();
        ready.low.clear();
        waiting.clear();
        byTime.clear();
        again.clear();
        setTimer();
        patience?.cancel();
        observer?.depth?.(0);
        for (const waiter of waiters) waiter.resolve(undefined);
        waiters.clear();
        if (processing.size === 0) drained.resolve();
      }
      return drained.promise;
    },
  };
}

function higher(left: Priority, right: Priority | undefined): Priority {
  return left === 'high' || right === 'high' ? 'high' : 'low';
}

/** A token bucket that may be overdrawn: `reserve` takes a token and gives the time until it is there. */
function createBucket(clock: Clock, { perSecond, burst }: { readonly perSecond: number; readonly burst: number }): { reserve(): number } {
  let tokens = burst;
  let filledAt = clock.elapsed();
  return {
    reserve() {
      const now = clock.elapsed();
      tokens = Math.min(burst, tokens + ((now - filledAt) * perSecond) / 1000) - 1;
      filledAt = now;
      return tokens >= 0 ? 0 : (-tokens * 1000) / perSecond;
    },
  };
}
