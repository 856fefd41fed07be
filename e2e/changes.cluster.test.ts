/**
 * What an owner changes on a running cluster, while a client writes through Service -primary: settings that PostgreSQL takes over at once, settings that
 * it takes at its start, both ways at once, a restart of every member, another member that leads. The same for both kinds of manifest.
 */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import {
  applyExampleFile,
  askMember,
  conditionOf,
  memberPods,
  patchCluster,
  primaryPod,
  readCluster,
  untilCondition,
  untilReady,
} from './src/cluster.ts';
import type { Pod, Ref } from './src/cluster.ts';
import { kinds } from '@pgherd/kube';
import { assertRenewed, drainPrimary, runChange } from './src/changeRun.ts';
import { clientConfig, query } from './src/connection.ts';
import { openEnvironment } from './src/environment.ts';
import { createFaultCluster } from './src/faultCluster.ts';
import type { Writing } from './src/faultRun.ts';
import { labels, postgresCluster, postgresql, type ClusterKind } from './src/kinds.ts';
import { withNamespace } from './src/scenario.ts';
import type { WriterReport } from './src/writer.ts';

const environment = await openEnvironment();
after(async () => environment[Symbol.asyncDispose]());

const members = 2;

interface Subject {
  readonly kind: ClusterKind;
  readonly create: (namespace: string) => Promise<Ref>;
  readonly writing: Writing;
}

const ofPostgresql = { kind: postgresql, user: 'zalando', database: 'foo' } as const;

const subjects: readonly Subject[] = [
  { kind: postgresCluster, create: async (namespace) => createFaultCluster(environment, namespace), writing: {} },
  {
    kind: postgresql,
    create: async (namespace) => {
      const ref = { namespace, name: 'acid-minimal-cluster', kind: postgresql };
      await applyExampleFile(environment, namespace, 'zalando/minimal.yaml');
      await untilReady(environment, ref, members);
      await query(await clientConfig(environment, { namespace, cluster: ref.name, ...ofPostgresql }), 'CREATE SCHEMA hippo');
      return ref;
    },
    writing: ofPostgresql,
  },
];

const nameOf = ({ metadata }: Pod): string => metadata.name;
const uids = (list: readonly Pod[]): readonly unknown[] => list.map(({ metadata }) => metadata.uid);

for (const { kind, create, writing } of subjects) {
  test(`a running ${kind.resource.kind} is changed`, { timeout: 600_000 }, async (t) => {
    await withNamespace(environment, t, 'changes', async (namespace, step) => {
      const ref = await create(namespace);

      /** Of each member by its pod. */
      const askAll = async (sql: string): Promise<ReadonlyMap<string, string>> =>
        new Map(
          await Promise.all(
            (await memberPods(environment, ref)).map(async (pod) => [nameOf(pod), await askMember(environment, ref, pod, sql)] as const),
          ),
        );
      const startTimes = async (): Promise<ReadonlyMap<string, number>> =>
        new Map(
          [...(await askAll('SELECT extract(epoch FROM pg_postmaster_start_time())'))].map(([pod, seconds]) => [pod, Number(seconds)]),
        );

      const change = async (patch: object, isThere: () => Promise<void>): Promise<WriterReport> => {
        const make = async (): Promise<unknown> => patchCluster(environment, ref, patch);
        const report = await runChange(environment, ref, { members, make, isThere }, writing);
        assert.deepEqual(report.lost, []);
        return report;
      };
      const set = async (parameters: Readonly<Record<string, string>>): Promise<WriterReport> =>
        change(kind.parameters(parameters), async () => {
          for (const [name, value] of Object.entries(parameters)) {
            assert.deepEqual([...(await askAll(`SHOW ${name}`)).values()], [value, value], name);
          }
        });

      await step('a setting that PostgreSQL takes over at once restarts nothing and breaks no connection', async () => {
        const before = await startTimes();
        const { failed } = await set({ work_mem: '7MB' });
        assert.equal(failed, 0);
        assert.deepEqual(await startTimes(), before);
      });

      await step('a raised setting that needs a start restarts PostgreSQL in its pods, the replica first', async () => {
        const [primary, pods] = [await primaryPod(environment, ref), await memberPods(environment, ref)];
        await set({ max_connections: '150' });
        assert.deepEqual(uids(await memberPods(environment, ref)), uids(pods));
        assert.equal(nameOf(await primaryPod(environment, ref)), nameOf(primary));
        const started = await startTimes();
        const last = started.get(nameOf(primary)) ?? 0;
        assert.ok(
          [...started].every(([pod, at]) => pod === nameOf(primary) || at < last),
          [...started].join('; '),
        );
      });

      await step('one that is raised and one that is lowered in the same edit take two rounds', async () => {
        await set({ max_connections: '120', max_wal_senders: '15' });
      });

      await step('values that nobody takes, or that no start would survive, are told, and everybody goes on', async () => {
        const before = await startTimes();
        const said = async (type: string): Promise<string> => conditionOf(await readCluster(environment, ref), type)?.message ?? '';
        // No node has huge pages.
        await change(kind.parameters({ work_mem: 'lots', huge_pages: 'on' }), async () => {
          // That line and the remedy, and none for a value that is in force.
          assert.match(await said('SettingsRefused'), /^work_mem = lots is left out[^\n]*\n[^\n]*$/);
          assert.match(await said('RestartPending'), /PostgreSQL would not start with them, .*: FATAL: .*shared memory/s);
        });
        assert.deepEqual(await startTimes(), before);
        await change(kind.parameters({ work_mem: '7MB', huge_pages: null }), async () => {
          assert.deepEqual([await said('SettingsRefused'), await said('RestartPending')], ['', '']);
        });
        assert.deepEqual(await startTimes(), before);
      });

      await step('a new value of annotation pgherd.dev/restart gives each member a new pod, the primary last', async () => {
        const [primary, before] = [await primaryPod(environment, ref), await memberPods(environment, ref)];
        await change({ metadata: { annotations: { 'pgherd.dev/restart': 'now' } } }, async () => assertRenewed(environment, ref, before));
        const created = new Map((await memberPods(environment, ref)).map((pod) => [nameOf(pod), pod.metadata.creationTimestamp ?? '']));
        assert.ok(
          [...created.values()].every((at) => at <= (created.get(nameOf(primary)) ?? '')),
          [...created].join('; '),
        );
      });

      await step('maintenance windows that hold for changes keep a restart back until one opens', async () => {
        const before = await memberPods(environment, ref);
        const clock = (laterMinutes: number): string => new Date(Date.now() + laterMinutes * 60_000).toISOString().slice(11, 16);
        const windows = (opensInMinutes: number): object => ({
          'pgherd.dev/maintenance-windows': `${clock(opensInMinutes)}-${clock(opensInMinutes + 60)}`,
          'pgherd.dev/maintenance-scope': 'all',
        });
        await patchCluster(environment, ref, { metadata: { annotations: { ...windows(120), 'pgherd.dev/restart': 'in a window' } } });
        await untilCondition(environment, ref, 'RolloutPending', /replaced in the maintenance window that opens at .*Z/);
        await untilReady(environment, ref, members);
        assert.deepEqual(uids(await memberPods(environment, ref)), uids(before));
        await change({ metadata: { annotations: windows(-30) } }, async () => {
          await assertRenewed(environment, ref, before);
          assert.equal(conditionOf(await readCluster(environment, ref), 'RolloutPending'), undefined);
        });
      });

      await step("a drain of the primary's node goes through, and another member leads before the pod is taken", async () => {
        const startedMs = Date.now();
        const { lost } = await runChange(environment, ref, { members, ...(await drainPrimary(environment, ref)) }, writing);
        assert.deepEqual(lost, []);
        const failover = { namespace, name: kind.failoverObject(ref.name) };
        const { annotations = {} } = (await environment.client.get(kinds.endpoints, failover)).metadata;
        const [askedAt = ''] = (annotations['pgherd.dev/switchover-asked'] ?? '').split(' ');
        assert.ok(Date.parse(askedAt) >= startedMs - 1000, `asked at ${askedAt}`);
      });

      if (kind !== postgresCluster) return;
      await step('a switchover that is asked for makes its target lead', async () => {
        const primary = await primaryPod(environment, ref);
        const target = (await memberPods(environment, ref)).find((pod) => nameOf(pod) !== nameOf(primary));
        const instance = target?.metadata.labels?.[labels.instance];
        const patch = {
          metadata: { annotations: { 'postgres-operator.crunchydata.com/trigger-switchover': 'now' } },
          spec: { patroni: { switchover: { enabled: true, targetInstance: instance } } },
        };
        await change(patch, async () => {
          const { status } = await readCluster(environment, ref);
          assert.equal((status as { readonly patroni?: { readonly switchover?: string } }).patroni?.switchover, 'now');
          assert.equal(nameOf(await primaryPod(environment, ref)), target?.metadata.name);
        });
      });
    });
  });
}
