import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createController, PassTimeoutError, TerminalError } from './controller.ts';
import type { ControllerOptions, PassObservation } from './controller.ts';
import { apiErrorOf } from './errors.ts';
import { createManualClock } from './manualClock.ts';
import { settle, until } from './testSupport.ts';

function start(reconcile: ControllerOptions['reconcile'], options: Partial<ControllerOptions> = {}) {
  const clock = createManualClock();
  const passes: PassObservation[] = [];
  const abandoned: string[] = [];
  const stop = new AbortController();
  const controller = createController({
    name: 'test',
    reconcile,
    clock,
    onPass: (pass) => passes.push(pass),
    onAbandoned: (key) => abandoned.push(key),
    ...options,
  });
  const running = controller.run(stop.signal);
  return {
    clock,
    controller,
    queue: controller.queue,
    passes,
    abandoned,
    async stop() {
      stop.abort(new Error('stopped'));
      await running;
    },
    stopSignal: stop,
    running,
  };
}

test('controller: a pass that succeeds is done', async () => {
  const harness = start(() => Promise.resolve(undefined));
  harness.queue.add('a', 'low');
  await until(
    () => harness.passes.length === 1,
    () => harness.passes,
  );
  assert.deepEqual(harness.passes, [{ key: 'a', priority: 'low', outcome: 'success', durationMs: 0, error: undefined, failures: 0 }]);
  await harness.stop();
});

test('controller: a pass that asks to look again is run again at that time', async () => {
  let count = 0;
  const harness = start(() => Promise.resolve((count += 1) === 1 ? { requeueAfterMs: 1000 } : undefined));
  harness.queue.add('a');
  await settle();
  harness.clock.advance(999);
  await settle();
  assert.equal(count, 1);
  harness.clock.advance(1);
  await settle();
  assert.equal(count, 2);
  assert.deepEqual(
    harness.passes.map(({ outcome }) => outcome),
    ['requeue_after', 'success'],
  );
  await harness.stop();
});

test('controller: a pass that throws, at once or later, comes back with its backoff', async () => {
  let count = 0;
  const harness = start(() => {
    count += 1;
    if (count === 1) throw new Error('at once');
    return count === 2 ? Promise.reject(new Error('later')) : Promise.resolve(undefined);
  });
  harness.queue.add('a');
  await settle();
  assert.equal(harness.clock.nextDelayMs, 5);
  harness.clock.advance(5);
  await settle();
  assert.equal(harness.clock.nextDelayMs, 10);
  harness.clock.advance(10);
  await settle();
  assert.deepEqual(
    harness.passes.map(({ error, failures }) => [error?.message, failures]),
    [
      ['at once', 1],
      ['later', 2],
      [undefined, 0],
    ],
  );
  await harness.stop();
});

test('controller: a server that asks for patience gets it', async () => {
  const refusal = apiErrorOf({ httpStatus: 429, status: { message: 'slowly' }, retryAfterMs: 7000 });
  const harness = start(() => Promise.reject(refusal));
  harness.queue.add('a');
  await settle();
  assert.equal(harness.clock.nextDelayMs, 7000);
  await harness.stop();
});

test('controller: a terminal error waits for a change', async () => {
  const harness = start(() => Promise.reject(new TerminalError('the manifest is wrong')));
  harness.queue.add('a');
  await settle();
  assert.equal(harness.passes.length, 1);
  assert.equal(harness.queue.waiting, 0);
  harness.queue.add('a');
  await settle();
  assert.equal(harness.passes.length, 2);
  await harness.stop();
});

test('controller: no more passes at a time than allowed', async () => {
  const open: (() => void)[] = [];
  const harness = start(() => new Promise((resolve) => open.push(() => resolve(undefined))), { maxConcurrent: 2 });
  for (const key of ['a', 'b', 'c']) harness.queue.add(key);
  await settle();
  assert.equal(harness.controller.active, 2);
  open[0]?.();
  await settle();
  assert.equal(open.length, 3);
  for (const end of open) end();
  await harness.stop();
});

test('controller: a pass that takes too long is aborted and retried', async () => {
  const harness = start(
    (_, signal) =>
      new Promise((_resolve, reject) => {
        signal.addEventListener('abort', () => reject(signal.reason as Error));
      }),
    { timeoutMs: 1000 },
  );
  harness.queue.add('a');
  await settle();
  harness.clock.advance(1000);
  await settle();
  assert.ok(harness.passes[0]?.error instanceof PassTimeoutError);
  assert.equal(harness.queue.failures('a'), 1);
  assert.deepEqual(harness.abandoned, []);
  await harness.stop();
});

test('controller: a pass that does not listen gives its place to others, but its key to nobody', async () => {
  const deaf = Promise.withResolvers<undefined>();
  const run: string[] = [];
  const harness = start(
    (key) => {
      run.push(key);
      return key === 'deaf' ? deaf.promise : Promise.resolve(undefined);
    },
    { maxConcurrent: 1, timeoutMs: 1000, graceMs: 100 },
  );
  harness.queue.add('deaf');
  harness.queue.add('b');
  await settle();
  assert.deepEqual(run, ['deaf']);
  harness.clock.advance(1100);
  await settle();
  harness.queue.add('deaf');
  await settle();
  assert.deepEqual(run, ['deaf', 'b']);
  assert.deepEqual(harness.abandoned, ['deaf']);
  deaf.resolve(undefined);
  await settle();
  assert.deepEqual(run, ['deaf', 'b', 'deaf']);
  await harness.stop();
});

test('controller: stopping aborts the passes under way and waits for them', async () => {
  const reasons: unknown[] = [];
  const end = Promise.withResolvers<undefined>();
  const harness = start((_, signal) => {
    signal.addEventListener('abort', () => reasons.push(signal.reason));
    return end.promise;
  });
  harness.queue.add('a');
  await settle();
  let isStopped = false;
  const stopped = harness.stop().then(() => (isStopped = true));
  await settle();
  assert.deepEqual(reasons, [new Error('stopped')]);
  assert.equal(isStopped, false);
  end.resolve(undefined);
  await stopped;
  assert.equal(harness.clock.pending, 0);
});

test('controller: a signal that is aborted already runs nothing', async () => {
  const controller = createController({ name: 'test', reconcile: () => assert.fail('ran'), clock: createManualClock() });
  controller.queue.add('a');
  await controller.run(AbortSignal.abort(new Error('too late')));
});
