/**
 * How long two members take from `kubectl apply` to Ready, on a warm local cluster: of a PostgresCluster with a repository host, and of a postgresql.
 *
 *     make bench-create [OPTIONS="--runs 5"]
 */
import { parseArgs } from 'node:util';
import { kinds } from '@pgherd/kube';
import { applyExampleFile, applyPatched, devOverlay, untilReady } from '../../e2e/src/cluster.ts';
import type { Ref } from '../../e2e/src/cluster.ts';
import { openEnvironment } from '../../e2e/src/environment.ts';
import { eventually } from '../../e2e/src/eventually.ts';
import { postgresql } from '../../e2e/src/kinds.ts';
import { inNamespace } from '../../e2e/src/scenario.ts';
import { quantile, startReport } from './report.ts';

/** The Crunchy operator 6.0.3 with a Debian image on the same bare cluster takes 13.4 s. */
const barSeconds = 12;

const { values } = parseArgs({ options: { runs: { type: 'string', default: '5' } } });

await using environment = await openEnvironment();
const report = await startReport('create');

/** The volumes that are there, from now on kept or removed when their claims go. */
const volumesAreTo = async (persistentVolumeReclaimPolicy: 'Retain' | 'Delete'): Promise<void> => {
  const { items } = await environment.client.list(kinds.persistentVolumes);
  const body = { spec: { persistentVolumeReclaimPolicy } };
  await Promise.all(
    items.map(({ metadata: { name } }) => environment.client.patch(kinds.persistentVolumes, { name }, { kind: 'merge', body })),
  );
};
const volumesAreGone = async (): Promise<void> =>
  eventually('volumes of earlier runs going away', 120_000, async () => {
    const { items } = await environment.client.list(kinds.persistentVolumes);
    if (items.length > 0) throw new Error(`${items.length} are left`);
  });

interface Subject {
  readonly what: string;
  readonly atMost?: number;
  readonly ref: Omit<Ref, 'namespace'>;
  readonly apply: (namespace: string) => Promise<void>;
  readonly seconds: number[];
}

const subjects: readonly Subject[] = [
  {
    what: 'PostgresCluster with repository host',
    atMost: barSeconds,
    ref: { name: 'hippo' },
    apply: async (namespace) =>
      applyPatched(environment, namespace, devOverlay, [{ op: 'replace', path: '/spec/instances/0/replicas', value: 2 }]),
    seconds: [],
  },
  {
    what: 'postgresql',
    ref: { name: 'acid-minimal-cluster', kind: postgresql },
    apply: async (namespace) => applyExampleFile(environment, namespace, 'zalando/minimal.yaml'),
    seconds: [],
  },
];

const measure = async ({ what, ref, apply, seconds }: Subject): Promise<void> =>
  inNamespace(environment, 'bench-create', async (namespace) => {
    const start = performance.now();
    await apply(namespace);
    const { status } = await untilReady(environment, { namespace, ...ref }, 2);
    seconds.push((performance.now() - start) / 1000);
    console.log(`${what}: Ready (${status?.readyMembers}) after ${seconds.at(-1)?.toFixed(1)} s`);
    // For five minutes ext4 avoids the inodes of removed files, and looks through all of them for each new one (fs/ext4/ialloc.c,
    // recently_deleted): a run must not pay for the thousands of files of the run before.
    await volumesAreTo('Retain');
  });

await volumesAreGone();
try {
  for (let run = 0; run < Number(values.runs); run++) {
    for (const subject of subjects) await measure(subject);
  }
} finally {
  await volumesAreTo('Delete');
  await volumesAreGone();
}
console.log(
  await report({
    title: 'Creation of a cluster',
    method:
      'Two members with a repository host, from `kubectl apply` of the dev overlay to condition Ready, and two members of the minimal postgresql, on three warm nodes with the images there. The Crunchy operator 6.0.3 takes 13.4 s on the same bare cluster for the first. By `make bench-create`.',
    figures: subjects.flatMap(({ what, atMost, seconds }) => [
      {
        what: `${what}, median of ${seconds.length} runs`,
        value: quantile(seconds, 0.5),
        unit: 's',
        ...(atMost !== undefined && { atMost }),
      },
      { what: `${what}, slowest`, value: Math.max(...seconds), unit: 's' },
    ]),
    details: Object.fromEntries(
      subjects.map(({ what, seconds }) => [
        `Seconds by run, ${what}`,
        Object.fromEntries(seconds.map((value, run) => [String(run + 1), value])),
      ]),
    ),
  }),
);
