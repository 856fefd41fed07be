import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Client } from './client.ts';
import { apiErrorOf, ConnectionError } from './errors.ts';
import { leadWhenElected, LeadershipLostError } from './lease.ts';
import type { ElectionOptions } from './lease.ts';
import { createManualClock } from './manualClock.ts';
import type { KubernetesObject } from './objects.ts';
import { settle } from './testSupport.ts';

interface StoredLease extends KubernetesObject {
  readonly spec: {
    readonly holderIdentity: string;
    readonly leaseTransitions: number;
    readonly leaseDurationSeconds: number;
    readonly renewTime: string;
  };
}

/** A server that holds one lease. */
function createLeaseServer() {
  let lease: StoredLease | undefined;
  let version = 0;
  const state = { down: false, loseReplies: 0, writes: 0 };

  function refuse(httpStatus: number, reason: string): never {
    throw apiErrorOf({ httpStatus, status: { reason } });
  }
  function store(object: unknown): StoredLease {
    version += 1;
    state.writes += 1;
    const next = object as StoredLease;
    lease = { ...next, metadata: { ...next.metadata, resourceVersion: String(version) } };
    if (state.loseReplies > 0) {
      state.loseReplies -= 1;
      throw new ConnectionError('reply lost');
    }
    return lease;
  }
  async function reach(): Promise<void> {
    await settle();
    if (state.down) throw new ConnectionError('down');
  }
  const client = {
    async get() {
      await reach();
      return lease ?? refuse(404, 'NotFound');
    },
    async create(_: unknown, object: unknown) {
      await reach();
      return lease === undefined ? store(object) : refuse(409, 'AlreadyExists');
    },
    async update(_: unknown, object: KubernetesObject) {
      await reach();
      if (lease === undefined) return refuse(404, 'NotFound');
      return object.metadata.resourceVersion === lease.metadata.resourceVersion ? store(object) : refuse(409, 'Conflict');
    },
  } as unknown as Pick<Client, 'get' | 'create' | 'update'>;
  return {
    client,
    state,
    get lease() {
      return lease;
    },
    /** Somebody else writes the lease. */
    seize(holderIdentity: string) {
      if (lease !== undefined) store({ ...lease, spec: { ...lease.spec, holderIdentity } });
    },
    remove() {
      lease = undefined;
    },
  };
}

type LeaseServer = ReturnType<typeof createLeaseServer>;
type ManualClock = ReturnType<typeof createManualClock>;

function candidate(server: LeaseServer, clock: ManualClock, identity: string, options: Partial<ElectionOptions> = {}) {
  const stop = new AbortController();
  const leaders: string[] = [];
  const events: string[] = [];
  const end = Promise.withResolvers<string>();
  let term: AbortSignal | undefined;
  const result = leadWhenElected(
    {
      client: server.client,
      namespace: 'n',
      name: 'l',
      identity,
      clock,
      random: () => 0,
      onLeader: (leader) => leaders.push(leader),
      ...options,
    },
    stop.signal,
    (signal) => {
      term = signal;
      events.push('leads');
      signal.addEventListener('abort', () => {
        events.push('aborted');
        // Winds down at once, unless a test lets it take time.
        if (!holdOn) end.resolve('ended');
      });
      return end.promise;
    },
  );
  result.catch(() => undefined);
  let holdOn = false;
  return {
    result,
    leaders,
    events,
    end,
    get leads() {
      return term !== undefined && !term.aborted;
    },
    takesTime() {
      holdOn = true;
    },
    stop: () => stop.abort(new Error('stopped')),
  };
}

/** Lets time pass in steps that are shorter than any period of the election. */
async function pass(clock: ManualClock, ms: number): Promise<void> {
  for (let passed = 0; passed < ms; passed += 500) {
    await settle();
    clock.advance(500);
    await settle();
    await settle();
    await settle();
  }
}

test('lease: the first candidate creates the lease and leads, the second waits', async () => {
  const server = createLeaseServer();
  const clock = createManualClock();
  const first = candidate(server, clock, 'first');
  await pass(clock, 1000);
  const second = candidate(server, clock, 'second');
  await pass(clock, 60_000);
  assert.deepEqual([first.leads, second.leads], [true, false]);
  assert.deepEqual(second.leaders, ['first']);
  assert.equal(server.lease?.spec.holderIdentity, 'first');
  assert.match(server.lease?.spec.renewTime ?? '', /^2026-01-01T00:0\d:\d\d\.\d{6}Z$/);
  second.stop();
  await assert.rejects(second.result, /stopped/);
  first.stop();
  assert.equal(await first.result, 'ended');
  assert.equal(clock.pending, 0);
});

test('lease: a leader that stops releases, and the next leads within one period', async () => {
  const server = createLeaseServer();
  const clock = createManualClock();
  const first = candidate(server, clock, 'first');
  await pass(clock, 1000);
  const second = candidate(server, clock, 'second');
  await pass(clock, 3000);
  first.stop();
  assert.equal(await first.result, 'ended');
  assert.equal(server.lease?.spec.holderIdentity, '');
  await pass(clock, 2500);
  assert.ok(second.leads);
  assert.equal(server.lease?.spec.leaseTransitions, 1);
  second.stop();
  await second.result;
});

test('lease: a leader that falls silent is replaced after the duration of its lease, and not before', async () => {
  const server = createLeaseServer();
  const clock = createManualClock();
  const first = candidate(server, clock, 'first');
  await pass(clock, 1000);
  server.seize('silent');
  await pass(clock, 2500);
  await assert.rejects(first.result, LeadershipLostError);
  const second = candidate(server, clock, 'second');
  await pass(clock, 14_500);
  assert.equal(second.leads, false);
  await pass(clock, 2_500);
  assert.equal(second.leads, true);
  second.stop();
  await second.result;
});

test('lease: a leader that cannot renew steps down before others may take over', async () => {
  const server = createLeaseServer();
  const clock = createManualClock();
  const first = candidate(server, clock, 'first');
  await pass(clock, 1000);
  server.state.down = true;
  await pass(clock, 9_000);
  assert.ok(first.leads);
  await pass(clock, 5_000);
  assert.deepEqual(first.events, ['leads', 'aborted']);
  await assert.rejects(first.result, LeadershipLostError);
  assert.equal(clock.pending, 0);
});

test('lease: a lease that another holds is lost at once', async () => {
  const server = createLeaseServer();
  const clock = createManualClock();
  const first = candidate(server, clock, 'first');
  await pass(clock, 1000);
  server.seize('thief');
  await pass(clock, 2500);
  await assert.rejects(first.result, /lease n\/l was taken by thief/);
  assert.equal(server.lease?.spec.holderIdentity, 'thief');
});

test('lease: a renewal whose reply is lost loses nothing', async () => {
  const server = createLeaseServer();
  const clock = createManualClock();
  const first = candidate(server, clock, 'first');
  await pass(clock, 1000);
  server.state.loseReplies = 2;
  await pass(clock, 20_000);
  assert.ok(first.leads);
  first.stop();
  await first.result;
});

test('lease: a lease that somebody deletes is made again', async () => {
  const server = createLeaseServer();
  const clock = createManualClock();
  const first = candidate(server, clock, 'first');
  await pass(clock, 1000);
  server.remove();
  await pass(clock, 6_000);
  assert.ok(first.leads);
  assert.equal(server.lease?.spec.holderIdentity, 'first');
  first.stop();
  await first.result;
});

test('lease: while the work winds down the lease is renewed, and only then released', async () => {
  const server = createLeaseServer();
  const clock = createManualClock();
  const first = candidate(server, clock, 'first');
  first.takesTime();
  await pass(clock, 1000);
  const second = candidate(server, clock, 'second');
  first.stop();
  await pass(clock, 60_000);
  assert.deepEqual([first.events, second.leads], [['leads', 'aborted'], false]);
  first.end.resolve('late');
  assert.equal(await first.result, 'late');
  await pass(clock, 2500);
  assert.ok(second.leads);
  second.stop();
  await second.result;
});

test('lease: what the work throws comes out, and the lease is released', async () => {
  const server = createLeaseServer();
  const clock = createManualClock();
  const first = candidate(server, clock, 'first');
  await pass(clock, 1000);
  first.end.reject(new Error('broken'));
  await assert.rejects(first.result, /broken/);
  assert.equal(server.lease?.spec.holderIdentity, '');
});

test('lease: a process that comes back under its name leads at once', async () => {
  const server = createLeaseServer();
  const clock = createManualClock();
  const first = candidate(server, clock, 'first');
  await pass(clock, 1000);
  assert.ok(first.leads);
  const again = candidate(server, clock, 'first');
  await pass(clock, 1000);
  assert.ok(again.leads);
  again.stop();
  await again.result;
  first.stop();
  await first.result.catch(() => undefined);
});

test('lease: periods that cannot work are refused', async () => {
  const options = { client: createLeaseServer().client, namespace: 'n', name: 'l', identity: 'i', renewDeadlineMs: 15_000 };
  await assert.rejects(
    leadWhenElected(options, new AbortController().signal, () => Promise.resolve()),
    /leaseDurationMs must exceed renewDeadlineMs/,
  );
});
