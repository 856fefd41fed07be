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

/** Pods of the primary and of the others, and the note for the status. */
const targetsIn = (
  world: World,
  noted?: MemberIdentity,
): { readonly primary: number | undefined; readonly others: readonly number[]; readonly noted: string | undefined } => {
  const situation = situationIn(world);
  const primary = situationIn(three()).primary?.name;
  const { targets, startupMember } = memberTargets({ ...situation, recalled: { ...situation.recalled, startupMember: noted } });
  return {
    primary: targets.find(({ identity }) => identity.name === primary)?.pods,
    others: targets.filter(({ identity }) => identity.name !== primary).map(({ pods }) => pods),
    noted: startupMember?.name,
  };
};

const primary = (): MemberIdentity => situationIn(three()).primary ?? assert.fail('no primary');
const replica = (): MemberIdentity => situationIn(three()).wanted.find(({ name }) => name !== primary().name) ?? assert.fail('no replica');
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
  'running | no startup member noted': () => assert.deepEqual(targetsIn(three()), { primary: 1, others: [1, 1], noted: undefined }),
  'running | noted, and it leads and is ready': () =>
    assert.deepEqual(targetsIn(three(), primary()), { primary: 1, others: [1, 1], noted: undefined }),
  'running | noted, and it does not lead yet': () =>
    assert.deepEqual(
      targetsIn(
        without(three(), () => true),
        primary(),
      ),
      { primary: 1, others: [0, 0], noted: primary().name },
    ),
  'running | noted, and another leads and runs': () =>
    assert.deepEqual(targetsIn(three(), replica()), { primary: 1, others: [1, 1], noted: undefined }),
  'stopped | noted, and another leads and runs': () =>
    assert.deepEqual(targetsIn(ask(true, three()), replica()), { primary: 1, others: [0, 0], noted: primary().name }),
  'stopped | others have pods': () =>
    assert.deepEqual(targetsIn(ask(true, three())), { primary: 1, others: [0, 0], noted: primary().name }),
  'stopped | no other has a pod': () =>
    assert.deepEqual(
      targetsIn(
        ask(
          true,
          without(three(), (pod) => pod !== primary().pod),
        ),
      ),
      { primary: 0, others: [0, 0], noted: primary().name },
    ),
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
