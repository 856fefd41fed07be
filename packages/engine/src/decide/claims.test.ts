import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PersistentVolumeClaim } from '@pgherd/api';
import { dialect, restedWorld, situationIn } from '../testing/worlds.ts';
import { claimNames } from './claims.ts';

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
