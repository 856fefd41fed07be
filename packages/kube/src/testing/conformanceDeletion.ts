/** The part of the conformance suite about deletion: preconditions, finalizers, propagation, grace, eviction, namespaces. */
import { deepStrictEqual, notStrictEqual, ok, strictEqual } from 'node:assert/strict';
import { test } from 'node:test';
import { kinds } from '../kinds.ts';
import type { ConformanceServer } from './conformance.ts';
import {
  configMap,
  configMaps,
  pod,
  pods,
  refused,
  statefulSet,
  statefulSets,
  unstructured,
  valueAt,
  withFields,
} from './conformanceSubjects.ts';

export function defineDeletionConformance(server: () => ConformanceServer): void {
  test('delete: another uid or resource version is a conflict', async () => {
    const { client, namespace } = server();
    const ref = { namespace, name: 'preconditions' };
    const made = await client.create(configMaps, configMap(namespace, 'preconditions'));
    await refused(
      client.delete(configMaps, ref, { preconditions: { uid: '44444444-4444-4444-8444-444444444444' } }),
      409,
      'Conflict',
      /UID in the precondition/,
    );
    await refused(
      client.delete(configMaps, ref, { preconditions: { resourceVersion: '1' } }),
      409,
      'Conflict',
      /ResourceVersion in the precondition/,
    );
    await client.delete(configMaps, ref, { dryRun: true });
    await client.delete(configMaps, ref, { preconditions: { uid: made.metadata.uid, resourceVersion: made.metadata.resourceVersion } });
    await refused(client.delete(configMaps, ref), 404, 'NotFound');
  });

  test('delete: a collection goes by its selector', async () => {
    const { client, namespace } = server();
    for (const [name, group] of [
      ['collected-1', 'yes'],
      ['collected-2', 'yes'],
      ['collected-3', 'no'],
    ] as const) {
      await client.create(configMaps, configMap(namespace, name, undefined, { labels: { collected: group } }));
    }
    await client.raw({ method: 'DELETE', path: `/api/v1/namespaces/${namespace}/configmaps`, query: { labelSelector: 'collected=yes' } });
    const left = await client.list(configMaps, { namespace, labelSelector: 'collected' });
    deepStrictEqual(
      left.items.map((item) => item.metadata.name),
      ['collected-3'],
    );
  });

  test('finalizers: keep an object until the last is gone, and none can be added meanwhile', async () => {
    const { client, namespace } = server();
    const ref = { namespace, name: 'finalized' };
    await client.create(
      configMaps,
      configMap(namespace, 'finalized', undefined, { finalizers: ['test.pgherd.dev/a', 'test.pgherd.dev/b'] }),
    );
    await client.delete(configMaps, ref);
    const deleting = await client.get(configMaps, ref);
    notStrictEqual(deleting.metadata.deletionTimestamp, undefined);
    strictEqual(deleting.metadata.deletionGracePeriodSeconds, 0);
    await client.delete(configMaps, ref);
    strictEqual((await client.get(configMaps, ref)).metadata.resourceVersion, deleting.metadata.resourceVersion);
    const change = (finalizers: readonly string[]) => client.patch(configMaps, ref, { kind: 'merge', body: { metadata: { finalizers } } });
    await refused(change(['test.pgherd.dev/a', 'test.pgherd.dev/new']), 422, 'Invalid', /no new finalizers can be added/);
    await change(['test.pgherd.dev/b']);
    await change([]);
    await refused(client.get(configMaps, ref), 404, 'NotFound');
  });

  test('delete: a StatefulSet counts its deletion as a generation', async () => {
    const { client, namespace } = server();
    await client.create(statefulSets, statefulSet(namespace, 'deleted', [{ name: 'a', image: 'a' }]));
    await client.delete(statefulSets, { namespace, name: 'deleted' }, { propagationPolicy: 'Foreground' });
    const deleting = await client.get(statefulSets, { namespace, name: 'deleted' });
    strictEqual(deleting.metadata.generation, 2);
  });

  test('propagation: foreground and orphan are finalizers, background is none', async () => {
    const { client, namespace } = server();
    const deleteWith = async (propagationPolicy: 'Foreground' | 'Orphan' | 'Background') => {
      const name = `propagation-${propagationPolicy.toLowerCase()}`;
      await client.create(configMaps, configMap(namespace, name, undefined, { finalizers: ['test.pgherd.dev/keep'] }));
      await client.delete(configMaps, { namespace, name }, { propagationPolicy });
      return (await client.get(configMaps, { namespace, name })).metadata.finalizers;
    };
    deepStrictEqual(await deleteWith('Background'), ['test.pgherd.dev/keep']);
    ok((await deleteWith('Foreground'))?.includes('foregroundDeletion'));
    ok((await deleteWith('Orphan'))?.includes('orphan'));
  });

  test('propagation: a Job without a policy orphans its pods', async () => {
    const { client, namespace } = server();
    const template = { spec: { restartPolicy: 'Never', containers: [{ name: 'a', image: 'a' }] } };
    const metadata = { namespace, name: 'orphans', finalizers: ['test.pgherd.dev/keep'] };
    const job = withFields({ apiVersion: 'batch/v1', kind: 'Job', metadata }, { spec: { template } });
    await client.create(kinds.jobs, job);
    await client.delete(kinds.jobs, { namespace, name: 'orphans' });
    ok((await client.get(kinds.jobs, { namespace, name: 'orphans' })).metadata.finalizers?.includes('orphan'));
  });

  test('pods: one without a node goes at once, one with a node has its grace period', async () => {
    const { client, namespace } = server();
    await client.create(pods, pod(namespace, 'unscheduled'));
    await client.delete(pods, { namespace, name: 'unscheduled' });
    await refused(client.get(pods, { namespace, name: 'unscheduled' }), 404, 'NotFound');
    await client.create(pods, pod(namespace, 'scheduled', { nodeName: 'some-node', terminationGracePeriodSeconds: 77 }));
    await client.delete(pods, { namespace, name: 'scheduled' });
    const ending = await client.get(pods, { namespace, name: 'scheduled' });
    strictEqual(ending.metadata.deletionGracePeriodSeconds, 77);
    await client.delete(pods, { namespace, name: 'scheduled' }, { gracePeriodSeconds: 5 });
    strictEqual((await client.get(pods, { namespace, name: 'scheduled' })).metadata.deletionGracePeriodSeconds, 5);
    await client.delete(pods, { namespace, name: 'scheduled' }, { gracePeriodSeconds: 0 });
    await refused(client.get(pods, { namespace, name: 'scheduled' }), 404, 'NotFound');
  });

  test('eviction: a budget that allows none refuses, one that allows one is spent, two are an error', async () => {
    const { client, namespace } = server();
    const budgets = unstructured(kinds.podDisruptionBudgets);
    const budget = (name: string) =>
      client.create(
        budgets,
        withFields(
          { apiVersion: 'policy/v1', kind: 'PodDisruptionBudget', metadata: { namespace, name } },
          { spec: { minAvailable: 1, selector: { matchLabels: { evict: 'me' } } } },
        ),
      );
    const run = async (name: string) => {
      const made = await client.create(pods, pod(namespace, name, { nodeName: 'some-node' }, { evict: 'me' }));
      await client.update(pods, withFields(made, { status: { phase: 'Running', conditions: [{ type: 'Ready', status: 'True' }] } }), {
        subresource: 'status',
      });
    };
    const first = await budget('evict-a');
    await run('evict-1');
    await refused(client.evict({ namespace, name: 'evict-1' }), 429, 'TooManyRequests');
    await client.update(
      budgets,
      withFields(first, {
        status: { observedGeneration: 1, disruptionsAllowed: 1, currentHealthy: 2, desiredHealthy: 1, expectedPods: 2 },
      }),
      { subresource: 'status' },
    );
    await client.evict({ namespace, name: 'evict-1' });
    notStrictEqual((await client.get(pods, { namespace, name: 'evict-1' })).metadata.deletionTimestamp, undefined);
    strictEqual(valueAt(await client.get(budgets, { namespace, name: 'evict-a' }), 'status', 'disruptionsAllowed'), 0);
    await run('evict-2');
    await budget('evict-b');
    await refused(client.evict({ namespace, name: 'evict-2' }), 500, '', /more than one PodDisruptionBudget/);
    await client.delete(pods, { namespace, name: 'evict-2' }, { gracePeriodSeconds: 0 });
  });

  test('namespaces: one that is being deleted takes nothing new', async () => {
    const { client } = server();
    const name = `terminating-${Date.now().toString(36)}`;
    await client.create(kinds.namespaces, { apiVersion: 'v1', kind: 'Namespace', metadata: { name } });
    // Without a finalizer in it the in-process server would finish the namespace at once.
    await client.create(configMaps, configMap(name, 'keeps-it', undefined, { finalizers: ['test.pgherd.dev/keep'] }));
    await client.delete(kinds.namespaces, { name });
    const namespaces = unstructured(kinds.namespaces);
    strictEqual(valueAt(await client.get(namespaces, { name }), 'status', 'phase'), 'Terminating');
    await refused(client.create(configMaps, configMap(name, 'late')), 403, 'Forbidden', /being terminated/);
    await client.patch(configMaps, { namespace: name, name: 'keeps-it' }, { kind: 'merge', body: { metadata: { finalizers: null } } });
  });
}
