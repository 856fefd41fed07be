import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { createHeap } from './heap.ts';
import { createManualClock } from './manualClock.ts';
import { createQueue } from './queue.ts';
import type { QueueObserver, QueueOptions, WorkQueue } from './queue.ts';
import { settle } from './testSupport.ts';

function setUp(options: Partial<QueueOptions> = {}) {
  const clock = createManualClock();
  return { clock, queue: createQueue({ clock, ...options }) };
}

/** Takes a key that must be ready. */
async function take(queue: WorkQueue): Promise<string> {
  assert.ok(queue.depth > 0, 'no key is ready');
  const taken = await queue.take();
  assert.ok(taken !== undefined);
  return taken.key;
}

test('queue: a key that is ready is not added twice', async () => {
  const { queue } = setUp();
  queue.add('a');
  queue.add('a');
  assert.equal(await take(queue), 'a');
  assert.equal(queue.depth, 0);
});

test('queue: high goes before low, each in its order', async () => {
  const { queue } = setUp();
  queue.add('low 1', 'low');
  queue.add('high 1');
  queue.add('low 2', 'low');
  queue.add('high 2');
  assert.deepEqual([await take(queue), await take(queue), await take(queue), await take(queue)], ['high 1', 'high 2', 'low 1', 'low 2']);
});

test('queue: a low key that is added with high priority moves up, and never back', async () => {
  const { queue } = setUp();
  queue.add('a', 'low');
  queue.add('b', 'low');
  queue.add('b', 'high');
  queue.add('b', 'low');
  assert.deepEqual(await queue.take(), { key: 'b', priority: 'high' });
});

test('queue: a key under work is handed to nobody else, and comes again if it was added meanwhile', async () => {
  const { queue } = setUp();
  queue.add('a');
  await take(queue);
  queue.add('a');
  queue.add('a', 'low');
  assert.equal(queue.depth, 0);
  queue.done('a');
  assert.deepEqual(await queue.take(), { key: 'a', priority: 'high' });
  queue.done('a');
  assert.equal(queue.depth, 0);
});

test('queue: a delayed key is ready at its time, the earliest of its times', () => {
  const { queue, clock } = setUp();
  queue.addAfter('a', 500);
  queue.addAfter('a', 100);
  queue.addAfter('a', 900);
  clock.advance(99);
  assert.equal(queue.depth, 0);
  clock.advance(1);
  assert.equal(queue.depth, 1);
  assert.equal(queue.waiting, 0);
});

test('queue: adding a delayed key makes it ready at once and takes the delay back', () => {
  const { queue, clock } = setUp();
  queue.addAfter('a', 500);
  queue.add('a');
  assert.deepEqual([queue.depth, queue.waiting, clock.pending], [1, 0, 0]);
});

test('queue: however many keys wait, one timer is set', () => {
  const { queue, clock } = setUp();
  for (let delay = 1000; delay > 0; delay -= 1) queue.addAfter(`key ${delay}`, delay);
  assert.equal(clock.pending, 1);
  clock.advance(500);
  assert.equal(queue.depth, 500);
  assert.equal(clock.pending, 1);
});

test('queue: a delay that ends while the key is under work makes it come again', async () => {
  const { queue, clock } = setUp();
  queue.add('a');
  await take(queue);
  queue.addAfter('a', 100);
  clock.advance(100);
  assert.equal(queue.depth, 0);
  queue.done('a');
  assert.equal(queue.depth, 1);
});

/** Delay until a failed key comes back. */
async function failOnce(queue: WorkQueue, clock: ReturnType<typeof createManualClock>, key: string, atLeastMs = 0): Promise<number> {
  queue.add(key);
  await take(queue);
  queue.retry(key, 'high', atLeastMs);
  queue.done(key);
  const delayMs = clock.nextDelayMs ?? 0;
  clock.advance(delayMs);
  assert.equal(await take(queue), key);
  queue.done(key);
  return delayMs;
}

test('queue: the delay doubles with each failure of a key up to the longest, and starts again after a success', async () => {
  const { queue, clock } = setUp({ backoff: { firstMs: 5, longestMs: 30 } });
  const delays = [];
  for (let failure = 0; failure < 5; failure += 1) delays.push(await failOnce(queue, clock, 'a'));
  assert.deepEqual(delays, [5, 10, 20, 30, 30]);
  assert.equal(queue.failures('a'), 5);
  queue.forget('a');
  assert.equal(await failOnce(queue, clock, 'a'), 5);
});

test('queue: the failures of one key do not delay another', async () => {
  const { queue, clock } = setUp();
  for (let failure = 0; failure < 10; failure += 1) await failOnce(queue, clock, 'a');
  assert.equal(await failOnce(queue, clock, 'b'), 5);
});

test('queue: a delay that the server asked for is the least', async () => {
  const { queue, clock } = setUp();
  assert.equal(await failOnce(queue, clock, 'a', 3000), 3000);
});

test('queue: failures of many keys come back within the budget', () => {
  const { queue, clock } = setUp({ retryBudget: { perSecond: 10, burst: 5 } });
  for (let key = 0; key < 25; key += 1) queue.retry(`key ${key}`);
  clock.advance(5);
  assert.equal(queue.depth, 5);
  clock.advance(1000);
  assert.equal(queue.depth, 15);
  clock.advance(1000);
  assert.equal(queue.depth, 25);
});

test('queue: whoever waits gets the next key, or nothing when the queue closes', async () => {
  const { queue } = setUp();
  const first = queue.take();
  const second = queue.take();
  queue.add('a');
  assert.equal((await first)?.key, 'a');
  const drained = queue.shutDown();
  assert.equal(await second, undefined);
  queue.done('a');
  await drained;
});

test('queue: whoever stops waiting loses no key', async () => {
  const { queue } = setUp();
  const controller = new AbortController();
  const left = queue.take(controller.signal);
  const stays = queue.take();
  controller.abort(new Error('enough'));
  await assert.rejects(left, /enough/);
  queue.add('a');
  assert.equal((await stays)?.key, 'a');
});

test('queue: closing waits for the keys under work, drops the others, and leaves no timer', async () => {
  const { queue, clock } = setUp();
  queue.add('a');
  await take(queue);
  queue.add('b');
  queue.addAfter('c', 100);
  let isDrained = false;
  const drained = queue.shutDown().then(() => (isDrained = true));
  await settle();
  assert.equal(isDrained, false);
  queue.done('a');
  await drained;
  queue.add('d');
  assert.deepEqual([queue.depth, queue.waiting, clock.pending, await queue.take()], [0, 0, 0, undefined]);
});

test('queue: done without take is a mistake', () => {
  assert.throws(() => setUp().queue.done('a'), /without take/);
});

test('queue: the observer sees depth, adds, waiting and working times, retries', async () => {
  const seen: string[] = [];
  const observer: QueueObserver = {
    added: (priority) => seen.push(`added ${priority}`),
    depth: (ready) => seen.push(`depth ${ready}`),
    taken: (ms) => seen.push(`taken after ${ms}`),
    done: (ms) => seen.push(`done after ${ms}`),
    retried: () => seen.push('retried'),
  };
  const { queue, clock } = setUp({ observer });
  queue.add('a', 'low');
  clock.advance(10);
  await take(queue);
  clock.advance(20);
  assert.deepEqual([queue.longestRunningMs, queue.unfinishedMs, queue.processing], [20, 20, 1]);
  queue.retry('a');
  queue.done('a');
  assert.deepEqual(seen, ['added low', 'depth 1', 'taken after 10', 'depth 0', 'retried', 'done after 20']);
});

/** What a queue promises, whatever is done to it: no key is lost, none is worked on twice at once. */
test('queue: every added key is worked on after it was added, and never twice at once', async () => {
  const step = fc.oneof(
    fc.record({ kind: fc.constantFrom('add', 'addAfter', 'retry'), key: fc.constantFrom('a', 'b', 'c'), ms: fc.nat(50) }),
    fc.record({ kind: fc.constantFrom('take', 'done', 'advance'), key: fc.constant(''), ms: fc.nat(50) }),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
      const { queue, clock } = setUp();
      /** Keys that somebody asked for and nobody has begun since. */
      const owed = new Set<string>();
      const working: string[] = [];
      async function begin(): Promise<void> {
        const key = await take(queue);
        assert.ok(!working.includes(key), `${key} is worked on twice at once`);
        working.push(key);
        owed.delete(key);
      }
      for (const { kind, key, ms } of steps) {
        if (kind === 'add') queue.add(key, ms % 2 === 0 ? 'high' : 'low');
        else if (kind === 'addAfter') queue.addAfter(key, ms);
        else if (kind === 'retry') queue.retry(key);
        else if (kind === 'take' && queue.depth > 0) await begin();
        else if (kind === 'done' && working[0] !== undefined) queue.done(working.shift() ?? '');
        else if (kind === 'advance') clock.advance(ms);
        if (key !== '') owed.add(key);
      }
      while (owed.size > 0) {
        clock.advance(1000);
        for (const key of working.splice(0)) queue.done(key);
        if (queue.depth === 0) assert.deepEqual([...owed], [], 'keys were lost');
        while (queue.depth > 0) await begin();
      }
    }),
  );
});

test('heap: entries come out in order, whatever was taken out of the middle', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(100)), fc.array(fc.nat(30)), (times, removals) => {
      const heap = createHeap<{ at: number; place: number }>();
      const entries = times.map((at) => ({ at, place: -1 }));
      for (const entry of entries) heap.push(entry);
      const removed = new Set(removals.flatMap((index) => entries[index] ?? []));
      for (const entry of removed) heap.remove(entry);
      const out: number[] = [];
      for (let entry = heap.pop(); entry !== undefined; entry = heap.pop()) out.push(entry.at);
      assert.deepEqual(
        out,
        entries
          .filter((entry) => !removed.has(entry))
          .map(({ at }) => at)
          .toSorted((left, right) => left - right),
      );
      assert.equal(heap.size, 0);
    }),
  );
});

const yielding = { toHigh: 2, forMs: 5000, atOnce: 1 };

test('queue: low keys are held back while high ones are processed, and go as soon as they are done', async () => {
  const { queue } = setUp({ yielding });
  queue.add('high 1');
  queue.add('high 2');
  queue.add('low', 'low');
  assert.deepEqual([await take(queue), await take(queue)], ['high 1', 'high 2']);
  const next = queue.take();
  await settle();
  assert.equal(queue.depth, 1, 'it is held back');
  queue.add('high 3');
  assert.equal((await next)?.key, 'high 3');
  const last = queue.take();
  queue.done('high 1');
  await settle();
  assert.equal(queue.depth, 1, 'two high ones are still processed');
  queue.done('high 2');
  assert.equal((await last)?.key, 'low');
});

test('queue: what has been held back for long enough goes, so many at a time', async () => {
  const { clock, queue } = setUp({ yielding });
  for (const key of ['high 1', 'high 2']) queue.add(key);
  await take(queue);
  await take(queue);
  queue.add('low 1', 'low');
  queue.add('low 2', 'low');
  const [first, second] = [queue.take(), queue.take()];
  clock.advance(4999);
  assert.equal(queue.depth, 2);
  clock.advance(1);
  assert.equal((await first)?.key, 'low 1');
  await settle();
  assert.equal(queue.depth, 1, 'one at a time');
  queue.done('low 1');
  assert.equal((await second)?.key, 'low 2');
});

test('queue: without a rule for it nothing is held back', async () => {
  const { queue } = setUp();
  for (const key of ['a', 'b', 'c']) queue.add(key);
  queue.add('low', 'low');
  assert.deepEqual([await take(queue), await take(queue), await take(queue), await take(queue)], ['a', 'b', 'c', 'low']);
});

test('queue: a shut-down queue waits for no patience', async () => {
  const { clock, queue } = setUp({ yielding });
  for (const key of ['high 1', 'high 2']) queue.add(key);
  await take(queue);
  await take(queue);
  queue.add('low', 'low');
  const next = queue.take();
  assert.equal(clock.pending, 1, 'the patience of the low one');
  const down = queue.shutDown();
  assert.equal(clock.pending, 0);
  assert.equal(await next, undefined);
  queue.done('high 1');
  queue.done('high 2');
  await down;
});
