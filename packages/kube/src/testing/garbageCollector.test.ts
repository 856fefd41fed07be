import { deepStrictEqual, notStrictEqual, strictEqual } from 'node:assert/strict';
import { test } from 'node:test';
import type { Client, DeleteOptions } from '../client.ts';
import { NotFoundError } from '../errors.ts';
import { kinds } from '../kinds.ts';
import type { KubernetesObject, OwnerReference, ResourceType } from '../objects.ts';
import { startApiServer } from './apiServer.ts';
import type { ApiServer } from './apiServer.ts';
import { configMap, configMaps, pod, pods, refused, unstructured, withFields } from './conformanceSubjects.ts';
import { eventually } from './eventually.ts';
import { loopbackClient } from './loopback.ts';

const namespace = 'default';

/** Runs with a server whose garbage collection only steps. */
async function withServer(
  run: (client: Client, server: ApiServer) => Promise<void>,
  garbageCollection: 'stepped' | 'automatic' = 'stepped',
): Promise<void> {
  await using server = await startApiServer({ garbageCollection });
  const client = loopbackClient(server.url);
  await using _ = client.transport;
  await run(client, server);
}

function ownedBy(owner: KubernetesObject, more: Partial<OwnerReference> = {}): object {
  const { name, uid = '' } = owner.metadata;
  return { ownerReferences: [{ apiVersion: owner.apiVersion, kind: owner.kind, name, uid, ...more }] };
}

async function exists(client: Client, name: string, type: ResourceType = configMaps): Promise<boolean> {
  return client.get(type, { namespace, name }).then(
    () => true,
    (error: unknown) => (error instanceof NotFoundError ? false : Promise.reject(error as Error)),
  );
}

async function ownerWithDependent(client: Client, more: Partial<OwnerReference> = {}): Promise<void> {
  const owner = await client.create(configMaps, configMap(namespace, 'owner'));
  await client.create(configMaps, configMap(namespace, 'dependent', {}, ownedBy(owner, more)));
}

async function deleteOwner(client: Client, options: DeleteOptions = {}): Promise<void> {
  await client.delete(configMaps, { namespace, name: 'owner' }, options);
}

test('background: the owner goes at once, its dependents with the next collection', () =>
  withServer(async (client, server) => {
    await ownerWithDependent(client);
    await deleteOwner(client, { propagationPolicy: 'Background' });
    deepStrictEqual([await exists(client, 'owner'), await exists(client, 'dependent')], [false, true]);
    server.collectGarbage();
    strictEqual(await exists(client, 'dependent'), false);
  }));

test('background: an object with another owner alive stays and loses only the reference', () =>
  withServer(async (client, server) => {
    await ownerWithDependent(client);
    const other = await client.create(configMaps, configMap(namespace, 'other'));
    const reference = { apiVersion: 'v1', kind: 'ConfigMap', name: 'other', uid: other.metadata.uid };
    await client.patch(
      configMaps,
      { namespace, name: 'dependent' },
      { kind: 'json', operations: [{ op: 'add', path: '/metadata/ownerReferences/-', value: reference }] },
    );
    await deleteOwner(client);
    server.collectGarbage();
    deepStrictEqual(
      (await client.get(configMaps, { namespace, name: 'dependent' })).metadata.ownerReferences?.map(({ name }) => name),
      ['other'],
    );
  }));

test('foreground: the owner waits for the dependents that block it', () =>
  withServer(async (client, server) => {
    await ownerWithDependent(client, { blockOwnerDeletion: true });
    await client.patch(
      configMaps,
      { namespace, name: 'dependent' },
      { kind: 'merge', body: { metadata: { finalizers: ['test.pgherd.dev/keep'] } } },
    );
    await deleteOwner(client, { propagationPolicy: 'Foreground' });
    server.collectGarbage();
    strictEqual(await exists(client, 'owner'), true);
    notStrictEqual((await client.get(configMaps, { namespace, name: 'dependent' })).metadata.deletionTimestamp, undefined);
    await client.patch(configMaps, { namespace, name: 'dependent' }, { kind: 'merge', body: { metadata: { finalizers: null } } });
    server.collectGarbage();
    deepStrictEqual([await exists(client, 'owner'), await exists(client, 'dependent')], [false, false]);
  }));

test('orphan: dependents stay without the reference', () =>
  withServer(async (client, server) => {
    await ownerWithDependent(client);
    await deleteOwner(client, { propagationPolicy: 'Orphan' });
    server.collectGarbage();
    strictEqual(await exists(client, 'owner'), false);
    strictEqual((await client.get(configMaps, { namespace, name: 'dependent' })).metadata.ownerReferences, undefined);
  }));

test('automatic: dependents go without a step', () =>
  withServer(async (client) => {
    await ownerWithDependent(client);
    await deleteOwner(client);
    await eventually('the dependent goes', async () => !(await exists(client, 'dependent')));
  }, 'automatic'));

test('namespaces: a deleted one goes with everything in it, and not before finalizers let it', () =>
  withServer(async (client, server) => {
    await client.create(kinds.namespaces, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'going' } });
    await client.create(configMaps, configMap('going', 'a'));
    await client.create(pods, pod('going', 'running', { nodeName: 'node' }));
    await client.create(configMaps, configMap('going', 'kept', {}, { finalizers: ['test.pgherd.dev/keep'] }));
    await client.delete(kinds.namespaces, { name: 'going' });
    server.collectGarbage();
    deepStrictEqual(
      (await client.list(configMaps, { namespace: 'going' })).items.map((item) => item.metadata.name),
      ['kept'],
    );
    await client.patch(configMaps, { namespace: 'going', name: 'kept' }, { kind: 'merge', body: { metadata: { finalizers: null } } });
    server.collectGarbage();
    await refused(client.get(kinds.namespaces, { name: 'going' }), 404, 'NotFound');
  }));

test('claims: a deleted one stays while a pod uses it', () =>
  withServer(async (client, server) => {
    const claims = unstructured(kinds.persistentVolumeClaims);
    const spec = { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } };
    await client.create(
      claims,
      withFields({ apiVersion: 'v1', kind: 'PersistentVolumeClaim', metadata: { namespace, name: 'data' } }, { spec }),
    );
    await client.create(pods, pod(namespace, 'user', { volumes: [{ name: 'data', persistentVolumeClaim: { claimName: 'data' } }] }));
    await client.delete(claims, { namespace, name: 'data' });
    server.collectGarbage();
    strictEqual(await exists(client, 'data', claims), true);
    await client.delete(pods, { namespace, name: 'user' });
    server.collectGarbage();
    strictEqual(await exists(client, 'data', claims), false);
  }));
