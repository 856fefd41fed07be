import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { CommandRequest, ReadingRequest } from '@pgherd/engine';
import { newPrograms, psqlVariable, type ProgramOutput, type Programs } from './programs.ts';

const target = { namespace: 'ns', pod: 'p', podUid: 'u', container: 'database' };
const reading: ReadingRequest = {
  key: 'roles',
  inputs: 'a',
  maximumAgeMs: 1000,
  target,
  command: ['psql'],
  input: undefined,
  parser: 'json',
  timeoutMs: 100,
};
const command: CommandRequest = {
  key: 'users',
  inputs: 'a',
  target,
  command: ['psql'],
  input: undefined,
  timeoutMs: 100,
  reason: '',
  invalidates: ['roles'],
};

interface Rig {
  readonly programs: Programs;
  readonly inputs: (string | undefined)[];
  readonly settle: () => Promise<void>;
  nowMs: number;
}

const rig = (answer: (run: number) => ProgramOutput | Promise<ProgramOutput>): Rig => {
  const inputs: (string | undefined)[] = [];
  let ended: () => void = () => {};
  const state: Rig = {
    inputs,
    nowMs: 0,
    settle: async () => new Promise((resolve) => (ended = resolve)),
    programs: newPrograms({
      run: async (_target, _command, input) => {
        inputs.push(input);
        return answer(inputs.length);
      },
      readSecret: async (_namespace, name) => (name === 'user' ? { verifier: Buffer.from("it's\\") } : undefined),
      readConfigMap: async (_namespace, name) => (name === 'init' ? { 'init.sql': 'SELECT 1;' } : undefined),
      parse: (_parser, output) => JSON.parse(output) as unknown,
      now: () => state.nowMs,
      ended: () => ended(),
    }),
  };
  return state;
};

const ok = (stdout: string): ProgramOutput => ({ exitCode: 0, stdout, stderr: '' });
const signal = new AbortController().signal;

test('programs: a reading is taken once while it is fresh, and again when it is old or its inputs changed', async () => {
  const state = rig(() => ok('[1]'));
  const run = async (request: ReadingRequest) => {
    const settled = state.settle();
    state.programs.start('c', [request], [], signal);
    await settled;
  };
  await run(reading);
  assert.deepEqual(state.programs.readingsOf('c')['roles']?.result, { kind: 'taken', value: [1] });
  state.programs.start('c', [reading], [], signal);
  assert.equal(state.inputs.length, 1);
  state.nowMs = 1001;
  await run(reading);
  await run({ ...reading, inputs: 'b' });
  assert.equal(state.inputs.length, 3);
});

test('programs: what is running is not started a second time', async () => {
  const gate = Promise.withResolvers<ProgramOutput>();
  const state = rig(() => gate.promise);
  const settled = state.settle();
  state.programs.start('c', [reading], [], signal);
  state.programs.start('c', [reading], [], signal);
  gate.resolve(ok('[]'));
  await settled;
  assert.equal(state.inputs.length, 1);
});

test('programs: a failure is counted, says what the program said, and hides verifiers', async () => {
  const state = rig(() => ({ exitCode: 3, stdout: '', stderr: "ERROR: near 'SCRAM-SHA-256$4096:abc$def:ghi'" }));
  for (const attempts of [1, 2]) {
    const settled = state.settle();
    state.programs.start('c', [], [command], signal);
    await settled;
    const result = state.programs.resultsOf('c')['users']?.result;
    assert.equal(result?.kind, 'failed');
    assert.equal(result.attempts, attempts);
    assert.match(result.message, /code 3: ERROR: near '\(verifier\)'/);
  }
});

test('programs: a command makes void the readings that it names', async () => {
  const state = rig(() => ok('[]'));
  for (const start of [() => state.programs.start('c', [reading], [], signal), () => state.programs.start('c', [], [command], signal)]) {
    const settled = state.settle();
    start();
    await settled;
  }
  assert.deepEqual(state.programs.readingsOf('c'), {});
});

test('programs: secrets go in as quoted psql variables, and a missing one fails without running anything', async () => {
  const state = rig(() => ok(''));
  const withSecret = (secret: string): CommandRequest => ({
    ...command,
    key: secret,
    input: { text: 'SELECT 1;', variables: { v: { secret, key: 'verifier' } } },
  });
  for (const secret of ['user', 'absent']) {
    const settled = state.settle();
    state.programs.start('c', [], [withSecret(secret)], signal);
    await settled;
  }
  assert.deepEqual(state.inputs, ["\\set v 'it''s\\\\'\nSELECT 1;"]);
  assert.match(JSON.stringify(state.programs.resultsOf('c')['absent']), /Secret absent has no verifier yet/);
});

test('programs: a file goes in whole, before the line that ends it; one that is not there is named', async () => {
  const state = rig(() => ok(''));
  const ask = async (configMap: string, key: string): Promise<string | undefined> => {
    const inputs = `${configMap}/${key}`;
    const file = { configMap, key, end: '-- end' };
    state.programs.start('c', [], [{ ...command, inputs, input: { text: '', variables: {}, file } }], signal);
    await state.settle();
    const result = state.programs.resultsOf('c')['users']?.result;
    return result?.kind === 'failed' ? result.message : undefined;
  };
  assert.equal(await ask('init', 'init.sql'), undefined);
  assert.deepEqual(state.inputs, ['SELECT 1;\n-- end\n']);
  assert.equal(await ask('init', 'other.sql'), 'ConfigMap init has no key other.sql, it has init.sql');
  assert.equal(await ask('away', 'init.sql'), 'there is no ConfigMap away in namespace ns; make it');
  assert.equal(state.inputs.length, 1);
});

test('programs: a psql variable keeps hostile characters', () => {
  assert.equal(psqlVariable('v', "a'b\\c\nd"), "\\set v 'a''b\\\\c\\nd'");
});
