import assert from 'node:assert/strict';
import { test } from 'node:test';
import { join } from 'node:path';
import { testTable } from '../testing/tables.ts';
import {
  atRest,
  conditionIn,
  decisionIn,
  dialect,
  editObject,
  editSet,
  freshWorld,
  lent,
  namesOf,
  restedSharedWorld,
  situationIn,
} from '../testing/worlds.ts';
import { settle } from '../world/run.ts';
import { keyOf, type World } from '../world/world.ts';
import { keptWalVolumes } from './walVolumes.ts';

const walVolumeClaimSpec = { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } };

const withWal = lent(() => atRest(editSet(freshWorld('dev'), { replicas: 2, walVolumeClaimSpec })));

const takenOut = (world: World): World => editSet(world, { walVolumeClaimSpec: undefined });

const walClaims = (world: World): readonly string[] => namesOf(world, 'PersistentVolumeClaim').filter((name) => name.endsWith('-pgwal'));

const statefulSets = (world: World) =>
  namesOf(world, 'StatefulSet').map((name) => [name, world.objects.get(keyOf('StatefulSet', name))?.['spec']]);

const pods = (world: World) => namesOf(world, 'Pod').map((name) => world.objects.get(keyOf('Pod', name))?.metadata.uid);

const mountsWal = (world: World): boolean =>
  decisionIn(world).objects.some(({ object }) => object.kind === 'StatefulSet' && JSON.stringify(object).includes('-pgwal'));

testTable('WAL volumes', join(import.meta.dirname, 'walVolumes.ts'), 2, {
  'yes | any': () => {
    assert.equal(walClaims(withWal()).length, 2);
    assert.ok(mountsWal(withWal()));
    assert.equal(conditionIn(withWal(), 'NotYetSupported'), undefined);
  },
  'no | none, or never had a volume': () => {
    const [claim = ''] = walClaims(withWal());
    const world = walClaims(withWal()).reduce(
      (next, name) => editObject(next, 'PersistentVolumeClaim', name, (object) => ({ ...object, spec: walVolumeClaimSpec })),
      takenOut(withWal()),
    );
    assert.ok(claim !== '' && !mountsWal(world));
    assert.doesNotMatch(JSON.stringify(decisionIn(world).status), /WalVolumeKept/);
    assert.ok(!mountsWal(freshWorld('dev')));
  },
  'no | has a volume': () => {
    const { world, passes } = settle(takenOut(withWal()), dialect);
    assert.deepEqual(statefulSets(world), statefulSets(withWal()));
    assert.deepEqual(pods(world), pods(withWal()));
    assert.deepEqual(walClaims(world), walClaims(withWal()));
    assert.deepEqual([...new Set(passes.flatMap(({ writes }) => writes.map(({ kind }) => kind)))], ['status']);
    const condition = conditionIn(world, 'NotYetSupported');
    assert.deepEqual([condition?.status, condition?.reason], ['True', 'WalVolumeKept']);
    assert.match(condition?.message ?? '', /^spec\.instances\[0\]\.walVolumeClaimSpec: .*-pgwal.* stays in use; put the field back/);
    assert.equal(conditionIn(world, 'Ready')?.status, 'True');
  },
});

test('WAL volumes: a field that was taken out and put back leaves no trace (I7)', () => {
  const world = atRest(editSet(atRest(takenOut(withWal())), { walVolumeClaimSpec }));
  assert.equal(conditionIn(world, 'NotYetSupported'), undefined);
  assert.deepEqual(pods(world), pods(withWal()));
});

test('WAL volumes: a pod that is lost comes back with its WAL though the manifest asks for the volume no longer (I7)', () => {
  const world = atRest(takenOut(withWal()));
  const [name = ''] = namesOf(world, 'StatefulSet').filter((each) => each.includes('pgdb'));
  const objects = new Map(world.objects);
  objects.delete(keyOf('StatefulSet', name));
  objects.delete(keyOf('Pod', `${name}-0`));
  const after = atRest({ ...world, counter: world.counter + 1, objects });
  assert.deepEqual(statefulSets(after), statefulSets(world));
});

test('WAL volumes: members that share a StatefulSet have no other set to move to', () => {
  const situation = situationIn(restedSharedWorld());
  const [claim] = situation.observation.children.persistentVolumeClaims;
  assert.ok(claim?.metadata.labels !== undefined);
  const { labels, roleValues } = situation.cluster.profile;
  const [member] = situation.wanted;
  const wal = {
    ...claim,
    metadata: {
      ...claim.metadata,
      name: `pgwal-${member?.name}`,
      labels: { ...claim.metadata.labels, [labels.role]: roleValues.walVolume },
    },
  };
  const children = { ...situation.observation.children, persistentVolumeClaims: [wal] };
  const [finding] = keptWalVolumes({ ...situation, observation: { ...situation.observation, children } });
  assert.match(finding?.message ?? '', /pgwal-acid-minimal-cluster-0 stays in use; put the field back, or move to a new cluster$/);
});
