import assert from 'node:assert/strict';
import { test } from 'node:test';
import { allPaths, postgresql } from '@pgherd/api/schema';
import { postgresqlManifest, testConfiguration, testNowMs } from '../../testing/clusters.ts';
import { read } from './read.ts';
import { stateOf, type FieldState } from '../common/support.ts';
import { support, supported } from './supported.ts';

const specPaths = allPaths(postgresql.schema).filter(({ path }) => path.startsWith('spec.'));

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

/** The spec that holds `value` at `path` and nothing else. */
const nested = (path: string, value: unknown): unknown =>
  path
    .split('.')
    .slice(1)
    .toReversed()
    .reduce<unknown>(
      (inner, name) => (name.endsWith('[]') ? { [name.slice(0, -2)]: [inner] } : { [name === '*' ? 'member' : name]: inner }),
      value,
    );

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
    const spec = nested(path, sample(node.kind));
    const { findings } = read({ ...postgresqlManifest(), spec }, testConfiguration, testNowMs);
    const about = findings.filter(
      (finding) =>
        (finding.reason === 'NotYetSupported' || finding.reason === 'DeprecatedField') &&
        covers(finding.path.replaceAll(/\[\d+\]/g, '[]').replaceAll('.member', '.*'), path),
    );
    if (about.length > 0) reported++;
    if (about.length === 0 && !isSupported(path)) lost.push(path);
  }
  assert.deepEqual(lost, []);
  assert.ok(reported > 30, `only ${reported} fields were reported: does the test still reach them?`);
});

test('support: a field that is carried out is not reported', () => {
  for (const path of supported) {
    const node = specPaths.find((known) => known.path === `spec.${path}`)?.node;
    const spec = nested(`spec.${path}`, sample(node?.kind ?? 'object'));
    const { findings } = read({ ...postgresqlManifest(), spec }, testConfiguration, testNowMs);
    assert.deepEqual(
      findings.filter(({ kind }) => kind === 'unsupported').map((finding) => finding.path),
      [],
      path,
    );
  }
});

test('support: a field that no schema knows is reported, too', () => {
  const manifest = postgresqlManifest();
  const { findings } = read({ ...manifest, spec: { ...(manifest.spec as object), superpowers: true } }, testConfiguration, testNowMs);
  assert.deepEqual(
    findings.map(({ kind, path }) => [kind, path]),
    [['unsupported', 'spec.superpowers']],
  );
});

test('support: what is switched off asks for nothing', () => {
  const manifest = postgresqlManifest();
  const off = {
    enableConnectionPooler: false,
    enableReplicaConnectionPooler: false,
    enableLogicalBackup: false,
    masterPoolerNodePort: 0,
    usersWithSecretRotation: null,
    maintenanceWindows: [],
    volume: { size: '1Gi', isSubPathExpr: false },
  };
  const { findings } = read({ ...manifest, spec: { ...(manifest.spec as object), ...off } }, testConfiguration, testNowMs);
  assert.deepEqual(findings, []);
});

test('support: the state of a field is told by its path', () => {
  const state = (path: string): FieldState => stateOf(support, path);
  assert.deepEqual(state('databases'), { kind: 'carriedOut' });
  assert.deepEqual(state('sidecars[].env'), { kind: 'carriedOut' });
  assert.deepEqual(state('volume'), { kind: 'partly' });
  assert.equal(state('connectionPooler.mode').kind, 'missingFeature');
  assert.equal(state('preparedDatabases.*.secretNamespace').kind, 'missingFeature');
  assert.deepEqual(state('superpowers'), { kind: 'missing' });
});
