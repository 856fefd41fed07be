/** The status of postgresql and its columns, before the API server. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, test } from 'node:test';
import { ApiError } from '@pgherd/kube';
import { definitions, type } from '../testing/postgresql.ts';
import { installed, server } from '../testing/server.ts';
import { postgresql } from './postgresql.ts';

const api = await server();
after(() => api[Symbol.asyncDispose]());

await installed(api.client, definitions);

interface Table {
  readonly columnDefinitions: readonly { readonly name: string; readonly priority: number }[];
  readonly rows: readonly { readonly cells: readonly unknown[] }[];
}

const { group, names } = postgresql;

/** An object of its own, gone when disposed. */
async function stored() {
  const ref = { namespace: 'default', name: `status-${randomUUID()}` };
  const object = { apiVersion: `${group}/v1`, kind: names.kind, metadata: ref };
  const spec = {
    teamId: 'shelves',
    numberOfInstances: 2,
    postgresql: { version: '17' },
    volume: { size: '1Gi' },
    resources: { requests: { cpu: '100m', memory: '128Mi' } },
  };
  const asked = { ...object, spec };
  await api.client.apply(type, asked, { fieldManager: 'user' });
  return {
    ref,
    writeStatus: (status: object) => {
      const seen = { ...object, status };
      return api.client.apply(type, seen, { fieldManager: 'pgherd-status', subresource: 'status' });
    },
    [Symbol.asyncDispose]: async () => {
      await api.client.delete(type, ref);
    },
  };
}

const observed = {
  observedGeneration: 1,
  readyMembers: '2/2',
  primary: 'shelves-0',
  serverVersion: '17.6',
  conditions: [{ type: 'Ready', status: 'True', reason: 'Serving', message: '', lastTransitionTime: '2026-01-01T00:00:00Z' }],
};

test('postgresql: kubectl get shows the columns of the original, and ready members, reason and primary', async () => {
  await using object = await stored();
  await object.writeStatus({ PostgresClusterStatus: 'Running', ...observed });
  const { body } = await api.client.raw({
    method: 'GET',
    path: `/apis/${group}/v1/namespaces/default/${names.plural}/${object.ref.name}`,
    accept: 'application/json;as=Table;v=v1;g=meta.k8s.io',
  });
  const { columnDefinitions, rows } = JSON.parse(body.toString('utf8')) as Table;
  const cells = rows[0]?.cells ?? [];
  const shown = columnDefinitions.map(({ name, priority }, index) => [`${name}${priority > 0 ? ' (wide)' : ''}`, cells[index]]);
  assert.deepEqual(
    shown.filter(([name]) => name !== 'Age'),
    [
      ['Name', object.ref.name],
      ['Team', 'shelves'],
      ['Version', '17'],
      ['Pods', 2],
      ['Volume', '1Gi'],
      ['CPU-Request', '100m'],
      ['Memory-Request', '128Mi'],
      ['Status', 'Running'],
      ['Ready', '2/2'],
      ['Reason', 'Serving'],
      ['Primary', 'shelves-0'],
      ['Server (wide)', '17.6'],
    ],
  );
});

test('postgresql: a status has to say what the original says', async () => {
  await using object = await stored();
  await assert.rejects(
    object.writeStatus(observed),
    (error) => error instanceof ApiError && /status\.PostgresClusterStatus: Required value/.test(error.message),
  );
});
