/** The part of the conformance suite about creation, versions, generations, subresources and patches. */
import { deepStrictEqual, match, notStrictEqual, strictEqual } from 'node:assert/strict';
import { test } from 'node:test';
import { kinds } from '../kinds.ts';
import type { ConformanceServer } from './conformance.ts';
import { widgetsIn } from './conformanceWidgets.ts';
import { configMap, configMaps, refused, statefulSet, statefulSets, valueAt, widget, withFields } from './conformanceSubjects.ts';

export function defineConcurrencyConformance(server: () => ConformanceServer): void {
  test('create: a taken name is AlreadyExists, a missing namespace and a missing object are NotFound', async () => {
    const { client, namespace } = server();
    await client.create(configMaps, configMap(namespace, 'taken'));
    const taken = await refused(
      client.create(configMaps, configMap(namespace, 'taken')),
      409,
      'AlreadyExists',
      /configmaps "taken" already exists/,
    );
    deepStrictEqual(taken.details, { name: 'taken', kind: 'configmaps' });
    await refused(
      client.create(configMaps, configMap('no-such-namespace', 'a')),
      404,
      'NotFound',
      /namespaces "no-such-namespace" not found/,
    );
    const missing = await refused(
      client.get(statefulSets, { namespace, name: 'nope' }),
      404,
      'NotFound',
      /statefulsets.apps "nope" not found/,
    );
    deepStrictEqual(missing.details, { name: 'nope', group: 'apps', kind: 'statefulsets' });
    await refused(client.list({ group: 'no.such', version: 'v1', kind: 'X', plural: 'xs', namespaced: true }, { namespace }), 404, '');
  });

  test('create: generateName makes different names of the same stem', async () => {
    const { client, namespace } = server();
    const make = () => client.create(configMaps, { apiVersion: 'v1', kind: 'ConfigMap', metadata: { namespace, generateName: 'made-' } });
    const [first, second] = [await make(), await make()];
    match(first.metadata.name, /^made-[a-z0-9]{5}$/);
    notStrictEqual(first.metadata.name, second.metadata.name);
    strictEqual(valueAt(first, 'metadata', 'generateName'), 'made-');
  });

  test('create: an object that carries a resource version is refused', async () => {
    const { client, namespace } = server();
    await refused(
      client.create(configMaps, configMap(namespace, 'versioned', undefined, { resourceVersion: '5' })),
      500,
      '',
      /resourceVersion should not be set/,
    );
  });

  test('create and apply: a dry run answers with the whole object and stores nothing', async () => {
    const { client, namespace } = server();
    const made = await client.create(configMaps, configMap(namespace, 'dry', { a: '1' }), { dryRun: true });
    strictEqual(made.metadata.name, 'dry');
    notStrictEqual(made.metadata.uid, undefined);
    await client.apply(configMaps, configMap(namespace, 'dry', { a: '1' }), { fieldManager: 'x', dryRun: true });
    await refused(client.get(configMaps, { namespace, name: 'dry' }), 404, 'NotFound');
  });

  test('update: an old resource version or another uid is a conflict, none at all replaces whatever is there', async () => {
    const { client, namespace } = server();
    const first = await client.create(configMaps, configMap(namespace, 'versions', { a: '1' }));
    const second = await client.update(configMaps, withFields(first, { data: { a: '2' } }));
    notStrictEqual(second.metadata.resourceVersion, first.metadata.resourceVersion);
    await refused(client.update(configMaps, withFields(first, { data: { a: '3' } })), 409, 'Conflict', /the object has been modified/);
    await refused(
      client.update(configMaps, configMap(namespace, 'versions', undefined, { uid: 'other' })),
      409,
      'Conflict',
      /Precondition failed: UID in precondition: other/,
    );
    const replaced = await client.update(configMaps, configMap(namespace, 'versions', { b: '1' }));
    deepStrictEqual(valueAt(replaced, 'data'), { b: '1' });
    await refused(client.update(configMaps, configMap(namespace, 'versions-missing')), 404, 'NotFound');
  });

  test('update: creates a Lease that is not there, and changes one only with its resource version', async () => {
    const { client, namespace } = server();
    const lease = withFields(
      { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata: { namespace, name: 'by-put' } },
      { spec: { holderIdentity: 'a' } },
    );
    const made = await client.update(kinds.leases, lease);
    notStrictEqual(made.metadata.uid, undefined);
    await refused(client.update(kinds.leases, lease), 422, 'Invalid', /metadata.resourceVersion/);
    const taken = await client.update(kinds.leases, withFields(made, { spec: { holderIdentity: 'b' } }));
    await refused(client.update(kinds.leases, withFields(made, { spec: { holderIdentity: 'c' } })), 409, 'Conflict');
    strictEqual(valueAt(taken, 'spec', 'holderIdentity'), 'b');
  });

  test('update: a custom resource must name the version that it replaces', async () => {
    const { client, namespace } = server();
    await client.create(widgetsIn(namespace), widget(namespace, 'unconditional'));
    await refused(client.update(widgetsIn(namespace), widget(namespace, 'unconditional')), 422, 'Invalid', /metadata.resourceVersion/);
  });

  test('update: what changes nothing keeps the resource version', async () => {
    const { client, namespace } = server();
    const first = await client.create(configMaps, configMap(namespace, 'unchanged', { a: '1' }), { fieldManager: 'x' });
    const second = await client.update(configMaps, first, { fieldManager: 'x' });
    strictEqual(second.metadata.resourceVersion, first.metadata.resourceVersion);
  });

  test('generation: counts changes of the spec, and neither metadata nor status', async () => {
    const { client, namespace } = server();
    const containers = [{ name: 'a', image: 'a:1' }];
    const first = await client.create(statefulSets, statefulSet(namespace, 'generations', containers));
    strictEqual(first.metadata.generation, 1);
    const labelled = await client.patch(
      statefulSets,
      { namespace, name: 'generations' },
      { kind: 'merge', body: { metadata: { labels: { a: 'b' } } } },
    );
    strictEqual(labelled.metadata.generation, 1);
    const scaled = await client.patch(statefulSets, { namespace, name: 'generations' }, { kind: 'merge', body: { spec: { replicas: 3 } } });
    strictEqual(scaled.metadata.generation, 2);
    const custom = await client.create(widgetsIn(namespace), widget(namespace, 'generations', { spec: { size: 1 } }));
    strictEqual(custom.metadata.generation, 1);
    const withStatus = await client.update(widgetsIn(namespace), withFields(custom, { status: { observedGeneration: 1 } }), {
      subresource: 'status',
    });
    strictEqual(withStatus.metadata.generation, 1);
    const changed = await client.patch(
      widgetsIn(namespace),
      { namespace, name: 'generations' },
      { kind: 'merge', body: { spec: { size: 2 } } },
    );
    strictEqual(changed.metadata.generation, 2);
  });

  test('status: only the subresource writes it, and the subresource writes nothing else', async () => {
    const { client, namespace } = server();
    const made = await client.create(
      widgetsIn(namespace),
      widget(namespace, 'statuses', { spec: { size: 1 }, status: { observedGeneration: 9 } }),
    );
    strictEqual(valueAt(made, 'status'), undefined);
    const written = await client.update(
      widgetsIn(namespace),
      withFields(made, { metadata: { ...made.metadata, labels: { a: 'b' } }, spec: { size: 5 }, status: { observedGeneration: 2 } }),
      { subresource: 'status' },
    );
    deepStrictEqual(
      [valueAt(written, 'spec', 'size'), valueAt(written, 'status'), written.metadata.labels],
      [1, { observedGeneration: 2 }, undefined],
    );
    const kept = await client.update(widgetsIn(namespace), withFields(written, { spec: { size: 5 }, status: {} }));
    deepStrictEqual([valueAt(kept, 'spec', 'size'), valueAt(kept, 'status')], [5, { observedGeneration: 2 }]);
    const set = await client.create(statefulSets, statefulSet(namespace, 'statuses', [{ name: 'a', image: 'a' }]));
    const setWritten = await client.update(
      statefulSets,
      withFields(set, { spec: { ...(set['spec'] as object), replicas: 7 }, status: { replicas: 4, readyReplicas: 2 } }),
      { subresource: 'status' },
    );
    deepStrictEqual(
      [valueAt(setWritten, 'spec', 'replicas'), valueAt(setWritten, 'status')],
      [1, { replicas: 4, readyReplicas: 2, availableReplicas: 0 }],
    );
    await refused(client.update(configMaps, configMap(namespace, 'taken'), { subresource: 'status' }), 404, 'NotFound');
  });

  test('merge patch: null removes, objects merge, lists are replaced; a resource version in it is checked', async () => {
    const { client, namespace } = server();
    const ref = { namespace, name: 'merged' };
    const first = await client.create(
      configMaps,
      configMap(namespace, 'merged', { a: '1', b: '2' }, { finalizers: ['x.test/a', 'x.test/b'] }),
    );
    const merged = await client.patch(configMaps, ref, {
      kind: 'merge',
      body: { data: { a: null, c: '3' }, metadata: { finalizers: ['x.test/b'] } },
    });
    deepStrictEqual([valueAt(merged, 'data'), merged.metadata.finalizers], [{ b: '2', c: '3' }, ['x.test/b']]);
    const stale = { metadata: { resourceVersion: first.metadata.resourceVersion }, data: { d: '4' } };
    await refused(client.patch(configMaps, ref, { kind: 'merge', body: stale }), 409, 'Conflict');
  });

  test('JSON patch: operations apply in order, and a failed test or a missing path changes nothing', async () => {
    const { client, namespace } = server();
    const ref = { namespace, name: 'patched' };
    const made = await client.create(configMaps, configMap(namespace, 'patched', { a: '1' }, { annotations: { 'test/key': '1' } }));
    const patched = await client.patch(configMaps, ref, {
      kind: 'json',
      operations: [
        { op: 'test', path: '/metadata/resourceVersion', value: made.metadata.resourceVersion },
        { op: 'add', path: '/metadata/finalizers', value: ['x.test/a'] },
        { op: 'add', path: '/metadata/finalizers/-', value: 'x.test/b' },
        { op: 'add', path: '/metadata/finalizers/0', value: 'x.test/first' },
        { op: 'replace', path: '/metadata/annotations/test~1key', value: '2' },
        { op: 'copy', from: '/metadata/annotations/test~1key', path: '/data/copied' },
        { op: 'remove', path: '/metadata/finalizers/1' },
      ],
    });
    deepStrictEqual(patched.metadata.finalizers, ['x.test/first', 'x.test/b']);
    deepStrictEqual([valueAt(patched, 'data'), patched.metadata.annotations], [{ a: '1', copied: '2' }, { 'test/key': '2' }]);
    await refused(
      client.patch(configMaps, ref, { kind: 'json', operations: [{ op: 'test', path: '/data/copied', value: 'x' }] }),
      422,
      'Invalid',
    );
    await refused(client.patch(configMaps, ref, { kind: 'json', operations: [{ op: 'remove', path: '/data/nope' }] }), 422, 'Invalid');
    const unchanged = await client.get(configMaps, ref);
    strictEqual(unchanged.metadata.resourceVersion, patched.metadata.resourceVersion);
  });

  test('fixed fields: a StatefulSet, a role binding, a Service address and a claim refuse the change', async () => {
    const { client, namespace } = server();
    await client.create(statefulSets, statefulSet(namespace, 'fixed', [{ name: 'a', image: 'a' }]));
    await refused(
      client.patch(statefulSets, { namespace, name: 'fixed' }, { kind: 'merge', body: { spec: { serviceName: 'y' } } }),
      422,
      'Invalid',
      /spec: Forbidden: updates to statefulset spec/,
    );
    await client.create(
      kinds.roleBindings,
      withFields(
        { apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'RoleBinding', metadata: { namespace, name: 'fixed' } },
        { roleRef: { kind: 'Role', name: 'a' } },
      ),
    );
    await refused(
      client.patch(kinds.roleBindings, { namespace, name: 'fixed' }, { kind: 'merge', body: { roleRef: { name: 'b' } } }),
      422,
      'Invalid',
      /cannot change roleRef/,
    );
    await client.create(
      kinds.services,
      withFields({ apiVersion: 'v1', kind: 'Service', metadata: { namespace, name: 'fixed' } }, { spec: { ports: [{ port: 1 }] } }),
    );
    await refused(
      client.patch(
        kinds.services,
        { namespace, name: 'fixed' },
        { kind: 'merge', body: { spec: { clusterIP: '10.96.77.77', clusterIPs: ['10.96.77.77'] } } },
      ),
      422,
      'Invalid',
      /may not change once set/,
    );
    const spec = { accessModes: ['ReadWriteOnce'], storageClassName: 'none', resources: { requests: { storage: '1Gi' } } };
    await client.create(
      kinds.persistentVolumeClaims,
      withFields({ apiVersion: 'v1', kind: 'PersistentVolumeClaim', metadata: { namespace, name: 'fixed' } }, { spec }),
    );
    const resize = (storage: string) =>
      client.patch(
        kinds.persistentVolumeClaims,
        { namespace, name: 'fixed' },
        { kind: 'merge', body: { spec: { resources: { requests: { storage } } } } },
      );
    await refused(resize('500Mi'), 422, 'Invalid', /spec is immutable after creation/);
    await client.patch(kinds.persistentVolumeClaims, { namespace, name: 'fixed' }, { kind: 'merge', body: { spec: { volumeName: 'v' } } });
    await client.patch(
      kinds.persistentVolumeClaims,
      { namespace, name: 'fixed' },
      { kind: 'merge', body: { status: { phase: 'Bound', capacity: { storage: '1Gi' } } } },
      { subresource: 'status' },
    );
    await refused(resize('500Mi'), 422, 'Invalid', /field can not be less than status.capacity/);
    await refused(resize('2Gi'), 403, 'Forbidden', /only dynamically provisioned pvc can be resized/);
  });
}
