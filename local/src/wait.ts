/** Waiting for a state, with a limit and a message that shows what was seen. */
import { setTimeout as delay } from 'node:timers/promises';
import { WaitTimedOut } from './errors.ts';

/** What a look at the awaited thing found: done with a value, or not yet, in words. */
export type Look<T> = { readonly done: true; readonly value: T } | { readonly done: false; readonly seen: string };

/**
 * Looks again and again until the look is done.
 * @param what The awaited event as a sentence's subject, as in "node-1 becoming Ready".
 * @throws WaitTimedOut with what the last look saw; errors of the look itself end the wait at once.
 */
export async function waitFor<T>(what: string, timeoutMs: number, look: () => Look<T> | Promise<Look<T>>, intervalMs = 50): Promise<T> {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    const result = await look();
    if (result.done) return result.value;
    if (performance.now() > deadline) throw new WaitTimedOut(what, timeoutMs, result.seen);
    await delay(intervalMs);
  }
}
