import assert from 'node:assert/strict';
import { test } from 'node:test';
import { postgresql } from '@pgherd/api/schema';
import { postgresqlManifest } from '../../testing/clusters.ts';
import { testSupport } from '../../testing/support.ts';
import { stateOf, type FieldState } from '../common/support.ts';
import { read } from './read.ts';
import { support, supported } from './supported.ts';

testSupport({
  schema: postgresql.schema,
  manifest: postgresqlManifest(),
  read,
  supported,
  reportedAtLeast: 30,
  off: {
    enableConnectionPooler: false,
    enableReplicaConnectionPooler: false,
    enableLogicalBackup: false,
    masterPoolerNodePort: 0,
    usersWithSecretRotation: null,
    volume: { size: '1Gi', isSubPathExpr: true, subPath: '', iops: 0 },
    enableMasterPoolerLoadBalancer: true,
    connectionPooler: { mode: 'session' },
    clone: { cluster: '', timestamp: '2026-01-01T00:00:00+00:00' },
    schedulerName: '',
  },
  // What says how a pooler or a clone is asks for nothing without what asks for one.
  arm: (path, spec) => {
    if (path.startsWith('spec.clone.')) return { clone: { ...(spec['clone'] as object), cluster: 'other' } };
    return path.includes('Pooler') && !path.includes('enableConnectionPooler') ? { enableConnectionPooler: true, ...spec } : spec;
  },
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
