import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fixtureCluster } from '../../testing/clusters.ts';
import type { InstanceSet } from '../../model/cluster.ts';

const claim = { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } };

const setWith = (volumes: unknown): { readonly set: InstanceSet | undefined; readonly findings: readonly string[] } => {
  const { cluster, findings } = fixtureCluster('dev', (spec) => ({
    ...spec,
    instances: [{ name: 'pgdb', dataVolumeClaimSpec: claim, volumes }],
  }));
  return { set: cluster.sets[0], findings: findings.map(({ reason, path }) => `${reason} ${path}`) };
};

test('volumes: a claim is mounted everywhere, an image read-only', () => {
  const { set, findings } = setWith({
    additional: [
      { name: 'dumps', claimName: 'dumps' },
      { name: 'shared', claimName: 'shared', readOnly: true },
      { name: 'tools', image: { reference: 'registry.example/tools', pullPolicy: 'Always' } },
    ],
  });
  assert.deepEqual(findings, []);
  assert.deepEqual(set?.additionalVolumes, [
    { name: 'volumes-dumps', persistentVolumeClaim: { claimName: 'dumps' } },
    { name: 'volumes-shared', persistentVolumeClaim: { claimName: 'shared', readOnly: true } },
    { name: 'volumes-tools', image: { reference: 'registry.example/tools', pullPolicy: 'Always' } },
  ]);
  assert.deepEqual(set.additionalMounts, [
    { name: 'volumes-dumps', mountPath: '/volumes/dumps' },
    { name: 'volumes-shared', mountPath: '/volumes/shared', readOnly: true },
    { name: 'volumes-tools', mountPath: '/volumes/tools', readOnly: true },
  ]);
});

test('volumes: a list of containers limits the mounts, an empty one leaves none', () => {
  const { set, findings } = setWith({
    additional: [
      { name: 'some', claimName: 'a', containers: ['database', 'pgbackrest'] },
      { name: 'none', claimName: 'b', containers: [] },
    ],
  });
  assert.deepEqual(findings, []);
  assert.equal(set?.additionalVolumes.length, 2);
  assert.deepEqual(set.additionalMounts, []);
  const mount = { name: 'volumes-some', mountPath: '/volumes/some' };
  assert.deepEqual(set.mountsByContainer, { database: [mount], pgbackrest: [mount] });
});

test('volumes: scratch space comes and goes with the pod', () => {
  const { set, findings } = setWith({ temp: claim });
  assert.deepEqual(findings, []);
  assert.deepEqual(set?.additionalVolumes, [{ name: 'postgres-temp', ephemeral: { volumeClaimTemplate: { spec: claim } } }]);
  assert.deepEqual(Object.keys(set.mountsByContainer), ['postgres-startup', 'database']);
});

test('volumes: what is no volume is left out and reported', () => {
  const { set, findings } = setWith({
    additional: [{ name: 'Both_Ways', claimName: 'a' }, { name: 'both', claimName: 'a', image: { reference: 'b' } }, { name: 'neither' }],
  });
  assert.deepEqual(set?.additionalVolumes, []);
  assert.deepEqual(findings, [
    'InvalidVolume spec.instances[0].volumes.additional[0].name',
    'InvalidVolume spec.instances[0].volumes.additional[1]',
    'InvalidVolume spec.instances[0].volumes.additional[2]',
  ]);
});
