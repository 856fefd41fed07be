import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { test } from 'node:test';
import { fixtureCluster, testConfiguration } from '../testing/clusters.ts';
import { assertGolden } from '../testing/golden.ts';
import { memberIdentity, type MemberIdentity } from '../model/members.ts';
import type { RenderContext } from './context.ts';
import { dynamicConfiguration, patroniClusterFile, patroniMemberFile } from './patroni.ts';

const member: MemberIdentity = memberIdentity(fixtureCluster().cluster, 'pgdb', 'hippo-pgdb-x2bn');
const fresh: RenderContext = {
  configuration: testConfiguration,
  bootstrapped: false,
  replicaRepository: undefined,
  leaderServiceIp: undefined,
  claimNames: new Map(),
  boundClaims: new Set(),
  claimTemplates: new Map(),
  restarts: new Map(),
  leaving: [],
  leadsFirst: undefined,
  memberRuns: false,
};
const running: RenderContext = { ...fresh, bootstrapped: true, replicaRepository: 'repo2' };
const { cluster } = fixtureCluster('dev');

interface MemberFile {
  readonly bootstrap?: unknown;
  readonly postgresql: {
    readonly create_replica_methods: readonly string[];
    readonly pgbackrest?: { readonly command: string };
  };
}

test('patroni: the files of a new cluster are as their golden file shows', () => {
  assertGolden(join(import.meta.dirname, 'golden', 'patroni.yaml'), {
    cluster: JSON.parse(patroniClusterFile(cluster, fresh)) as unknown,
    member: JSON.parse(patroniMemberFile(cluster, member, fresh)) as unknown,
  });
});

test('patroni: once the cluster is there, nothing of its bootstrap is left in the files', () => {
  for (const file of [patroniClusterFile(cluster, running), patroniMemberFile(cluster, member, running)]) {
    assert.equal((JSON.parse(file) as { readonly bootstrap?: unknown }).bootstrap, undefined);
  }
  const { bootstrap, ...rest } = JSON.parse(patroniClusterFile(cluster, fresh)) as { readonly bootstrap: { readonly dcs: unknown } };
  assert.deepEqual(bootstrap.dcs, dynamicConfiguration(cluster));
  assert.deepEqual(rest, JSON.parse(patroniClusterFile(cluster, running)));
});

test('patroni: the cluster file does not change with the dynamic configuration once the cluster is there', () => {
  const { cluster: other } = fixtureCluster('dev', (spec) => ({ ...spec, config: { parameters: { work_mem: '64MB' } } }));
  assert.notEqual(patroniClusterFile(other, fresh), patroniClusterFile(cluster, fresh));
  assert.equal(patroniClusterFile(other, running), patroniClusterFile(cluster, running));
});

test('patroni: replicas come from a base backup until a repository has one, then from there first', () => {
  const before = JSON.parse(patroniMemberFile(cluster, member, fresh)) as MemberFile;
  assert.deepEqual(before.postgresql.create_replica_methods, ['basebackup']);
  assert.equal(before.postgresql.pgbackrest, undefined);
  const after = JSON.parse(patroniMemberFile(cluster, member, running)) as MemberFile;
  assert.deepEqual(after.postgresql.create_replica_methods, ['pgbackrest', 'basebackup']);
});

test('patroni: the restore makes the data directory, then gets its arguments one by one', () => {
  const { postgresql } = JSON.parse(patroniMemberFile(cluster, member, running)) as MemberFile;
  const command = postgresql.pgbackrest?.command ?? '';
  // `install` and `pgbackrest` print their arguments instead, a line each.
  const shims =
    'install() { printf "%s\\n" install "$@"; }; pgbackrest() { printf "%s\\n" pgbackrest "$@"; }; exec() { "$@"; }; export -f install pgbackrest exec;';
  const lines = execFileSync('bash', ['-c', `${shims} ${command}`], { encoding: 'utf8' })
    .trimEnd()
    .split('\n');
  assert.deepEqual(lines, [
    'install',
    '--directory',
    '--mode=0700',
    '/pgdata/pg15',
    'pgbackrest',
    'restore',
    '--delta',
    '--stanza=db',
    '--repo=2',
    '--link-map=pg_wal=/pgdata/pg15_wal',
    '--type=standby',
  ]);
});

test('patroni: a set with its own WAL volume has its WAL there', () => {
  const claim = { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } };
  const { cluster: withWal } = fixtureCluster('dev', (spec) => ({
    ...spec,
    instances: [{ name: 'pgdb', dataVolumeClaimSpec: claim, walVolumeClaimSpec: claim }],
  }));
  const file = JSON.parse(patroniMemberFile(withWal, member, fresh)) as { readonly bootstrap: { readonly initdb: readonly unknown[] } };
  assert.deepEqual(file.bootstrap.initdb.at(-1), { waldir: '/pgwal/pg15_wal' });
});

test('patroni: a log file takes half of the limit, and there is one besides it', () => {
  const { cluster: logging } = fixtureCluster('dev', (spec) => ({
    ...spec,
    patroni: { logging: { level: 'DEBUG', storageLimit: '64M' } },
  }));
  const { log } = JSON.parse(patroniClusterFile(logging, running)) as { readonly log: unknown };
  assert.deepEqual(log, { type: 'json', level: 'DEBUG', dir: '/pgdata/patroni/log', mode: '0660', file_num: 1, file_size: 32_000_000 });
});

test('patroni: the forced settings win over the free ones, which else are handed on', () => {
  const { cluster: free } = fixtureCluster('dev', (spec) => ({
    ...spec,
    patroni: {
      leaderLeaseDurationSeconds: 20,
      dynamicConfiguration: {
        ttl: 5,
        synchronous_mode: true,
        postgresql: { use_slots: true, use_pg_rewind: false, pg_ident: ['map a b'] },
      },
    },
  }));
  const { postgresql, ...rest } = dynamicConfiguration(free) as { readonly postgresql: Readonly<Record<string, unknown>> };
  assert.deepEqual(rest, { ttl: 20, loop_wait: 10, synchronous_mode: true });
  assert.deepEqual([postgresql['use_slots'], postgresql['use_pg_rewind'], postgresql['pg_ident']], [true, true, ['map a b']]);
});
