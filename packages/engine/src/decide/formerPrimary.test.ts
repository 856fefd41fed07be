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
  deleteCluster,
  dialect,
  editObject,
  editSet,
  editSpec,
  freshWorld,
  ledBy,
  lent,
  madeAgain,
  namesOf,
  passIn,
  restedSharedWorld,
  restedWorld,
  sharedMadeAgain,
  situationIn,
  turned,
  withInstances,
} from '../testing/worlds.ts';
import { passOver, turn } from '../world/run.ts';
import { keyOf, observationOf, remove, type World } from '../world/world.ts';

const threeLedBy = (index: number): World => {
  const world = atRest(editSet(restedWorld('dev'), { replicas: 3 }));
  return atRest(ledBy(world, situationIn(world).members.at(index)?.pod ?? ''));
};

/** Three members, of which the last one by its name leads: nothing but the note brings it to the front. */
const three = lent(() => threeLedBy(-1));
const led = (): string => situationIn(three()).primary?.name ?? assert.fail('no primary');
const dataVolumes = (world: World): readonly string[] =>
  namesOf(world, 'PersistentVolumeClaim').filter((name) => /^pgdata-|-pgdata$/.test(name));

/** The same of members that share a StatefulSet: nothing but the note lets the last one lead. */
const sharing = lent(() => {
  const world = atRest(withInstances(3)(restedSharedWorld()));
  return atRest(ledBy(world, situationIn(world).members.at(-1)?.pod ?? ''));
});
const goneSharing = lent(() => deletedWith('data', sharing()));
/** Who leads while it comes to rest, in order. */
const leadersOf = (world: World, passes = 40): readonly string[] => {
  const leaders: string[] = [];
  let current = world;
  for (let pass = 0; pass < passes; pass++) {
    current = turned(passIn(current).world);
    const { primary } = situationIn(current);
    if (primary !== undefined && leaders.at(-1) !== primary.name) leaders.push(primary.name);
  }
  return leaders;
};
const noteOn = (world: World, name: string): string | undefined =>
  world.objects.get(keyOf('PersistentVolumeClaim', name))?.metadata.annotations?.[stamps.ledUntil];
const noted = (world: World): readonly string[] => dataVolumes(world).filter((name) => noteOn(world, name) !== undefined);
const note = (world: World, name: string, time: string): World =>
  editObject(world, 'PersistentVolumeClaim', name, (claim) => ({
    ...claim,
    metadata: { ...claim.metadata, annotations: { ...claim.metadata.annotations, [stamps.ledUntil]: time } },
  }));

const deletedWith = (retain: string, world = three()): World => atRest(deleteCluster(annotateCluster(world, { [stamps.retain]: retain })));
const gone = lent(() => deletedWith('data'));

/** Pods that the members' StatefulSets are to have, by member, in the first decision that says so of all of them. */
const podsAsked = (world: World): Readonly<Record<string, number>> =>
  Object.fromEntries(
    decisionIn(passOver(world, dialect).world).objects.flatMap(({ object }) =>
      object.kind === 'StatefulSet' && object.metadata.name.includes('-pgdb-') ? [[object.metadata.name, object.spec?.replicas ?? 1]] : [],
    ),
  );

const startsFirst = (world: World): readonly string[] =>
  Object.entries(podsAsked(world)).flatMap(([name, pods]) => (pods === 1 ? [name] : []));

testTable('former primary', join(import.meta.dirname, 'formerPrimary.ts'), 1, {
  'the cluster is deleted, its data are retained, a member led': () => {
    assert.deepEqual([dataVolumes(gone()).length, gone().manifest], [3, undefined]);
    assert.deepEqual(noted(gone()), [`${led()}-pgdata`]);
    const stopped = atRest(editSpec(three(), (spec) => ({ ...spec, shutdown: true })));
    assert.deepEqual(noted(deletedWith('all', stopped)), [`${led()}-pgdata`], 'also when it was stopped before');
    assert.deepEqual(noted(deletedWith('backups')), []);
    const asleep = atRest(withInstances(0)(sharing()));
    assert.equal(noted(deletedWith('all', asleep)).length, 1);
    assert.deepEqual(noted(goneSharing()), ['pgdata-acid-minimal-cluster-2']);
  },
  'the same, and another volume was annotated before': () => {
    const [other = ''] = dataVolumes(three());
    const deleted = deleteCluster(annotateCluster(three(), { [stamps.retain]: 'data' }));
    // The cache is behind a failover, and the pass ends before the replicas go.
    const observed = observationOf({ ...threeLedBy(0), manifest: deleted.manifest }, dialect);
    const mistaken = passOver(deleted, dialect, { observed, crashAfter: 1 }).world;
    assert.deepEqual(noted(mistaken), [other]);
    assert.deepEqual(noted(atRest(mistaken)), [`${led()}-pgdata`]);
    assert.deepEqual(noted(atRest(note(deleted, other, '2020-01-01T00:00:00Z'))), [other, `${led()}-pgdata`], 'an older one says its own');
  },
  'no database yet, and a data volume says that its member led': () => {
    assert.deepEqual(startsFirst(madeAgain(gone(), 'dev', 3)), [led()]);
    let world = madeAgain(gone(), 'dev', 3);
    for (let pass = 0; pass < 20 && situationIn(world).primary === undefined; pass++) world = turn(passOver(world, dialect).world, dialect);
    assert.equal(situationIn(world).primary?.name, led());
    const ended = atRest(world);
    assert.equal(conditionIn(ended, 'Ready')?.status, 'True');
    assert.deepEqual(dataVolumes(ended), dataVolumes(gone()));
    assert.deepEqual(leadersOf(sharedMadeAgain(goneSharing(), 3)), ['acid-minimal-cluster-2']);
  },
  'no database yet, and several say so': () => {
    const both = note(goneSharing(), 'pgdata-acid-minimal-cluster-1', '2030-01-01T00:00:00Z');
    assert.deepEqual(leadersOf(sharedMadeAgain(both, 3)), ['acid-minimal-cluster-1']);
    const [first = '', second = ''] = dataVolumes(gone());
    const world = note(note(gone(), first, '2025-12-01T00:00:00Z'), second, '2030-01-01T00:00:00Z');
    assert.deepEqual(startsFirst(madeAgain(world, 'dev', 3)), [second.replace(/-pgdata$/, '')]);
  },
  'no database yet, and such a volume is rendered': () => {
    // The first pass applies the claim of one member only, and writes no status: each of them has its turn.
    for (const index of [0, 1, 2]) {
      const before = threeLedBy(index);
      const leader = situationIn(before).primary?.name ?? assert.fail('no primary');
      let world = madeAgain(deletedWith('data', before), 'dev', 3);
      for (let pass = 0; pass < 4; pass++) {
        assert.deepEqual(noted(world), [`${leader}-pgdata`], `member ${index}, pass ${pass}`);
        const { status: _status, ...manifest } = world.manifest ?? assert.fail('no manifest');
        // As if no pass came to the end where it writes the status.
        world = passOver({ ...world, manifest }, dialect).world;
        assert.deepEqual(startsFirst({ ...world, manifest }), [leader], `member ${index}, pass ${pass}`);
      }
    }
  },
  'no database yet, and fewer members that share a StatefulSet': () => {
    const before = dataVolumes(goneSharing()).map((name) => goneSharing().objects.get(keyOf('PersistentVolumeClaim', name))?.metadata.uid);
    for (const instances of [1, 2]) {
      const again = sharedMadeAgain(goneSharing(), instances);
      assert.deepEqual(leadersOf(again), ['acid-minimal-cluster-2', 'acid-minimal-cluster-0'], `${instances} members`);
      const world = atRest(again);
      assert.equal(namesOf(world, 'Pod').length, instances);
      assert.deepEqual(noted(world), [], 'what it says is over');
      assert.equal(conditionIn(world, 'Ready')?.reason, 'Ready');
      assert.deepEqual(
        dataVolumes(world).map((name) => world.objects.get(keyOf('PersistentVolumeClaim', name))?.metadata.uid),
        before,
      );
    }
    // Without its volume there is nothing to wait for.
    const without = remove(goneSharing(), 'PersistentVolumeClaim', 'pgdata-acid-minimal-cluster-2');
    assert.deepEqual(leadersOf(sharedMadeAgain(without, 1)), ['acid-minimal-cluster-0']);
  },
  'a database, or none of the volumes says so': () => {
    const mistaken = note(sharing(), 'pgdata-acid-minimal-cluster-0', '2030-01-01T00:00:00Z');
    assert.equal(situationIn(mistaken).recalled.startupMember, undefined);
    const [other = ''] = dataVolumes(three());
    assert.equal(situationIn(note(three(), other, '2030-01-01T00:00:00Z')).recalled.startupMember, undefined);
    assert.equal(situationIn(freshWorld('dev')).recalled.startupMember, undefined);
    assert.equal(startsFirst(editSet(freshWorld('dev'), { replicas: 3 })).length, 3);
  },
});

test('former primary: fewer members than volumes take the one that led, and the others are left as they are', () => {
  const before = dataVolumes(gone()).map((name) => gone().objects.get(keyOf('PersistentVolumeClaim', name)));
  const world = atRest(madeAgain(gone(), 'dev', 1));
  assert.equal(situationIn(world).primary?.name, led());
  const unused = before.filter((claim) => claim?.metadata.name !== `${led()}-pgdata`);
  assert.deepEqual(
    unused.map((claim) => world.objects.get(keyOf('PersistentVolumeClaim', claim?.metadata.name ?? ''))),
    unused,
  );
});

test('former primary: made again stopped, and started with fewer members, it leads first all the same', () => {
  const asleep = atRest(sharedMadeAgain(goneSharing(), 0));
  assert.equal(conditionIn(asleep, 'Ready')?.reason, 'Stopped');
  assert.deepEqual(leadersOf(withInstances(1)(asleep)), ['acid-minimal-cluster-2', 'acid-minimal-cluster-0']);
});

test('former primary: the note goes when the volume is in use again, so that it says nothing at the next time', () => {
  assert.deepEqual(noted(atRest(madeAgain(gone(), 'dev', 3))), []);
});
