/** What ends one call: its deadline, its signal, or a broken connection. */
import type { ClientRequest } from 'node:http';
import { reasonOf, unlessAborted } from './clock.ts';
import type { Clock } from './clock.ts';
import { ConnectionError, DeadlineError, messageOf } from './errors.ts';

/** The call, as its errors name it. */
export interface Call {
  readonly method: string;
  /** Path and query. */
  readonly path: string;
  readonly signal?: AbortSignal | undefined;
}

/** A kept-alive connection turned out to be closed before any answer came. */
export class ClosedWhileIdleError extends ConnectionError {}

/** Ends a call when its deadline passes or its signal aborts, and knows which of them it was. */
export interface Guard {
  readonly signal: AbortSignal;
  remainingMs(): number;
  holds(outgoing: ClientRequest): void;
  /** Settles as `promise`, unless the call ends first. */
  race<T>(promise: Promise<T>): Promise<T>;
  /** The error to show for one that came up during the call. */
  why(error: Error, reusedConnection?: boolean): Error;
  stopTimer(): void;
  release(): void;
}

export function createGuard(request: Call, clock: Clock, deadlineMs: number): Guard {
  const endsAt = clock.elapsed() + deadlineMs;
  const ended = new AbortController();
  let outgoing: ClientRequest | undefined;
  const end = (reason: Error): void => {
    ended.abort(reason);
    outgoing?.destroy(reason);
  };
  const timer = clock.after(deadlineMs, () => end(new DeadlineError(`${describe(request)}: no complete answer within ${deadlineMs} ms`)));
  const { signal } = request;
  const onAbort = (): void => end(reasonOf(signal));
  if (signal?.aborted === true) onAbort();
  else signal?.addEventListener('abort', onAbort, { once: true });
  return {
    signal: ended.signal,
    remainingMs: () => endsAt - clock.elapsed(),
    holds(next) {
      outgoing = next;
      if (ended.signal.aborted) next.destroy(reasonOf(ended.signal));
    },
    race: (promise) => unlessAborted(promise, ended.signal),
    why(error, reusedConnection = false) {
      if (ended.signal.aborted) return reasonOf(ended.signal);
      const isReset = (error as NodeJS.ErrnoException).code === 'ECONNRESET';
      const Situation = reusedConnection && isReset ? ClosedWhileIdleError : ConnectionError;
      // Errors of TLS carry the peer's whole certificate, pages of it in a log.
      return new Situation(`${describe(request)}: ${messageOf(error)}`, 'cert' in error ? {} : { cause: error });
    },
    stopTimer: () => timer.cancel(),
    release() {
      timer.cancel();
      signal?.removeEventListener('abort', onAbort);
    },
  };
}

export function describe(request: Call): string {
  return `${request.method} ${request.path.replace(/\?.*$/, '')}`;
}
