import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { test } from 'node:test';
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

test('versions: chart and kustomization install the version that this checkout is', () => {
  const { version } = JSON.parse(committed('package.json')) as { readonly version: string };
  const chart = committed('charts/pgherd/Chart.yaml');
  assert.match(chart, new RegExp(`^version: ${version}$`, 'm'));
  assert.match(chart, new RegExp(`^appVersion: '${version}'$`, 'm'));
  assert.match(committed('deploy/base/kustomization.yaml'), new RegExp(`newTag: '${version}'`));
  for (const line of committed('deploy/base/pgherd.env')
    .split('\n')
    .filter((text) => text.includes('_IMAGE')))
    for (const [image] of line.matchAll(/pgherd-postgres:[^,]*/g)) assert.equal(image, `pgherd-postgres:${version}`);
});
