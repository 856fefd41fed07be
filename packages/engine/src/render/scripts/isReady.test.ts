import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { hostileName, run, standIns, temporaryFolder, type Ended } from '../../testing/programs.ts';
import { isReady } from './isReady.ts';

/** Runs the script with a pg_isready that gives these statuses one after the other, the last one for ever. */
const asked = (context: TestContext, ...statuses: readonly number[]): Ended & { readonly attempts: number } => {
  const folder = temporaryFolder(context);
  const attempts = join(folder, 'attempts');
  writeFileSync(attempts, '');
  const PATH = standIns(join(folder, 'bin'), {
    pg_isready: [
      `statuses=(${statuses.join(' ')})`,
      `echo >> '${attempts}'`,
      `attempt=$(wc -l < '${attempts}')`,
      'printf "attempt %s:" "$attempt"; printf " <%s>" "$@"; echo',
      `exit "\${statuses[attempt > ${statuses.length} ? ${statuses.length - 1} : attempt - 1]}"`,
    ].join('\n'),
  });
  const program = join(folder, 'is-ready');
  writeFileSync(program, isReady, { mode: 0o755 });
  return { ...run([program, '-p', '5432', '-d', hostileName], { PATH }), attempts: readFileSync(attempts, 'utf8').length };
};

test('readiness: a server that takes connections is asked once, with the arguments as they are', (context) => {
  assert.deepEqual(asked(context, 0), {
    status: 0,
    output: `attempt 1: <-p> <5432> <-d> <${hostileName}>\n`,
    errors: '',
    attempts: 1,
  });
});

test('readiness: a server that does not answer yet, then starts, is asked until it takes connections', (context) => {
  const { status, attempts, output } = asked(context, 2, 2, 1, 0);
  assert.deepEqual([status, attempts], [0, 4]);
  assert.match(output, /^attempt 4:.*\n/);
});

test('readiness: a server that keeps starting, or does not answer, is told as it is', (context) => {
  for (const last of [1, 2]) {
    const { status, attempts } = asked(context, last);
    assert.equal(status, last);
    // As often as a second allows.
    assert.ok(attempts > 1 && attempts <= 10, `${attempts} attempts`);
  }
});

test('readiness: a question that cannot be asked is not repeated', (context) => {
  const { status, attempts } = asked(context, 3);
  assert.deepEqual([status, attempts], [3, 1]);
});

test('readiness: a server that hangs is not asked ten times', (context) => {
  const folder = temporaryFolder(context);
  const program = join(folder, 'is-ready');
  writeFileSync(program, isReady, { mode: 0o755 });
  const attempts = join(folder, 'attempts');
  const PATH = standIns(join(folder, 'bin'), { pg_isready: `echo >> '${attempts}'; sleep 2.2; exit 2` });
  assert.equal(run([program], { PATH }).status, 2);
  assert.equal(readFileSync(attempts, 'utf8').length, 1);
});
