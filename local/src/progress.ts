/** Tells whoever waits what is being done and how long it took. */

export interface Progress {
  /** Runs `work` and reports its title, at intervals that it still runs, and its duration. */
  step<T>(title: string, work: () => Promise<T>): Promise<T>;
  /** Reports something that took no time worth telling. */
  note(text: string): void;
}

const stillRunningIntervalMs = 15_000;

/** A duration as one says it: `0.4 s`, `12 s`, `4 min 3 s`. */
export function formatDuration(durationMs: number): string {
  if (durationMs < 10_000) return `${(durationMs / 1000).toFixed(1)} s`;
  const seconds = Math.round(durationMs / 1000);
  return seconds < 60 ? `${seconds} s` : `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
}

/** Progress as lines. `now` is in milliseconds and need only be monotonic. */
export function linesProgress(print: (line: string) => void, now: () => number = () => performance.now()): Progress {
  return {
    note: (text) => print(`  ${text}`),
    step: async (title, work) => {
      const start = now();
      let announced = false;
      const timer = setInterval(() => {
        announced = true;
        print(`  … ${title}: running for ${formatDuration(now() - start)}`);
      }, stillRunningIntervalMs);
      // What ends at once is told in one line; what does not is told when it starts to be a wait.
      const announce = setTimeout(() => {
        announced = true;
        print(`  … ${title}`);
      }, 1000);
      try {
        const result = await work();
        print(`  ✓ ${title} (${formatDuration(now() - start)})`);
        return result;
      } catch (error) {
        if (announced) print(`  ✗ ${title} (${formatDuration(now() - start)})`);
        throw error;
      } finally {
        clearInterval(timer);
        clearTimeout(announce);
      }
    },
  };
}

/** Progress that nobody hears of. */
export const silentProgress: Progress = { note: () => undefined, step: (_title, work) => work() };
