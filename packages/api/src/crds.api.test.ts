import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, test } from 'node:test';
import { customResourceDefinitions } from './crds.ts';
import { postgresCluster } from './crunchy/postgres-cluster.ts';
import { installed, server } from './testing/server.ts';
import type { CustomResourceDefinition } from './kubernetes/generated.types.ts';

const api = await server();
after(() => api[Symbol.asyncDispose]());

const definitions = await installed(api.client);

test('CRDs: install by server-side apply, are established, and are structural', () => {
  assert.ok(definitions.length > 0);
  for (const { metadata, status } of definitions) {
    const conditions = Object.fromEntries((status?.conditions ?? []).map(({ type, status: holds }) => [type, holds]));
    assert.deepEqual(conditions, { NamesAccepted: 'True', Established: 'True' }, metadata.name);
  }
});

test('CRDs: the server keeps every part of the schemas', () => {
  const schemas = (all: readonly CustomResourceDefinition[]): unknown =>
    JSON.parse(JSON.stringify(all.map(({ spec }) => spec.versions.map(({ name, schema }) => ({ name, schema })))));
  assert.deepEqual(schemas(definitions), schemas(customResourceDefinitions()));
});

test('CRDs: a second apply changes nothing', async () => {
  const again = await installed(api.client);
  assert.deepEqual(
    again.map(({ metadata }) => metadata.generation),
    definitions.map(({ metadata }) => metadata.generation),
  );
});

interface Table {
  readonly columnDefinitions: readonly { readonly name: string; readonly priority: number }[];
  readonly rows: readonly { readonly cells: readonly unknown[] }[];
}

test('CRDs: kubectl get shows ready members, state, primary and versions', async () => {
  const { group, names } = postgresCluster;
  const type = { group, version: 'v1beta1', kind: names.kind, plural: names.plural, namespaced: true };
  const ref = { namespace: 'default', name: `columns-${randomUUID()}` };
  const object = { apiVersion: `${group}/v1beta1`, kind: names.kind, metadata: ref };
  const dataVolumeClaimSpec = { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } };
  const asked = { ...object, spec: { postgresVersion: 17, instances: [{ dataVolumeClaimSpec }] } };
  await api.client.apply(type, asked, { fieldManager: 'user' });
  try {
    const ready = { type: 'Ready', status: 'True', reason: 'Serving', message: '', lastTransitionTime: '2026-01-01T00:00:00Z' };
    const status = { readyMembers: '1/1', primary: 'columns-00-abcd', serverVersion: '17.6', conditions: [ready] };
    const seen = { ...object, status };
    await api.client.apply(type, seen, { fieldManager: 'pgherd-status', subresource: 'status' });
    const { body } = await api.client.raw({
      method: 'GET',
      path: `/apis/${group}/v1beta1/namespaces/default/${names.plural}/${ref.name}`,
      accept: 'application/json;as=Table;v=v1;g=meta.k8s.io',
    });
    const { columnDefinitions, rows } = JSON.parse(body.toString('utf8')) as Table;
    const cells = rows[0]?.cells ?? [];
    const shown = Object.fromEntries(
      columnDefinitions.map(({ name, priority }, index) => [`${name}${priority > 0 ? ' (wide)' : ''}`, cells[index]]),
    );
    const { Age: age, ...others } = shown;
    assert.equal(typeof age, 'string');
    assert.deepEqual(others, {
      Name: ref.name,
      Ready: '1/1',
      Status: 'Serving',
      Primary: 'columns-00-abcd',
      Version: 17,
      'Server (wide)': '17.6',
    });
  } finally {
    await api.client.delete(type, ref);
  }
});
