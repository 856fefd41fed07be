import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Client } from './client.ts';
import { apiErrorOf, ConnectionError } from './errors.ts';
import { createEventRecorder } from './events.ts';
import type { EventMessage } from './events.ts';
import { createManualClock } from './manualClock.ts';
import type { KubernetesObject } from './objects.ts';

interface StoredEvent {
  readonly metadata: { readonly name: string; readonly namespace: string };
  readonly involvedObject: { readonly kind: string; readonly name: string; readonly uid: string };
  readonly type: string;
  readonly reason: string;
  readonly message: string;
  readonly count: number;
  readonly source: { readonly component: string };
  readonly firstTimestamp: string;
  readonly lastTimestamp: string;
}

const object: KubernetesObject = { apiVersion: 'v1', kind: 'Pod', metadata: { namespace: 'n', name: 'a', uid: 'u', resourceVersion: '1' } };
const started: EventMessage = { type: 'Normal', reason: 'Started', message: 'it runs' };

function setUp() {
  const events = new Map<string, StoredEvent>();
  const dropped: string[] = [];
  const clock = createManualClock();
  const state = { writes: 0, down: false };
  const fail = (): void => {
    state.writes += 1;
    if (state.down) throw new ConnectionError('down');
  };
  const client = {
    // oxlint-disable-next-line typescript/require-await
    async create(_: unknown, event: StoredEvent) {
      fail();
      events.set(event.metadata.name, event);
    },
    // oxlint-disable-next-line typescript/require-await
    async patch(_: unknown, ref: { readonly name: string }, patch: { readonly body: object }) {
      fail();
      const event = events.get(ref.name);
      if (event === undefined) throw apiErrorOf({ httpStatus: 404, status: { reason: 'NotFound' } });
      events.set(ref.name, { ...event, ...patch.body });
    },
  } as unknown as Pick<Client, 'create' | 'patch'>;
  const recorder = createEventRecorder({
    client,
    component: 'controller',
    instance: 'pod-1',
    clock,
    onDropped: (reason, event) => dropped.push(`${event.reason}: ${reason}`),
  });
  return { recorder, events, dropped, clock, state };
}

test('events: an event shows its object, source and times', async () => {
  const { recorder, events } = setUp();
  recorder.record(object, started);
  await recorder.flush();
  const [event] = events.values();
  assert.ok(event !== undefined);
  assert.deepEqual(event.involvedObject, { apiVersion: 'v1', kind: 'Pod', namespace: 'n', name: 'a', uid: 'u', resourceVersion: '1' });
  assert.deepEqual([event.type, event.reason, event.message, event.count], ['Normal', 'Started', 'it runs', 1]);
  assert.deepEqual([event.source, event.firstTimestamp], [{ component: 'controller' }, '2026-01-01T00:00:00Z']);
  assert.match(event.metadata.name, /^a\.[0-9a-f]{16}$/);
});

test('events: the same event again raises the count, and keeps its first time', async () => {
  const { recorder, events, clock } = setUp();
  recorder.record(object, started);
  await recorder.flush();
  clock.advance(60_000);
  recorder.record(object, started);
  await recorder.flush();
  assert.deepEqual(
    [...events.values()].map(({ count, firstTimestamp, lastTimestamp }) => [count, firstTimestamp, lastTimestamp]),
    [[2, '2026-01-01T00:00:00Z', '2026-01-01T00:01:00Z']],
  );
});

test('events: what comes while it waits to be written is counted and not written again', async () => {
  const { recorder, events, state } = setUp();
  recorder.record(object, { ...started, message: 'other' });
  for (let time = 0; time < 5; time += 1) recorder.record(object, started);
  await recorder.flush();
  assert.equal(state.writes, 2);
  assert.equal([...events.values()].find(({ message }) => message === 'it runs')?.count, 5);
});

test('events: an event that the server has forgotten is written anew', async () => {
  const { recorder, events } = setUp();
  recorder.record(object, started);
  await recorder.flush();
  events.clear();
  recorder.record(object, started);
  await recorder.flush();
  assert.deepEqual(
    [...events.values()].map(({ count }) => count),
    [1],
  );
});

test('events: many messages for one reason become one event', async () => {
  const { recorder, events } = setUp();
  for (let number = 0; number < 20; number += 1) {
    recorder.record(object, { ...started, message: `message ${number}` });
    await recorder.flush();
  }
  assert.equal(events.size, 11);
  const rest = [...events.values()].at(-1);
  assert.deepEqual([rest?.message, rest?.count], ['(more events with this reason and other messages)', 10]);
});

test('events: an object that has too much to say of one thing is throttled, not of another, and no other object is', async () => {
  const { recorder, dropped, state, clock } = setUp();
  const say = async (event: EventMessage, about = object): Promise<void> => {
    recorder.record(about, event);
    await recorder.flush();
  };
  for (let number = 0; number < 30; number += 1) await say(started);
  assert.deepEqual([state.writes, dropped.length], [25, 5]);
  await say({ ...started, reason: 'SwitchedOver' });
  await say(started, { ...object, metadata: { ...object.metadata, uid: 'another' } });
  assert.equal(state.writes, 27);
  clock.advance(300_000);
  await say(started);
  assert.equal(state.writes, 28);
});

test('events: a server that cannot be reached disturbs nobody', async () => {
  const { recorder, dropped, state } = setUp();
  state.down = true;
  recorder.record(object, started);
  await recorder.flush();
  assert.deepEqual(dropped, ['Started: down']);
});

test('events: a long message is cut between characters', async () => {
  const { recorder, events } = setUp();
  recorder.record(object, { ...started, message: `x${'ü'.repeat(1000)}` });
  await recorder.flush();
  const message = [...events.values()][0]?.message ?? '';
  assert.ok(Buffer.byteLength(message) <= 1024);
  assert.match(message, /^xü+…$/);
});

test('events: an event about a cluster-scoped object is in the default namespace', async () => {
  const { recorder, events } = setUp();
  recorder.record({ apiVersion: 'v1', kind: 'Node', metadata: { name: 'x' } }, started);
  await recorder.flush();
  assert.equal([...events.values()][0]?.metadata.namespace, 'default');
});

test('events: a closed recorder has written what it had, and takes nothing more', async () => {
  const { recorder, dropped, state, clock } = setUp();
  recorder.record(object, started);
  await recorder[Symbol.asyncDispose]();
  recorder.record(object, started);
  assert.deepEqual([state.writes, dropped, clock.pending], [1, ['Started: the recorder is closed'], 0]);
});
