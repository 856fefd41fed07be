/** How long to wait before something that failed is tried again. */

const longestMs = 5 * 60_000;

/** After the nth failure in a row 2^n seconds, five minutes at most. Times in milliseconds since 1970. */
export const retryAtMs = (failedAtMs: number, attempts: number): number =>
  failedAtMs + Math.min(longestMs, 1000 * 2 ** Math.min(attempts, 20));
