import assert from 'node:assert/strict';
import { test } from 'node:test';
import { join } from 'node:path';
import { stamps } from '../stamps.ts';
import { testTable } from '../testing/tables.ts';
import { annotateCluster, conditionIn, decisionIn, dialect, freshWorld, restedWorld } from '../testing/worlds.ts';
import { passOver } from '../world/run.ts';
import type { World } from '../world/world.ts';

/** The same children without our stamps, as if another operator had made them. */
const foreign = (): World => {
  const world = restedWorld('dev');
  const objects = new Map(
    [...world.objects].map(([key, object]) => {
      const { [stamps.rendering]: _stamp, ...annotations } = object.metadata.annotations ?? {};
      return [key, { ...object, metadata: { ...object.metadata, annotations } }];
    }),
  );
  return { ...world, objects };
};

testTable('adoption', join(import.meta.dirname, 'adoption.ts'), 2, {
  'none | any': () => assert.ok(decisionIn(freshWorld('dev')).objects.length > 0),
  'at least one carries our stamp | any': () => assert.ok(decisionIn(restedWorld('dev')).objects.length > 0),
  'some, and none carries our stamp | not `"true"`': () => {
    for (const world of [foreign(), annotateCluster(foreign(), { [stamps.adopt]: 'maybe' })]) {
      const { writes, world: after } = passOver(world, dialect);
      assert.deepEqual(
        writes.map(({ kind }) => kind),
        ['status'],
      );
      assert.equal(conditionIn(after, 'NotAdopted')?.status, 'True');
      assert.match(conditionIn(after, 'NotAdopted')?.message ?? '', /pgherd\.dev\/adopt=true/);
    }
  },
  'some, and none carries our stamp | `"true"`': () =>
    assert.ok(decisionIn(annotateCluster(foreign(), { [stamps.adopt]: 'true' })).objects.length > 0),
  "some, and a member's or a repository's claim has a name that we would not give it | any": () => {
    const world = annotateCluster(foreign(), { [stamps.adopt]: 'true' });
    for (const name of world.objects.values().flatMap(({ kind, metadata }) => (kind === 'PersistentVolumeClaim' ? [metadata.name] : []))) {
      const objects = new Map(
        [...world.objects].map(([key, object]) =>
          object.metadata.name === name && object.kind === 'PersistentVolumeClaim'
            ? [`${key}-x`, { ...object, metadata: { ...object.metadata, name: `${name}-x` } }]
            : [key, object],
        ),
      );
      const { writes, world: after } = passOver({ ...world, objects }, dialect);
      assert.deepEqual(
        writes.map(({ kind }) => kind),
        ['status'],
      );
      assert.match(conditionIn(after, 'NotAdopted')?.message ?? '', new RegExp(`claims ${name}-x do not have the names`));
    }
  },
});

test('adoption: a cluster of another operator is left alone when it is deleted, too', () => {
  const world = foreign();
  assert.ok(world.manifest);
  const deleted = {
    ...world,
    manifest: { ...world.manifest, metadata: { ...world.manifest.metadata, deletionTimestamp: '2026-01-01T00:00:00Z' } },
  };
  const { deletions, finalizer } = decisionIn(deleted);
  assert.deepEqual([deletions, finalizer], [[], 'present']);
});
