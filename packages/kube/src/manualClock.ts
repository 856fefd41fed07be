/** A clock that stands still until told to move: time for tests. */
import type { Clock } from './clock.ts';

export interface ManualClock extends Clock {
  /** Timers that have not fired. */
  readonly pending: number;
  /** Milliseconds until the next timer; undefined without one. */
  readonly nextDelayMs: number | undefined;
  /** Moves on, firing timers at their times and in their order. Promises that they settle run after this returns. */
  advance(ms: number): void;
  /** Moves on to the next timer and fires it. @throws Error if there is none. */
  fireNext(): void;
}

export function createManualClock(startMs = Date.parse('2026-01-01T00:00:00Z')): ManualClock {
  let nowMs = 0;
  let sequence = 0;
  const timers = new Map<number, { readonly at: number; readonly call: () => void }>();

  function next(): { readonly id: number; readonly at: number; readonly call: () => void } | undefined {
    let found: { readonly id: number; readonly at: number; readonly call: () => void } | undefined;
    for (const [id, timer] of timers) if (found === undefined || timer.at < found.at) found = { id, ...timer };
    return found;
  }

  return {
    now: () => startMs + nowMs,
    elapsed: () => nowMs,
    after(delayMs, call) {
      sequence += 1;
      const id = sequence;
      timers.set(id, { at: nowMs + Math.max(delayMs, 0), call });
      return { cancel: () => void timers.delete(id) };
    },
    get pending() {
      return timers.size;
    },
    get nextDelayMs() {
      const timer = next();
      return timer === undefined ? undefined : timer.at - nowMs;
    },
    advance(ms) {
      const until = nowMs + ms;
      for (let timer = next(); timer !== undefined && timer.at <= until; timer = next()) {
        timers.delete(timer.id);
        nowMs = Math.max(nowMs, timer.at);
        timer.call();
      }
      nowMs = until;
    },
    fireNext() {
      const timer = next();
      if (timer === undefined) throw new Error('no timer is set');
      timers.delete(timer.id);
      nowMs = Math.max(nowMs, timer.at);
      timer.call();
    },
  };
}
