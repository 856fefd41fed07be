/** What the fault proxy does, before the in-process API server and before a real one. */
import { deepStrictEqual, notStrictEqual, ok, rejects, strictEqual } from 'node:assert/strict';
import { request as httpRequest } from 'node:http';
import { after, before, describe, test } from 'node:test';
import type { Client, WatchEvent } from '../client.ts';
import { ConnectionError, DeadlineError, ProtocolError } from '../errors.ts';
import { kinds } from '../kinds.ts';
import type { ClusterConfig } from '../kubeconfig.ts';
import type { KubernetesObject } from '../objects.ts';
import { configMap, configMaps, pod, pods, refused, valueAt } from './conformanceSubjects.ts';
import { eventually } from './eventually.ts';
import { startFaultProxy } from './faultProxy.ts';
import type { FaultProxy } from './faultProxy.ts';
import { loopbackClient } from './loopback.ts';

export interface FaultProxyUpstream extends AsyncDisposable {
  readonly config: ClusterConfig;
}

/** Watches config maps into a list of `kind name`, until disposed. */
function recordWatch(
  client: Client,
  namespace: string,
  resourceVersion: string,
): { readonly seen: readonly string[]; readonly end: Promise<unknown>; readonly stop: () => void } {
  const seen: string[] = [];
  const abort = new AbortController();
  const run = async (): Promise<void> => {
    for await (const event of client.watch<KubernetesObject>(configMaps, { namespace, resourceVersion, signal: abort.signal }))
      seen.push(describeEvent(event));
  };
  return {
    seen,
    end: run().then(
      () => 'ended',
      (error: unknown) => error,
    ),
    stop: () => abort.abort(),
  };
}

function describeEvent(event: WatchEvent<KubernetesObject>): string {
  if (event.kind === 'bookmark') return 'bookmark';
  return event.kind === 'error' ? `error ${event.status.code} ${event.status.reason}` : `${event.kind} ${event.object.metadata.name}`;
}

/** Body of a GET, in the pieces in which it came. */
function chunksOf(url: string): Promise<readonly Buffer[]> {
  return new Promise((resolve, reject) => {
    const call = httpRequest(url, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () => resolve(chunks));
    });
    call.on('error', reject);
    call.end();
  });
}

export function defineFaultProxyBehaviour(name: string, start: () => Promise<FaultProxyUpstream>): void {
  describe(name, () => {
    const namespace = `faults-${Date.now().toString(36)}`;
    let upstream: FaultProxyUpstream;
    let proxy: FaultProxy;
    let client: Client;

    before(async () => {
      upstream = await start();
      proxy = await startFaultProxy(upstream.config);
      client = loopbackClient(proxy.url);
      await client.create(kinds.namespaces, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } });
      await client.create(kinds.serviceAccounts, { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'default', namespace } });
    });

    after(async () => {
      await client.delete(kinds.namespaces, { name: namespace });
      await client.transport[Symbol.asyncDispose]();
      await proxy[Symbol.asyncDispose]();
      await upstream[Symbol.asyncDispose]();
    });

    const exists = (object: string): Promise<boolean> =>
      client.list(configMaps, { namespace, fieldSelector: `metadata.name=${object}` }).then((list) => list.items.length === 1);
    const create = (object: string, data: Readonly<Record<string, string>> = {}): Promise<KubernetesObject> =>
      client.create(configMaps, configMap(namespace, object, data));
    const version = async (): Promise<string> => (await client.list(configMaps, { namespace })).resourceVersion;

    test('drop: the request fails and never happened', async () => {
      using rule = proxy.addRule({ match: { verb: 'create', resource: 'configmaps' }, fault: { kind: 'drop' } });
      await rejects(create('dropped'), ConnectionError);
      strictEqual(rule.hits(), 1);
      strictEqual(await exists('dropped'), false);
      await create('dropped');
    });

    test('loseReply: the request fails, though it was carried out', async () => {
      using _ = proxy.addRule({ match: { verb: 'create', resource: 'configmaps' }, fault: { kind: 'loseReply' } });
      await rejects(create('lost'), ConnectionError);
      strictEqual(await exists('lost'), true);
      strictEqual(proxy.writes().at(-1)?.name, 'lost');
    });

    test('stall and stallReply: the deadline ends the request, before and after it was carried out', async () => {
      const hurried = loopbackClient(proxy.url, { deadlineMs: 100 });
      using _first = proxy.addRule({ match: { verb: 'create' }, fault: { kind: 'stall' } });
      await rejects(hurried.create(configMaps, configMap(namespace, 'stalled')), DeadlineError);
      strictEqual(await exists('stalled'), false);
      using _second = proxy.addRule({ match: { verb: 'create' }, fault: { kind: 'stallReply' } });
      await rejects(hurried.create(configMaps, configMap(namespace, 'stalled')), DeadlineError);
      await eventually('the write is carried out', () => exists('stalled'));
      await hurried.transport[Symbol.asyncDispose]();
    });

    for (const [httpStatus, reason] of [
      [409, 'Conflict'],
      [410, 'Expired'],
      [429, 'TooManyRequests'],
      [500, 'InternalError'],
      [503, 'ServiceUnavailable'],
    ] as const) {
      test(`answer: ${httpStatus} comes as ${reason}, and the server sees nothing`, async () => {
        using _ = proxy.addRule({ match: { verb: 'create', name: '' }, fault: { kind: 'answer', httpStatus } });
        await refused(create(`answered-${httpStatus}`), httpStatus, reason);
        strictEqual(await exists(`answered-${httpStatus}`), false);
      });
    }

    test('answer: Retry-After reaches the client', async () => {
      using _ = proxy.addRule({ match: { verb: 'delete' }, fault: { kind: 'answer', httpStatus: 503, retryAfterSeconds: 7 } });
      const error = await refused(client.delete(configMaps, { namespace, name: 'nothing' }), 503, 'ServiceUnavailable');
      strictEqual(error.retryAfterMs, 7000);
    });

    test('rules: skip and times say which of the matching requests are hit, and a disposed rule hits none', async () => {
      const rule = proxy.addRule({
        match: { verb: ['get', 'list'], resource: 'configmaps', namespace },
        fault: { kind: 'answer', httpStatus: 404 },
        skip: 1,
        times: 2,
      });
      const outcomes: string[] = [];
      for (let index = 0; index < 4; index += 1)
        outcomes.push(
          await version().then(
            () => 'ok',
            () => 'hit',
          ),
        );
      deepStrictEqual([outcomes, rule.hits()], [['ok', 'hit', 'hit', 'ok'], 2]);
      const all = proxy.addRule({ fault: { kind: 'drop' }, times: Infinity });
      all[Symbol.dispose]();
      await version();
      rule[Symbol.dispose]();
    });

    test('writes: each that was carried out is recorded with what it wrote, refused ones and dry runs are not', async () => {
      const from = proxy.writes().length;
      const created = await create('recorded');
      await refused(create('recorded'), 409, 'AlreadyExists');
      await client.create(configMaps, configMap(namespace, 'dry'), { dryRun: true });
      await client.update(configMaps, { ...created, metadata: { ...created.metadata, labels: { a: 'b' } } });
      await client.apply(configMaps, configMap(namespace, 'applied'), { fieldManager: 'x' });
      await client.patch(configMaps, { namespace, name: 'applied' }, { kind: 'merge', body: { data: { a: '1' } } });
      await client.create(pods, pod(namespace, 'recorded'));
      await client.patch(
        pods,
        { namespace, name: 'recorded' },
        { kind: 'merge', body: { status: { phase: 'Running' } } },
        { subresource: 'status' },
      );
      await client.delete(configMaps, { namespace, name: 'recorded' });
      const writes = proxy.writes().slice(from);
      deepStrictEqual(
        writes.map((write) => [write.verb, write.plural, write.name, write.subresource, write.created]),
        [
          ['create', 'configmaps', 'recorded', '', true],
          ['update', 'configmaps', 'recorded', '', false],
          ['apply', 'configmaps', 'applied', '', true],
          ['patch', 'configmaps', 'applied', '', false],
          ['create', 'pods', 'recorded', '', true],
          ['patch', 'pods', 'recorded', 'status', false],
          ['delete', 'configmaps', 'recorded', '', false],
        ],
      );
      deepStrictEqual(
        writes.map((write) => write.number - from),
        [1, 2, 3, 4, 5, 6, 7],
      );
      deepStrictEqual(
        writes.slice(0, 3).map((write) => write.kind),
        ['ConfigMap', 'ConfigMap', 'ConfigMap'],
      );
    });

    test('onWrite: is called after the write and before its reply, and the next write waits for it', async () => {
      const order: string[] = [];
      using _ = proxy.onWrite(async (write) => {
        order.push(`start ${write.name}`);
        // Through the server's own door: the proxy lets no other write pass meanwhile, but reads do.
        strictEqual(await exists(write.name), true);
        order.push(`end ${write.name}`);
      });
      await Promise.all([create('hook-1').then(() => order.push('reply hook-1')), create('hook-2').then(() => order.push('reply hook-2'))]);
      const of = (object: string): readonly string[] => order.filter((entry) => entry.endsWith(object));
      deepStrictEqual(of('hook-1'), ['start hook-1', 'end hook-1', 'reply hook-1']);
      deepStrictEqual(of('hook-2'), ['start hook-2', 'end hook-2', 'reply hook-2']);
      const [first, second] = order.filter((entry) => entry.startsWith('start') || entry.startsWith('end'));
      strictEqual(first?.replace('start', 'end'), second);
    });

    test('onWrite: a rule added in it hits the very next write', async () => {
      let rule: Disposable | undefined;
      using hook = proxy.onWrite(() => {
        rule ??= proxy.addRule({
          match: { verb: ['create', 'apply', 'update', 'patch', 'delete'] },
          fault: { kind: 'drop' },
          times: Infinity,
        });
      });
      const outcomes = await Promise.allSettled([create('last-1'), create('last-2'), create('last-3')]);
      hook[Symbol.dispose]();
      rule?.[Symbol.dispose]();
      strictEqual(outcomes.filter((outcome) => outcome.status === 'fulfilled').length, 1);
    });

    test('splitChunks: pieces are cut inside characters, and the client puts them together', async () => {
      const text = 'größe: ∞ 🐘';
      await create('split', { text });
      using _ = proxy.addRule({ match: { verb: 'get', name: 'split' }, fault: { kind: 'splitChunks', bytes: 3 }, times: 2 });
      strictEqual(valueAt(await client.get(configMaps, { namespace, name: 'split' }), 'data', 'text'), text);
      const chunks = await chunksOf(`${proxy.url}/api/v1/namespaces/${namespace}/configmaps/split`);
      ok(chunks.length > 10);
      notStrictEqual(chunks.map((chunk) => chunk.toString('utf8')).join(''), Buffer.concat(chunks).toString('utf8'));
    });

    test('splitChunks: a watch survives it', async () => {
      const from = await version();
      using _ = proxy.addRule({ match: { verb: 'watch' }, fault: { kind: 'splitChunks', bytes: 5 } });
      const watch = recordWatch(client, namespace, from);
      await create('split-watch', { text: '🐘🐘🐘' });
      await eventually('the event arrives', () => watch.seen.includes('added split-watch'));
      watch.stop();
    });

    test('mergeEvents: events wait for each other and arrive in one piece', async () => {
      const from = await version();
      using _ = proxy.addRule({ match: { verb: 'watch' }, fault: { kind: 'mergeEvents', events: 3 } });
      const watch = recordWatch(client, namespace, from);
      await create('merged-1');
      await create('merged-2');
      deepStrictEqual(watch.seen, []);
      await create('merged-3');
      await eventually('all three arrive', () => watch.seen.length === 3);
      deepStrictEqual(watch.seen, ['added merged-1', 'added merged-2', 'added merged-3']);
      watch.stop();
    });

    test('holdEvent: the client is one event behind until the proxy releases it', async () => {
      const from = await version();
      using _ = proxy.addRule({ match: { verb: 'watch' }, fault: { kind: 'holdEvent' } });
      const watch = recordWatch(client, namespace, from);
      await create('held-1');
      await create('held-2');
      await eventually('the first arrives', () => watch.seen.length === 1);
      await create('held-3');
      await eventually('the second arrives', () => watch.seen.length === 2);
      deepStrictEqual(watch.seen, ['added held-1', 'added held-2']);
      proxy.release();
      await eventually('the third arrives', () => watch.seen.length === 3);
      watch.stop();
    });

    test('holdEvent: what a watch begins with is not held back', async () => {
      using _ = proxy.addRule({ match: { verb: 'watch' }, fault: { kind: 'holdEvent' } });
      for await (const event of client.watch(configMaps, { namespace, sendInitialEvents: true, signal: AbortSignal.timeout(10_000) })) {
        if (event.kind === 'bookmark' && event.initialEventsEnd) return;
      }
    });

    test('cutWatch: the connection breaks inside a line', async () => {
      const from = await version();
      using _ = proxy.addRule({ match: { verb: 'watch' }, fault: { kind: 'cutWatch', afterEvents: 1 } });
      const watch = recordWatch(client, namespace, from);
      await create('cut-1');
      await create('cut-2');
      const end = await watch.end;
      ok(end instanceof ConnectionError || end instanceof ProtocolError, String(end));
      deepStrictEqual(watch.seen, ['added cut-1']);
    });

    test('failWatch: an ERROR event ends the watch', async () => {
      const from = await version();
      using _ = proxy.addRule({
        match: { verb: 'watch' },
        fault: { kind: 'failWatch', afterEvents: 1, httpStatus: 410, reason: 'Expired' },
      });
      const watch = recordWatch(client, namespace, from);
      await create('failed-1');
      await create('failed-2');
      strictEqual(await watch.end, 'ended');
      deepStrictEqual(watch.seen, ['added failed-1', 'error 410 Expired']);
    });

    test('cutConnections: an open watch breaks', async () => {
      const watch = recordWatch(client, namespace, await version());
      await create('before-the-cut');
      await eventually('the watch is open', () => watch.seen.length > 0);
      proxy.cutConnections();
      ok((await watch.end) instanceof ConnectionError);
    });
  });
}
