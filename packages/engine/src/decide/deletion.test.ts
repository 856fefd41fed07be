import assert from 'node:assert/strict';
import { test } from 'node:test';
import { join } from 'node:path';
import { testTable } from '../testing/tables.ts';
import {
  annotateCluster,
  atRest,
  conditionIn,
  decisionIn,
  deleteCluster,
  dialect,
  editObject,
  editSet,
  freshWorld,
  lent,
  namesOf,
  orphaned,
  passIn,
  restedSharedWorld,
  restedWorld,
  situationIn,
  turned,
  withFaults,
} from '../testing/worlds.ts';
import { stamps } from '../stamps.ts';
import { passOver, turn } from '../world/run.ts';
import { keyOf, noFaults, remove, store, type World } from '../world/world.ts';
import { notePatienceMs } from './deletion.ts';

const three = lent(() => atRest(editSet(restedWorld('dev'), { replicas: 3 })));
const deleted = lent(() => deleteCluster(three()));
const primary = (): string => situationIn(three()).primary?.name ?? '';

const deletions = (world: World): readonly string[] =>
  decisionIn(world).deletions.map(({ reference }) => `${reference.kind}/${reference.name}`);

const without = (world: World, isGone: (name: string) => boolean): World =>
  namesOf(world, 'StatefulSet')
    .filter((name) => name.includes('-pgdb-') && isGone(name))
    .reduce((next, name) => remove(remove(next, 'StatefulSet', name), 'Pod', `${name}-0`), world);

/** With claims as the original operator made them: the cluster is their controller. */
const owned = (world: World): World =>
  namesOf(world, 'PersistentVolumeClaim').reduce(
    (next, name) =>
      editObject(next, 'PersistentVolumeClaim', name, (claim) => ({
        ...claim,
        metadata: {
          ...claim.metadata,
          ownerReferences: [{ uid: world.manifest?.metadata.uid ?? '', kind: 'PostgresCluster', controller: true }],
        },
      })),
    world,
  );

const withoutKinds = (world: World, kind: string): World['objects'] =>
  new Map([...world.objects].filter(([, object]) => object.kind !== kind));

testTable('deletion', join(import.meta.dirname, 'deletion.ts'), 1, {
  'members are left that share a StatefulSet': () => {
    const world = deleteCluster(restedSharedWorld());
    assert.deepEqual(deletions(world), ['StatefulSet/acid-minimal-cluster']);
    const left = deleteCluster(orphaned(restedSharedWorld(), 'acid-minimal-cluster'));
    assert.deepEqual(deletions(left), ['Pod/acid-minimal-cluster-0', 'Pod/acid-minimal-cluster-1'], 'an orphan has no other to end it');
    assert.equal(atRest(left).manifest, undefined);
  },
  'our finalizer is gone': () => {
    const { manifest } = deleted();
    assert.ok(manifest);
    const released = { ...deleted(), manifest: { ...manifest, metadata: { ...manifest.metadata, finalizers: ['somebody/else'] } } };
    const { finalizer, status, ...rest } = decisionIn(released);
    assert.deepEqual([finalizer, status, rest.objects, rest.deletions], ['absent', undefined, [], []]);
  },
  'the cluster owns volumes that policy retains': () => {
    const world = deleteCluster(annotateCluster(owned(three()), { [stamps.retain]: 'data' }));
    const { objects, finalizer } = decisionIn(world);
    assert.equal(finalizer, 'present');
    assert.deepEqual(
      objects.flatMap(({ object, mode }) => (mode === 'released' ? [[mode, object.metadata?.name]] : [])),
      namesOf(world, 'PersistentVolumeClaim').flatMap((name) => (name.endsWith('-pgdata') ? [['released', name]] : [])),
    );
    const bare = without(world, () => true);
    assert.equal(decisionIn({ ...bare, objects: withoutKinds(bare, 'Endpoints') }).finalizer, 'present', 'also when nothing else is left');
    const ended = atRest(world);
    assert.equal(ended.manifest, undefined);
    assert.equal(namesOf(ended, 'PersistentVolumeClaim').length, 3, 'no garbage collector takes them');
    assert.deepEqual(atRest(deleteCluster(owned(three()))).objects.size, 0, 'without the annotation they go');
  },
  'the definition of its kind is being deleted': () => {
    const world = { ...deleted(), faults: { ...noFaults, deletesDefinition: true } };
    assert.deepEqual(
      decisionIn(world).events.map(({ reason }) => reason),
      ['VolumesKept'],
    );
    assert.match(conditionIn(passOver(world, dialect).world, 'Ready')?.message ?? '', /the volumes stay/);
    const ended = atRest(world);
    assert.equal(ended.manifest, undefined);
    assert.deepEqual(namesOf(ended, 'PersistentVolumeClaim'), namesOf(world, 'PersistentVolumeClaim'));
  },
  'a primary, and replicas besides, a StatefulSet each': () => {
    const replicas = namesOf(three(), 'StatefulSet').filter((name) => name.includes('-pgdb-') && name !== primary());
    assert.deepEqual(
      deletions(deleted()).toSorted(),
      replicas.map((name) => `StatefulSet/${name}`),
    );
  },
  'volumes are left that no member mounts, with labels that members share': () => {
    const claim = restedSharedWorld().objects.get(keyOf('PersistentVolumeClaim', 'pgdata-acid-minimal-cluster-0')) ?? assert.fail();
    const copy = { ...claim, metadata: { ...claim.metadata, name: 'restored-copy', uid: 'copy' } };
    const ended = atRest(deleteCluster(store(restedSharedWorld(), copy)));
    assert.deepEqual([ended.manifest, namesOf(ended, 'PersistentVolumeClaim')], [undefined, ['restored-copy']]);
  },
  'members are left, a StatefulSet each, no replicas besides a primary': () =>
    assert.deepEqual(deletions(without(deleted(), (name) => name !== primary())), [`StatefulSet/${primary()}`]),
  'pods are going': () => {
    const alone = without(deleted(), (name) => name !== primary());
    const at = new Date(alone.nowMs + 30_000).toISOString();
    const going = editObject(remove(alone, 'StatefulSet', primary()), 'Pod', `${primary()}-0`, (pod) => ({
      ...pod,
      metadata: { ...pod.metadata, deletionTimestamp: at },
    }));
    assert.deepEqual(deletions(going), []);
    assert.equal(decisionIn(going).finalizer, 'present');
    assert.ok((decisionIn(going).lookAgainAfterMs ?? 0) > 30_000);
    assert.ok(deletions({ ...going, nowMs: going.nowMs + 95_000 }).length > 0, 'a lost node does not hold the cluster for ever');
    const lost = withFaults(deleteCluster(restedSharedWorld()), { lostPods: new Set(['acid-minimal-cluster-1']) });
    let world: World = turned(turned(passIn(lost).world));
    assert.deepEqual([namesOf(world, 'Pod'), deletions(world)], [['acid-minimal-cluster-1'], []]);
    world = { ...world, nowMs: world.nowMs + 95_000 };
    for (let pass = 0; pass < 5; pass++) world = turned(passIn(world).world);
    assert.equal(world.manifest, undefined);
  },
  "no pods; Patroni's objects or volumes are left": () => {
    const going = deletions(without(deleted(), () => true));
    assert.ok(going.includes('Endpoints/hippo-ha') && going.includes('Endpoints/hippo-ha-config'), going.join());
    assert.ok(!going.includes('Endpoints/hippo-primary'), 'ours go with their owner');
    assert.equal(going.filter((name) => name.startsWith('PersistentVolumeClaim/')).length, 4);
    const shared = turned(turned(turned(passIn(deleteCluster(restedSharedWorld())).world)));
    assert.deepEqual(deletions(shared).toSorted(), [
      'Endpoints/acid-minimal-cluster',
      'Endpoints/acid-minimal-cluster-config',
      'PersistentVolumeClaim/pgdata-acid-minimal-cluster-0',
      'PersistentVolumeClaim/pgdata-acid-minimal-cluster-1',
    ]);
  },
  'a volume that stays does not tell who led, though it is to': () => {
    const refused = { ...noFaults, refusedKinds: new Set(['PersistentVolumeClaim']) };
    let world: World = { ...deleteCluster(annotateCluster(three(), { [stamps.retain]: 'data' })), faults: refused };
    const startedMs = world.nowMs;
    for (let pass = 0; pass < 20; pass++) world = turn(passOver(world, dialect).world, dialect);
    assert.match(conditionIn(world, 'Ready')?.message ?? '', new RegExp(`^volume ${primary()}-pgdata is to tell`));
    assert.match(conditionIn(world, 'WriteRefused')?.message ?? '', /-pgdata: refused/);
    assert.ok(!namesOf(world, 'Pod').some((name) => name.includes('-pgdb-')), 'nothing else waits for it');

    const written = atRest({ ...world, faults: noFaults });
    assert.equal(written.manifest, undefined);
    const note = written.objects.get(keyOf('PersistentVolumeClaim', `${primary()}-pgdata`))?.metadata.annotations?.[stamps.ledUntil];
    assert.equal(note, world.manifest?.metadata.deletionTimestamp);

    const leftMs = decisionIn(world).lookAgainAfterMs ?? 0;
    assert.equal(world.nowMs + leftMs, startedMs + notePatienceMs);
    assert.equal(decisionIn({ ...world, nowMs: world.nowMs + leftMs - 1 }).finalizer, 'present');
    assert.equal(decisionIn({ ...world, nowMs: world.nowMs + leftMs }).finalizer, 'absent', 'not for ever');
  },
  'nothing left but volumes on their way out': () => {
    const bare = passOver(
      without(deleted(), () => true),
      dialect,
    ).world;
    assert.equal(decisionIn(bare).finalizer, 'absent');
  },
});

test('deletion: at the end nothing is left', () => {
  const world = atRest(deleted());
  assert.equal(world.manifest, undefined);
  assert.deepEqual([[...world.objects.keys()], [...world.secrets.keys()]], [[], []]);
});

test('deletion: the primary serves until its replicas are gone', () => {
  let world = deleted();
  for (let pass = 0; pass < 12 && world.manifest !== undefined; pass++) {
    const members = namesOf(world, 'Pod').filter((name) => name.includes('-pgdb-'));
    if (members.length > 0) assert.ok(members.includes(`${primary()}-0`), members.join());
    world = turn(passOver(world, dialect).world, dialect);
  }
});

test('deletion: a cluster that never started goes, too, and so does a paused one', () => {
  const first = passOver(freshWorld('dev'), dialect).world;
  assert.equal(atRest(deleteCluster(first)).manifest, undefined);
  const paused = {
    ...three(),
    manifest: three().manifest && { ...three().manifest, spec: { ...(three().manifest?.spec as object), paused: true } },
  } as World;
  assert.equal(atRest(deleteCluster(paused)).manifest, undefined);
});

test('deletion: retained data serve a cluster of the same name again', () => {
  const kept = atRest(deleteCluster(annotateCluster(three(), { [stamps.retain]: 'data' })));
  const claims = namesOf(kept, 'PersistentVolumeClaim');
  assert.equal(claims.length, 3);
  const { manifest } = editSet(freshWorld('dev'), { replicas: 3 });
  const again = atRest({ ...kept, manifest });
  assert.deepEqual(
    namesOf(again, 'PersistentVolumeClaim').filter((name) => name.endsWith('-pgdata')),
    claims,
  );
});
