/**
 * The member that leads is broken in every way, while a client writes through Service -primary. With synchronous mode on, no row that was
 * acknowledged may be lost. How long the client waited is printed; bench/ measures it.
 *
 * Each fault, each synchronous mode, and a running and an absent operator occur; all of their combinations are bench/'s business.
 */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { openEnvironment } from './src/environment.ts';
import { createFaultCluster, leadFromNode } from './src/faultCluster.ts';
import { runFault } from './src/faultRun.ts';
import type { FaultSetting } from './src/faultRun.ts';
import { faultNames } from './src/faults.ts';
import { withNamespace } from './src/scenario.ts';

const environment = await openEnvironment();
after(async () => environment[Symbol.asyncDispose]());

const settings: readonly FaultSetting[] = [
  { fault: 'postmaster', synchronous: true, operatorRuns: true },
  { fault: 'container', synchronous: true, operatorRuns: false },
  { fault: 'pod', synchronous: true, operatorRuns: true },
  { fault: 'node', synchronous: true, operatorRuns: false },
  { fault: 'postmaster', synchronous: false, operatorRuns: false },
  { fault: 'container', synchronous: false, operatorRuns: true },
  { fault: 'pod', synchronous: false, operatorRuns: false },
];

test('a broken primary is followed by a healthy cluster, and synchronous mode loses nothing', { timeout: 900_000 }, async (t) => {
  await withNamespace(environment, t, 'faults', async (namespace, step) => {
    const ref = await createFaultCluster(environment, namespace);

    const run = async (setting: FaultSetting): Promise<void> => {
      const report = await runFault(environment, ref, setting);
      console.log(
        `    gap ${report.gapMs} ms, ${report.acknowledged} rows acknowledged, ${report.lost.length} of them lost, ${report.failed} attempts failed, all members again after ${report.healedAfterMs} ms`,
      );
      assert.ok(report.failed > 0 || report.gapMs > 0);
      if (setting.synchronous) assert.deepEqual(report.lost, []);
    };

    for (const setting of settings) {
      const { fault, synchronous, operatorRuns } = setting;
      const title = `${faultNames[fault]}, ${synchronous ? '' : 'a'}synchronous, operator ${operatorRuns ? 'running' : 'away'}`;
      await step(`${title}: the client writes again, and the cluster heals`, async () => run(setting));
    }

    await step(
      'the node of the primary and of the repository host is stopped: the replica is promoted and writable without the archive',
      async () => {
        await leadFromNode(environment, ref, true);
        await run({ fault: 'node', synchronous: false, operatorRuns: true });
      },
    );
  });
});
