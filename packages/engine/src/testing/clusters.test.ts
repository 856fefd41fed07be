import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { parse } from 'yaml';
import { fixtureManifest, fixtureNames } from './clusters.ts';

const examples = join(import.meta.dirname, '../../../../examples/gitops');

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** As kustomize patches a custom resource: objects are merged, lists replaced. */
const merged = (below: unknown, above: unknown): unknown => {
  if (!isObject(below) || !isObject(above)) return above;
  return { ...below, ...Object.fromEntries(Object.entries(above).map(([name, value]) => [name, merged(below[name], value)])) };
};

const example = (path: string): unknown => parse(readFileSync(join(examples, path), 'utf8'));

for (const overlay of fixtureNames) {
  test(`fixtures: ${overlay} asks for what the example's overlay asks for`, () => {
    const manifest = merged(example('base/postgres/postgres.yaml'), example(`overlays/${overlay}/postgres.yaml`));
    assert.deepEqual(fixtureManifest(overlay).spec, (manifest as { readonly spec: unknown }).spec);
  });
}
