import assert from 'node:assert/strict';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { test, type TestContext } from 'node:test';
import { companion, hostileName, run, temporaryFolder, until } from '../../testing/programs.ts';
import { holdVolume } from './volumeLock.ts';

/** Waits for the volume, leaves a mark, and becomes another program. */
const script = `${holdVolume}\nhold_volume "$1"\necho held > "$2"\nexec sleep 60`;

/** A container that works on the volume. */
const container = (context: TestContext, folder: string, name: string) => {
  const mark = join(folder, name);
  const process = companion(context, ['bash', '-ceu', '--', script, name, join(folder, hostileName.replaceAll('/', '')), mark]);
  let said = '';
  process.stdout?.setEncoding('utf8').on('data', (chunk: string) => (said += chunk));
  return { process, isAtWork: () => existsSync(mark), said: () => said };
};

test('volume lock: the next one waits as long as what the first became runs, and says so once', async (context) => {
  const folder = temporaryFolder(context);
  const first = container(context, folder, 'first');
  await until('the first', first.isAtWork);
  const next = container(context, folder, 'next');
  await until('its word', () => next.said() !== '');
  await delay(200);
  assert.equal(next.isAtWork(), false);
  assert.match(next.said(), /^waiting for the volume: a container of a former pod still runs on it\n$/);
  first.process.kill('SIGKILL');
  await once(first.process, 'exit');
  await until('the next', next.isAtWork);
  assert.equal(first.said(), '');
});

/** The script without its sleep, to its end. */
const output = (context: TestContext, path: string): string => {
  const mark = join(temporaryFolder(context), 'mark');
  const ended = run(['bash', '-ceu', '--', script.replace('exec sleep 60', 'exit 0'), 'one', path, mark]);
  assert.deepEqual([ended.status, readFileSync(mark, 'utf8')], [0, 'held\n']);
  return ended.output;
};

test('volume lock: where there can be no file it goes on, and says so', (context) => {
  const folder = temporaryFolder(context);
  assert.match(output(context, join(folder, 'nowhere', 'lock')), /cannot be opened/);
  assert.equal(output(context, join(folder, 'lock')), '');
});
