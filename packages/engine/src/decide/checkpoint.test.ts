import assert from 'node:assert/strict';
import { join } from 'node:path';
import { testTable } from '../testing/tables.ts';
import { atRest, editSet, editSpec, lent, passIn, restedSharedWorld, restedWorld, turned, withInstances } from '../testing/worlds.ts';
import type { World } from '../world/world.ts';

const single = lent(() => atRest(withInstances(1)(restedSharedWorld())));

/** The only member's pod is outdated. */
const outdatedWorlds: readonly (() => World)[] = [
  () => turned(passIn(editSet(restedWorld('dev'), { resources: { limits: { cpu: '2' } } })).world),
  () => turned(passIn(editSpec(single(), (spec) => ({ ...spec, podAnnotations: { changed: 'yes' } }))).world),
];

const seenIn = (world: World) => {
  const { decision } = passIn(world);
  return {
    commands: decision?.commands.map(({ key }) => key).filter((key) => key.endsWith('checkpoint')),
    deletes: decision?.step?.kind === 'deletePod',
    events: decision?.events.map(({ reason }) => reason).filter((reason) => reason.endsWith('Checkpoint')),
  };
};

/** A checkpoint ended like this. */
const after = (world: World, round: string, result: { readonly tookMs: number } | 'failed'): World => {
  const { decision } = passIn(world);
  const request = decision?.commands.find(({ key }) => key === `${round} checkpoint`) ?? assert.fail(`no ${round} checkpoint`);
  return {
    ...world,
    commandResults: {
      ...world.commandResults,
      [request.key]: {
        key: request.key,
        inputs: request.inputs,
        finishedAtMs: world.nowMs,
        result:
          result === 'failed'
            ? { kind: 'failed', message: 'the server does not answer', attempts: 1 }
            : { kind: 'succeeded', output: `${result.tookMs}\n` },
      },
    },
  };
};

const stopped = { commands: [], deletes: true, events: [] };

const forBoth = (check: (world: World) => void) => (): void => {
  for (const world of outdatedWorlds) check(world());
};

testTable('checkpoint', join(import.meta.dirname, 'checkpoint.ts'), 1, {
  'no checkpoint was made for this stop': forBoth((world) =>
    assert.deepEqual(seenIn(world), { commands: ['first checkpoint'], deletes: false, events: [] }),
  ),
  'it took more than half of the time that a stop may take': forBoth((world) =>
    assert.deepEqual(seenIn(after(world, 'first', { tookMs: 31_000 })), { commands: ['second checkpoint'], deletes: false, events: [] }),
  ),
  'it was made, or the second one was': forBoth((world) => {
    assert.deepEqual(seenIn(after(world, 'first', { tookMs: 120 })), stopped);
    assert.deepEqual(seenIn(after(after(world, 'first', { tookMs: 31_000 }), 'second', { tookMs: 900 })), stopped);
  }),
  'it failed': forBoth((world) => assert.deepEqual(seenIn(after(world, 'first', 'failed')), { ...stopped, events: ['NoCheckpoint'] })),
  'the second one took as long': forBoth((world) =>
    assert.deepEqual(seenIn(after(after(world, 'first', { tookMs: 31_000 }), 'second', { tookMs: 40_000 })), {
      ...stopped,
      events: ['SlowCheckpoint'],
    }),
  ),
});
