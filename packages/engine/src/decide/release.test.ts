import assert from 'node:assert/strict';
import { join } from 'node:path';
import { testTable } from '../testing/tables.ts';
import { atRest, decisionIn, editObject, namesOf, restedWorld } from '../testing/worlds.ts';
import type { World, WorldObject } from '../world/world.ts';

const [claim = ''] = namesOf(restedWorld('dev'), 'PersistentVolumeClaim');
const [service = ''] = namesOf(restedWorld('dev'), 'Service');
const other = { uid: restedWorld('dev').objects.get(`Service/${service}`)?.metadata.uid ?? '', kind: 'Service' };
const cluster = { uid: restedWorld('dev').manifest?.metadata.uid ?? '', kind: 'PostgresCluster', controller: true };

const withClaim = (metadata: Partial<WorldObject['metadata']>): World =>
  editObject(restedWorld('dev'), 'PersistentVolumeClaim', claim, (object) => ({
    ...object,
    metadata: { ...object.metadata, ...metadata },
  }));

const releasedIn = (world: World) => decisionIn(world).objects.filter(({ mode }) => mode === 'released');

testTable('release', join(import.meta.dirname, 'release.ts'), 1, {
  'the cluster is not among its owners': () => assert.deepEqual(releasedIn(withClaim({ ownerReferences: [other] })), []),
  'it is going': () =>
    assert.deepEqual(releasedIn(withClaim({ ownerReferences: [cluster], deletionTimestamp: '2026-01-01T00:00:00Z' })), []),
  'the cluster is among its owners': () => {
    const world = withClaim({ ownerReferences: [cluster, other] });
    const [released, ...more] = releasedIn(world);
    assert.deepEqual([released?.object.metadata?.name, more], [claim, []]);
    const after = atRest(world).objects.get(`PersistentVolumeClaim/${claim}`);
    assert.deepEqual(after?.metadata.ownerReferences, [other]);
    const before = world.objects.get(`PersistentVolumeClaim/${claim}`);
    assert.deepEqual(after?.['spec'], before?.['spec'], 'nothing else of it changes');
  },
});
