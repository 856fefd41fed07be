import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ForbiddenError, kinds } from '@pgherd/kube';
import { eventually, loopbackClient, startApiServer, startFaultProxy, loopbackConfig } from '@pgherd/kube/testing';
import { newClosedNodes } from './closedNodes.ts';

const node = (name: string, spec: object = {}) => ({ apiVersion: 'v1', kind: 'Node', metadata: { name }, spec });

test('closed nodes: those that are cordoned or about to be removed, as they change', async () => {
  await using server = await startApiServer({ namespaces: [] });
  const client = loopbackClient(server.url);
  await using _transport = client.transport;
  await client.create(kinds.nodes, node('open'));
  await client.create(kinds.nodes, node('cordoned', { unschedulable: true }));
  await client.create(kinds.nodes, node('leaving', { taints: [{ key: 'ToBeDeletedByClusterAutoscaler', effect: 'NoSchedule' }] }));
  const errors: Error[] = [];
  const nodes = newClosedNodes(client, (error) => errors.push(error));
  const told: string[] = [];
  nodes.onClosed((name) => told.push(name));
  assert.equal(nodes.names(), undefined);
  const stop = new AbortController();
  const running = nodes.run(stop.signal);
  const are = async (...names: readonly string[]): Promise<void> => {
    await eventually(`closed: ${names.join(', ')}`, () => [...(nodes.names() ?? ['unknown'])].toSorted().join() === names.join());
  };
  await are('cordoned', 'leaving');
  const merge = async (name: string, spec: object): Promise<unknown> =>
    client.patch(kinds.nodes, { name }, { kind: 'merge', body: { spec } });
  await merge('open', { unschedulable: true });
  await are('cordoned', 'leaving', 'open');
  await merge('cordoned', { unschedulable: null });
  await client.delete(kinds.nodes, { name: 'leaving' });
  await are('open');
  assert.deepEqual(told.toSorted(), ['cordoned', 'leaving', 'open']);
  stop.abort();
  await running.catch(() => {});
  assert.deepEqual(errors, []);
});

test('closed nodes: where they may not be watched it is told once, and nothing more is tried', async () => {
  await using server = await startApiServer({ namespaces: [] });
  await using proxy = await startFaultProxy(loopbackConfig(server.url));
  for (const verb of ['list', 'watch'] as const)
    proxy.addRule({ match: { verb, resource: 'nodes' }, fault: { kind: 'answer', httpStatus: 403, reason: 'Forbidden' } });
  const client = loopbackClient(proxy.url);
  await using _transport = client.transport;
  const errors: Error[] = [];
  const nodes = newClosedNodes(client, (error) => errors.push(error));
  // It ends by itself.
  await nodes.run(new AbortController().signal);
  assert.equal(nodes.names(), undefined);
  assert.equal(errors.length, 1);
  assert.ok(errors[0] instanceof ForbiddenError);
});
