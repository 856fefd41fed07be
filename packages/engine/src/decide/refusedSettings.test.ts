import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import type { ReadSetting } from '../readings.ts';
import { testTable } from '../testing/tables.ts';
import {
  atRest,
  conditionIn,
  editSpec,
  freshWorld,
  ledBy,
  lent,
  pairIn,
  passIn,
  restedSharedWorld,
  restedWorld,
  settled,
  situationIn,
  turned,
  withFaults,
  withParameters,
  type Spec,
} from '../testing/worlds.ts';
import type { World } from '../world/world.ts';
import { reportRefusedSettings } from './refusedSettings.ts';

const readingsIn = (world: World): readonly string[] => passIn(world).decision?.readings.map(({ key }) => key) ?? [];
const messageIn = (world: World): string => conditionIn(world, 'SettingsRefused')?.message ?? '';
const later = (world: World, ms: number): World => ({ ...world, nowMs: world.nowMs + ms });

/** A setting that Patroni leaves out. */
const lost = lent(() =>
  atRest(withFaults(withParameters(restedWorld('dev'), { work_mem: '7MB' }), { lostSettings: new Set(['work_mem']) })),
);

/** What a pass says when the server has the setting like this. */
const told = (asked: Spec, setting: Partial<ReadSetting>): string => {
  const world = atRest(withParameters(restedWorld('dev'), asked));
  const reading = world.readings['settings'] ?? assert.fail('no reading');
  assert.ok(reading.result.kind === 'taken');
  const [name = ''] = Object.keys(asked);
  const value = (reading.result.value as readonly ReadSetting[]).map((read) => (read.name === name ? { ...read, ...setting } : read));
  const readings = { ...world.readings, settings: { ...reading, result: { kind: 'taken' as const, value } } };
  return reportRefusedSettings(situationIn({ ...world, readings })).conditions?.[0]?.message.split('\n')[0] ?? '';
};

testTable('refused settings', join(import.meta.dirname, 'refusedSettings.ts'), 1, {
  'no primary that runs': () => {
    assert.equal(reportRefusedSettings({ ...situationIn(restedWorld('dev')), writable: undefined }).readings, undefined);
    assert.match(reportRefusedSettings({ ...situationIn(lost()), writable: undefined }).conditions?.[0]?.message ?? '', /work_mem/);
    const stopped = atRest(editSpec(lost(), (spec) => ({ ...spec, shutdown: true })));
    assert.equal(conditionIn(stopped, 'SettingsRefused'), undefined);
  },
  "Patroni's configuration is not as asked, or of just now": () => {
    const edited = withParameters(restedWorld('dev'), { work_mem: '8MB' });
    assert.deepEqual(readingsIn(edited), []);
    const written = turned(passIn(edited).world);
    assert.deepEqual(readingsIn(written), []);
    assert.ok((passIn(written).decision?.lookAgainAfterMs ?? 0) > 0);
    assert.deepEqual(readingsIn(later(written, 20_000)), ['settings']);
    assert.match(messageIn(passIn(withParameters(lost(), { work_mem: '8MB' })).world), /work_mem = 7MB/);
  },
  'no reading of this configuration and this primary, or it is old': () => {
    for (const world of [restedWorld('dev'), restedSharedWorld()]) {
      const without = { ...world, readings: Object.fromEntries(Object.entries(world.readings).filter(([key]) => key !== 'settings')) };
      assert.deepEqual(readingsIn(without), ['settings']);
      assert.ok(readingsIn(later(world, 12 * 60 * 60_000)).includes('settings'));
    }
    const moved = turned(ledBy(restedSharedWorld(), pairIn(restedSharedWorld()).replica.pod));
    assert.ok(readingsIn(moved).includes('settings'));
    // An operator that starts anew knows from the status, and says nothing twice.
    const pass = passIn({ ...lost(), readings: {} });
    assert.match(messageIn(pass.world), /work_mem = 7MB/);
    assert.deepEqual(pass.decision?.events, []);
  },
  'the reading failed': () => {
    const world = lost();
    const reading = world.readings['settings'] ?? assert.fail('no reading');
    const result = { kind: 'failed', message: 'no', attempts: 1 } as const;
    const failed = { ...world, readings: { ...world.readings, settings: { ...reading, takenAtMs: world.nowMs, result } } };
    assert.deepEqual(readingsIn(failed), []);
    assert.match(messageIn(passIn(failed).world), /work_mem = 7MB/);
    assert.deepEqual(readingsIn(later(failed, 2000)), ['settings']);
  },
  'a setting is missing, has another value or an error': () => {
    assert.equal(conditionIn(lost(), 'SettingsRefused')?.status, 'True');
    assert.match(messageIn(lost()), /^work_mem = 7MB is left out/);
    const bound = { written: '262143', inForce: '262143' };
    assert.match(
      told({ max_connections: '9999999' }, bound),
      /^max_connections = 9999999 is left out or out of bounds, and 262143 is in force/,
    );
    const error = { hasError: true, inForce: '4MB' };
    assert.match(told({ work_mem: '7XB' }, error), /^work_mem = 7XB is not taken by PostgreSQL, and 4MB is in force/);
    const byHand = { written: '9MB', isByHand: true, inForce: '9MB' };
    assert.match(
      told({ work_mem: '7MB' }, byHand),
      /^work_mem = 7MB is overruled by hand, and 9MB is in force: ALTER SYSTEM RESET work_mem/,
    );
    // These may hold secrets.
    for (const setting of [{ written: undefined }, { written: 'b' }, { hasError: true, inForce: 'b' }, { written: 'b', isByHand: true }])
      for (const name of ['vault.token', 'some_command']) {
        assert.notEqual(told({ [name]: 'a' }, setting), '');
        assert.doesNotMatch(told({ [name]: 'a' }, setting), /= a|\bb\b/);
      }
  },
  'the same, and it waits for a start': () => assert.equal(told({ huge_pages: 'on' }, { written: 'off', isPending: true }), ''),
  'all are as asked': () => {
    for (const world of [restedWorld('dev'), restedWorld('prod'), restedSharedWorld()]) {
      assert.equal(conditionIn(world, 'SettingsRefused'), undefined);
      assert.equal(world.readings['settings']?.result.kind, 'taken');
    }
    for (const [asked, written, unit] of [
      ['on', 'True'],
      ['0.50', '0.5'],
      ['False', 'off'],
      ['Replica', 'replica'],
      ['7MB', '7MB', 'kB'],
      ['1024MB', '1GB', '8kB'],
      ['8192', '64MB', '8kB'],
      ['5min', '300s', 'ms'],
    ] as const)
      assert.equal(told({ work_mem: asked }, { written, unit }), '', asked);
    assert.notEqual(told({ work_mem: '8' }, { written: '8MB', unit: 'kB' }), '');
  },
});

test('refused settings: what was refused is asked for again soon', () => {
  const mended = withFaults(lost(), { lostSettings: new Set() });
  assert.deepEqual(readingsIn(mended), []);
  assert.deepEqual(readingsIn(later(mended, 15 * 60_000)), ['settings']);
  assert.equal(conditionIn(passIn(passIn(later(mended, 15 * 60_000)).world).world, 'SettingsRefused'), undefined);
});

test('refused settings: those of recovery are no matter to a primary', () => {
  const world = restedWorld('prod');
  assert.ok(Object.hasOwn(situationIn(world).cluster.postgres.parameters, 'restore_command'));
  const reading = world.readings['settings'];
  assert.ok(reading?.result.kind === 'taken');
  const value = (reading.result.value as readonly ReadSetting[]).filter(({ name }) => name !== 'restore_command');
  const readings = { ...world.readings, settings: { ...reading, result: { kind: 'taken' as const, value } } };
  assert.equal(reportRefusedSettings(situationIn({ ...world, readings })).conditions, undefined);
});

test('refused settings: taken back, nothing is left of it', () => {
  const mended = settled(withFaults(withParameters(lost(), { work_mem: '4MB' }), { lostSettings: new Set() }));
  assert.equal(conditionIn(mended.world, 'SettingsRefused'), undefined);
});

test('refused settings: told of once, as an event', () => {
  const { passes } = settled(withFaults(freshWorld('dev'), { lostSettings: new Set(['archive_timeout']) }));
  const events = passes.flatMap(({ decision }) => decision?.events ?? []).filter(({ message }) => message.includes('archive_timeout'));
  assert.deepEqual(
    events.map(({ type, reason }) => [type, reason]),
    [['Warning', 'NotInForce']],
  );
});
