import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import type { Client, ListOptions, ObjectList, WatchEvent, WatchOptions } from '../client.ts';
import { reasonOf } from '../clock.ts';
import { apiErrorOf, ConnectionError } from '../errors.ts';
import { createInformer } from '../informer.ts';
import { kinds } from '../kinds.ts';
import { createManualClock } from '../manualClock.ts';
import { keyOf } from '../objects.ts';
import type { KubernetesObject } from '../objects.ts';
import { frozen } from '../transform.ts';
import { settle, until } from '../testSupport.ts';

type Kind = 'added' | 'modified' | 'deleted';

/** A collection with the faults that a server and a network have. */
function createCollection() {
  const objects = new Map<string, KubernetesObject>();
  const log: { readonly version: number; readonly kind: Kind; readonly object: KubernetesObject }[] = [];
  const requests: string[] = [];
  const open = new Set<{ wake: () => void; fault: Error | 'end' | undefined }>();
  let version = 100;
  let compactedAt = 0;
  const faults = { streamingOff: false, silent: false, pageSize: 2, nextRequests: [] as Error[] };

  function wakeAll(): void {
    for (const watcher of open) watcher.wake();
  }

  function write(kind: Kind, name: string): void {
    version += 1;
    const old = objects.get(`n/${name}`);
    if ((kind === 'added') !== (old === undefined)) return;
    const object = frozen<KubernetesObject>({
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { namespace: 'n', name, uid: old?.metadata.uid ?? `uid-${version}`, resourceVersion: String(version) },
    });
    if (kind === 'deleted') objects.delete(keyOf(object.metadata));
    else objects.set(keyOf(object.metadata), object);
    log.push({ version, kind, object });
    wakeAll();
  }

  function refuse(httpStatus: number, reason: string): Error {
    return apiErrorOf({ httpStatus, status: { reason, message: reason } });
  }

  function failIfAsked(): void {
    const fault = faults.nextRequests.shift();
    if (fault !== undefined) throw fault;
  }

  const client: Pick<Client, 'list' | 'watch'> = {
    async list<T extends KubernetesObject>(_: unknown, options: ListOptions = {}): Promise<ObjectList<T>> {
      requests.push(`list ${options.limit ?? 'all'} ${options.continue ?? ''} ${options.resourceVersion ?? ''}`.trim());
      await settle();
      options.signal?.throwIfAborted();
      failIfAsked();
      // The token carries the snapshot, which the server holds until it compacts.
      const [at, from] = (options.continue ?? `${version}:0`).split(':').map(Number) as [number, number];
      if (at < compactedAt) throw refuse(410, 'Expired');
      const all = snapshot(at);
      const items = options.limit === undefined ? all : all.slice(from, from + faults.pageSize);
      const more = from + items.length < all.length;
      return { resourceVersion: String(at), items: items as T[], ...(more ? { continue: `${at}:${from + items.length}` } : {}) };
    },

    async *watch<T extends KubernetesObject>(_: unknown, options: WatchOptions = {}): AsyncGenerator<WatchEvent<T>, void, void> {
      requests.push(options.sendInitialEvents === true ? 'stream' : `watch ${options.resourceVersion ?? ''}`);
      const { signal } = options;
      signal?.throwIfAborted();
      failIfAsked();
      let sent = Number(options.resourceVersion ?? version);
      if (options.sendInitialEvents === true) {
        if (faults.streamingOff) throw refuse(422, 'Invalid');
        for (const object of snapshot(sent)) {
          await settle();
          yield { kind: 'added', object: object as T };
        }
        yield { kind: 'bookmark', resourceVersion: String(sent), initialEventsEnd: true };
      }
      if (sent < compactedAt) {
        yield { kind: 'error', status: { code: 410, reason: 'Expired', message: 'too old resource version' } };
        return;
      }
      const watcher: { wake: () => void; fault: Error | 'end' | undefined } = { wake: () => undefined, fault: undefined };
      open.add(watcher);
      const onAbort = (): void => watcher.wake();
      signal?.addEventListener('abort', onAbort);
      try {
        for (;;) {
          if (signal?.aborted === true) throw reasonOf(signal);
          if (watcher.fault === 'end') return;
          if (watcher.fault !== undefined) throw watcher.fault;
          const next = faults.silent ? undefined : log.find((entry) => entry.version > sent);
          if (next === undefined) await new Promise<void>((resolve) => (watcher.wake = resolve));
          else {
            sent = next.version;
            yield { kind: next.kind, object: next.object as T };
          }
        }
      } finally {
        open.delete(watcher);
        signal?.removeEventListener('abort', onAbort);
      }
    },
  };

  /** The objects as they were at a version. */
  function snapshot(at: number): readonly KubernetesObject[] {
    const then = new Map<string, KubernetesObject>();
    for (const { version: when, kind, object } of log) {
      if (when > at) break;
      if (kind === 'deleted') then.delete(keyOf(object.metadata));
      else then.set(keyOf(object.metadata), object);
    }
    return [...then.values()];
  }

  return {
    client,
    objects,
    requests,
    faults,
    write,
    /** Connections that are open. */
    get open() {
      return open.size;
    },
    /** Ends every open watch: `end` as the server does when its time is over. */
    interrupt(fault: Error | 'end') {
      for (const watcher of open) {
        watcher.fault = fault;
        watcher.wake();
      }
    },
    /** Forgets all history. */
    compact() {
      version += 1;
      compactedAt = version;
    },
    bookmark() {
      version += 1;
      wakeAll();
    },
    refuse,
    wakeAll,
  };
}

function start(collection = createCollection()) {
  const clock = createManualClock();
  const stop = new AbortController();
  /** What a handler knows that was told of every change. */
  const told = new Map<string, string>();
  const changes: string[] = [];
  const errors: string[] = [];
  const informer = createInformer({
    client: collection.client,
    type: kinds.configMaps,
    clock,
    random: () => 0,
    onError: (error) => errors.push(error.message),
  });
  informer.addHandler((change, { listed }) => {
    changes.push(`${change.kind} ${change.object.metadata.name}${listed ? ' (listed)' : ''}`);
    if (change.kind === 'added') assert.ok(!told.has(change.key), `${change.key} was added twice`);
    else assert.ok(told.has(change.key), `${change.key} was ${change.kind} before it was added`);
    if (change.kind === 'deleted') told.delete(change.key);
    else told.set(change.key, change.object.metadata.resourceVersion ?? '');
  });
  const running = informer.run(stop.signal);
  return {
    collection,
    clock,
    informer,
    told,
    changes,
    errors,
    names: () =>
      informer.store
        .list()
        .map(({ metadata }) => metadata.name)
        .toSorted(),
    async stop() {
      stop.abort(new Error('stopped'));
      await running;
    },
  };
}

function withObjects(...names: readonly string[]): ReturnType<typeof createCollection> {
  const collection = createCollection();
  for (const name of names) collection.write('added', name);
  return collection;
}

test('reflector: a WatchList fills the copy in one request and goes on as the watch', async () => {
  const harness = start(withObjects('a', 'b', 'c'));
  await harness.informer.waitForSync();
  harness.collection.write('modified', 'a');
  harness.collection.write('deleted', 'b');
  await settle();
  assert.deepEqual(harness.collection.requests, ['stream']);
  assert.deepEqual(harness.names(), ['a', 'c']);
  assert.deepEqual(harness.changes, ['added a (listed)', 'added b (listed)', 'added c (listed)', 'updated a', 'deleted b']);
  await harness.stop();
});

test('reflector: pages of the newest state where WatchList is refused, and the refusal is remembered', async () => {
  const collection = withObjects('a', 'b', 'c');
  collection.faults.streamingOff = true;
  const harness = start(collection);
  await harness.informer.waitForSync();
  assert.deepEqual(collection.requests.slice(0, 3), ['stream', 'list 500', 'list 500 103:2']);
  await until(
    () => collection.open === 1,
    () => collection.requests,
  );
  collection.compact();
  collection.interrupt(collection.refuse(410, 'Expired'));
  await settle();
  harness.clock.advance(200);
  await until(
    () => collection.open === 1,
    () => collection.requests,
  );
  assert.deepEqual(
    collection.requests.filter((request) => request === 'stream'),
    ['stream'],
  );
  await harness.stop();
});

test('reflector: a page token that expires leads to a list without pages', async () => {
  const collection = withObjects('a', 'b', 'c');
  collection.faults.streamingOff = true;
  const { client } = collection;
  const list = client.list.bind(client);
  client.list = (type, options = {}) => {
    if (options.continue !== undefined) collection.compact();
    return list(type, options);
  };
  const harness = start(collection);
  await harness.informer.waitForSync();
  assert.deepEqual(harness.names(), ['a', 'b', 'c']);
  assert.ok(collection.requests.includes('list all'), collection.requests.join());
  await harness.stop();
});

test('reflector: after a lost connection the watch goes on where it was, and nothing is listed again', async () => {
  const harness = start(withObjects('a'));
  await harness.informer.waitForSync();
  await until(
    () => harness.collection.open === 1,
    () => harness.collection.requests,
  );
  harness.collection.interrupt(new ConnectionError('reset'));
  await settle();
  harness.collection.write('added', 'b');
  assert.equal(harness.clock.nextDelayMs, 100);
  harness.clock.advance(100);
  await settle();
  assert.deepEqual(harness.collection.requests, ['stream', 'watch 101']);
  assert.deepEqual(harness.names(), ['a', 'b']);
  assert.deepEqual(harness.errors, ['reset']);
  await harness.stop();
});

test('reflector: when the version has expired, deletions that nobody saw are told', async () => {
  const harness = start(withObjects('a', 'b'));
  await harness.informer.waitForSync();
  await until(
    () => harness.collection.open === 1,
    () => harness.collection.requests,
  );
  harness.collection.faults.silent = true;
  harness.collection.write('deleted', 'a');
  harness.collection.write('added', 'c');
  harness.collection.compact();
  harness.collection.interrupt(new ConnectionError('reset'));
  harness.collection.faults.silent = false;
  await settle();
  harness.clock.advance(1000);
  await settle();
  harness.clock.advance(1000);
  await until(
    () => harness.names().join() === 'b,c',
    () => [harness.names(), harness.collection.requests],
  );
  assert.deepEqual(harness.changes.slice(2).toSorted(), ['added c (listed)', 'deleted a (listed)']);
  await harness.stop();
});

test('reflector: a connection on which nothing comes any more is given up', async () => {
  const harness = start(withObjects('a'));
  await harness.informer.waitForSync();
  await until(
    () => harness.collection.open === 1,
    () => harness.collection.requests,
  );
  harness.collection.faults.silent = true;
  harness.collection.write('added', 'b');
  harness.clock.advance(119_000);
  await settle();
  assert.equal(harness.collection.requests.length, 1);
  harness.clock.advance(61_000);
  await settle();
  harness.collection.faults.silent = false;
  harness.clock.advance(100);
  await until(
    () => harness.names().join() === 'a,b',
    () => harness.collection.requests,
  );
  assert.match(harness.errors.join(), /nothing came for \d+ s/);
  await harness.stop();
});

test('reflector: stop ends what is open and leaves no timer, in every state', async () => {
  const situations: Readonly<Record<string, (harness: ReturnType<typeof start>) => Promise<void>>> = {
    streaming: () => Promise.resolve(),
    watching: (harness) => harness.informer.waitForSync(),
    async waiting(harness) {
      await harness.informer.waitForSync();
      await settle();
      harness.collection.interrupt(new ConnectionError('reset'));
      await settle();
    },
  };
  for (const [name, reach] of Object.entries(situations)) {
    const harness = start(withObjects('a', 'b'));
    await reach(harness);
    await harness.stop();
    assert.deepEqual([harness.collection.open, harness.clock.pending], [0, 0], name);
  }
});

test('informer: a handler that comes later is told of what is there', async () => {
  const harness = start(withObjects('a', 'b'));
  await harness.informer.waitForSync();
  const seen: string[] = [];
  const registration = harness.informer.addHandler(({ kind, key }, { listed }) => seen.push(`${kind} ${key} ${listed}`));
  assert.deepEqual(seen, ['added n/a true', 'added n/b true']);
  registration[Symbol.dispose]();
  harness.collection.write('deleted', 'a');
  await until(
    () => harness.changes.includes('deleted a'),
    () => harness.changes,
  );
  assert.equal(seen.length, 2);
  await harness.stop();
});

test('informer: waiting for the copy can be given up', async () => {
  const harness = start();
  harness.collection.faults.nextRequests.push(new ConnectionError('down'));
  const controller = new AbortController();
  const waiting = harness.informer.waitForSync(controller.signal);
  controller.abort(new Error('enough'));
  await assert.rejects(waiting, /enough/);
  await harness.stop();
});

test('informer: a handler that throws keeps the change from nobody else', async () => {
  const collection = withObjects('a');
  const errors: unknown[] = [];
  const seen: string[] = [];
  const informer = createInformer({
    client: collection.client,
    type: kinds.configMaps,
    clock: createManualClock(),
    onHandlerError: (error) => errors.push(error),
  });
  informer.addHandler(() => {
    throw new Error('broken handler');
  });
  informer.addHandler(({ key }) => seen.push(key));
  const stop = new AbortController();
  const running = informer.run(stop.signal);
  await informer.waitForSync();
  assert.deepEqual([errors, seen], [[new Error('broken handler')], ['n/a']]);
  stop.abort(new Error('stopped'));
  await running;
});

/** Everything that can happen to a collection and to those who watch it. */
const happening = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({ kind: fc.constantFrom('added', 'modified', 'deleted'), name: fc.constantFrom('a', 'b', 'c', 'd', 'e') }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constantFrom(
        'break',
        'end',
        'compact',
        'silence',
        'noise',
        'fail next',
        'forbid next',
        'streaming off',
        'streaming on',
        'time',
      ),
      name: fc.constant(''),
    }),
  },
);

test('reflector: I2 and I4 whatever happens, the copy and what handlers were told become equal to the collection', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(happening, { maxLength: 40 }), async (happenings) => {
      const harness = start(withObjects('a', 'b', 'c'));
      const { collection, clock } = harness;
      for (const { kind, name } of happenings) {
        switch (kind) {
          case 'added':
          case 'modified':
          case 'deleted':
            collection.write(kind, name);
            break;
          case 'break':
            collection.interrupt(new ConnectionError('reset'));
            break;
          case 'end':
            collection.interrupt('end');
            break;
          case 'compact':
            collection.compact();
            break;
          case 'silence':
            collection.faults.silent = true;
            break;
          case 'noise':
            collection.faults.silent = false;
            collection.wakeAll();
            break;
          case 'fail next':
            collection.faults.nextRequests.push(new ConnectionError('refused'));
            break;
          case 'forbid next':
            collection.faults.nextRequests.push(collection.refuse(403, 'Forbidden'));
            break;
          case 'streaming off':
          case 'streaming on':
            collection.faults.streamingOff = kind === 'streaming off';
            break;
          case 'time':
            clock.advance(70_000);
            break;
          default:
            assert.fail(kind);
        }
        await settle();
      }
      collection.faults.silent = false;
      collection.wakeAll();
      const text = (pairs: Iterable<readonly [string, string | undefined]>): string =>
        [...pairs]
          .map(([key, version]) => `${key}@${version}`)
          .toSorted()
          .join();
      const versions = (objects: Iterable<KubernetesObject>): string =>
        text([...objects].map(({ metadata }) => [keyOf(metadata), metadata.resourceVersion]));
      const expected = (): string => versions(collection.objects.values());
      const held = (): string => versions(harness.informer.store.list());
      for (let round = 0; round < 20 && (held() !== expected() || !harness.informer.synced); round += 1) {
        await settle();
        await settle();
        clock.advance(31_000);
        await settle();
        await settle();
      }
      assert.equal(held(), expected());
      assert.equal(text(harness.told), expected());
      await harness.stop();
      assert.deepEqual([collection.open, clock.pending], [0, 0]);
    }),
    { numRuns: 60 },
  );
});
