import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { test } from 'node:test';
import { customResourceDefinitions } from '@pgherd/api/crds';
import { definitionNames } from '../src/access.ts';
import { outputs } from './outputs.ts';

const root = new URL('../../../', import.meta.url);
const committed = (path: string): string => readFileSync(new URL(path, root), 'utf8');

for (const [path, text] of outputs()) {
  test(`generated: ${path} is what its sources say; make generate writes it`, () => {
    assert.ok(committed(path) === text, `${path} differs from what packages/operator/scripts/generate.ts writes: run make generate`);
  });
}

test('generated: the chart brings no definition that is no longer made', () => {
  const brought = readdirSync(new URL('charts/pgherd/crds', root)).filter((file) => file !== 'kustomization.yaml');
  assert.deepEqual(
    brought.filter((file) => !outputs().has(`charts/pgherd/crds/${file}`)),
    [],
  );
});

test('generated: every definition that is made is known to the operator by its name', () => {
  assert.deepEqual(
    customResourceDefinitions().map(({ metadata }) => metadata?.name),
    definitionNames().map(({ name }) => name),
  );
});

test('versions: chart, kustomization and guide install the version that this checkout is', () => {
  const { version } = JSON.parse(committed('package.json')) as { readonly version: string };
  const chart = committed('charts/pgherd/Chart.yaml');
  assert.match(chart, new RegExp(`^version: ${version}$`, 'm'));
  assert.match(chart, new RegExp(`^appVersion: '${version}'$`, 'm'));
  assert.match(committed('deploy/base/kustomization.yaml'), new RegExp(`newTag: '${version}'`));
  const texts = [committed('deploy/base/pgherd.env'), committed('docs/install.md')];
  const named = texts.map((text) => [...text.matchAll(/pgherd-(?:operator|postgres):([\w.-]*\w)/g)].map(([, tag]) => tag));
  for (const tags of named) {
    assert.ok(tags.length > 0);
    assert.deepEqual(
      tags.filter((tag) => tag !== version),
      [],
    );
  }
});
