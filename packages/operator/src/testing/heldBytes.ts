/** What a structure holds in memory, as V8 counts it. */
import { getHeapStatistics, setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

/** Bytes that are held after `make` was called so many times: by what it gave, and by what it left elsewhere. */
export const heldBytes = (count: number, make: () => unknown): number => {
  collect();
  const before = getHeapStatistics().used_heap_size;
  const held = Array.from({ length: count }, make);
  collect();
  const bytes = getHeapStatistics().used_heap_size - before;
  // Used once more, so that it is still there when it is measured.
  if (held.length !== count) throw new Error('nothing was measured');
  return bytes;
};
