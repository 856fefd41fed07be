import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Cluster } from '../model/cluster.ts';
import { fixtureCluster, postgresqlFixture, testConfiguration } from '../testing/clusters.ts';
import { testContext } from '../testing/rendering.ts';
import { certificateSources } from './certificateFiles.ts';
import { certificatePlans } from './certificates.ts';
import { patroniClusterFile } from './patroni.ts';

const withTls = (tls: object): ReturnType<typeof postgresqlFixture> => postgresqlFixture('minimal', (spec) => ({ ...spec, tls }));

/** `SECRET/KEY → PATH` of every file. */
const files = (cluster: Cluster): readonly string[] =>
  certificateSources(cluster).flatMap(({ name, items = [] }) => items.map(({ key, path }) => `${name}/${key} → ${path}`));

const replication = (cluster: Cluster): Readonly<Record<string, unknown>> =>
  (
    JSON.parse(patroniClusterFile(cluster, testContext)) as {
      readonly postgresql: { readonly authentication: { readonly replication: Readonly<Record<string, unknown>> } };
    }
  ).postgresql.authentication.replication;

/** Secrets and keys that whom to trust is put together from, in the Secret of this name. */
const trusted = (cluster: Cluster, secret: string): readonly string[] => {
  const value = certificatePlans(cluster, [], testConfiguration).find(({ reference }) => reference.name === secret)?.values['ca.crt'];
  return value?.kind === 'concatenationOf' ? value.parts.map((part) => ('secret' in part ? `${part.secret}/${part.key}` : part.key)) : [];
};

test('certificate files: with both ours, each has the authorities of its Secret', () => {
  const { cluster } = postgresqlFixture('minimal', (spec) => spec);
  assert.deepEqual(files(cluster), [
    'acid-minimal-cluster-server-cert/tls.crt → tls.crt',
    'acid-minimal-cluster-server-cert/tls.key → tls.key',
    'acid-minimal-cluster-server-cert/ca.crt → ca.crt',
    'acid-minimal-cluster-replication-cert/tls.crt → replication/tls.crt',
    'acid-minimal-cluster-replication-cert/tls.key → replication/tls.key',
    'acid-minimal-cluster-replication-cert/ca.crt → replication/ca.crt',
  ]);
  assert.equal(replication(cluster)['sslmode'], 'verify-ca');
});

test("certificate files: with the owner's server certificate, server and replicas trust its authority and ours", () => {
  const { cluster, findings } = withTls({
    secretName: 'mine',
    certificateFile: '/tls/chain.pem',
    caFile: '/tlsca/root.pem',
    caSecretName: 'other',
  });
  assert.deepEqual(findings, []);
  assert.deepEqual(files(cluster), [
    'mine/chain.pem → tls.crt',
    'mine/tls.key → tls.key',
    'acid-minimal-cluster-replication-cert/ca.crt → ca.crt',
    'acid-minimal-cluster-replication-cert/tls.crt → replication/tls.crt',
    'acid-minimal-cluster-replication-cert/tls.key → replication/tls.key',
    'acid-minimal-cluster-replication-cert/ca.crt → replication/ca.crt',
  ]);
  assert.deepEqual(trusted(cluster, 'acid-minimal-cluster-replication-cert').at(-1), 'other/root.pem');
  assert.equal(replication(cluster)['sslmode'], 'verify-ca');
});

test("certificate files: the owner's certificate without its authority needs no third file, and cannot be verified", () => {
  const { cluster } = withTls({ secretName: 'mine' });
  assert.ok(!files(cluster).includes('mine/ca.crt → ca.crt'));
  assert.ok(files(cluster).includes('acid-minimal-cluster-replication-cert/ca.crt → ca.crt'));
  const { sslmode, sslrootcert } = replication(cluster);
  assert.deepEqual({ sslmode, sslrootcert }, { sslmode: 'require', sslrootcert: undefined });
});

test("certificate files: with the owner's certificate of replication alone, both sides trust both, too", () => {
  const { cluster } = fixtureCluster('dev', (spec) => ({ ...spec, customReplicationTLSSecret: { name: 'mine' } }));
  assert.deepEqual(
    files(cluster).filter((file) => file.endsWith('ca.crt')),
    ['hippo-cluster-cert/ca.crt → ca.crt', 'hippo-cluster-cert/ca.crt → replication/ca.crt'],
  );
  assert.deepEqual(trusted(cluster, 'hippo-cluster-cert').at(-1), 'mine/ca.crt');
});

test('certificate files: a file that is no key of a Secret blocks, and an authority that nobody names is said', () => {
  const told = (tls: object): readonly string[] =>
    withTls(tls).findings.map(({ path, reason, blocking }) => `${path} ${reason} ${blocking}`);
  assert.deepEqual(told({ secretName: 'mine', certificateFile: '/etc/ssl/server.crt' }), [
    'spec.tls.certificateFile InvalidCertificate true',
  ]);
  assert.deepEqual(told({ secretName: 'mine', caFile: '../ca.crt' }), ['spec.tls.caFile InvalidCertificate true']);
  assert.deepEqual(told({ secretName: 'mine', caSecretName: 'other' }), ['spec.tls.caSecretName AuthorityNotNamed false']);
});
