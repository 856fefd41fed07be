/** Waiting for a state of the cluster, with a limit and a message that shows what was seen last. */
import { waitFor } from '../../local/src/wait.ts';

const intervalMs = 200;

/**
 * Looks until `look` throws no longer, and gives its value. A look says what is missing by what it throws (an assertion, most often), and that
 * is what a failure shows.
 *
 * @param what The awaited event as a sentence's subject, as in "hippo becoming Ready".
 */
export const eventually = async <T>(what: string, limitMs: number, look: () => Promise<T> | T): Promise<T> =>
  waitFor(
    what,
    limitMs,
    async () => {
      try {
        return { done: true, value: await look() };
      } catch (error) {
        return { done: false, seen: error instanceof Error ? error.message : String(error) };
      }
    },
    intervalMs,
  );
