/** The part of the conformance suite about server-side apply: who owns what, what an apply takes, leaves and removes. */
import { deepStrictEqual, notStrictEqual, ok, strictEqual } from 'node:assert/strict';
import { test } from 'node:test';
import { ConflictError } from '../errors.ts';
import { kinds } from '../kinds.ts';
import type { KubernetesObject } from '../objects.ts';
import type { ConformanceServer } from './conformance.ts';
import { comparable } from './conformanceGolden.ts';
import { widgetsIn } from './conformanceWidgets.ts';
import {
  configMap,
  configMaps,
  namesAt,
  refused,
  statefulSet,
  statefulSets,
  unstructured,
  valueAt,
  widget,
  withFields,
} from './conformanceSubjects.ts';

/** Managers with what they own, in the order of their names. */
function owners(object: KubernetesObject): readonly unknown[] {
  const entries = (object.metadata.managedFields ?? []).toSorted((left, right) => (left.manager ?? '').localeCompare(right.manager ?? ''));
  return entries.map(({ manager, operation, subresource, fieldsV1 }) => [
    manager,
    operation,
    subresource ?? '',
    comparable(fieldsV1, '<none>'),
  ]);
}

const containersPath = ['spec', 'template', 'spec', 'containers'];

export function defineOwnershipConformance(server: () => ConformanceServer): void {
  test('apply: a field of another manager is a conflict that names it, and force takes it', async () => {
    const { client, namespace } = server();
    await client.apply(configMaps, configMap(namespace, 'conflicts', { a: '1', b: '1' }), { fieldManager: 'one' });
    const error = await refused(
      client.apply(configMaps, configMap(namespace, 'conflicts', { a: '2' }), { fieldManager: 'two' }),
      409,
      'Conflict',
      /Apply failed with 1 conflict: conflict with "one": .data.a/,
    );
    ok(error instanceof ConflictError);
    deepStrictEqual(error.fieldConflicts, [{ manager: 'one', field: '.data.a' }]);
    const same = await client.apply(configMaps, configMap(namespace, 'conflicts', { a: '1' }), { fieldManager: 'two' });
    strictEqual(same.metadata.managedFields?.length, 2);
    const forced = await client.apply(configMaps, configMap(namespace, 'conflicts', { a: '2', b: '2' }), {
      fieldManager: 'two',
      force: true,
    });
    deepStrictEqual(owners(forced), [['two', 'Apply', '', { 'f:data': { 'f:a': {}, 'f:b': {} } }]]);
  });

  test('apply: conflicts with updates and with several managers name all of them', async () => {
    const { client, namespace } = server();
    await client.create(statefulSets, statefulSet(namespace, 'conflicting', [{ name: 'a', image: 'a:1' }]), { fieldManager: 'creator' });
    await client.patch(
      statefulSets,
      { namespace, name: 'conflicting' },
      { kind: 'merge', body: { spec: { replicas: 4 } } },
      { fieldManager: 'scaler' },
    );
    const error = await refused(
      client.apply(statefulSets, statefulSet(namespace, 'conflicting', [{ name: 'a', image: 'a:2' }], { replicas: 2 }), {
        fieldManager: 'applier',
      }),
      409,
      'Conflict',
    );
    ok(error instanceof ConflictError);
    deepStrictEqual(
      error.fieldConflicts.toSorted((left, right) => left.manager.localeCompare(right.manager)),
      [
        { manager: 'creator', field: '.spec.template.spec.containers[name="a"].image' },
        { manager: 'scaler', field: '.spec.replicas' },
      ],
    );
  });

  test('apply: what a manager no longer sends goes, unless somebody else owns it', async () => {
    const { client, namespace } = server();
    const meta = (labels: object) => ({ labels });
    await client.apply(configMaps, configMap(namespace, 'shared', { mine: '1', ours: '1' }, meta({ mine: '1', ours: '1' })), {
      fieldManager: 'one',
    });
    await client.apply(configMaps, configMap(namespace, 'shared', { ours: '1', theirs: '1' }, meta({ ours: '1' })), {
      fieldManager: 'two',
    });
    const last = await client.apply(configMaps, configMap(namespace, 'shared', {}), { fieldManager: 'one' });
    deepStrictEqual([valueAt(last, 'data'), last.metadata.labels], [{ ours: '1', theirs: '1' }, { ours: '1' }]);
    deepStrictEqual(owners(last), [
      ['one', 'Apply', '', { 'f:data': {} }],
      ['two', 'Apply', '', { 'f:data': { 'f:ours': {}, 'f:theirs': {} }, 'f:metadata': { 'f:labels': { 'f:ours': {} } } }],
    ]);
  });

  test('apply: a container that is no longer sent goes with its defaults, one that another added stays in its place', async () => {
    const { client, namespace } = server();
    const send = (manager: string, ...names: readonly string[]) =>
      client.apply(
        statefulSets,
        statefulSet(
          namespace,
          'containers',
          names.map((name) => ({ name, image: 'x:1', env: [{ name: `OF_${name}`, value: '1' }] })),
        ),
        { fieldManager: manager },
      );
    await send('one', 'a', 'b', 'c');
    const sidecar = {
      apiVersion: 'apps/v1',
      kind: 'StatefulSet',
      metadata: { namespace, name: 'containers' },
      spec: {
        template: {
          spec: {
            containers: [
              { name: 'sidecar', image: 's' },
              { name: 'c', image: 'x:1', env: [{ name: 'EXTRA', value: '2' }] },
            ],
          },
        },
      },
    };
    const both = await client.apply(statefulSets, sidecar, { fieldManager: 'two' });
    deepStrictEqual(namesAt(both, ...containersPath), ['a', 'b', 'sidecar', 'c']);
    const reordered = await send('one', 'c', 'd', 'a');
    deepStrictEqual(namesAt(reordered, ...containersPath), ['sidecar', 'c', 'd', 'a']);
    const alone = await send('one', 'd');
    deepStrictEqual(namesAt(alone, ...containersPath), ['sidecar', 'c', 'd']);
    deepStrictEqual(
      comparable(valueAt(alone, ...containersPath), namespace),
      comparable(
        [
          {
            image: 's',
            imagePullPolicy: 'Always',
            name: 'sidecar',
            resources: {},
            terminationMessagePath: '/dev/termination-log',
            terminationMessagePolicy: 'File',
          },
          {
            env: [{ name: 'EXTRA', value: '2' }],
            image: 'x:1',
            imagePullPolicy: 'IfNotPresent',
            name: 'c',
            resources: {},
            terminationMessagePath: '/dev/termination-log',
            terminationMessagePolicy: 'File',
          },
          {
            env: [{ name: 'OF_d', value: '1' }],
            image: 'x:1',
            imagePullPolicy: 'IfNotPresent',
            name: 'd',
            resources: {},
            terminationMessagePath: '/dev/termination-log',
            terminationMessagePolicy: 'File',
          },
        ],
        namespace,
      ),
    );
  });

  test('apply: what changes nothing keeps the resource version, what only changes ownership does not', async () => {
    const { client, namespace } = server();
    const first = await client.apply(statefulSets, statefulSet(namespace, 'idle', [{ name: 'a', image: 'a' }]), { fieldManager: 'one' });
    const again = await client.apply(statefulSets, statefulSet(namespace, 'idle', [{ name: 'a', image: 'a' }]), { fieldManager: 'one' });
    strictEqual(again.metadata.resourceVersion, first.metadata.resourceVersion);
    const second = await client.apply(statefulSets, statefulSet(namespace, 'idle', [{ name: 'a', image: 'a' }]), { fieldManager: 'two' });
    notStrictEqual(second.metadata.resourceVersion, first.metadata.resourceVersion);
    strictEqual(second.metadata.generation, 1);
  });

  test('apply: the status subresource owns the status only, the object never does', async () => {
    const { client, namespace } = server();
    await client.apply(
      widgetsIn(namespace),
      widget(namespace, 'applied-status', { spec: { size: 2 }, status: { observedGeneration: 4 } }),
      {
        fieldManager: 'pgherd',
      },
    );
    const condition = (type: string) => ({ type, status: 'True' });
    const status = { conditions: [condition('Ready'), condition('Stalled')] };
    await client.apply(widgetsIn(namespace), widget(namespace, 'applied-status', { status }), {
      fieldManager: 'pgherd-status',
      subresource: 'status',
    });
    await client.apply(widgetsIn(namespace), widget(namespace, 'applied-status', { status: { conditions: [condition('Other')] } }), {
      fieldManager: 'other',
      subresource: 'status',
    });
    const last = await client.apply(
      widgetsIn(namespace),
      widget(namespace, 'applied-status', { spec: { size: 9 }, status: { conditions: [condition('Ready')] } }),
      { fieldManager: 'pgherd-status', subresource: 'status' },
    );
    deepStrictEqual(
      [valueAt(last, 'spec', 'size'), valueAt(last, 'status')],
      [2, { conditions: [condition('Ready'), condition('Other')] }],
    );
    deepStrictEqual(owners(last), [
      ['other', 'Apply', 'status', { 'f:status': { 'f:conditions': { 'k:{"type":"Other"}': { '.': {}, 'f:status': {}, 'f:type': {} } } } }],
      ['pgherd', 'Apply', '', { 'f:spec': { 'f:size': {} } }],
      [
        'pgherd-status',
        'Apply',
        'status',
        { 'f:status': { 'f:conditions': { 'k:{"type":"Ready"}': { '.': {}, 'f:status': {}, 'f:type': {} } } } },
      ],
    ]);
    await refused(
      client.apply(widgetsIn(namespace), widget(namespace, 'no-such', { status }), { fieldManager: 'x', subresource: 'status' }),
      404,
      'NotFound',
    );
  });

  test('apply: finalizers and owner references of several managers live beside each other', async () => {
    const { client, namespace } = server();
    const owner = (name: string, uid: string) => ({ apiVersion: 'v1', kind: 'ConfigMap', name, uid });
    const send = (manager: string, uid: string) =>
      client.apply(
        configMaps,
        configMap(namespace, 'owned', undefined, { finalizers: [`test.pgherd.dev/${manager}`], ownerReferences: [owner(manager, uid)] }),
        { fieldManager: manager },
      );
    await send('one', '11111111-1111-4111-8111-111111111111');
    const both = await send('two', '22222222-2222-4222-8222-222222222222');
    deepStrictEqual(both.metadata.finalizers, ['test.pgherd.dev/one', 'test.pgherd.dev/two']);
    deepStrictEqual(
      both.metadata.ownerReferences?.map(({ name }) => name),
      ['one', 'two'],
    );
    const left = await client.apply(configMaps, configMap(namespace, 'owned'), { fieldManager: 'one' });
    deepStrictEqual([left.metadata.finalizers, left.metadata.ownerReferences?.length], [['test.pgherd.dev/two'], 1]);
  });

  test('apply: ports are one item by port and protocol, of a container and of a Service', async () => {
    const { client, namespace } = server();
    const services = unstructured(kinds.services);
    const service = (ports: readonly object[]) => ({
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { namespace, name: 'ports' },
      spec: { ports },
    });
    await client.apply(
      services,
      service([
        { name: 'a', port: 1 },
        { name: 'b', port: 1, protocol: 'UDP' },
      ]),
      { fieldManager: 'one' },
    );
    const next = await client.apply(services, service([{ name: 'c', port: 1, protocol: 'TCP' }]), { fieldManager: 'one' });
    deepStrictEqual(valueAt(next, 'spec', 'ports'), [{ name: 'c', port: 1, protocol: 'TCP', targetPort: 1 }]);
  });

  test('apply: a field that the kind does not have, a repeated item and managedFields are refused', async () => {
    const { client, namespace } = server();
    await refused(
      client.apply(configMaps, withFields(configMap(namespace, 'unknown', {}), { spec: { a: 1 } }), { fieldManager: 'x' }),
      500,
      '',
      /failed to create typed patch object.*\.spec: field not declared in schema/,
    );
    const repeated = await refused(
      client.apply(statefulSets, statefulSet(namespace, 'repeated', [{ name: 'a' }, { name: 'a' }]), { fieldManager: 'x' }),
      500,
      '',
      /duplicate entries for key \[name="a"\]/,
    );
    ok(!repeated.retryable);
    await refused(
      client.apply(configMaps, configMap(namespace, 'managed', undefined, { managedFields: [{ manager: 'x' }] }), { fieldManager: 'x' }),
      400,
      'BadRequest',
      /metadata.managedFields must be nil/,
    );
  });

  test('apply: an object with a uid is not made anew when it is gone', async () => {
    const { client, namespace } = server();
    await refused(
      client.apply(configMaps, configMap(namespace, 'gone', undefined, { uid: '33333333-3333-4333-8333-333333333333' }), {
        fieldManager: 'x',
      }),
      409,
      'Conflict',
      /uid mismatch/,
    );
  });

  test('apply: an outdated resource version is a conflict', async () => {
    const { client, namespace } = server();
    const first = await client.apply(configMaps, configMap(namespace, 'stale', { a: '1' }), { fieldManager: 'x' });
    await client.apply(configMaps, configMap(namespace, 'stale', { a: '2' }), { fieldManager: 'x' });
    const metadata = { resourceVersion: first.metadata.resourceVersion };
    await refused(
      client.apply(configMaps, configMap(namespace, 'stale', { a: '3' }, metadata), { fieldManager: 'x' }),
      409,
      'Conflict',
      /the object has been modified/,
    );
  });

  test('update: takes over what it changes and leaves the rest with its managers', async () => {
    const { client, namespace } = server();
    const made = await client.apply(configMaps, configMap(namespace, 'updated', { a: '1', b: '1', c: '1' }), { fieldManager: 'one' });
    const updated = await client.update(configMaps, withFields(made, { data: { a: '2', b: '1', d: '1' } }), { fieldManager: 'two' });
    deepStrictEqual(owners(updated), [
      ['one', 'Apply', '', { 'f:data': { 'f:b': {} } }],
      ['two', 'Update', '', { 'f:data': { 'f:a': {}, 'f:d': {} } }],
    ]);
    const reset = await client.patch(
      configMaps,
      { namespace, name: 'updated' },
      { kind: 'merge', body: { metadata: { managedFields: [{}] } } },
      { fieldManager: 'two' },
    );
    deepStrictEqual(owners(reset), []);
  });

  test('apply: lists without keys are replaced as a whole and owned as a whole', async () => {
    const { client, namespace } = server();
    await client.apply(widgetsIn(namespace), widget(namespace, 'atomic', { spec: { steps: ['1', '2'] } }), { fieldManager: 'one' });
    await refused(
      client.apply(widgetsIn(namespace), widget(namespace, 'atomic', { spec: { steps: ['1'] } }), { fieldManager: 'two' }),
      409,
      'Conflict',
      /\.spec\.steps/,
    );
    const last = await client.apply(widgetsIn(namespace), widget(namespace, 'atomic', { spec: { steps: ['3'] } }), {
      fieldManager: 'two',
      force: true,
    });
    deepStrictEqual(valueAt(last, 'spec', 'steps'), ['3']);
  });
}
