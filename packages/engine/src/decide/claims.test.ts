import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PersistentVolumeClaim } from '@pgherd/api';
import { dialect, restedSharedWorld, restedWorld, situationIn } from '../testing/worlds.ts';
import { claimNames, claimsOf, memberVolumeOf } from './claims.ts';

const { labels, roleValues } = dialect.profile;
const member = 'hippo-pgdb-x2bn';

const claim = (name: string, volumeName?: string): PersistentVolumeClaim => ({
  apiVersion: 'v1',
  kind: 'PersistentVolumeClaim',
  metadata: { name, labels: { [labels.instance]: member, [labels.role]: roleValues.dataVolume } },
  spec: { ...(volumeName !== undefined && { volumeName }) },
});

/** Which of these claims serves the member, while a StatefulSet mounts `mounted`. */
const chosen = (persistentVolumeClaims: readonly PersistentVolumeClaim[], mounted?: string): string => {
  const { cluster, observation } = situationIn(restedWorld('dev'));
  const [statefulSet] = observation.children.statefulSets;
  assert.ok(statefulSet?.spec);
  const volumes = mounted === undefined ? [] : [{ name: 'data', persistentVolumeClaim: { claimName: mounted } }];
  const template = { spec: { containers: [], volumes } };
  const children = {
    ...observation.children,
    pods: [],
    statefulSets: [{ ...statefulSet, spec: { ...statefulSet.spec, template } }],
    persistentVolumeClaims,
  };
  return claimNames(cluster, children).get(`${member}-pgdata`) ?? `${member}-pgdata`;
};

test('claims: of several for one purpose the mounted one counts, then one with a volume, then the one that has our name', () => {
  const ours = `${member}-pgdata`;
  assert.equal(chosen([claim('a', 'pv-1'), claim('b', 'pv-2'), claim(ours, 'pv-3')], 'b'), 'b');
  assert.equal(chosen([claim('a'), claim('b', 'pv-2'), claim(ours)]), 'b');
  assert.equal(chosen([claim('a', 'pv-1'), claim(ours, 'pv-3'), claim('z', 'pv-2')]), ours);
  assert.equal(chosen([claim('b', 'pv-1'), claim('a', 'pv-2')]), 'a', 'always the same of equals');
});

test('claims: what carries no label of ours is for nothing', () => {
  const { cluster, observation } = situationIn(restedWorld('dev'));
  const stranger = { ...claim('stranger', 'pv-1'), metadata: { name: 'stranger', labels: {} } };
  assert.deepEqual([...claimNames(cluster, { ...observation.children, persistentVolumeClaims: [stranger] })], []);
});

test('claims: those of members that share a StatefulSet are told by their names, whatever else their labels say', () => {
  const { cluster, observation } = situationIn(restedSharedWorld());
  const set = cluster.identity.name;
  const called = (name: string, labelled: Readonly<Record<string, string>> = {}): PersistentVolumeClaim => ({
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
    metadata: { name, labels: { 'cluster-name': set, ...labelled } },
    spec: { volumeName: 'pv-1' },
  });
  assert.deepEqual(memberVolumeOf(cluster, called(`pgdata-${set}-11`)), { member: `${set}-11`, set, kind: 'data' });
  assert.deepEqual(memberVolumeOf(cluster, called(`pgwal-${set}-0`)), { member: `${set}-0`, set, kind: 'wal' });
  const labelled = { 'statefulset.kubernetes.io/pod-name': `${set}-0`, 'spilo-role': 'pgdata' };
  for (const name of ['restored-copy', `pgdata-${set}-exporter-0`, `pgdata-${set}-01`, `pgdata-${set}-`, `pgdata-${set}`]) {
    assert.equal(memberVolumeOf(cluster, called(name, labelled)), undefined, name);
  }
  const persistentVolumeClaims = [called('a-copy', labelled), called(`pgdata-${set}-0`)];
  const claims = claimsOf(cluster, { ...observation.children, persistentVolumeClaims });
  assert.deepEqual(
    [...claims.values()].map(({ metadata }) => metadata.name),
    [`pgdata-${set}-0`],
  );
});
