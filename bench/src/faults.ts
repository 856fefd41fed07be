/**
 * How long a client that writes 20 times a second through Service -primary waits when the primary breaks, and what it loses: each fault with
 * synchronous mode on and off, with the operator running and away.
 *
 *     make bench-faults [OPTIONS="--runs 5 --matrix-runs RUNS --only postmaster,container,containerAgain,pod,node,nodeWithRepository"]
 *
 * `--runs` counts the runs with defaults (asynchronous, operator running), for which there are bars; `--matrix-runs` those of every other
 * combination, as many by default. `--only` measures these anew, and leaves what the results have of the others as it is.
 */
import { parseArgs } from 'node:util';
import { openEnvironment } from '../../e2e/src/environment.ts';
import { createFaultCluster, leadFromNode, renewRestarted } from '../../e2e/src/faultCluster.ts';
import { runFault, settle } from '../../e2e/src/faultRun.ts';
import type { FaultReport } from '../../e2e/src/faultRun.ts';
import { faultNames } from '../../e2e/src/faults.ts';
import type { Fault } from '../../e2e/src/faults.ts';
import { inNamespace } from '../../e2e/src/scenario.ts';
import { quantile, readReport, startReport } from './report.ts';
import type { Figure } from './report.ts';

interface Case {
  readonly key: string;
  readonly fault: Fault;
  readonly title: string;
  /** Whether the primary's node has the repository host; undefined: no matter. */
  readonly withRepositoryHost?: boolean;
  /** No container of the members was restarted before: the kubelet keeps one waiting that ends often, and forgets it after ten minutes only. */
  readonly fresh?: true;
  /** With defaults the client waits no longer than this. Where the Crunchy operator 6.0.3 was measured on such a machine, its figure. */
  readonly barMs?: number;
}

const cases: readonly Case[] = [
  { key: 'postmaster', fault: 'postmaster', title: faultNames.postmaster, barMs: 700 },
  { key: 'container', fault: 'container', title: faultNames.container, fresh: true, barMs: 3400 },
  { key: 'containerAgain', fault: 'container', title: `${faultNames.container}, again within ten minutes` },
  { key: 'pod', fault: 'pod', title: faultNames.pod, barMs: 4500 },
  { key: 'node', fault: 'node', title: faultNames.node, withRepositoryHost: false, barMs: 40_000 },
  {
    key: 'nodeWithRepository',
    fault: 'node',
    title: 'node stopped, with the repository host on it',
    withRepositoryHost: true,
    barMs: 40_000,
  },
];

const modes = [
  { synchronous: false, operatorRuns: true },
  { synchronous: true, operatorRuns: true },
  { synchronous: false, operatorRuns: false },
  { synchronous: true, operatorRuns: false },
] as const;

type Mode = (typeof modes)[number];

const nameOf = ({ title }: Case, { synchronous, operatorRuns }: Mode): string =>
  `${title}, ${synchronous ? 'synchronous' : 'asynchronous'}, operator ${operatorRuns ? 'running' : 'away'}`;

/** Every name, in the order in which results are shown. */
const names = cases.flatMap((one) => modes.map((mode) => nameOf(one, mode)));
const rankOf = (text: string): number => names.findIndex((name) => text.startsWith(name));

const { values } = parseArgs({
  options: { runs: { type: 'string', default: '5' }, 'matrix-runs': { type: 'string' }, only: { type: 'string' } },
});
const runs = Number(values.runs);
const matrixRuns = Number(values['matrix-runs'] ?? values.runs);
const only = values.only?.split(',');

await using environment = await openEnvironment();
/** Of a run of everything before, what is not measured anew. */
const before = only === undefined ? undefined : await readReport('faults');
const figures: Figure[] = [...(before?.figures ?? [])];
const details: Record<string, Readonly<Record<string, number>>> = { ...before?.details };
const record = (figure: Figure): void => {
  const at = figures.findIndex(({ what }) => what === figure.what);
  if (at < 0) figures.push(figure);
  else figures[at] = figure;
};
const report = await startReport('faults');

/** After every case, so that what is measured stays when a later run fails. */
const write = async (): Promise<string> =>
  report({
    title: 'Faults',
    method:
      'The longest time that a client writing 20 times a second through Service `-primary` waited, on two members with repository host and default settings otherwise. "All members again" counts from the fault, of a stopped node from its return. By `make bench-faults`.',
    figures: figures.toSorted((left, right) => rankOf(left.what) - rankOf(right.what)),
    details: Object.fromEntries(Object.entries(details).toSorted(([left], [right]) => rankOf(left) - rankOf(right))),
  });

await inNamespace(environment, 'bench-faults', async (namespace) => {
  const ref = await createFaultCluster(environment, namespace);
  for (const one of cases) {
    const { key, fault, withRepositoryHost, fresh, barMs } = one;
    if (only !== undefined && !only.includes(key)) continue;
    for (const mode of modes) {
      const { synchronous, operatorRuns } = mode;
      const isDefault = !synchronous && operatorRuns;
      const count = isDefault ? runs : matrixRuns;
      if (count === 0) continue;
      const name = nameOf(one, mode);
      const reports: FaultReport[] = [];
      for (let run = 0; run < count; run++) {
        await settle(environment, ref, synchronous);
        if (fresh === true) await renewRestarted(environment, ref);
        if (withRepositoryHost !== undefined) await leadFromNode(environment, ref, withRepositoryHost);
        const measured = await runFault(environment, ref, { fault, synchronous, operatorRuns });
        console.log(`${name}: gap ${measured.gapMs} ms, ${measured.lost.length} rows lost`);
        reports.push(measured);
      }
      const gapsMs = reports.map(({ gapMs }) => gapMs);
      record({
        what: `${name}: median gap of ${count}`,
        value: quantile(gapsMs, 0.5) / 1000,
        unit: 's',
        ...(isDefault && barMs !== undefined ? { atMost: barMs / 1000 } : {}),
      });
      details[name] = {
        ...Object.fromEntries(gapsMs.map((gapMs, run) => [`gap ${run + 1} (ms)`, gapMs])),
        'acknowledged rows': reports.reduce((sum, { acknowledged }) => sum + acknowledged, 0),
        'acknowledged rows lost': reports.reduce((sum, { lost }) => sum + lost.length, 0),
        'all members again, median (ms)': quantile(
          reports.map(({ healedAfterMs }) => healedAfterMs),
          0.5,
        ),
      };
      await write();
    }
  }
});
