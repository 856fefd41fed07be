import assert from 'node:assert/strict';
import { join } from 'node:path';
import { testTable } from '../testing/tables.ts';
import { atRest, conditionIn, decisionIn, dialect, editObject, editSpec, lent, passIn, restedWorld } from '../testing/worlds.ts';
import { passOver } from '../world/run.ts';
import type { World } from '../world/world.ts';

const asking = { name: 'hippo-init', key: 'init.sql' };

const withSql = (world: World): World => editSpec(world, (spec) => ({ ...spec, databaseInitSQL: asking }));
const withoutSql = (world: World): World => editSpec(world, ({ databaseInitSQL: _sql, ...spec }) => spec);

/** It is asked for, and about to be run. */
const due = lent(() => withSql(restedWorld('dev')));
/** It ran, and the status tells of it. */
const done = lent(() => atRest(due()));

const statusOf = (world: World): unknown => (passIn(world).decision?.status ?? {})['databaseInitSQL'];
/** As the next pass tells it. */
const told = (world: World, type: string) => conditionIn(passIn(world).world, type);
const commandsOf = (world: World): readonly string[] =>
  decisionIn(world)
    .commands.map(({ key }) => key)
    .filter((key) => key.endsWith('nitSql'));

/** The command ended like this. */
const after = (world: World, result: { readonly output: string } | { readonly message: string; readonly attempts?: number }): World => {
  const request = decisionIn(world).commands.find(({ key }) => key === 'initSql') ?? assert.fail('not asked for');
  return {
    ...world,
    commandResults: {
      ...world.commandResults,
      initSql: {
        key: request.key,
        inputs: request.inputs,
        finishedAtMs: world.nowMs,
        result: 'output' in result ? { kind: 'succeeded', ...result } : { kind: 'failed', attempts: 1, ...result },
      },
    },
  };
};

const missing = { message: 'there is no ConfigMap hippo-init in namespace db; make it' };
const failures = { output: 'statements that failed: 1\nline 3: relation "t" already exists' };
/** The process that ran it is gone. */
const forgetful = (world: World): World => ({ ...world, commandResults: {}, readings: {} });

testTable('init SQL', join(import.meta.dirname, 'initSql.ts'), 2, {
  'asks for none | none was run': () => {
    assert.deepEqual([commandsOf(restedWorld('dev')), statusOf(restedWorld('dev'))], [[], undefined]);
  },
  'asks for none | the status tells of a run, a primary runs': () => {
    const world = withoutSql(done());
    const request = decisionIn(world).commands.find(({ key }) => key === 'forgetInitSql');
    assert.match(request?.input?.text ?? '', /RESET pgherd\.init_sql;/);
    assert.deepEqual([statusOf(world), told(world, 'Ready')?.status], [asking.name, 'True']);
  },
  'asks for none | that is done': () => {
    const forgotten = atRest(withoutSql(done()));
    assert.deepEqual([commandsOf(forgotten), statusOf(forgotten)], [[], undefined]);
    // And asked for once more it is run, though this process ran it before.
    assert.deepEqual(commandsOf(withSql(forgotten)), ['initSql']);
    const again = atRest(withSql(forgotten));
    assert.deepEqual(commandsOf(withoutSql(again)), ['forgetInitSql']);
  },
  'asks for SQL | the status tells of a run': () => {
    const other = editSpec(done(), (spec) => ({ ...spec, databaseInitSQL: { ...asking, name: 'other' } }));
    for (const world of [done(), forgetful(done()), other])
      assert.deepEqual([commandsOf(world), statusOf(world), told(world, 'Ready')?.status], [[], asking.name, 'True']);
    const failed = forgetful(passOver(after(due(), failures), dialect).world);
    assert.match(told(failed, 'InitSQLApplied')?.message ?? '', /line 3/);
  },
  'asks for SQL | no primary that runs, or roles are not ready': () => {
    const primary = decisionIn(due()).commands[0]?.target.pod ?? assert.fail('no pod');
    const headless = editObject(due(), 'Pod', primary, (pod) => ({ ...pod, status: { phase: 'Pending' } }));
    const unready = { ...due(), faults: { ...due().faults, failingCommands: new Set(['users']) } };
    const withUser = editSpec(unready, (spec) => ({ ...spec, users: [{ name: 'extra' }] }));
    for (const world of [headless, passOver(withUser, dialect).world])
      assert.deepEqual([commandsOf(world), statusOf(world), told(world, 'Ready')?.status], [[], undefined, 'False']);
  },
  'asks for SQL | it was not run': () => {
    assert.deepEqual(commandsOf(due()), ['initSql']);
    const { input, command } = decisionIn(due()).commands.find(({ key }) => key === 'initSql') ?? assert.fail();
    assert.deepEqual([input?.file?.configMap, input?.file?.key, command.at(-1)], [asking.name, asking.key, input?.file?.end]);
    assert.equal(told(due(), 'Ready')?.reason, 'RunningInitSQL');
  },
  'asks for SQL | it could not be run, as without its ConfigMap': () => {
    const failed = after(due(), missing);
    assert.deepEqual(
      [commandsOf(failed), told(failed, 'InitSQLApplied')?.reason, told(failed, 'Stalled')?.reason],
      [[], 'NotRun', 'InitSQLNotRun'],
    );
    assert.match(told(failed, 'Ready')?.message ?? '', /spec\.databaseInitSQL has not run to its end: there is no ConfigMap hippo-init/);
    // However often it failed, a ConfigMap that comes is seen within half a minute or so.
    const often = after(due(), { ...missing, attempts: 30 });
    assert.ok((decisionIn(often).lookAgainAfterMs ?? Infinity) <= 32_000);
    assert.deepEqual(commandsOf({ ...often, nowMs: often.nowMs + 32_000 }), ['initSql']);
    // Taken back, nothing is left of it.
    const back = atRest(withoutSql(failed));
    assert.deepEqual([told(back, 'InitSQLApplied'), told(back, 'Ready')?.status], [undefined, 'True']);
  },
  'asks for SQL | it ran': () => {
    const ran = after(due(), { output: '' });
    assert.deepEqual([commandsOf(ran), statusOf(ran), told(ran, 'InitSQLApplied')], [[], asking.name, undefined]);
    assert.deepEqual(decisionIn(ran).events.filter(({ reason }) => reason === 'InitSQLExecuted').length, 1);
    assert.ok(!decisionIn(passOver(ran, dialect).world).events.some(({ reason }) => reason === 'InitSQLExecuted'));
  },
  'asks for SQL | it ran, and statements failed': () => {
    const ran = after(due(), failures);
    assert.deepEqual([statusOf(ran), told(ran, 'Ready')?.status], [asking.name, 'True']);
    const { reason, message = '' } = told(ran, 'InitSQLApplied') ?? {};
    assert.equal(reason, 'StatementsFailed');
    assert.match(message, /line 3: relation "t" already exists\nmend this by hand; or .* take spec\.databaseInitSQL out and put it back/);
  },
});
