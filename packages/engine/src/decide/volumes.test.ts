import assert from 'node:assert/strict';
import { test } from 'node:test';
import { join } from 'node:path';
import type { PersistentVolumeClaim } from '@pgherd/api';
import { testTable } from '../testing/tables.ts';
import { atRest, conditionIn, decisionIn, dialect, editObject, editSet, freshWorld, namesOf, restedWorld } from '../testing/worlds.ts';
import { passOver } from '../world/run.ts';
import type { World } from '../world/world.ts';

const claimSpec = (storage: string, storageClassName?: string) => ({
  dataVolumeClaimSpec: {
    accessModes: ['ReadWriteOnce'],
    ...(storageClassName === undefined ? {} : { storageClassName }),
    resources: { requests: { storage } },
  },
});

const dataClaim = (world: World): string =>
  namesOf(world, 'PersistentVolumeClaim').find((name) => name.endsWith('-pgdata')) ?? assert.fail('no data volume');

const desired = (world: World): PersistentVolumeClaim | undefined =>
  decisionIn(world)
    .objects.map(({ object }) => object)
    .filter((object) => object.kind === 'PersistentVolumeClaim')
    .find(({ metadata }) => metadata.name.endsWith('-pgdata'));

const request = (claim: PersistentVolumeClaim | undefined): unknown => claim?.spec?.resources?.requests?.['storage'];

const sized = (storage: string): World => atRest(editSet(freshWorld('dev'), claimSpec(storage)));

testTable('volumes', join(import.meta.dirname, 'volumes.ts'), 1, {
  'no live claim': () => assert.equal(request(desired(editSet(freshWorld('dev'), claimSpec('3Gi')))), '3Gi'),
  'live claim on its way out': () => {
    const world = restedWorld('dev');
    const repository = namesOf(world, 'PersistentVolumeClaim').find((name) => name.endsWith('repo1')) ?? '';
    const going = editObject(world, 'PersistentVolumeClaim', repository, (claim) => ({
      ...claim,
      metadata: { ...claim.metadata, deletionTimestamp: '2026-01-01T00:00:00Z' },
    }));
    assert.ok(
      !decisionIn(going).objects.some(({ object }) => object.kind === 'PersistentVolumeClaim' && object.metadata.name === repository),
    );
  },
  'request larger or equal': () => {
    const world = sized('1Gi');
    assert.equal(request(desired(editSet(world, claimSpec('2Gi')))), '2Gi');
    // The same size in other words is no shrink.
    assert.equal(conditionIn(passOver(editSet(world, claimSpec('1024Mi')), dialect).world, 'VolumeShrinkRefused'), undefined);
  },
  'request smaller': () => {
    const world = editSet(sized('1Gi'), claimSpec('500Mi'));
    assert.equal(request(desired(world)), '1Gi');
    const after = atRest(world);
    const condition = conditionIn(after, 'VolumeShrinkRefused');
    assert.equal(condition?.status, 'True');
    assert.match(condition.message, /spec\.instances\[0\].* asks for 500Mi.* has 1Gi: volumes cannot shrink; restore 1Gi/);
    assert.equal(conditionIn(after, 'Ready')?.status, 'True', 'a refused shrink does not lower Ready');
    assert.equal(conditionIn(atRest(editSet(after, claimSpec('1Gi'))), 'VolumeShrinkRefused'), undefined);
  },
  'class, access modes or source differ': () => {
    const world = editSet(atRest(editSet(freshWorld('dev'), claimSpec('1Gi', 'slow'))), claimSpec('1Gi', 'fast'));
    assert.equal(desired(world)?.spec?.storageClassName, 'slow');
    const condition = conditionIn(passOver(world, dialect).world, 'VolumeChangeRefused');
    assert.match(condition?.message ?? '', /storageClassName/);
  },
  'asked for differently before it was bound': () => {
    const bound = atRest(editSet(freshWorld('dev'), claimSpec('1Gi', 'missing')));
    const name = dataClaim(bound);
    const pending = editObject(bound, 'PersistentVolumeClaim', name, ({ spec, ...claim }) => {
      const { volumeName: _volumeName, ...unbound } = spec as Readonly<Record<string, unknown>>;
      return { ...claim, spec: unbound, status: { phase: 'Pending' } };
    });
    assert.deepEqual(decisionIn(pending).deletions, [], 'it waits as it should be');
    for (const corrected of [claimSpec('1Gi', 'fast'), claimSpec('500Mi', 'missing'), claimSpec('2Gi', 'missing')]) {
      const world = editSet(pending, corrected);
      assert.equal(desired(world), undefined);
      const { deletions } = decisionIn(world);
      assert.deepEqual(
        deletions.map(({ reference, uid, resourceVersion }) => [reference.name, uid !== '', resourceVersion !== undefined]),
        [[name, true, true]],
      );
      const after = atRest(world);
      assert.equal(conditionIn(after, 'VolumeChangeRefused'), undefined);
      const claim = after.objects.get(`PersistentVolumeClaim/${dataClaim(after)}`) as PersistentVolumeClaim | undefined;
      const { storageClassName, resources } = corrected.dataVolumeClaimSpec;
      assert.deepEqual([claim?.spec?.storageClassName, request(claim)], [storageClassName, resources.requests.storage]);
    }
  },
});

test('volumes: what a volume says of its own growth is shown', () => {
  const world = restedWorld('dev');
  const growing = editObject(world, 'PersistentVolumeClaim', dataClaim(world), (claim) => ({
    ...claim,
    status: { phase: 'Bound', conditions: [{ type: 'FileSystemResizePending', status: 'True', message: 'waiting for the pod' }] },
  }));
  const { status } = decisionIn(growing);
  assert.match(JSON.stringify(status), /"PersistentVolumeResizing","status":"True","reason":"FileSystemResizePending"/);
});
