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
  editSpec,
  freshWorld,
  pausedInPatroni,
  restedWorld,
} from '../testing/worlds.ts';
import { passOver, settle, turn } from '../world/run.ts';
import type { World } from '../world/world.ts';

const store = 'hippo-ha-config';

const withParameters = (world: World, parameters: object): World => editSpec(world, (spec) => ({ ...spec, config: { parameters } }));

const parametersIn = (text: string): Readonly<Record<string, string>> =>
  (JSON.parse(text) as { readonly postgresql: { readonly parameters: Readonly<Record<string, string>> } }).postgresql.parameters;

const withWorkMemory = (world: World): World => editSpec(world, (spec) => ({ ...spec, config: { parameters: { work_mem: '7MB' } } }));

testTable("Patroni's configuration", join(import.meta.dirname, 'patroniConfiguration.ts'), 1, {
  'not initialised': () => assert.equal(decisionIn(turn(freshWorld('dev'), dialect)).patroniConfiguration, undefined),
  'holds what the manifest asks for': () => assert.equal(decisionIn(restedWorld('dev')).patroniConfiguration, undefined),
  'holds something else': () => {
    const world = withWorkMemory(restedWorld('dev'));
    const write = decisionIn(world).patroniConfiguration;
    assert.equal(write?.resourceVersion, world.objects.get(`Endpoints/${store}`)?.metadata.resourceVersion);
    assert.match(write?.annotations['config'] ?? '', /"work_mem":"7MB"/);
    assert.equal(conditionIn(passOver(world, dialect).world, 'Ready')?.reason, 'ConfiguringPatroni');
    assert.match(atRest(world).objects.get(`Endpoints/${store}`)?.metadata.annotations?.['config'] ?? '', /7MB/);
  },
  'is paused by hand': () => {
    const paused = pausedInPatroni(restedWorld('dev'));
    assert.equal(decisionIn(paused).patroniConfiguration, undefined);
    assert.match(decisionIn(withWorkMemory(paused)).patroniConfiguration?.annotations['config'] ?? '', /"pause":true/);
    const denied = editSpec(paused, (spec) => ({ ...spec, patroni: { dynamicConfiguration: { pause: false } } }));
    assert.doesNotMatch(decisionIn(denied).patroniConfiguration?.annotations['config'] ?? '', /"pause":true/);
    assert.ok(decisionIn(denied).patroniConfiguration);
  },
  'the manifest asks for more and for less of what standbys may not have less of': () => {
    const start = atRest(withParameters(restedWorld('dev'), { max_connections: '100', max_wal_senders: '10' }));
    const { passes, world } = settle(withParameters(start, { max_connections: '50', max_wal_senders: '20' }), dialect);
    const written = passes.flatMap(({ decision }) => decision?.patroniConfiguration?.annotations['config'] ?? []).map(parametersIn);
    assert.deepEqual(
      written.map(({ max_connections, max_wal_senders }) => [max_connections, max_wal_senders]),
      [
        ['100', '20'],
        ['50', '20'],
      ],
    );
    assert.equal(conditionIn(world, 'Ready')?.status, 'True');
  },
  'it was written just now, and asks for less of such': () => {
    const start = atRest(withParameters(restedWorld('dev'), { max_connections: '100', max_wal_senders: '10' }));
    const written = passOver(withParameters(start, { max_wal_senders: '20' }), dialect).world;
    const asked = withParameters(written, { max_connections: '50', max_wal_senders: '20' });
    const decision = decisionIn(asked);
    assert.equal(decision.patroniConfiguration, undefined);
    assert.ok((decision.lookAgainAfterMs ?? 0) > 0);
  },
});

test("Patroni's configuration: what is no JSON is replaced", () => {
  const broken = editObject(restedWorld('dev'), 'Endpoints', store, (object) => ({
    ...object,
    metadata: { ...object.metadata, annotations: { ...object.metadata.annotations, config: '{' } },
  }));
  assert.ok(decisionIn(broken).patroniConfiguration);
});
