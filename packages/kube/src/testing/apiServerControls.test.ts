/** What tests can make the in-process API server do, beyond what conformance.ts holds it to. */
import { deepStrictEqual, strictEqual } from 'node:assert/strict';
import { test } from 'node:test';
import type { Client } from '../client.ts';
import { kinds } from '../kinds.ts';
import { startApiServer } from './apiServer.ts';
import type { ApiServer, ApiServerOptions } from './apiServer.ts';
import { widgetDefinition, widgetGroup, widgetsIn } from './conformanceWidgets.ts';
import { configMap, configMaps, refused, valueAt, widget } from './conformanceSubjects.ts';
import { eventually } from './eventually.ts';
import { loopbackClient } from './loopback.ts';

const namespace = 'default';

async function withServer(run: (client: Client, server: ApiServer) => Promise<void>, options: ApiServerOptions = {}): Promise<void> {
  await using server = await startApiServer(options);
  const client = loopbackClient(server.url);
  await using _ = client.transport;
  await run(client, server);
}

test('compact: watches from before it and continued lists are expired, watches from now are not', () =>
  withServer(async (client, server) => {
    await client.create(configMaps, configMap(namespace, 'a'));
    const before = await client.list(configMaps, { namespace, limit: 1 });
    await client.create(configMaps, configMap(namespace, 'b'));
    const page = await client.list(configMaps, { namespace, limit: 1 });
    server.compact();
    for await (const event of client.watch(configMaps, { namespace, resourceVersion: before.resourceVersion })) {
      deepStrictEqual(event.kind === 'error' && event.status.reason, 'Expired');
    }
    await refused(client.list(configMaps, { namespace, limit: 1, continue: page.continue }), 410, 'Expired');
    for await (const event of client.watch(configMaps, { namespace, resourceVersion: server.resourceVersion(), timeoutSeconds: 1 }))
      strictEqual(event.kind, 'bookmark');
  }));

test('state: a server that starts from the state of another has what that one had then, and goes on as that one would have', () =>
  withServer(async (client, server) => {
    const kept = await client.create(configMaps, configMap(namespace, 'a'));
    const state = server.state();
    const next = await client.create(configMaps, configMap(namespace, 'b'));
    await client.delete(configMaps, { namespace, name: 'a' });
    for (const from of [state, state]) {
      await withServer(
        async (other) => {
          const { items, resourceVersion } = await other.list(configMaps, { namespace });
          deepStrictEqual(
            items.map(({ metadata }) => [metadata.name, metadata.uid]),
            [['a', kept.metadata.uid]],
          );
          strictEqual(resourceVersion, kept.metadata.resourceVersion);
          const { metadata } = await other.create(configMaps, configMap(namespace, 'b'));
          deepStrictEqual([metadata.uid, metadata.resourceVersion], [next.metadata.uid, next.metadata.resourceVersion]);
        },
        { from },
      );
    }
  }));

test('bookmark: open watches that want bookmarks get the newest resource version, others nothing', () =>
  withServer(async (client, server) => {
    const { resourceVersion } = await client.list(configMaps, { namespace });
    const seen: string[] = [];
    const follow = async (allowWatchBookmarks: boolean): Promise<void> => {
      for await (const event of client.watch(configMaps, { namespace, resourceVersion, allowWatchBookmarks })) {
        seen.push(event.kind === 'bookmark' ? `bookmark ${event.resourceVersion}` : event.kind);
      }
    };
    const watches = [follow(true), follow(false)];
    await eventually('both watches are open', () => server.watchCount() === 2);
    server.bookmark();
    await eventually('the bookmark arrives', () => seen.length > 0);
    server.endWatches();
    await Promise.all(watches);
    deepStrictEqual(seen, [`bookmark ${server.resourceVersion()}`]);
    strictEqual(server.watchCount(), 0);
  }));

test('a resource version from the future is answered as the real server answers after waiting for it', () =>
  withServer(async (client) => {
    const error = await refused(
      client.list(configMaps, { namespace, resourceVersion: '999999999', resourceVersionMatch: 'NotOlderThan' }),
      504,
      'Timeout',
      /Too large resource version/,
    );
    deepStrictEqual(error.details?.causes?.[0]?.reason, 'ResourceVersionTooLarge');
  }));

test('the same calls make the same objects: uids, generated names, addresses and times do not depend on the run', async () => {
  const run = async (): Promise<unknown> => {
    let result: unknown;
    await withServer(
      async (client) => {
        await client.create(kinds.services, { apiVersion: 'v1', kind: 'Service', metadata: { namespace, generateName: 'x-' } });
        await client.apply(configMaps, configMap(namespace, 'a', { a: '1' }), { fieldManager: 'x' });
        result = [(await client.list(kinds.services)).items, (await client.list(configMaps)).items];
      },
      { now: () => new Date('2026-01-02T03:04:05Z') },
    );
    return result;
  };
  deepStrictEqual(await run(), await run());
});

test('customResourceDefinitions and namespaces given at the start are served at once', () =>
  withServer(
    async (client) => {
      const made = await client.create(widgetsIn('team'), widget('team', 'a', { spec: { unknown: 1, sets: [{ name: 'x' }] } }));
      deepStrictEqual(valueAt(made, 'spec'), { size: 3, sets: [{ name: 'x', replicas: 1 }] });
    },
    { customResourceDefinitions: [widgetDefinition(widgetGroup('team'))], namespaces: ['team'] },
  ));

test('a custom resource is served as long as its definition is there', () =>
  withServer(async (client) => {
    await refused(client.list(widgetsIn(namespace), { namespace }), 404, '');
    await client.apply(kinds.customResourceDefinitions, widgetDefinition(widgetGroup(namespace)), { fieldManager: 'x' });
    await client.list(widgetsIn(namespace), { namespace });
    await client.delete(kinds.customResourceDefinitions, { name: `widgets.${widgetGroup(namespace)}` });
    await refused(client.list(widgetsIn(namespace), { namespace }), 404, '');
  }));
