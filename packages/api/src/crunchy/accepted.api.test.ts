/** What PostgresCluster has to accept, and what the API server makes of it. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { accepted, said, withChanges } from '../testing/manifests.ts';
import type { Changes, Manifest } from '../testing/manifests.ts';
import { valueAt, changed } from '../testing/objects.ts';
import { check, complete, inVersion, typeIn, versions } from '../testing/postgres-cluster.ts';
import { created, installed, server } from '../testing/server.ts';
import { postgresCluster } from './postgres-cluster.ts';

const { group, names } = postgresCluster;
const rule0 = 'spec.authentication.rules[0]';
const parameters = 'spec.config.parameters';

const api = await server();
after(() => api[Symbol.asyncDispose]());

await installed(api.client);

/** Changes that have to stay possible. */
const possible: Readonly<Record<string, Changes>> = {
  'a repository name that goes on after its number': { 'spec.backups.pgbackrest.manual.repoName': 'repo1-old' },
  'no backups': { 'spec.backups': undefined },
  'empty backups': { 'spec.backups': {} },
  'no users, and therefore the default one': { 'spec.users': undefined },
  'an empty list of users': { 'spec.users': [] },
  'a set without a name': { 'spec.instances[0].name': undefined },
  'logs in the data directory': { [`${parameters}.log_directory`]: 'log' },
  'logs at a fixed place': { [`${parameters}.log_directory`]: '/pgdata/logs/postgres/daily' },
  'logs on the temporary volume': { [`${parameters}.log_directory`]: '/pgtmp/logs/postgres' },
  'an elliptic curve': { [`${parameters}.ssl_ecdh_curve`]: 'prime256v1' },
  'no batches': { 'spec.instrumentation.logs.batches': { minRecords: 0, maxDelay: '0' } },
  'an image volume that says nothing of reading and writing': { 'spec.instances[0].volumes.additional[1].readOnly': undefined },
  'an additional volume for no container': { 'spec.instances[0].volumes.additional[0].containers': [] },
  'a simple ldap rule': { [`${rule0}.options`]: { ldapprefix: 'cn=', ldapsuffix: ',dc=example' } },
  'quantities as numbers and with exponents': {
    'spec.instances[0].resources': { requests: { cpu: 2, memory: '1e9' }, limits: { cpu: '500m', memory: 1073741824 } },
  },
  'a pooler log at its own place': { 'spec.proxy.pgBouncer.config.global.logfile': '/tmp/logs/pgbouncer/pooler.log' },
};

for (const version of versions) {
  for (const [what, changes] of Object.entries(possible)) {
    test(`PostgresCluster ${version}: accepts ${what}`, async () => {
      assert.equal(said(await check(api.client, withChanges(inVersion(complete, version), changes), version)), accepted);
    });
  }
}

test('PostgresCluster: sixteen sets are the most that v1 takes, v1beta1 takes more', async () => {
  const set = valueAt(complete, ['spec', 'instances', 0]) as object;
  const many = Array.from({ length: 17 }, (_, index) => ({ ...set, name: `s${index}` }));
  const manifest = inVersion(changed(complete, ['spec', 'instances'], many), 'v1');
  assert.equal(said(await check(api.client, manifest, 'v1beta1')), accepted);
  const found = await check(api.client, manifest, 'v1');
  assert.ok(
    found.some(({ field, message }) => field === 'spec.instances' && /Too many: 17: must have at most 16 items/.test(message)),
    said(found),
  );
});

test('PostgresCluster: an object without a spec is accepted, so that its metadata can be applied alone', async () => {
  assert.equal(said(await check(api.client, { ...complete, spec: undefined } as unknown as Manifest, 'v1beta1')), accepted);
});

test('PostgresCluster: the API server writes the defaults', async () => {
  const manifest: Manifest = {
    apiVersion: `${group}/v1beta1`,
    kind: names.kind,
    metadata: { name: 'small' },
    spec: {
      postgresVersion: 17,
      instances: [{ dataVolumeClaimSpec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } } }],
      patroni: { switchover: { enabled: true } },
      proxy: { pgBouncer: { service: {} } },
      standby: {},
      users: [{ name: 'a', password: {} }],
      backups: { pgbackrest: { repos: [{ name: 'repo1' }], restore: { repoName: 'repo1' } } },
    },
  };
  const { spec: stored } = (await created(api.client, typeIn('v1beta1'), manifest)) as unknown as Manifest;
  assert.deepEqual(stored, {
    postgresVersion: 17,
    port: 5432,
    instances: [
      { name: '', replicas: 1, dataVolumeClaimSpec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } } },
    ],
    patroni: { leaderLeaseDurationSeconds: 30, syncPeriodSeconds: 10, port: 8008, switchover: { enabled: true, type: 'Switchover' } },
    proxy: { pgBouncer: { replicas: 1, port: 5432, service: { type: 'ClusterIP' } } },
    standby: { enabled: true },
    users: [{ name: 'a', password: { type: 'ASCII' } }],
    backups: { pgbackrest: { repos: [{ name: 'repo1' }], restore: { repoName: 'repo1', enabled: false } } },
  });
});
