/**
 * What a converged cluster of each kind costs the operator, while pgbench runs on both and after the operator was killed: writes and passes.
 *
 *     make bench-converged [OPTIONS="--seconds 600"]
 */
import { parseArgs } from 'node:util';
import { writesAltogether } from '../../e2e/src/auditLog.ts';
import { activityAfterKill, activityUnderLoad, createConverged } from '../../e2e/src/converged.ts';
import { openEnvironment } from '../../e2e/src/environment.ts';
import { inNamespace } from '../../e2e/src/scenario.ts';
import { startReport } from './report.ts';

const { values } = parseArgs({ options: { seconds: { type: 'string', default: '600' } } });
const seconds = Number(values.seconds);

await using environment = await openEnvironment();
const report = await startReport('converged');
await inNamespace(environment, 'bench-converged', async (namespace) => {
  const refs = await createConverged(environment, namespace);
  const underLoad = await activityUnderLoad(environment, refs, seconds);
  const afterKill = await activityAfterKill(environment);
  console.log(
    await report({
      title: 'Converged clusters',
      method:
        'A PostgresCluster with two members and a repository host and a postgresql with two members, on three nodes, the operator as its Deployment of ' +
        'two pods. pgbench with one client and 50 transactions a second runs on each primary; then both processes of the operator are killed, and watched from then until 10 s after the first pass. The lease ' +
        'apart, all writes count. By `make bench-converged`.',
      figures: [
        { what: 'time under pgbench', value: seconds, unit: 's' },
        { what: 'writes under pgbench, as the API server counts them', value: writesAltogether(underLoad.audited), unit: '', atMost: 0 },
        { what: 'writes under pgbench, as the operator counts them', value: underLoad.writes, unit: '', atMost: 0 },
        { what: 'passes under pgbench', value: underLoad.passes, unit: '', atMost: 0 },
        { what: 'transactions of pgbench', value: underLoad.transactions.reduce((sum, count) => sum + count, 0), unit: '' },
        { what: 'writes after the kill, as the API server counts them', value: writesAltogether(afterKill.audited), unit: '', atMost: 0 },
        { what: 'writes after the kill, as the operator counts them', value: afterKill.writes, unit: '', atMost: 0 },
      ],
      details: {
        ...(underLoad.audited.size === 0 ? {} : { 'Writes under pgbench': Object.fromEntries(underLoad.audited) }),
        ...(afterKill.audited.size === 0 ? {} : { 'Writes after the kill': Object.fromEntries(afterKill.audited) }),
      },
    }),
  );
});
