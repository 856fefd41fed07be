/**
 * Runs the floors of the test suite in the order asked for, stops at the first that fails, and prints the 20 slowest tests.
 *
 *     node checks/test.ts [check] [unit] [api] [image] [cluster]
 *
 * A test's floor is in its name: `x.test.ts` needs only Node, `x.api.test.ts` a kube-apiserver (kubeconfig in PGHERD_TEST_KUBECONFIG),
 * `x.image.test.ts` built images, `x.cluster.test.ts` real nodes. Arguments after `--` name files: only those of each floor run.
 */
import { spawn } from 'node:child_process';
import { existsSync, globSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { auditArguments } from '../e2e/src/auditLog.ts';
import type { TestDuration } from './durations.ts';

const root = resolve(import.meta.dirname, '..');
const floors = ['check', 'unit', 'api', 'image', 'cluster'] as const;
type Floor = (typeof floors)[number];

const scratch = mkdtempSync(join(tmpdir(), 'pgherd-test-'));
const durationsPath = join(scratch, 'durations.jsonl');

/** Runs a program to its end with our streams; gives its exit code. */
const run = async (command: string, argv: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<number> => {
  const child = spawn(command, argv, {
    cwd: root,
    stdio: ['ignore', 'inherit', 'inherit'],
    env: { ...process.env, PATH: `${join(root, 'node_modules/.bin')}:${process.env['PATH'] ?? ''}`, ...env },
  });
  return new Promise((resolveCode, reject) => {
    child.once('error', reject);
    child.once('exit', (code, signal) => resolveCode(code ?? (signal === null ? 1 : 128)));
  });
};

const filesOf = (floor: Exclude<Floor, 'check'>, only: readonly string[]): readonly string[] => {
  const all = globSync('{packages/*,local,e2e,bench,checks,images}/**/*.test.ts', { cwd: root, exclude: ['**/node_modules/**'] });
  const special = /\.(api|image|cluster)\.test\.ts$/;
  const ofFloor = all.filter((file) => (floor === 'unit' ? !special.test(file) : file.endsWith(`.${floor}.test.ts`)));
  return ofFloor.filter((file) => only.length === 0 || only.some((part) => file.includes(part))).toSorted();
};

const runTests = async (
  floor: Exclude<Floor, 'check'>,
  files: readonly string[],
  env: Readonly<Record<string, string>>,
): Promise<number> => {
  if (files.length === 0) return 0;
  const isolation = floor === 'unit' ? ['--test-isolation=none'] : ['--test-concurrency=1'];
  return run(
    process.execPath,
    [
      '--test',
      ...isolation,
      '--test-reporter=spec',
      '--test-reporter-destination=stdout',
      `--test-reporter=${join(root, 'checks/durations.ts')}`,
      '--test-reporter-destination=stderr',
      ...files,
    ],
    { PGHERD_TEST_DURATIONS: durationsPath, ...env },
  );
};

const local = async (...argv: readonly string[]): Promise<number> => run(process.execPath, ['local/src/cli.ts', ...argv]);

/** Runs tests against a local instance that is made for them and taken down afterwards, whatever happens. */
const withInstance = async (
  name: string,
  options: readonly string[],
  tests: (env: Readonly<Record<string, string>>) => Promise<number>,
): Promise<number> => {
  try {
    const started = await local('up', '--name', name, ...options);
    if (started !== 0) return started;
    const kubeconfig = join(scratch, `${name}.kubeconfig`);
    const written = await local('kubeconfig', '--name', name, '--output', kubeconfig);
    if (written !== 0) return written;
    return await tests({ PGHERD_TEST_KUBECONFIG: kubeconfig, PGHERD_TEST_INSTANCE: name });
  } finally {
    await local('down', '--name', name);
  }
};

/** Tests of local itself come first and without the shared instance: they also check that the machine is left as it was. */
const runClusterFloor = async (only: readonly string[]): Promise<number> => {
  const files = filesOf('cluster', only);
  const [alone, sharing] = [files.filter((file) => !file.startsWith('e2e/')), files.filter((file) => file.startsWith('e2e/'))];
  const code = await runTests('cluster', alone, {});
  if (code !== 0 || sharing.length === 0) return code;
  const options = ['--nodes', '3', ...auditArguments.map((argument) => `--api-server-argument=${argument}`)];
  return withInstance('test-e2e', options, (env) => runTests('cluster', sharing, env));
};

const runFloor = async (floor: Floor, only: readonly string[]): Promise<number> => {
  switch (floor) {
    case 'check':
      return run('npm', ['run', '--silent', 'check']);
    case 'unit':
    case 'image':
      return runTests(floor, filesOf(floor, only), {});
    case 'api':
      return withInstance(
        'test-api',
        [
          '--control-plane-only',
          '--api-server-argument=--enable-admission-plugins=NodeRestriction,ServiceAccount,OwnerReferencesPermissionEnforcement',
        ],
        (env) => runTests('api', filesOf('api', only), env),
      );
    case 'cluster':
      return runClusterFloor(only);
    default:
      return floor satisfies never;
  }
};

const report = (elapsed: ReadonlyMap<Floor, number>): void => {
  if (!existsSync(durationsPath)) return;
  const tests = readFileSync(durationsPath, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as TestDuration);
  console.log('\nThe 20 slowest tests:');
  for (const test of tests.toSorted((left, right) => right.durationMs - left.durationMs).slice(0, 20)) {
    console.log(`  ${(test.durationMs / 1000).toFixed(2).padStart(8)} s  ${test.file.replace(`${root}/`, '')}: ${test.name}`);
  }
  console.log(`Floors: ${[...elapsed].map(([floor, ms]) => `${floor} ${(ms / 1000).toFixed(0)} s`).join(', ')}`);
  const failed = tests.filter((test) => !test.passed);
  for (const test of failed) console.log(`\nFailed: ${test.file.replace(`${root}/`, '')}: ${test.name}\n${test.error ?? ''}\n`);
  const skipped = tests.filter((test) => test.skipped).length;
  console.log(`${tests.length - failed.length - skipped} passed, ${failed.length} failed, ${skipped} skipped`);
};

const separator = process.argv.indexOf('--');
const asked = process.argv.slice(2, separator === -1 ? undefined : separator);
const only = separator === -1 ? [] : process.argv.slice(separator + 1);
const unknown = asked.find((name) => !floors.includes(name as Floor));
if (unknown !== undefined || asked.length === 0) {
  console.error(
    `usage: node checks/test.ts FLOOR… [-- PART_OF_A_FILE_NAME…]\nfloors: ${floors.join(', ')}${unknown === undefined ? '' : `\nno such floor: ${unknown}`}`,
  );
  process.exit(2);
}

const elapsed = new Map<Floor, number>();
for (const floor of asked as readonly Floor[]) {
  console.log(`\n== ${floor}`);
  const start = performance.now();
  const code = await runFloor(floor, only);
  elapsed.set(floor, performance.now() - start);
  if (code !== 0) {
    process.exitCode = code;
    console.error(`== ${floor} failed`);
    break;
  }
}
report(elapsed);
rmSync(scratch, { recursive: true });
