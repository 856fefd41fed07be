/** Waiting for a state in tests, with a limit and a message. */
import { setTimeout as wait } from 'node:timers/promises';

/** Asks until `condition` gives something other than false or undefined, and returns that. @throws {Error} that says what was waited for. */
export async function eventually<T>(
  what: string,
  condition: () => T | false | undefined | Promise<T | false | undefined>,
  limitMs = 10_000,
): Promise<T> {
  const until = performance.now() + limitMs;
  for (;;) {
    const result = await condition();
    if (result !== false && result !== undefined) return result;
    if (performance.now() > until) throw new Error(`waited ${limitMs} ms for: ${what}`);
    await wait(10);
  }
}
