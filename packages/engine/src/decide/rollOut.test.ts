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
  editObject,
  editSet,
  editSpec,
  restedWorld,
  situationIn,
  lent,
} from '../testing/worlds.ts';
import { passOver, turn } from '../world/run.ts';
import type { World, WorldObject } from '../world/world.ts';
import { rollOut } from './rollOut.ts';

const two = lent(() => atRest(editSet(restedWorld('dev'), { replicas: 2 })));
const names = (world: World) => {
  const { primary, members } = situationIn(world);
  return { primary: primary?.name ?? '', replica: members.find(({ name }) => name !== primary?.name)?.name ?? '' };
};

const stamped = (object: WorldObject, stamp: string, value: string): WorldObject => ({
  ...object,
  metadata: { ...object.metadata, annotations: { ...object.metadata.annotations, [stamp]: value } },
});

/** The pod of a member as if made from other inputs. */
const outdated = (world: World, member: string): World =>
  editObject(world, 'Pod', `${member}-0`, (pod) => stamped(pod, stamps.inputs, 'older'));

const notReady = (world: World, member: string): World =>
  editObject(world, 'Pod', `${member}-0`, (pod) => ({
    ...pod,
    status: { phase: 'Running', conditions: [{ type: 'Ready', status: 'False' }] },
  }));

const withTemplate = (world: World, member: string, stamp: string, value: string): World =>
  editObject(world, 'StatefulSet', member, (object) => {
    const spec = object['spec'] as { readonly template: { readonly metadata: { readonly annotations: object } } };
    const metadata = { ...spec.template.metadata, annotations: { ...spec.template.metadata.annotations, [stamp]: value } };
    return { ...object, spec: { ...spec, template: { ...spec.template, metadata } } };
  });

const isApplied = (world: World, member: string): boolean =>
  decisionIn(world).objects.some(({ object }) => object.kind === 'StatefulSet' && object.metadata.name === member);

const replaced = (world: World): string | undefined => {
  const step = rollOut(situationIn(world)).step;
  return step?.kind === 'deletePod' ? step.deletion.reference.name : undefined;
};

testTable('roll out', join(import.meta.dirname, 'rollOut.ts'), 1, {
  'same inputs, same rendering': () => assert.ok(isApplied(two(), names(two()).replica)),
  'same inputs, other rendering': () => {
    const { replica } = names(two());
    const world = withTemplate(two(), replica, stamps.rendering, '0');
    assert.ok(!isApplied(world, replica));
    const files = decisionIn(world).objects.filter(
      ({ object }) => object.kind === 'ConfigMap' && object.metadata.name === `${replica}-config`,
    );
    assert.deepEqual(files, []);
    assert.match(conditionIn(passOver(world, dialect).world, 'RolloutPending')?.message ?? '', new RegExp(replica));
  },
  'the same, and annotation `pgherd.dev/rollout` has a new value': () => {
    const { replica } = names(two());
    const world = annotateCluster(withTemplate(two(), replica, stamps.rendering, '0'), { [stamps.rollout]: 'monday' });
    assert.ok(isApplied(world, replica));
    const once = passOver(world, dialect).world;
    assert.ok(!isApplied(withTemplate(once, replica, stamps.rendering, '0'), replica), 'the same value releases nothing again');
  },
  'other inputs': () => {
    const { replica } = names(two());
    assert.ok(isApplied(withTemplate(two(), replica, stamps.inputs, 'older'), replica));
  },
  'is not ready and does not lead, or is stuck': () => {
    const { replica, primary } = names(two());
    assert.equal(replaced(notReady(outdated(two(), replica), replica)), `${replica}-0`);
    assert.equal(replaced(notReady(outdated(two(), primary), primary)), undefined, 'a primary that recovers is left to it');
    const pending = editObject(outdated(two(), primary), 'Pod', `${primary}-0`, (pod) => ({ ...pod, status: { phase: 'Pending' } }));
    assert.equal(replaced(pending), `${primary}-0`);
  },
  'is ready, another member is down': () => {
    const { replica, primary } = names(two());
    assert.equal(replaced(notReady(outdated(two(), replica), primary)), undefined);
  },
  'is a replica': () => {
    const { replica, primary } = names(two());
    assert.equal(replaced(outdated(outdated(two(), primary), replica)), `${replica}-0`);
  },
  'leads, the replicas are done and one is fit': () => {
    const { replica, primary } = names(two());
    const step = rollOut(situationIn(outdated(two(), primary))).step;
    assert.ok(step?.kind === 'switchover' && step.from === `${primary}-0` && step.to === `${replica}-0`);
  },
  'leads, alone': () => {
    const { primary } = names(restedWorld('dev'));
    assert.equal(replaced(outdated(restedWorld('dev'), primary)), `${primary}-0`);
  },
});

test('roll out: a changed manifest reaches every pod, replicas first', () => {
  let world = editSpec(two(), (spec) => ({ ...spec, metadata: { annotations: { changed: 'yes' } } }));
  const { primary } = names(world);
  const order: string[] = [];
  for (let pass = 0; pass < 40; pass++) {
    const { decision, world: after } = passOver(world, dialect);
    if (decision?.step?.kind === 'deletePod') order.push(decision.step.deletion.reference.name);
    world = turn(after, dialect);
  }
  assert.equal(order.length, 2);
  assert.equal(order[1], `${primary}-0`);
  assert.equal(conditionIn(world, 'Ready')?.reason, 'Ready');
  assert.notEqual(names(world).primary, primary);
});
