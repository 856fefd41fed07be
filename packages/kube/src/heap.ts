/** A binary heap whose entries know their place, so that one in the middle can be taken out at once. */

export interface HeapEntry {
  /** Sorts first if smallest. Must not change while the entry is in a heap. */
  readonly at: number;
  /** Place in the heap, kept by it; -1 outside. */
  place: number;
}

export interface Heap<E extends HeapEntry> {
  readonly size: number;
  /** The entry with the smallest `at`. */
  peek(): E | undefined;
  push(entry: E): void;
  pop(): E | undefined;
  /** Takes the entry out if it is in. */
  remove(entry: E): void;
  clear(): void;
}

export function createHeap<E extends HeapEntry>(): Heap<E> {
  let entries: E[] = [];

  function put(entry: E, place: number): void {
    entries[place] = entry;
    entry.place = place;
  }

  function up(entry: E): void {
    let { place } = entry;
    while (place > 0) {
      const parentPlace = (place - 1) >> 1;
      const parent = entries[parentPlace];
      if (parent === undefined || parent.at <= entry.at) break;
      put(parent, place);
      place = parentPlace;
    }
    put(entry, place);
  }

  function down(entry: E): void {
    let { place } = entry;
    for (;;) {
      const left = entries[2 * place + 1];
      const right = entries[2 * place + 2];
      const child = right !== undefined && left !== undefined && right.at < left.at ? right : left;
      if (child === undefined || child.at >= entry.at) break;
      const childPlace = child.place;
      put(child, place);
      place = childPlace;
    }
    put(entry, place);
  }

  function remove(entry: E): void {
    const { place } = entry;
    if (place < 0) return;
    const last = entries.pop();
    entry.place = -1;
    if (last === undefined || last === entry) return;
    put(last, place);
    up(last);
    down(last);
  }

  return {
    get size() {
      return entries.length;
    },
    peek: () => entries[0],
    push(entry) {
      put(entry, entries.length);
      up(entry);
    },
    pop() {
      const first = entries[0];
      if (first !== undefined) remove(first);
      return first;
    },
    remove,
    clear() {
      for (const entry of entries) entry.place = -1;
      entries = [];
    },
  };
}
