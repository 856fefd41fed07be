/**
 * How long a client that writes 20 times a second through Service -primary waits when its cluster is changed, or its primary's pod goes in order.
 *
 *     make bench-changes [OPTIONS="--runs 10 --only switchover,rolling,drain,deletion,withoutGrace,single"]
 */
import assert from 'node:assert/strict';
import { parseArgs } from 'node:util';
import { assertRenewed, drainPrimary, runChange } from '../../e2e/src/changeRun.ts';
import type { Change } from '../../e2e/src/changeRun.ts';
import { memberPods, patchCluster, podRef, pods, primaryPod, readCluster, scale, untilReady } from '../../e2e/src/cluster.ts';
import type { Ref } from '../../e2e/src/cluster.ts';
import { openEnvironment } from '../../e2e/src/environment.ts';
import { createFaultCluster } from '../../e2e/src/faultCluster.ts';
import { settle } from '../../e2e/src/faultRun.ts';
import { inNamespace } from '../../e2e/src/scenario.ts';
import { quantile, readReport, startReport } from './report.ts';
import type { Figure } from './report.ts';

interface Case {
  readonly key: string;
  readonly title: string;
  readonly members: number;
  /** The client waits no longer than this. */
  readonly barMs: number;
  /** What the Crunchy operator 6.0.3 takes on such a machine; undefined: not measured. */
  readonly crunchyMs?: number;
  readonly changeOf: (ref: Ref, run: number) => Promise<Omit<Change, 'members'>>;
}

await using environment = await openEnvironment();
/** So that no run asks for what one before has had. */
const sitting = Date.now().toString(36);

/** The primary's pod goes, and comes back. */
const deletionOf = async (ref: Ref, gracePeriodSeconds: number | undefined): Promise<Omit<Change, 'members'>> => {
  const pod = await primaryPod(environment, ref);
  return {
    make: async () =>
      environment.client.delete(pods, podRef(pod), {
        preconditions: { uid: pod.metadata.uid },
        ...(gracePeriodSeconds !== undefined && { gracePeriodSeconds }),
      }),
    isThere: async () => {
      const { metadata } = await environment.client.get(pods, podRef(pod));
      assert.notEqual(metadata.uid, pod.metadata.uid);
    },
  };
};

const restartOf = async (ref: Ref, run: number): Promise<Omit<Change, 'members'>> => {
  const before = await memberPods(environment, ref);
  return {
    make: async () => patchCluster(environment, ref, { metadata: { annotations: { 'pgherd.dev/restart': `${sitting}-${run}` } } }),
    isThere: async () => assertRenewed(environment, ref, before),
  };
};

const cases: readonly Case[] = [
  {
    key: 'switchover',
    title: 'switchover that is asked for',
    members: 2,
    barMs: 1500,
    crunchyMs: 2200,
    changeOf: async (ref, run) => {
      const request = `${sitting}-${run}`;
      return {
        make: async () =>
          patchCluster(environment, ref, {
            metadata: { annotations: { 'postgres-operator.crunchydata.com/trigger-switchover': request } },
            spec: { patroni: { switchover: { enabled: true } } },
          }),
        isThere: async () => {
          const { status } = await readCluster(environment, ref);
          assert.equal((status as { readonly patroni?: { readonly switchover?: string } }).patroni?.switchover, request);
        },
      };
    },
  },
  { key: 'rolling', title: 'rolling change of two members', members: 2, barMs: 1200, crunchyMs: 1500, changeOf: restartOf },
  {
    key: 'drain',
    title: "drain of the primary's node",
    members: 2,
    barMs: 1500,
    crunchyMs: 2200,
    changeOf: async (ref) => drainPrimary(environment, ref),
  },
  {
    key: 'deletion',
    title: "deletion of the primary's pod",
    members: 2,
    barMs: 1500,
    crunchyMs: 2200,
    changeOf: async (ref) => deletionOf(ref, undefined),
  },
  {
    key: 'withoutGrace',
    title: "deletion of the primary's pod without grace",
    members: 2,
    barMs: 3000,
    crunchyMs: 4500,
    changeOf: async (ref) => deletionOf(ref, 0),
  },
  { key: 'single', title: 'restart of a cluster of one member', members: 1, barMs: 6000, changeOf: restartOf },
];

const { values } = parseArgs({ options: { runs: { type: 'string', default: '10' }, only: { type: 'string' } } });
const runs = Number(values.runs);
const only = values.only?.split(',');

const before = only === undefined ? undefined : await readReport('changes');
const figures = new Map<string, Figure>((before?.figures ?? []).map((figure) => [figure.what, figure]));
const details: Record<string, Readonly<Record<string, number>>> = { ...before?.details };
const report = await startReport('changes');

const nameOf = ({ title, crunchyMs }: Case): string =>
  `${title}: median gap of ${runs}${crunchyMs === undefined ? '' : ` (Crunchy operator 6.0.3: ${crunchyMs / 1000} s)`}`;

await inNamespace(environment, 'bench-changes', async (namespace) => {
  const ref = await createFaultCluster(environment, namespace);
  for (const one of cases) {
    const { key, title, members, barMs, changeOf } = one;
    if (only !== undefined && !only.includes(key)) continue;
    await scale(environment, ref, members);
    await untilReady(environment, ref, members);
    const gapsMs: number[] = [];
    let [acknowledged, lost] = [0, 0];
    for (let run = 0; run < runs; run++) {
      if (members > 1) await settle(environment, ref, false);
      console.log(title);
      const seen = await runChange(environment, ref, { members, ...(await changeOf(ref, run)) });
      gapsMs.push(seen.gapMs);
      acknowledged += seen.acknowledged;
      lost += seen.lost.length;
    }
    figures.set(nameOf(one), { what: nameOf(one), value: quantile(gapsMs, 0.5) / 1000, unit: 's', atMost: barMs / 1000 });
    details[title] = {
      ...Object.fromEntries(gapsMs.map((gapMs, run) => [`gap ${run + 1} (ms)`, gapMs])),
      'acknowledged rows': acknowledged,
      'acknowledged rows lost': lost,
    };
    // After every case, so that what is measured stays when a later run fails.
    await report({
      title: 'Changes',
      method:
        'The longest time that a client writing 20 times a second through Service `-primary` waited, on a cluster with repository host and default settings. By `make bench-changes`.',
      figures: cases.flatMap((each) => figures.get(nameOf(each)) ?? []),
      details,
    });
  }
});
