import assert from 'node:assert/strict';
import { join } from 'node:path';
import { testTable } from '../testing/tables.ts';
import {
  atRest,
  dialectOf,
  editObject,
  editSet,
  editSpec,
  lagging,
  lent,
  memberPodsIn,
  observedIn,
  pairIn,
  passIn,
  restedSharedWorld,
  restedWorld,
} from '../testing/worlds.ts';
import type { World } from '../world/world.ts';

/** Each member on a node that is called after its pod. */
const placed = (world: World): World =>
  memberPodsIn(world).reduce(
    (next, { metadata: { name } }) =>
      editObject(next, 'Pod', name, (pod) => ({ ...pod, spec: { ...(pod['spec'] as object), nodeName: `node-of-${name}` } })),
    world,
  );

const worlds: readonly (() => World)[] = [
  lent(() => placed(atRest(editSet(restedWorld('dev'), { replicas: 2 })))),
  lent(() => placed(restedSharedWorld())),
];

const podsIn = (world: World) => {
  const { primary, replica } = pairIn(world);
  return { primary: primary.pod, replica: replica.pod };
};

/** What a pass does while the nodes of these pods take no more. */
const stepIn = (world: World, ...closed: readonly string[]) => {
  const closedNodes = new Set(closed.map((pod) => `node-of-${pod}`));
  const { decision } = passIn(world, { observed: { ...observedIn(world), closedNodes } });
  return decision?.step;
};

const forBoth = (check: (world: World) => void) => (): void => {
  for (const world of worlds) check(world());
};

testTable('cordons', join(import.meta.dirname, 'cordons.ts'), 1, {
  "nodes may not be watched, or the primary's takes pods": forBoth((world) => {
    assert.equal(passIn(world).decision?.step, undefined);
    assert.equal(stepIn(world), undefined);
    assert.equal(stepIn(world, podsIn(world).replica), undefined);
  }),
  "the primary's node takes no more pods, a replica elsewhere is fit": forBoth((world) => {
    const { primary, replica } = podsIn(world);
    const step = stepIn(world, primary);
    assert.ok(step?.kind === 'switchover');
    assert.deepEqual([step.from, step.to], [primary, replica]);
    assert.match(step.reason, new RegExp(`node node-of-${primary} .* takes no more pods`));
    assert.equal(stepIn(lagging(world, replica), primary), undefined);
  }),
  'the same, and those that are fit are on nodes that take none either': forBoth((world) => {
    const { primary, replica } = podsIn(world);
    assert.equal(stepIn(world, primary, replica), undefined);
  }),
  stopped: forBoth((world) => {
    const { primary } = podsIn(world);
    const isShared = dialectOf(world).profile.workloads === 'shared';
    const stopping = editSpec(world, (spec) => (isShared ? { ...spec, numberOfInstances: 0 } : { ...spec, shutdown: true }));
    assert.doesNotMatch(stepIn(stopping, primary)?.reason ?? '', /takes no more pods/);
  }),
});
