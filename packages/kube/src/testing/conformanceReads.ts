/** The part of the conformance suite about lists, selectors, pages and watches. */
import { deepStrictEqual, ok, strictEqual } from 'node:assert/strict';
import { test } from 'node:test';
import type { WatchEvent, WatchOptions } from '../client.ts';
import { kinds } from '../kinds.ts';
import type { KubernetesObject } from '../objects.ts';
import type { ConformanceServer } from './conformance.ts';
import { widgetsIn } from './conformanceWidgets.ts';
import { configMap, configMaps, refused } from './conformanceSubjects.ts';

/** The events of a watch up to and with the first that `last` accepts, as `kind name`. */
async function eventsUntil(
  server: ConformanceServer,
  options: WatchOptions,
  last: (event: WatchEvent<KubernetesObject>) => boolean,
): Promise<readonly string[]> {
  const seen: string[] = [];
  for await (const event of server.client.watch<KubernetesObject>(configMaps, {
    namespace: server.namespace,
    ...options,
    signal: AbortSignal.timeout(10_000),
  })) {
    seen.push(describe(event));
    if (last(event)) return seen;
  }
  return [...seen, 'end'];
}

function describe(event: WatchEvent<KubernetesObject>): string {
  switch (event.kind) {
    case 'bookmark':
      return event.initialEventsEnd ? 'bookmark initialEventsEnd' : 'bookmark';
    case 'error':
      return `error ${event.status.code} ${event.status.reason}`;
    case 'added':
    case 'modified':
    case 'deleted':
      return `${event.kind} ${event.object.metadata.name}`;
    default:
      return event satisfies never;
  }
}

function isDeleted(name: string): (event: WatchEvent<KubernetesObject>) => boolean {
  return (event) => event.kind === 'deleted' && event.object.metadata.name === name;
}

export function defineReadConformance(server: () => ConformanceServer): void {
  test('list: label and field selectors select, and the order is that of the names', async () => {
    const { client, namespace } = server();
    for (const [name, color] of [
      ['list-c', 'red'],
      ['list-a', 'blue'],
      ['list-b', 'red'],
    ] as const) {
      await client.create(configMaps, configMap(namespace, name, undefined, { labels: { list: 'yes', color } }));
    }
    const names = async (labelSelector: string, fieldSelector?: string) =>
      (await client.list(configMaps, { namespace, labelSelector, fieldSelector })).items.map((item) => item.metadata.name);
    deepStrictEqual(await names('list=yes'), ['list-a', 'list-b', 'list-c']);
    deepStrictEqual(await names('list,color!=blue'), ['list-b', 'list-c']);
    deepStrictEqual(await names('list=yes,color in (blue, green)'), ['list-a']);
    deepStrictEqual(await names('list=yes,color notin (blue),!other'), ['list-b', 'list-c']);
    deepStrictEqual(await names('list=yes', 'metadata.name=list-c'), ['list-c']);
  });

  test('list: pages are one consistent list', async () => {
    const { client, namespace } = server();
    for (const name of ['page-1', 'page-2', 'page-3'])
      await client.create(configMaps, configMap(namespace, name, undefined, { labels: { page: 'yes' } }));
    const first = await client.list(configMaps, { namespace, labelSelector: 'page=yes', limit: 2 });
    deepStrictEqual([first.items.map((item) => item.metadata.name), first.remainingItemCount], [['page-1', 'page-2'], undefined]);
    await client.create(configMaps, configMap(namespace, 'page-4', undefined, { labels: { page: 'yes' } }));
    const second = await client.list(configMaps, { namespace, labelSelector: 'page=yes', limit: 2, continue: first.continue });
    deepStrictEqual(
      [second.items.map((item) => item.metadata.name), second.continue, second.resourceVersion],
      [['page-3'], undefined, first.resourceVersion],
    );
    const counted = await client.list(kinds.configMaps, { namespace, limit: 1 });
    ok((counted.remainingItemCount ?? 0) >= 3);
  });

  test('list: without a namespace it has the objects of all of them', async () => {
    const { client, namespace } = server();
    await client.create(configMaps, configMap('default', `everywhere-${namespace}`, undefined, { labels: { everywhere: namespace } }));
    await client.create(configMaps, configMap(namespace, 'everywhere', undefined, { labels: { everywhere: namespace } }));
    const list = await client.list(configMaps, { labelSelector: `everywhere=${namespace}` });
    deepStrictEqual(new Set(list.items.map((item) => item.metadata.namespace)), new Set([namespace, 'default']));
    await client.delete(configMaps, { namespace: 'default', name: `everywhere-${namespace}` });
  });

  test('list: the metadata representation carries nothing else', async () => {
    const { client, namespace } = server();
    await client.create(configMaps, configMap(namespace, 'partial', { secret: 'x' }));
    const list = await client.list(configMaps, { namespace, fieldSelector: 'metadata.name=partial', representation: 'metadata' });
    deepStrictEqual(
      list.items.map((item) => [item.metadata.name, item['data']]),
      [['partial', undefined]],
    );
  });

  test('watch: from a resource version come the changes after it, in order', async () => {
    const { client, namespace } = server();
    const { resourceVersion } = await client.list(configMaps, { namespace });
    await client.create(configMaps, configMap(namespace, 'watched', { a: '1' }));
    await client.patch(configMaps, { namespace, name: 'watched' }, { kind: 'merge', body: { data: { a: '2' } } });
    await client.delete(configMaps, { namespace, name: 'watched' });
    deepStrictEqual(await eventsUntil(server(), { resourceVersion, fieldSelector: 'metadata.name=watched' }, isDeleted('watched')), [
      'added watched',
      'modified watched',
      'deleted watched',
    ]);
  });

  test('watch: a deletion carries the last state under a new resource version', async () => {
    const { client, namespace } = server();
    const made = await client.create(configMaps, configMap(namespace, 'last-words', { a: '1' }));
    await client.delete(configMaps, { namespace, name: 'last-words' });
    for await (const event of client.watch(configMaps, {
      namespace,
      resourceVersion: made.metadata.resourceVersion,
      fieldSelector: 'metadata.name=last-words',
      signal: AbortSignal.timeout(10_000),
    })) {
      if (event.kind !== 'deleted') continue;
      deepStrictEqual(event.object['data'], { a: '1' });
      ok(Number(event.object.metadata.resourceVersion) > Number(made.metadata.resourceVersion));
      return;
    }
  });

  test('watch: with a selector, leaving it is a deletion and entering it an addition', async () => {
    const { client, namespace } = server();
    const { resourceVersion } = await client.list(configMaps, { namespace });
    const label = (value: string | null) =>
      client.patch(configMaps, { namespace, name: 'moving' }, { kind: 'merge', body: { metadata: { labels: { moving: value } } } });
    await client.create(configMaps, configMap(namespace, 'moving'));
    await label('yes');
    await client.patch(configMaps, { namespace, name: 'moving' }, { kind: 'merge', body: { data: { a: '1' } } });
    await label(null);
    await label('yes');
    await client.delete(configMaps, { namespace, name: 'moving' });
    let deletions = 0;
    const seen = await eventsUntil(
      server(),
      { resourceVersion, labelSelector: 'moving=yes' },
      (event) => event.kind === 'deleted' && (deletions += 1) === 2,
    );
    deepStrictEqual(seen, ['added moving', 'modified moving', 'deleted moving', 'added moving', 'deleted moving']);
  });

  test('watch: initial events come first, then their end, then changes', async () => {
    const { client, namespace } = server();
    await client.create(configMaps, configMap(namespace, 'initial-1', undefined, { labels: { initial: 'yes' } }));
    await client.create(configMaps, configMap(namespace, 'initial-2', undefined, { labels: { initial: 'yes' } }));
    let changed = false;
    const seen = await eventsUntil(server(), { sendInitialEvents: true, labelSelector: 'initial=yes' }, (event) => {
      if (event.kind === 'bookmark' && !changed) {
        changed = true;
        void client.delete(configMaps, { namespace, name: 'initial-1' });
      }
      return event.kind === 'deleted';
    });
    deepStrictEqual(seen.slice(0, 2).toSorted(), ['added initial-1', 'added initial-2']);
    deepStrictEqual(seen.slice(2), ['bookmark initialEventsEnd', 'deleted initial-1']);
  });

  test('watch: without a resource version it begins with what is there', async () => {
    const { client, namespace } = server();
    await client.create(configMaps, configMap(namespace, 'unversioned'));
    const seen = await eventsUntil(server(), { fieldSelector: 'metadata.name=unversioned' }, () => true);
    deepStrictEqual(seen, ['added unversioned']);
  });

  test('watch: the metadata representation carries nothing else, in events and bookmarks', async () => {
    const { client, namespace } = server();
    await client.create(configMaps, configMap(namespace, 'partial-watch', { secret: 'x' }));
    const options = {
      namespace,
      fieldSelector: 'metadata.name=partial-watch',
      representation: 'metadata',
      sendInitialEvents: true,
    } as const;
    for await (const event of client.watch(configMaps, { ...options, signal: AbortSignal.timeout(10_000) })) {
      if (event.kind === 'bookmark') return strictEqual(event.initialEventsEnd, true);
      ok(event.kind === 'added');
      deepStrictEqual([event.object.metadata.name, event.object['data']], ['partial-watch', undefined]);
    }
  });

  test('watch: a resource version that is too old is an Expired error in the stream', async () => {
    const { client, namespace } = server();
    // The real server knows no history of a kind from before its definition.
    for await (const event of client.watch(widgetsIn(namespace), {
      namespace,
      resourceVersion: '1',
      signal: AbortSignal.timeout(10_000),
    })) {
      strictEqual(describe(event), 'error 410 Expired');
      return;
    }
  });

  test('watch: ends when its time is up', async () => {
    const { client, namespace } = server();
    const { resourceVersion } = await client.list(configMaps, { namespace });
    const seen = await eventsUntil(
      server(),
      { resourceVersion, timeoutSeconds: 1, fieldSelector: 'metadata.name=nothing', allowWatchBookmarks: false },
      () => false,
    );
    deepStrictEqual(seen, ['end']);
  });

  test('watch: initial events without NotOlderThan are refused', async () => {
    const { client, namespace } = server();
    const path = `/api/v1/namespaces/${namespace}/configmaps`;
    await refused(client.raw({ method: 'GET', path, query: { watch: true, sendInitialEvents: true } }), 422, 'Invalid');
    strictEqual((await client.raw({ method: 'GET', path: '/readyz' })).body.toString('utf8'), 'ok');
  });
}
