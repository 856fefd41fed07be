import assert from 'node:assert/strict';
import { test } from 'node:test';
import { allPaths, postgresCluster } from '@pgherd/api/schema';
import { fixtureManifest, testConfiguration, testNowMs } from '../../testing/clusters.ts';
import { annotations } from './profile.ts';
import { read } from './read.ts';
import { supported } from './supported.ts';

const specPaths = allPaths(postgresCluster.schema).filter(({ path }) => path.startsWith('spec.'));

/** Values that ask for something, for every kind of field. */
const sample = (kind: string): unknown => {
  switch (kind) {
    case 'integer':
    case 'number':
    case 'intOrString':
      return 17;
    case 'boolean':
      return true;
    case 'list':
      return ['sample'];
    case 'string':
      return 'sample';
    default:
      return { sample: 'sample' };
  }
};

/** `{ spec: … }` that holds `value` at `path` and nothing else. */
const nested = (path: string, value: unknown): unknown =>
  path
    .split('.')
    .slice(1)
    .toReversed()
    .reduce<unknown>((inner, name) => (name.endsWith('[]') ? { [name.slice(0, -2)]: [inner] } : { [name]: inner }), value);

const covers = (above: string, path: string): boolean => path === above || path.startsWith(`${above}.`) || path.startsWith(`${above}[]`);

const isSupported = (path: string): boolean => supported.some((above) => covers(`spec.${above}`, path));

test('support: every field that is called supported exists in the schema', () => {
  const known = new Set(specPaths.map(({ path }) => path));
  assert.deepEqual(
    supported.filter((path) => !known.has(`spec.${path}`)),
    [],
  );
});

test('support: every field of the schema is carried out or reported', () => {
  const lost: string[] = [];
  let reported = 0;
  for (const { path, node } of specPaths) {
    // A way to other fields asks for nothing itself.
    const leaf = !specPaths.some((other) => other.path !== path && covers(path, other.path));
    if (!leaf) continue;
    // A restore that is not armed, and the like, ask for nothing; `enabled` next to the field arms them.
    const parent = path.slice(0, path.lastIndexOf('.'));
    let spec = nested(path, sample(node.kind)) as Record<string, unknown>;
    if (parent === 'spec.backups.pgbackrest.restore' || covers('spec.backups.pgbackrest.restore', path)) {
      const { backups } = spec as { readonly backups: { readonly pgbackrest: { readonly restore: object } } };
      spec = { backups: { pgbackrest: { restore: { ...backups.pgbackrest.restore, enabled: true } } } };
    }
    const { findings } = read({ ...fixtureManifest('dev'), spec }, testConfiguration, testNowMs);
    const about = findings.filter(
      (finding) =>
        (finding.reason === 'NotYetSupported' || finding.reason === 'DeprecatedField') &&
        covers(finding.path.replaceAll(/\[\d+\]/g, '[]'), path),
    );
    if (about.length > 0) reported++;
    if (about.length === 0 && !isSupported(path)) lost.push(path);
  }
  assert.deepEqual(lost, []);
  assert.ok(reported > 50, `only ${reported} fields were reported: does the test still reach them?`);
});

test('support: a field that is carried out is not reported', () => {
  for (const path of supported) {
    const node = specPaths.find((known) => known.path === `spec.${path}`)?.node;
    const spec = nested(`spec.${path}`, sample(node?.kind ?? 'object'));
    const { findings } = read({ ...fixtureManifest('dev'), spec }, testConfiguration, testNowMs);
    assert.deepEqual(
      findings.filter(({ kind }) => kind === 'unsupported').map((finding) => finding.path),
      [],
      path,
    );
  }
});

test('support: a field that no schema knows is reported, too', () => {
  const manifest = fixtureManifest('dev');
  const { findings } = read({ ...manifest, spec: { ...(manifest.spec as object), superpowers: true } }, testConfiguration, testNowMs);
  assert.deepEqual(
    findings.map(({ kind, path }) => [kind, path]),
    [['unsupported', 'spec.superpowers']],
  );
});

test('support: what is switched off asks for nothing', () => {
  const manifest = fixtureManifest('dev');
  const off = {
    standby: { enabled: false, repoName: 'repo1' },
    monitoring: {},
    proxy: {},
    dataSource: {},
  };
  const { findings } = read({ ...manifest, spec: { ...(manifest.spec as object), ...off } }, testConfiguration, testNowMs);
  assert.deepEqual(findings, []);
});

test('support: a request by annotation that has no effect yet is reported', () => {
  const manifest = fixtureManifest('dev');
  const metadata = { ...manifest.metadata, annotations: { [annotations.userSchemas]: 'true', [annotations.restore]: 'now' } };
  const { findings } = read({ ...manifest, metadata }, testConfiguration, testNowMs);
  assert.deepEqual(
    findings.map(({ kind, path }) => [kind, path]),
    [['unsupported', `metadata.annotations["${annotations.userSchemas}"]`]],
  );
});
