import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, test } from 'node:test';
import { server } from '../src/testing/server.ts';
import { documents, schemaRoots, typeRoots } from './kubernetes-kinds.ts';
import { schemasModule } from './kubernetes-schemas.ts';
import { typesModule } from './kubernetes-types.ts';
import { readDefinitions } from './openapi.ts';

const api = await server();
after(() => api[Symbol.asyncDispose]());

const definitions = await readDefinitions(async (path) => {
  const { body } = await api.client.raw({ method: 'GET', path: `/openapi/v3/${path}`, accept: 'application/json' });
  return body.toString('utf8');
}, documents);

const generated = (name: string): string => readFileSync(new URL(`../src/kubernetes/${name}`, import.meta.url), 'utf8');

test('Kubernetes types: are what the API server says of itself (else run packages/api/scripts/generate-kubernetes.ts)', () => {
  assert.ok(generated('generated.types.ts') === typesModule(definitions, typeRoots), 'generated.types.ts differs from the API server');
});

test('Kubernetes schemas: are what the API server says of itself (else run packages/api/scripts/generate-kubernetes.ts)', () => {
  assert.ok(
    generated('generated.schemas.ts') === schemasModule(definitions, schemaRoots),
    'generated.schemas.ts differs from the API server',
  );
});
