import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Cluster } from '../../model/cluster.ts';
import { fixtureCluster, testConfiguration } from '../../testing/clusters.ts';
import { assertGolden } from '../../testing/golden.ts';
import { rendered, testContext, testMember, testTargets } from '../../testing/rendering.ts';
import { backupConfiguration, backupConfigurationHash, iniText } from './configuration.ts';
import { backupJob, firstBackup } from './job.ts';
import { renderBackups } from './repositoryHost.ts';

const golden = (name: string): string => join(import.meta.dirname, '..', 'golden', name);

const backupsOf = (cluster: Cluster) => {
  assert.ok(cluster.backups);
  return cluster.backups;
};

const files = (cluster: Cluster, suffixes: readonly string[] = ['b001']) =>
  backupConfiguration(
    cluster,
    backupsOf(cluster),
    suffixes.map((suffix) => testMember(cluster, 'pgdb', suffix)),
    testConfiguration,
  ).data ?? {};

const withGlobal = (global: Readonly<Record<string, string>>) =>
  fixtureCluster('dev', (spec) => {
    const { pgbackrest } = spec['backups'] as { pgbackrest: Readonly<Record<string, unknown>> };
    return { ...spec, backups: { pgbackrest: { ...pgbackrest, global } } };
  }).cluster;

const host = (cluster: Cluster, pods: 0 | 1 = 1, memberRuns = false) => {
  const object = rendered(renderBackups, cluster, testTargets(cluster, pods), { ...testContext, memberRuns }).find(
    ({ kind }) => kind === 'StatefulSet',
  );
  assert.ok(object?.kind === 'StatefulSet');
  return object;
};

test('backups: the repository host of the dev overlay is the one in the golden file', () => {
  assertGolden(golden('repositoryHost.yaml'), rendered(renderBackups, fixtureCluster('dev').cluster));
});

test('backups: the Job of the first backup is the one in the golden file', () => {
  const { cluster } = fixtureCluster('dev');
  const request = firstBackup(backupsOf(cluster), 0);
  assert.ok(request);
  assertGolden(golden('backupJob.yaml'), backupJob(cluster, backupsOf(cluster), request, testConfiguration));
});

test('backups: without backups nothing of them is rendered', () => {
  assert.deepEqual(rendered(renderBackups, fixtureCluster('dev', (spec) => ({ ...spec, backups: undefined })).cluster), []);
});

test('backups: the Job is the same for the same request, and another for the next attempt or other settings', () => {
  const { cluster } = fixtureCluster('dev');
  const name = (candidate: Cluster, attempt: number): string => {
    const request = firstBackup(backupsOf(candidate), attempt);
    assert.ok(request);
    return backupJob(candidate, backupsOf(candidate), request, testConfiguration).metadata.name;
  };
  assert.equal(name(cluster, 0), name(fixtureCluster('dev').cluster, 0));
  assert.notEqual(name(cluster, 0), name(cluster, 1));
  assert.notEqual(name(cluster, 0), name(withGlobal({ 'repo1-path': '/pgbackrest/elsewhere' }), 0));
});

test('backups: the hash changes with where backups go, and not with the members', () => {
  const hash = (cluster: Cluster) => backupConfigurationHash(cluster, backupsOf(cluster), testConfiguration);
  const { cluster } = fixtureCluster('dev');
  assert.equal(files(cluster)['config-hash'], files(cluster, ['b001', 'b002'])['config-hash']);
  assert.notEqual(hash(cluster), hash(withGlobal({ 'repo1-path': '/pgbackrest/elsewhere' })));
});

test('backups: the repository host finds every member, in an order of their names', () => {
  const text = files(fixtureCluster('dev').cluster, ['b002', 'b001'])['pgbackrest_repo.conf'] ?? '';
  assert.deepEqual(
    [...text.matchAll(/^(pg\d)-host = (.*)$/gm)].map(([, index, address]) => [index, address]),
    [
      ['pg1', 'hippo-pgdb-b001-0.hippo-pods.postgres.svc.cluster.local'],
      ['pg2', 'hippo-pgdb-b002-0.hippo-pods.postgres.svc.cluster.local'],
    ],
  );
});

test("backups: the owner's options win, over those for single commands too", () => {
  const text = files(withGlobal({ 'archive-timeout': '300', 'log-path': '/pgdata/elsewhere' }))['pgbackrest_instance.conf'] ?? '';
  assert.deepEqual(
    [...text.matchAll(/^(archive-timeout|log-path|io-timeout) = .*$/gm)].map(([line]) => line),
    ['archive-timeout = 300', 'log-path = /pgdata/elsewhere', 'io-timeout = 10'],
  );
});

test('backups: a value with a line break stays one option', () => {
  assert.equal(
    iniText({ global: { a: 'x\ntls-server-auth = everybody=*' } }),
    '# Made by pgherd. What is changed here does not last.\n\n[global]\na = x tls-server-auth = everybody=*\n',
  );
});

test('backups: the repository host stays until the last member of a stopped cluster has stopped', () => {
  const { cluster } = fixtureCluster('dev', (spec) => ({ ...spec, shutdown: true }));
  assert.equal(host(cluster, 1).spec?.replicas, 1);
  assert.equal(host(cluster, 0, true).spec?.replicas, 1, 'the last one archives while it stops');
  assert.equal(host(cluster, 0).spec?.replicas, 0);
  assert.equal(host(fixtureCluster('dev').cluster, 0).spec?.replicas, 1);
});

test('backups: no container of the repository host has a token for the API server', () => {
  const spec = host(fixtureCluster('dev').cluster).spec?.template.spec;
  assert.equal(spec?.automountServiceAccountToken, false);
  assert.doesNotMatch(JSON.stringify(spec), /serviceAccountToken/);
});

test("backups: the owner's labels reach the pods of Jobs and never win over ours", () => {
  const { cluster } = fixtureCluster('dev', (spec) => ({
    ...spec,
    metadata: { labels: { team: 'a', 'postgres-operator.crunchydata.com/pgbackrest-backup': 'stolen' } },
  }));
  const request = firstBackup(backupsOf(cluster), 0);
  assert.ok(request);
  const labels = backupJob(cluster, backupsOf(cluster), request, testConfiguration).spec?.template.metadata?.labels;
  assert.equal(labels?.['team'], 'a');
  assert.equal(labels?.['postgres-operator.crunchydata.com/pgbackrest-backup'], 'replica-create');
});
