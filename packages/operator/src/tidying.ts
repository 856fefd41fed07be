/**
 * Gives memory back after a burst of work. What many passes throw away is collected by and by, and its room stays with the process, since V8 expects the
 * next burst; an operator is quiet for hours. So when it has been quiet for a while after a burst, it collects once, thoroughly. A few passes leave
 * little behind, and wait for more.
 *
 * Node has the means with `--expose-gc`, which the image sets; without it nothing happens here.
 */
import type { Clock, Timer } from '@pgherd/kube';

/** The collection takes some 50 ms with 100 clusters, and more with more: only when nobody waits, and only when it is worth it. */
const quietMs = 3_000;
/** Passes, since the last collection, that are worth one. */
const worthwhilePasses = 20;

export interface Tidying {
  /** A pass ended. */
  readonly worked: () => void;
  readonly [Symbol.dispose]: () => void;
}

export const newTidying = (clock: Clock, collect: () => void): Tidying => {
  let timer: Timer | undefined;
  let workedAt = 0;
  let passes = 0;
  const onTimer = (): void => {
    timer = undefined;
    const leftMs = workedAt + quietMs - clock.elapsed();
    if (leftMs > 0) {
      timer = clock.after(leftMs, onTimer);
      return;
    }
    passes = 0;
    collect();
  };
  return {
    worked: () => {
      workedAt = clock.elapsed();
      passes += 1;
      if (passes >= worthwhilePasses) timer ??= clock.after(quietMs, onTimer);
    },
    [Symbol.dispose]: () => timer?.cancel(),
  };
};

/** As thorough as V8 can: what it would do before it ran out of memory. */
export const collectThoroughly = (): void => {
  globalThis.gc?.({ type: 'major', execution: 'sync', flavor: 'last-resort' });
};
