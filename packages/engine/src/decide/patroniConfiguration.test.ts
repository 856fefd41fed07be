import assert from 'node:assert/strict';
import { test } from 'node:test';
import { join } from 'node:path';
import { testTable } from '../testing/tables.ts';
import { atRest, conditionIn, decisionIn, dialect, editObject, editSpec, freshWorld, restedWorld } from '../testing/worlds.ts';
import { passOver, turn } from '../world/run.ts';
import type { World } from '../world/world.ts';

const store = 'hippo-ha-config';

const withWorkMemory = (world: World): World => editSpec(world, (spec) => ({ ...spec, config: { parameters: { work_mem: '7MB' } } }));

testTable("Patroni's configuration", join(import.meta.dirname, 'patroniConfiguration.ts'), 1, {
  'not initialised': () => assert.equal(decisionIn(turn(freshWorld('dev'), dialect)).patroniConfiguration, undefined),
  'holds what the manifest asks for': () => assert.equal(decisionIn(restedWorld('dev')).patroniConfiguration, undefined),
  'holds something else': () => {
    const world = withWorkMemory(restedWorld('dev'));
    const write = decisionIn(world).patroniConfiguration;
    assert.equal(write?.resourceVersion, world.objects.get(`Endpoints/${store}`)?.metadata.resourceVersion);
    assert.match(write?.value ?? '', /"work_mem":"7MB"/);
    assert.equal(conditionIn(passOver(world, dialect).world, 'Ready')?.reason, 'ConfiguringPatroni');
    assert.match(atRest(world).objects.get(`Endpoints/${store}`)?.metadata.annotations?.['config'] ?? '', /7MB/);
  },
  'is paused by hand': () => {
    const paused = editObject(restedWorld('dev'), 'Endpoints', store, (object) => ({
      ...object,
      metadata: {
        ...object.metadata,
        annotations: {
          ...object.metadata.annotations,
          config: JSON.stringify({ ...JSON.parse(object.metadata.annotations?.['config'] ?? '{}'), pause: true }),
        },
      },
    }));
    assert.equal(decisionIn(paused).patroniConfiguration, undefined);
    assert.match(decisionIn(withWorkMemory(paused)).patroniConfiguration?.value ?? '', /"pause":true/);
    const denied = editSpec(paused, (spec) => ({ ...spec, patroni: { dynamicConfiguration: { pause: false } } }));
    assert.doesNotMatch(decisionIn(denied).patroniConfiguration?.value ?? '', /"pause":true/);
    assert.ok(decisionIn(denied).patroniConfiguration);
  },
});

test("Patroni's configuration: what is no JSON is replaced", () => {
  const broken = editObject(restedWorld('dev'), 'Endpoints', store, (object) => ({
    ...object,
    metadata: { ...object.metadata, annotations: { ...object.metadata.annotations, config: '{' } },
  }));
  assert.ok(decisionIn(broken).patroniConfiguration);
});
