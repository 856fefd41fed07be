import assert from 'node:assert/strict';
import { test } from 'node:test';
import { join } from 'node:path';
import { stamps } from '../stamps.ts';
import { testTable } from '../testing/tables.ts';
import {
  annotateCluster,
  atRest,
  conditionIn,
  decisionIn,
  dialect,
  editSet,
  freshWorld,
  namesOf,
  passIn,
  restedSharedWorld,
  restedWorld,
} from '../testing/worlds.ts';
import { passOver } from '../world/run.ts';
import { keyOf, type World } from '../world/world.ts';

/** The same children without our stamps, as if another operator had made them. */
const foreign = (world = restedWorld('dev')): World => {
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
  'a StatefulSet that members share, and none carries our stamp | any': () => {
    // As that world's operator makes them: the cluster owns nothing.
    const unowned = foreign(restedSharedWorld());
    const objects = new Map(
      [...unowned.objects].map(([key, object]) => {
        const { ownerReferences: _owners, ...metadata } = object.metadata;
        return [key, { ...object, metadata }] as const;
      }),
    );
    const world = { ...unowned, objects };
    for (const annotated of [world, annotateCluster(world, { [stamps.adopt]: 'true' })]) {
      const { writes, world: after } = passIn(annotated);
      assert.deepEqual(
        writes.map(({ kind }) => kind),
        ['status'],
      );
      assert.match(conditionIn(after, 'NotAdopted')?.message ?? '', /taking it over is not carried out yet/);
    }
    // Its volumes alone are nobody's.
    const volumes = new Map([...objects].filter(([, { kind }]) => kind === 'PersistentVolumeClaim'));
    assert.ok(decisionIn({ ...world, objects: volumes }).objects.length > 0);
  },
  'some, and none carries our stamp | `"true"`': () =>
    assert.ok(decisionIn(annotateCluster(foreign(), { [stamps.adopt]: 'true' })).objects.length > 0),
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

/** The same cluster, as if every claim had been brought along under a name of its own. */
const withOwnClaims = (world: World): World => {
  const claims = namesOf(world, 'PersistentVolumeClaim');
  const objects = [...world.objects.values()].map((object) => {
    const text = claims.reduce((json, name) => json.replaceAll(`"${name}"`, `"brought-${name}"`), JSON.stringify(object));
    const renamed = JSON.parse(text) as typeof object;
    return [keyOf(renamed.kind, renamed.metadata.name), renamed] as const;
  });
  return { ...world, objects: new Map(objects), applied: new Map() };
};

test('adoption: claims under other names than ours are mounted as they are, and no others are made', () => {
  const walVolumeClaimSpec = { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } };
  const before = withOwnClaims(foreign(atRest(editSet(freshWorld('dev'), { replicas: 2, walVolumeClaimSpec }))));
  const claims = namesOf(before, 'PersistentVolumeClaim');
  assert.equal(claims.length, 5);
  const after = atRest(annotateCluster(before, { [stamps.adopt]: 'true' }));
  assert.equal(conditionIn(after, 'Ready')?.status, 'True');
  assert.deepEqual(namesOf(after, 'PersistentVolumeClaim'), claims);
  const mounted = ['StatefulSet', 'Pod'].map((kind) =>
    [...JSON.stringify([...after.objects.values()].filter((object) => object.kind === kind)).matchAll(/"claimName":"([^"]*)"/g)]
      .map(([, name = '']) => name)
      .toSorted(),
  );
  assert.deepEqual(mounted, [claims, claims]);
});

test('adoption: a member whose StatefulSet is lost comes back with the volume that was brought along', () => {
  const adopted = atRest(annotateCluster(withOwnClaims(foreign()), { [stamps.adopt]: 'true' }));
  const [member = ''] = namesOf(adopted, 'StatefulSet');
  const objects = new Map(adopted.objects);
  objects.delete(keyOf('StatefulSet', member));
  objects.delete(keyOf('Pod', `${member}-0`));
  const after = atRest({ ...adopted, counter: adopted.counter + 1, objects });
  assert.deepEqual(namesOf(after, 'PersistentVolumeClaim'), namesOf(adopted, 'PersistentVolumeClaim'));
  assert.deepEqual(after.objects.get(keyOf('StatefulSet', member))?.['spec'], adopted.objects.get(keyOf('StatefulSet', member))?.['spec']);
});
