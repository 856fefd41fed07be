/** The example manifests, folder by folder as kustomize builds them, before the API server. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, test } from 'node:test';
import type { NewObject } from '@pgherd/kube';
import { parse } from 'yaml';
import { installed, refusals, server } from '../testing/server.ts';
import { postgresCluster } from './postgres-cluster.ts';

const examples = new URL('../../../../examples/gitops/', import.meta.url);
const manifest = (folder: string): NewObject => parse(readFileSync(new URL(`${folder}/postgres.yaml`, examples), 'utf8')) as NewObject;

const api = await server();
after(() => api[Symbol.asyncDispose]());

await installed(api.client);

/** kustomize merges a kind that it does not know as RFC 7386 does: objects key by key, everything else is replaced. */
function merged(base: unknown, patch: unknown): unknown {
  if (!isObject(base) || !isObject(patch)) return patch;
  const result = { ...base };
  for (const [key, value] of Object.entries(patch)) result[key] = merged(base[key], value);
  return result;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

for (const folder of ['overlays/dev', 'overlays/qa', 'overlays/prod', 'admin/shutdown', 'admin/startup']) {
  test(`examples: gitops/${folder} is accepted as it is`, async () => {
    const object = merged(manifest('base/postgres'), manifest(folder)) as NewObject;
    const type = {
      group: postgresCluster.group,
      version: 'v1beta1',
      kind: object.kind,
      plural: postgresCluster.names.plural,
      namespaced: true,
    };
    assert.deepEqual(await refusals(api.client, type, object), []);
  });
}
