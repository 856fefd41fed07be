import assert from 'node:assert/strict';
import { test } from 'node:test';
import { postgresCluster } from '@pgherd/api/schema';
import { fixtureManifest, testConfiguration, testNowMs } from '../../testing/clusters.ts';
import { testSupport } from '../../testing/support.ts';
import { annotations } from './profile.ts';
import { read } from './read.ts';
import { supported } from './supported.ts';

testSupport({
  schema: postgresCluster.schema,
  manifest: fixtureManifest('dev'),
  read,
  supported,
  reportedAtLeast: 50,
  off: {
    standby: { enabled: false, repoName: 'repo1' },
    monitoring: {},
    proxy: {},
    dataSource: {},
  },
  // A restore that is not armed asks for nothing; `enabled` next to the field arms it.
  arm: (path, spec) => {
    if (!path.startsWith('spec.backups.pgbackrest.restore')) return spec;
    const { backups } = spec as { readonly backups: { readonly pgbackrest: { readonly restore: object } } };
    return { backups: { pgbackrest: { restore: { ...backups.pgbackrest.restore, enabled: true } } } };
  },
});

test('support: a request by annotation that has no effect yet is reported', () => {
  const manifest = fixtureManifest('dev');
  const metadata = { ...manifest.metadata, annotations: { [annotations.allowUpgrade]: 'pg18', [annotations.restore]: 'now' } };
  const { findings } = read({ ...manifest, metadata }, testConfiguration, testNowMs);
  assert.deepEqual(
    findings.map(({ kind, path }) => [kind, path]),
    [['unsupported', `metadata.annotations["${annotations.allowUpgrade}"]`]],
  );
});
