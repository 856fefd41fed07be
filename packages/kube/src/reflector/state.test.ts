import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { initialState, silenceLimitMs, transition } from './state.ts';
import type { Effect, History, ReflectorEvent, ReflectorState, Transition } from './state.ts';

type StateKind = ReflectorState['kind'];
type EventKind = ReflectorEvent['kind'];

const history: History = { failures: 0, lastFailureAt: Number.NEGATIVE_INFINITY, streamingRefused: false };
const context = { nowMs: 1_000_000, random: 0 };

const states: Readonly<Record<StateKind, ReflectorState>> = {
  idle: initialState,
  streaming: { kind: 'streaming', history },
  listing: { kind: 'listing', history, paged: true },
  watching: { kind: 'watching', history, resourceVersion: '5', openedAt: 0, bookmarks: false },
  waiting: { kind: 'waiting', history, next: { kind: 'watch', resourceVersion: '5' } },
  stopped: { kind: 'stopped' },
};

const events: Readonly<Record<EventKind, ReflectorEvent>> = {
  start: { kind: 'start' },
  change: { kind: 'change', resourceVersion: '8' },
  bookmark: { kind: 'bookmark', resourceVersion: '8' },
  initialEventsEnd: { kind: 'initialEventsEnd', resourceVersion: '8' },
  page: { kind: 'page', resourceVersion: '8', token: undefined },
  ended: { kind: 'ended' },
  expired: { kind: 'expired' },
  refused: { kind: 'refused' },
  failed: { kind: 'failed' },
  silent: { kind: 'silent' },
  timer: { kind: 'timer' },
  stop: { kind: 'stop' },
};

/** The next state, what is done with what came, and what is started; `wait(X)` is started after a delay. */
type Cell = readonly [next: StateKind, effects: readonly Effect['kind'][], started: string];

/** Nothing happens. */
const same = 'same';

/** The table of SPEC.md. A missing cell does not compile. */
const table: Readonly<Record<StateKind, Readonly<Record<EventKind, Cell | typeof same>>>> = {
  idle: {
    start: ['streaming', [], 'stream'],
    change: same,
    bookmark: same,
    initialEventsEnd: same,
    page: same,
    ended: same,
    expired: same,
    refused: same,
    failed: same,
    silent: same,
    timer: same,
    stop: ['stopped', [], 'nothing'],
  },
  streaming: {
    start: same,
    change: ['streaming', ['collect'], ''],
    bookmark: same,
    initialEventsEnd: ['watching', ['replace'], ''],
    page: same,
    ended: ['waiting', [], 'wait(stream)'],
    expired: ['waiting', [], 'wait(stream)'],
    refused: ['listing', [], 'list in pages'],
    failed: ['waiting', [], 'wait(stream)'],
    silent: ['waiting', [], 'wait(list in pages)'],
    timer: same,
    stop: ['stopped', [], 'nothing'],
  },
  listing: {
    start: same,
    change: same,
    bookmark: same,
    initialEventsEnd: same,
    page: ['watching', ['collect', 'replace'], 'watch from 8'],
    ended: same,
    expired: ['listing', [], 'list'],
    refused: ['waiting', [], 'wait(stream)'],
    failed: ['waiting', [], 'wait(stream)'],
    silent: same,
    timer: same,
    stop: ['stopped', [], 'nothing'],
  },
  watching: {
    start: same,
    change: ['watching', ['update'], ''],
    bookmark: ['watching', ['advance'], ''],
    initialEventsEnd: ['watching', ['advance'], ''],
    page: same,
    ended: ['watching', [], 'watch from 5'],
    expired: ['waiting', [], 'wait(stream)'],
    refused: ['waiting', [], 'wait(stream)'],
    failed: ['waiting', [], 'wait(watch from 5)'],
    silent: ['waiting', [], 'wait(watch from 5)'],
    timer: same,
    stop: ['stopped', [], 'nothing'],
  },
  waiting: {
    start: same,
    change: same,
    bookmark: same,
    initialEventsEnd: same,
    page: same,
    ended: same,
    expired: same,
    refused: same,
    failed: same,
    silent: same,
    timer: ['watching', [], 'watch from 5'],
    stop: ['stopped', [], 'nothing'],
  },
  stopped: {
    start: same,
    change: same,
    bookmark: same,
    initialEventsEnd: same,
    page: same,
    ended: same,
    expired: same,
    refused: same,
    failed: same,
    silent: same,
    timer: same,
    stop: same,
  },
};

type Started = NonNullable<Transition['activity']>;

function describe(activity: Started | undefined, state: ReflectorState): string {
  switch (activity?.kind) {
    case undefined:
      return '';
    case 'stream':
    case 'nothing':
      return activity.kind;
    case 'list':
      return `list${activity.paged ? ' in pages' : ''}${activity.token === undefined ? '' : ` ${activity.token}`}`;
    case 'watch':
      return `watch from ${activity.resourceVersion}`;
    case 'wait':
      return `wait(${state.kind === 'waiting' ? describe(state.next, state) : 'for nothing'})`;
    default:
      return activity satisfies never;
  }
}

for (const [stateKind, row] of Object.entries(table) as [StateKind, (typeof table)[StateKind]][])
  for (const [eventKind, cell] of Object.entries(row) as [EventKind, Cell | typeof same][])
    test(`reflector: ${stateKind} meets ${eventKind}`, () => {
      const state = states[stateKind];
      const next = transition(state, events[eventKind], context);
      if (cell === same) assert.deepEqual(next, { state, effects: [] });
      else assert.deepEqual([next.state.kind, next.effects.map(({ kind }) => kind), describe(next.activity, next.state)], cell);
    });

test('reflector: a page that is not the last leads to the next one', () => {
  const next = transition(states.listing, { kind: 'page', resourceVersion: '8', token: 't' }, context);
  assert.deepEqual([next.state, next.effects], [states.listing, [{ kind: 'collect' }]]);
  assert.equal(describe(next.activity, next.state), 'list in pages t');
});

test('reflector: a list without pages that expires starts again after a delay', () => {
  const next = transition({ kind: 'listing', history, paged: false }, events.expired, context);
  assert.equal(describe(next.activity, next.state), 'wait(stream)');
});

test('reflector: a server that refused WatchList is not asked again', () => {
  const listing = transition(states.streaming, events.refused, context).state;
  const watching = transition(listing, events.page, context).state;
  const waiting = transition(watching, events.expired, context);
  assert.equal(describe(waiting.activity, waiting.state), 'wait(list in pages)');
});

test('reflector: where a WatchList fails again and again, a list is tried', () => {
  const troubled: History = { ...history, failures: 3, lastFailureAt: context.nowMs };
  const next = transition({ kind: 'streaming', history: troubled }, events.failed, context);
  assert.equal(describe(next.activity, next.state), 'wait(list in pages)');
});

test('reflector: a watch that ends within a second is not reopened at once', () => {
  const state: ReflectorState = { kind: 'watching', history, resourceVersion: '5', openedAt: context.nowMs - 999, bookmarks: true };
  const next = transition(state, events.ended, context);
  assert.equal(describe(next.activity, next.state), 'wait(watch from 5)');
});

test('reflector: silence is measured by what is open', () => {
  assert.equal(silenceLimitMs(states.streaming), 60_000);
  assert.equal(silenceLimitMs(transition(states.watching, events.bookmark, context).state), 120_000);
  assert.equal(silenceLimitMs(states.watching), 660_000);
  for (const kind of ['idle', 'listing', 'waiting', 'stopped'] as const) assert.equal(silenceLimitMs(states[kind]), undefined);
});

test('reflector: I6 delays double up to 30 s, and start again after two minutes without a failure', () => {
  const delays: number[] = [];
  let state: ReflectorState = states.watching;
  let nowMs = 0;
  for (let failure = 0; failure < 11; failure += 1) {
    if (failure === 10) nowMs += 120_000;
    const next: Transition = transition(state, events.failed, { nowMs, random: 0 });
    const delayMs = next.activity?.kind === 'wait' ? next.activity.delayMs : -1;
    delays.push(delayMs);
    nowMs += delayMs;
    state = transition(next.state, events.timer, { nowMs, random: 0 }).state;
  }
  assert.deepEqual(delays, [100, 200, 400, 800, 1600, 3200, 6400, 12800, 25600, 30000, 100]);
});

test('reflector: I6 a delay is never less than the server asked for, and jitter at most doubles it', () => {
  const asked = transition(states.watching, { kind: 'failed', retryAfterMs: 5000 }, context);
  assert.deepEqual(asked.activity, { kind: 'wait', delayMs: 5000 });
  const jittered = transition(states.watching, events.failed, { ...context, random: 0.999 });
  assert.equal(jittered.activity?.kind === 'wait' && Math.round(jittered.activity.delayMs), 200);
});

const anyEvent: fc.Arbitrary<ReflectorEvent> = fc.oneof(
  fc.constantFrom(...Object.values(events).filter(({ kind }) => kind !== 'stop')),
  fc.record({ kind: fc.constant('page' as const), resourceVersion: fc.constant('9'), token: fc.constantFrom('t', undefined) }),
);

/** Every state that the events lead to, from the start. */
function run(
  sequence: readonly (readonly [ReflectorEvent, number])[],
): readonly (Transition & { readonly event: ReflectorEvent; readonly before: ReflectorState })[] {
  let state: ReflectorState = initialState;
  let nowMs = 0;
  return ([[events.start, 0], ...sequence] as const).map(([event, passedMs]) => {
    nowMs += passedMs;
    const before = state;
    const next = transition(state, event, { nowMs, random: 0.5 });
    state = next.state;
    return { ...next, event, before };
  });
}

const sequences = fc.array(fc.tuple(anyEvent, fc.constantFrom(0, 500, 5000, 200_000)), { maxLength: 60 });

test('reflector: I1 and I3 what is open always fits the state', () => {
  fc.assert(
    fc.property(sequences, (sequence) => {
      let open: Started | undefined;
      for (const { state, activity } of run(sequence)) {
        open = activity ?? open;
        const expected = {
          idle: undefined,
          streaming: 'stream',
          listing: 'list',
          watching: 'watch',
          waiting: 'wait',
          stopped: 'nothing',
        } as const;
        // A WatchList goes on as the watch.
        const kind = state.kind === 'watching' && open?.kind === 'stream' ? 'watch' : open?.kind;
        assert.equal(kind, expected[state.kind]);
        if (activity?.kind === 'watch') {
          assert.notEqual(activity.resourceVersion, '');
          assert.equal(state.kind === 'watching' && state.resourceVersion, activity.resourceVersion);
        }
      }
    }),
  );
});

test('reflector: I2 the copy is replaced only at the end of a WatchList or of a list', () => {
  fc.assert(
    fc.property(sequences, (sequence) => {
      for (const { event, before, effects } of run(sequence)) {
        if (!effects.some(({ kind }) => kind === 'replace')) continue;
        const isEndOfStream = before.kind === 'streaming' && event.kind === 'initialEventsEnd';
        const isEndOfList = before.kind === 'listing' && event.kind === 'page' && event.token === undefined;
        assert.ok(isEndOfStream || isEndOfList);
      }
    }),
  );
});

test('reflector: I5 a stopped reflector stays stopped', () => {
  fc.assert(
    fc.property(sequences, (sequence) => {
      const last = run([...sequence, [events.stop, 0], ...sequence]).at(-1);
      assert.equal(last?.state.kind, 'stopped');
    }),
  );
});

test('reflector: I7 without a delay or anything new, at most three requests are opened', () => {
  fc.assert(
    fc.property(sequences, (sequence) => {
      let opened = 0;
      for (const { event, activity } of run(sequence.map(([event]) => [event, 0]))) {
        if (activity?.kind === 'wait' || ['change', 'bookmark', 'initialEventsEnd', 'page'].includes(event.kind)) opened = 0;
        else if (activity !== undefined && event.kind !== 'timer') opened += 1;
        assert.ok(opened <= 3, `${opened} requests`);
      }
    }),
  );
});
