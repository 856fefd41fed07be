import assert from 'node:assert/strict';
import { test } from 'node:test';
import { join } from 'node:path';
import type { MemberIdentity } from '../model/members.ts';
import { testTable } from '../testing/tables.ts';
import {
  atRest,
  conditionIn,
  dialect,
  editObject,
  editSet,
  editSpec,
  ledBy,
  namesOf,
  restedSharedWorld,
  restedWorld,
  situationIn,
  lent,
  withInstances,
} from '../testing/worlds.ts';
import { passOver, turn } from '../world/run.ts';
import { remove, type World } from '../world/world.ts';
import { memberTargets } from './stopping.ts';

const three = lent(() => atRest(editSet(restedWorld('dev'), { replicas: 3 })));
const ask = (shutdown: boolean, world: World): World => editSpec(world, (spec) => ({ ...spec, shutdown }));

interface Kind {
  /** Three members, which run. */
  readonly three: () => World;
  readonly stopped: (world: World) => World;
  /** Pods of so many members that do not lead. Where members share a StatefulSet, none is wanted while it is stopped, and their pods go one by one. */
  readonly whenStopped: (pods: readonly number[]) => readonly number[];
}

const own: Kind = { three, stopped: (world) => ask(true, world), whenStopped: (pods) => pods };
const shared: Kind = {
  three: lent(() => atRest(withInstances(3)(restedSharedWorld()))),
  stopped: withInstances(0),
  whenStopped: () => [],
};

const forBoth = (check: (kind: Kind) => void) => (): void => {
  check(own);
  check(shared);
};

const primaryOf = (kind: Kind): MemberIdentity => situationIn(kind.three()).primary ?? assert.fail('no primary');
const replicaOf = (kind: Kind): MemberIdentity =>
  situationIn(kind.three()).wanted.find(({ name }) => name !== primaryOf(kind).name) ?? assert.fail('no replica');
const primary = (): MemberIdentity => primaryOf(own);

/** Pods of the primary first, then of the others, and the note for the status. */
const targetsIn = (
  kind: Kind,
  world: World,
  noted?: MemberIdentity,
): { readonly pods: readonly number[]; readonly noted: string | undefined } => {
  const situation = situationIn(world);
  const { name } = primaryOf(kind);
  const { targets, startupMember } = memberTargets({ ...situation, recalled: { ...situation.recalled, startupMember: noted } });
  const leadsFirst = targets.toSorted((left, right) => Number(right.identity.name === name) - Number(left.identity.name === name));
  return { pods: leadsFirst.map(({ pods }) => pods), noted: startupMember?.name };
};

const without = (world: World, isGone: (pod: string) => boolean): World =>
  namesOf(world, 'Pod')
    .filter(isGone)
    .reduce((next, pod) => remove(next, 'Pod', pod), world);

testTable('stop and start', join(import.meta.dirname, 'stopping.ts'), 2, {
  'stopped | noted, and no member is wanted any more': () => {
    const asleep = atRest(withInstances(0)(restedSharedWorld()));
    const { targets, startupMember } = memberTargets(situationIn(asleep));
    assert.deepEqual([targets, startupMember?.name], [[], 'acid-minimal-cluster-0']);
    const starting = memberTargets(situationIn(withInstances(2)(asleep)));
    assert.deepEqual(
      starting.targets.map(({ identity, pods }) => [identity.name, pods]),
      [
        ['acid-minimal-cluster-0', 1],
        ['acid-minimal-cluster-1', 0],
      ],
    );
  },
  'stopped | none noted, none leads, and one led last': () => {
    const led = atRest(ledBy(shared.three(), replicaOf(shared).pod));
    const electing = withInstances(0)(ledBy(led, 'nobody'));
    assert.deepEqual(targetsIn(shared, electing), { pods: [], noted: replicaOf(shared).name });
  },
  'running | noted, and its number is beyond those asked for': () => {
    const asleep = atRest(withInstances(0)(restedSharedWorld()));
    const noted = { ...replicaOf(shared), name: 'acid-minimal-cluster-1' };
    assert.deepEqual(targetsIn(shared, withInstances(1)(asleep), noted), { pods: [1], noted: undefined }, 'nothing knows of it');
    const manifest = asleep.manifest ?? assert.fail();
    const status = { ...(manifest.status as object), startupInstance: noted.name };
    const told = withInstances(1)({ ...asleep, manifest: { ...manifest, status } });
    assert.deepEqual(targetsIn(shared, told, noted), { pods: [0], noted: noted.name });
    const lost = remove(told, 'PersistentVolumeClaim', `pgdata-${noted.name}`);
    assert.deepEqual(targetsIn(shared, lost, noted), { pods: [1], noted: undefined }, 'without its volume it is none');
  },
  'running | no startup member noted': forBoth((kind) =>
    assert.deepEqual(targetsIn(kind, kind.three()), { pods: [1, 1, 1], noted: undefined }),
  ),
  'running | noted, and it leads and is ready': forBoth((kind) =>
    assert.deepEqual(targetsIn(kind, kind.three(), primaryOf(kind)), { pods: [1, 1, 1], noted: undefined }),
  ),
  'running | noted, and it does not lead yet': forBoth((kind) => {
    const podless = without(kind.three(), () => true);
    assert.deepEqual(targetsIn(kind, podless, primaryOf(kind)), { pods: [1, 0, 0], noted: primaryOf(kind).name });
  }),
  'running | noted, and another leads and runs': forBoth((kind) =>
    assert.deepEqual(targetsIn(kind, kind.three(), replicaOf(kind)), { pods: [1, 1, 1], noted: undefined }),
  ),
  'stopped | noted, and another leads and runs': forBoth((kind) => {
    const expected = { pods: kind.whenStopped([1, 0, 0]), noted: primaryOf(kind).name };
    assert.deepEqual(targetsIn(kind, kind.stopped(kind.three()), replicaOf(kind)), expected);
  }),
  'stopped | others have pods': forBoth((kind) => {
    const expected = { pods: kind.whenStopped([1, 0, 0]), noted: primaryOf(kind).name };
    assert.deepEqual(targetsIn(kind, kind.stopped(kind.three())), expected);
  }),
  'stopped | no other has a pod': forBoth((kind) => {
    const alone = without(kind.three(), (pod) => pod !== primaryOf(kind).pod);
    const expected = { pods: kind.whenStopped([0, 0, 0]), noted: primaryOf(kind).name };
    assert.deepEqual(targetsIn(kind, kind.stopped(alone)), expected);
  }),
});

test('stop and start: a stopped cluster is Ready, keeps its volumes and comes back with the same primary', () => {
  const running = three();
  const stopped = atRest(ask(true, running));
  const memberPods = namesOf(stopped, 'Pod').filter((name) => name.includes('pgdb'));
  assert.deepEqual(memberPods, []);
  assert.deepEqual([conditionIn(stopped, 'Ready')?.status, conditionIn(stopped, 'Ready')?.reason], ['True', 'Stopped']);
  assert.deepEqual(namesOf(stopped, 'PersistentVolumeClaim'), namesOf(running, 'PersistentVolumeClaim'));

  const started = atRest(ask(false, stopped));
  assert.equal(conditionIn(started, 'Ready')?.reason, 'Ready');
  assert.equal(situationIn(started).primary?.name, primary().name);
});

test('stop and start: the replicas go first', () => {
  let world = ask(true, three());
  const order: string[][] = [];
  for (let pass = 0; pass < 12; pass++) {
    world = turn(passOver(world, dialect).world, dialect);
    order.push(
      namesOf(world, 'Pod')
        .filter((name) => name.includes('pgdb'))
        .map((name) => name),
    );
  }
  const alone = order.findIndex((pods) => pods.length === 1);
  assert.ok(alone >= 0 && order[alone]?.[0] === primary().pod, JSON.stringify(order));
});

test('stop and start: what keeps the startup member from running is told, and that the others wait for it', () => {
  const { name, set, pod } = primary();
  const alone = without(three(), (other) => other !== pod);
  const pending = editObject(alone, 'Pod', pod, (object) => ({
    ...object,
    metadata: { ...object.metadata, labels: { ...object.metadata.labels, [dialect.profile.labels.role]: undefined as never } },
    status: {
      phase: 'Pending',
      conditions: [
        {
          type: 'PodScheduled',
          status: 'False',
          reason: 'Unschedulable',
          message: 'no room',
          lastTransitionTime: '2020-01-01T00:00:00Z',
        },
      ],
    },
  }));
  const manifest = pending.manifest ?? assert.fail('no manifest');
  const status = { ...(manifest.status as object), startupInstance: name, startupInstanceSet: set };
  const { world } = passOver({ ...pending, manifest: { ...manifest, status } }, dialect);
  assert.equal(conditionIn(world, 'Stalled')?.reason, 'Unschedulable');
  assert.match(conditionIn(world, 'Ready')?.message ?? '', /no room.*the other members wait until it leads again/);
});

test('stopping: asked for while nobody leads, the one that led last is noted, wherever it stands among the others', () => {
  for (const { name, pod } of situationIn(three()).wanted) {
    const led = atRest(ledBy(three(), pod));
    const leaderless = editObject(led, 'Pod', pod, (object) => {
      const { [dialect.profile.labels.role]: _role, ...labels } = object.metadata.labels ?? {};
      return { ...object, metadata: { ...object.metadata, labels } };
    });
    assert.equal(situationIn(leaderless).primary, undefined);
    assert.equal(memberTargets(situationIn(ask(true, leaderless))).startupMember?.name, name);
  }
});
