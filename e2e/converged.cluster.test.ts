/** Clusters that are as they should be cost nothing: no write and no pass, under load, and after the operator was killed and started again. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { activityAfterKill, activityUnderLoad, createConverged } from './src/converged.ts';
import { openEnvironment } from './src/environment.ts';
import { withNamespace } from './src/scenario.ts';

const environment = await openEnvironment();
after(async () => environment[Symbol.asyncDispose]());

test('converged clusters of both kinds under load cost the operator no write and no pass', { timeout: 400_000 }, async (t) => {
  await withNamespace(environment, t, 'converged', async (namespace, step) => {
    const refs = await createConverged(environment, namespace);

    await step('under pgbench for a minute: 0 writes, and heartbeats of Patroni wake no pass', async () => {
      const { transactions, ...activity } = await activityUnderLoad(environment, refs, 60);
      assert.ok(transactions.length > 1 && transactions.every((count) => count > 0), String(transactions));
      assert.deepEqual(activity, { writes: 0, audited: new Map(), passes: 0 });
    });

    await step('killed and started again: 0 writes', async () => {
      const { writes, audited } = await activityAfterKill(environment);
      assert.deepEqual({ writes, audited }, { writes: 0, audited: new Map() });
    });
  });
});
