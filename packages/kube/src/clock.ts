/** Time as an argument, so that tests decide when it passes. */

export interface Timer {
  /** Nothing happens if it has fired or was cancelled. */
  cancel(): void;
}

export interface Clock {
  /** Milliseconds since the epoch; may jump. For times that others read. */
  now(): number;
  /** Milliseconds since an arbitrary moment; never jumps. For durations. */
  elapsed(): number;
  /** Calls once after at least `delayMs`. Keeps the process alive until then: whoever owns the timer cancels it. */
  after(delayMs: number, call: () => void): Timer;
}

/** setTimeout fires at once for delays above this. */
const longestDelayMs = 2 ** 31 - 1;

export const systemClock: Clock = {
  now: () => Date.now(),
  elapsed: () => performance.now(),
  after(delayMs, call) {
    const timer = setTimeout(call, Math.min(Math.max(delayMs, 0), longestDelayMs));
    return { cancel: () => clearTimeout(timer) };
  },
};

/** Resolves after `delayMs`; rejects with the signal's reason when it aborts first. */
export function sleep(clock: Clock, delayMs: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted === true) {
      reject(reasonOf(signal));
      return;
    }
    const onAbort = () => {
      timer.cancel();
      reject(reasonOf(signal));
    };
    const timer = clock.after(delayMs, () => {
      signal?.removeEventListener('abort', onAbort);
      resolve();
    });
    signal?.addEventListener('abort', onAbort, { once: true });
  });
}

/** The reason of an aborted signal as an Error. */
export function reasonOf(signal: AbortSignal | undefined): Error {
  const reason: unknown = signal?.reason;
  return reason instanceof Error ? reason : new Error(`aborted: ${String(reason)}`, { cause: reason });
}

/** Settles as `promise`, or rejects with the signal's reason if that comes first. The promise goes on, and its rejection is then nobody's. */
export function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const onAbort = (): void => reject(reasonOf(signal));
    if (signal.aborted) onAbort();
    else signal.addEventListener('abort', onAbort, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort));
  });
}
