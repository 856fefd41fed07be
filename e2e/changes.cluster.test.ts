/**
 * What an owner changes on a running cluster, while a client writes through Service -primary: settings that PostgreSQL takes over at once, settings that
 * it takes at its start, both ways at once, and a restart of every member. The same for both kinds of manifest.
 */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { applyExampleFile, askMember, memberPods, patchCluster, primaryPod, untilReady } from './src/cluster.ts';
import type { Pod, Ref } from './src/cluster.ts';
import { clientConfig, query } from './src/connection.ts';
import { openEnvironment } from './src/environment.ts';
import { eventually } from './src/eventually.ts';
import { createFaultCluster } from './src/faultCluster.ts';
import type { Writing } from './src/faultRun.ts';
import { postgresCluster, postgresql, type ClusterKind } from './src/kinds.ts';
import { withNamespace } from './src/scenario.ts';
import { startWriter } from './src/writer.ts';
import type { WriterReport } from './src/writer.ts';

const environment = await openEnvironment();
after(async () => environment[Symbol.asyncDispose]());

const members = 2;
const stepLimitMs = 120_000;
/** Rows before the change and after it, so that there is something to lose and it is over. */
const rowsAround = 20;

interface Subject {
  readonly kind: ClusterKind;
  readonly create: (namespace: string) => Promise<Ref>;
  readonly writer: Writing;
}

const ofPostgresql = { kind: postgresql, user: 'zalando', database: 'foo' } as const;

const subjects: readonly Subject[] = [
  { kind: postgresCluster, create: async (namespace) => createFaultCluster(environment, namespace), writer: {} },
  {
    kind: postgresql,
    create: async (namespace) => {
      const ref = { namespace, name: 'acid-minimal-cluster', kind: postgresql };
      await applyExampleFile(environment, namespace, 'zalando/minimal.yaml');
      await untilReady(environment, ref, members);
      await query(await clientConfig(environment, { namespace, cluster: ref.name, ...ofPostgresql }), 'CREATE SCHEMA hippo');
      return ref;
    },
    writer: ofPostgresql,
  },
];

const uidOf = ({ metadata }: Pod): string => metadata.uid ?? '';

for (const { kind, create, writer: writing } of subjects) {
  test(`a running ${kind.resource.kind} is changed`, { timeout: 600_000 }, async (t) => {
    await withNamespace(environment, t, 'changes', async (namespace, step) => {
      const ref = await create(namespace);

      /** Of each member in the order of their names. */
      const askAll = async (sql: string): Promise<readonly string[]> =>
        Promise.all((await memberPods(environment, ref)).map(async (pod) => askMember(environment, ref, pod, sql)));
      const settingIs = async (name: string, value: string): Promise<void> => {
        await eventually(`${name} being ${value} everywhere`, stepLimitMs, async () => {
          assert.deepEqual(await askAll(`SHOW ${name}`), [value, value]);
        });
      };
      const startTimes = async (): Promise<readonly number[]> =>
        (await askAll('SELECT extract(epoch FROM pg_postmaster_start_time())')).map(Number);

      /** What a client saw of a change that is over when `isOver` resolves. */
      const whileWriting = async (change: object, isOver: () => Promise<void>): Promise<WriterReport> => {
        const connection = await clientConfig(environment, { namespace, cluster: ref.name, ...writing });
        await using writer = await startWriter(connection, 'hippo.written');
        await writer.waitFor(rowsAround, stepLimitMs);
        writer.resetGap();
        await patchCluster(environment, ref, change);
        await isOver();
        await untilReady(environment, ref, members);
        await writer.waitFor(rowsAround, stepLimitMs);
        const report = await writer.finish();
        console.log(
          `    gap ${report.gapMs} ms, ${report.acknowledged} rows acknowledged, ${report.lost.length} of them lost, ${report.failed} attempts failed`,
        );
        assert.deepEqual(report.lost, []);
        return report;
      };

      await step('a setting that PostgreSQL takes over at once restarts nothing and breaks no connection', async () => {
        const before = await startTimes();
        const { failed } = await whileWriting(kind.parameters({ work_mem: '7MB' }), async () => settingIs('work_mem', '7MB'));
        assert.equal(failed, 0);
        assert.deepEqual(await startTimes(), before);
      });

      await step('a raised setting that needs a start restarts PostgreSQL in its pods, the replica first', async () => {
        const [primary, uids] = [await primaryPod(environment, ref), (await memberPods(environment, ref)).map(uidOf)];
        await whileWriting(kind.parameters({ max_connections: '150' }), async () => settingIs('max_connections', '150'));
        assert.deepEqual((await memberPods(environment, ref)).map(uidOf), uids);
        const started = new Map((await memberPods(environment, ref)).map(({ metadata }) => [metadata.name, 0]));
        for (const pod of await memberPods(environment, ref)) {
          started.set(
            pod.metadata.name,
            Number(await askMember(environment, ref, pod, 'SELECT extract(epoch FROM pg_postmaster_start_time())')),
          );
        }
        const ofPrimary = started.get(primary.metadata.name) ?? 0;
        assert.ok(
          [...started].every(([name, at]) => name === primary.metadata.name || at < ofPrimary),
          [...started].join('; '),
        );
        assert.equal((await primaryPod(environment, ref)).metadata.name, primary.metadata.name);
      });

      await step(
        'one that is raised and one that is lowered in the same edit take two rounds, and the replica streams all along',
        async () => {
          await whileWriting(kind.parameters({ max_connections: '120', max_wal_senders: '15' }), async () => {
            await settingIs('max_wal_senders', '15');
            await settingIs('max_connections', '120');
          });
        },
      );

      await step('a new value of annotation pgherd.dev/restart gives each member a new pod, the primary last', async () => {
        const [primary, before] = [await primaryPod(environment, ref), await memberPods(environment, ref)];
        const change = { metadata: { annotations: { 'pgherd.dev/restart': 'now' } } };
        await whileWriting(change, async () => {
          await eventually('each member having a new pod', stepLimitMs, async () => {
            const uids = (await memberPods(environment, ref)).map(uidOf);
            assert.equal(uids.length, members);
            assert.ok(
              before.every((pod) => !uids.includes(uidOf(pod))),
              'a pod of before is there',
            );
          });
        });
        const created = new Map(
          (await memberPods(environment, ref)).map(({ metadata }) => [metadata.name, metadata.creationTimestamp ?? '']),
        );
        assert.ok(
          [...created.values()].every((at) => at <= (created.get(primary.metadata.name) ?? '')),
          [...created].join('; '),
        );
      });
    });
  });
}
