import assert from 'node:assert/strict';
import { test } from 'node:test';
import { group, profile } from './profile.ts';

const { names } = profile;

/** The longest names that reading lets through, and a short pair. */
const pairs: readonly (readonly [string, string])[] = [
  ['hippo', 'pgdb'],
  ['h'.repeat(42), 'pgdb'],
  ['h', 'p'.repeat(45)],
];

const namesOf = (cluster: string, set: string): Readonly<Record<string, readonly string[]>> => {
  const member = names.member(cluster, set, 'x2bn');
  return {
    Service: [
      names.leaderService(cluster),
      names.configurationService(cluster),
      names.primaryService(cluster),
      names.replicaService(cluster),
      names.podService(cluster),
    ],
    StatefulSet: [member, names.repositoryHost(cluster)],
    ConfigMap: [names.configuration(cluster), names.memberConfiguration(member), names.backupConfiguration(cluster)],
    Secret: [
      names.rootCertificate,
      names.serverCertificate(cluster),
      names.replicationCertificate(cluster),
      names.memberCertificates(member),
      names.backupSecret(cluster),
      names.userSecret(cluster, 'hippo'),
    ],
    PersistentVolumeClaim: [
      names.memberDataVolume(member),
      names.memberWalVolume(member),
      ...['repo1', 'repo2', 'repo3', 'repo4'].map((repository) => names.repositoryVolume(cluster, repository)),
    ],
    ServiceAccount: [names.memberAccess(cluster), names.repositoryHostAccess(cluster), names.backupAccess(cluster)],
    Job: [names.backupJob(cluster, 'x2bn')],
    PodDisruptionBudget: [`${cluster}-set-${set}`],
  };
};

for (const [cluster, set] of pairs) {
  test(`profile: the names of cluster ${cluster} with set ${set} are valid, and different within a kind`, () => {
    const byKind = namesOf(cluster, set);
    for (const [kind, all] of Object.entries(byKind)) {
      assert.equal(new Set(all).size, all.length, kind);
      for (const name of all) assert.match(name, /^[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?$/, kind);
    }
    // StatefulSet's name, a dash and ten characters of a hash make a label of 63.
    for (const name of byKind['StatefulSet'] ?? []) assert.ok(name.length <= 52, name);
  });
}

test('profile: every label and annotation is in the group of the manifests', () => {
  for (const key of [...Object.values(profile.labels), profile.finalizer, ...Object.values(profile.requests)]) {
    assert.ok(key.startsWith(`${group}/`), key);
    assert.match(key.slice(group.length + 1), /^[a-zA-Z](?:[-a-zA-Z]{0,61}[a-zA-Z])?$/);
  }
});

test('profile: WAL is on its own volume where there is one', () => {
  assert.equal(profile.paths.dataDirectory(17), '/pgdata/pg17');
  assert.equal(profile.paths.walDirectory(17, false), '/pgdata/pg17_wal');
  assert.equal(profile.paths.walDirectory(17, true), '/pgwal/pg17_wal');
});
