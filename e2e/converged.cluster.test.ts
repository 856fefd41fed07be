/** A cluster that is as it should be costs nothing: no write and no pass, under load, and after the operator was killed and started again. */
import assert from 'node:assert/strict';
import { setTimeout as delay } from 'node:timers/promises';
import { after, test } from 'node:test';
import { applyPatched, devOverlay, podRef, primaryPod, untilReady } from './src/cluster.ts';
import type { Ref } from './src/cluster.ts';
import { openEnvironment } from './src/environment.ts';
import type { Environment } from './src/environment.ts';
import { eventually } from './src/eventually.ts';
import { total } from './src/operator.ts';
import { withNamespace } from './src/scenario.ts';

const environment = await openEnvironment();
after(async () => environment[Symbol.asyncDispose]());
const { kubectl, operator } = environment;

const observedForMs = 60_000;
const afterStartMs = 10_000;

interface Counts {
  readonly writes: number;
  readonly passes: number;
}

const counts = async (): Promise<Counts> => {
  const metrics = await operator.metrics();
  return { writes: total(metrics, 'pgherd_writes_total'), passes: total(metrics, 'controller_runtime_reconcile_total') };
};

/** Waits until nothing has been written for a while: the last status follows the last event by a moment. */
const untilQuiet = async (): Promise<Counts> => {
  let last = await counts();
  let since = performance.now();
  return eventually('the operator coming to rest', 90_000, async () => {
    const now = await counts();
    if (now.writes !== last.writes || now.passes !== last.passes) since = performance.now();
    last = now;
    assert.ok(performance.now() - since > 8000, `still ${now.writes} writes and ${now.passes} passes so far`);
    return now;
  });
};

/** Runs pgbench in the primary's pod, as much as one client makes. */
const load = async ({ kubectl: client }: Environment, ref: Ref, seconds: number): Promise<string> => {
  const { namespace, name } = podRef(await primaryPod(environment, ref));
  const inPod = (...command: readonly string[]): Promise<string> =>
    client.run([
      '-n',
      namespace,
      'exec',
      name,
      '-c',
      'database',
      '--',
      'bash',
      '-c',
      'PATH="$PATH:$(dirname "$(readlink "/proc/$(head -1 "$PGDATA/postmaster.pid")/exe")")"; exec pgbench "$@"',
      'pgbench',
      ...command,
    ]);
  await inPod('--initialize', '--quiet', '--scale=1', 'postgres');
  return inPod('--client=1', '--rate=50', `--time=${seconds}`, 'postgres');
};

test('a converged cluster under load costs the operator no write and no pass', { timeout: 400_000 }, async (t) => {
  await withNamespace(environment, t, 'converged', async (namespace, step) => {
    const ref = { namespace, name: 'hippo' };
    await applyPatched(environment, namespace, devOverlay, [{ op: 'replace', path: '/spec/instances/0/replicas', value: 2 }]);
    await untilReady(environment, ref, 2);
    await eventually('the first backup ending', 120_000, async () => {
      await kubectl.run(['-n', namespace, 'wait', '--for=condition=Complete', 'job', '--all', '--timeout=1s']);
    });

    await step('under pgbench for a minute: 0 writes, and heartbeats of Patroni wake no pass', async () => {
      const before = await untilQuiet();
      const report = await load(environment, ref, observedForMs / 1000);
      assert.match(report, /number of transactions actually processed: [1-9]/);
      assert.deepEqual(await counts(), before);
    });

    await step('killed and started again: 0 writes', async () => {
      await operator.stop('SIGKILL');
      await operator.start();
      await eventually('a first pass', 30_000, async () => assert.ok((await counts()).passes > 0, 'no pass yet'));
      // What does not happen cannot be waited for: it gets this long.
      await delay(afterStartMs);
      assert.equal((await counts()).writes, 0);
    });
  });
});
