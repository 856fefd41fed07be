import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { parse } from 'yaml';
import { customResourceDefinition } from '../src/crd.ts';
import { postgresCluster } from '../src/crunchy/postgres-cluster.ts';
import { postgresql } from '../src/zalando/postgresql.ts';
import { outputs } from './outputs.ts';

const committed = (path: string): string => readFileSync(new URL(`../../../${path}`, import.meta.url), 'utf8');

for (const [path, text] of outputs()) {
  test(`generate: ${path} is what the schemas give (else run packages/api/scripts/generate.ts)`, () => {
    assert.ok(committed(path) === text, `${path} differs: run node packages/api/scripts/generate.ts and commit the result`);
  });
}

for (const resource of [postgresCluster, postgresql]) {
  test(`generate: the YAML of ${resource.names.kind} says what the object says`, () => {
    const definition = customResourceDefinition(resource);
    const path = [...outputs().keys()].find((name) => name.endsWith(`/${definition.metadata?.name ?? ''}.yaml`)) ?? '';
    assert.deepEqual(parse(committed(path)), JSON.parse(JSON.stringify(definition)));
  });
}
