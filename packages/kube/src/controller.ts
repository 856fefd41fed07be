/**
 * Runs `reconcile` over the keys of a work queue, some at a time, and never twice at once over the same key.
 *
 * A pass that throws comes back with its key's backoff; one that throws a TerminalError comes back only when something about its key changes. A pass
 * that takes too long is aborted by its signal; if it does not listen, its place is given to other keys while its own key stays taken.
 */
import { reasonOf, systemClock } from './clock.ts';
import type { Clock } from './clock.ts';
import { KubeError, messageOf } from './errors.ts';
import { createQueue } from './queue.ts';
import type { Priority, QueueOptions, Taken, WorkQueue } from './queue.ts';

export interface PassResult {
  /** Look again after this, even if nothing happens. Absent: only when something happens. */
  readonly requeueAfterMs?: number | undefined;
  /** Default high. */
  readonly priority?: Priority | undefined;
}

export type Reconcile = (key: string, signal: AbortSignal) => Promise<PassResult | undefined>;

/** Trying again will not help before something about the key changes. */
export class TerminalError extends KubeError {
  override readonly name = 'TerminalError';
  readonly code = 'TERMINAL';
  readonly retryable = false;
}

/** The reason with which the signal of a pass aborts when it takes too long. */
export class PassTimeoutError extends KubeError {
  override readonly name = 'PassTimeoutError';
  readonly code = 'PASS_TIMEOUT';
  readonly retryable = true;
}

/** How a pass ended, in controller-runtime's words (`result` in controller_runtime_reconcile_total). */
export type PassOutcome = 'success' | 'requeue_after' | 'error';

export interface PassObservation {
  readonly key: string;
  readonly priority: Priority;
  readonly outcome: PassOutcome;
  readonly durationMs: number;
  /** Set if and only if the outcome is `error`. */
  readonly error: Error | undefined;
  /** Failures in a row, this one included. */
  readonly failures: number;
}

export interface ControllerOptions extends Omit<QueueOptions, 'clock'> {
  readonly name: string;
  readonly reconcile: Reconcile;
  /** Passes at a time. Default 10. */
  readonly maxConcurrent?: number | undefined;
  /** After which a pass is aborted. Default 2 minutes. */
  readonly timeoutMs?: number | undefined;
  /** How long an aborted pass may take to notice. Default 5 s. */
  readonly graceMs?: number | undefined;
  readonly clock?: Clock | undefined;
  /** Told of the end of every pass: for logs and metrics. */
  readonly onPass?: ((observation: PassObservation) => void) | undefined;
  /** A pass did not listen to its signal and was left to itself. */
  readonly onAbandoned?: ((key: string) => void) | undefined;
}

export interface Controller {
  readonly name: string;
  readonly queue: WorkQueue;
  /** Passes under way. */
  readonly active: number;
  /** Works until the signal aborts, then aborts the passes under way and waits for them. To be called once. */
  run(signal: AbortSignal): Promise<void>;
}

export function createController(options: ControllerOptions): Controller {
  const clock = options.clock ?? systemClock;
  const queue = createQueue({ ...options, clock });
  const timeoutMs = options.timeoutMs ?? 120_000;
  const graceMs = options.graceMs ?? 5_000;
  let active = 0;

  async function reconcile(key: string, signal: AbortSignal): Promise<PassResult> {
    // Inside an async function, so that what it throws before its first await is a rejection too.
    return (await options.reconcile(key, signal)) ?? {};
  }

  function settle(taken: Taken, startedAt: number, result: PassResult | Error): void {
    const { key, priority } = taken;
    let outcome: PassOutcome = 'success';
    if (result instanceof Error) {
      outcome = 'error';
      if (!(result instanceof TerminalError)) queue.retry(key, priority, result instanceof KubeError ? (result.retryAfterMs ?? 0) : 0);
    } else {
      queue.forget(key);
      if (result.requeueAfterMs !== undefined) {
        outcome = 'requeue_after';
        queue.addAfter(key, result.requeueAfterMs, result.priority);
      }
    }
    queue.done(key);
    options.onPass?.({
      key,
      priority,
      outcome,
      durationMs: clock.elapsed() - startedAt,
      error: result instanceof Error ? result : undefined,
      failures: queue.failures(key),
    });
  }

  /** One pass. Resolves when its place is free: at its end, or when it is given up. */
  async function pass(taken: Taken, stop: AbortSignal): Promise<void> {
    const startedAt = clock.elapsed();
    const controller = new AbortController();
    const abandoned = Promise.withResolvers<void>();
    const abort = (reason: Error): void => {
      if (controller.signal.aborted) return;
      controller.abort(reason);
      timer.cancel();
      timer = clock.after(graceMs, () => {
        options.onAbandoned?.(taken.key);
        abandoned.resolve();
      });
    };
    let timer = clock.after(timeoutMs, () => abort(new PassTimeoutError(`${options.name} ${taken.key}: no end after ${timeoutMs} ms`)));
    const onStop = (): void => abort(reasonOf(stop));
    stop.addEventListener('abort', onStop, { once: true });
    if (stop.aborted) onStop();
    active += 1;
    const settled = reconcile(taken.key, controller.signal)
      .catch((error: unknown) => (error instanceof Error ? error : new Error(messageOf(error), { cause: error })))
      .then((result) => {
        timer.cancel();
        stop.removeEventListener('abort', onStop);
        active -= 1;
        return settle(taken, startedAt, result);
      });
    await Promise.race([settled, abandoned.promise]);
  }

  async function work(stop: AbortSignal): Promise<void> {
    for (let taken = await queue.take(); taken !== undefined; taken = await queue.take()) await pass(taken, stop);
  }

  return {
    name: options.name,
    queue,
    get active() {
      return active;
    },
    async run(signal) {
      const onStop = (): void => void queue.shutDown();
      if (signal.aborted) onStop();
      else signal.addEventListener('abort', onStop, { once: true });
      await Promise.all(Array.from({ length: options.maxConcurrent ?? 10 }, () => work(signal)));
    },
  };
}
