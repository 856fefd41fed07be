/** What the operator does to a cluster that is as it should be: by its own count, and by the API server's. */
import assert from 'node:assert/strict';
import { setTimeout as delay } from 'node:timers/promises';
import { operatorAgent, writesIn } from './auditLog.ts';
import type { Writes } from './auditLog.ts';
import { applyExampleFile, applyPatched, devOverlay, kindOf, podRef, primaryPod, untilReady } from './cluster.ts';
import type { Ref } from './cluster.ts';
import type { Environment } from './environment.ts';
import { eventually } from './eventually.ts';
import { postgresql } from './kinds.ts';
import { total } from './operator.ts';

export interface Activity {
  /** By the operator's own metrics; events and the lease are not among them. */
  readonly writes: number;
  /** By the API server's audit log: all writes of the operator's pods, the lease apart. */
  readonly audited: Writes;
  /** Passes over the cluster. */
  readonly passes: number;
}

export interface ActivityUnderLoad extends Activity {
  /** Transactions of pgbench meanwhile, on each of the clusters. */
  readonly transactions: readonly number[];
}

/**
 * Longer than members are given to say what they wait for, after Patroni's configuration was written (twice its loop of 10 s): then the primary is
 * asked what became of the settings, and that belongs to the creation.
 */
const quietMs = 25_000;
const quietLimitMs = 120_000;
const firstPassLimitMs = 60_000;
const afterStartMs = 10_000;

interface Counts {
  readonly writes: number;
  readonly passes: number;
}

const counts = async ({ operator }: Environment): Promise<Counts> => {
  const metrics = await operator.metrics();
  return { writes: total(metrics, 'pgherd_writes_total'), passes: total(metrics, 'controller_runtime_reconcile_total') };
};

/** Waits until nothing has been done for a while. */
const untilQuiet = async (environment: Environment): Promise<Counts> => {
  let last = await counts(environment);
  let since = performance.now();
  return eventually('the operator coming to rest', quietLimitMs, async () => {
    const now = await counts(environment);
    if (now.writes !== last.writes || now.passes !== last.passes) since = performance.now();
    last = now;
    assert.ok(performance.now() - since > quietMs, `still ${now.writes} writes and ${now.passes} passes so far`);
    return now;
  });
};

/** Runs pgbench in the primary's pod, as much as one client makes; gives how many transactions it made. */
const load = async (environment: Environment, ref: Ref, seconds: number): Promise<number> => {
  const { namespace, name } = podRef(await primaryPod(environment, ref));
  const inPod = async (...command: readonly string[]): Promise<string> =>
    environment.kubectl.run([
      '-n',
      namespace,
      'exec',
      name,
      '-c',
      kindOf(ref).container,
      '--',
      'bash',
      '-c',
      'PATH="$PATH:$(dirname "$(readlink "/proc/$(head -1 "$PGDATA/postmaster.pid")/exe")")"; exec pgbench "$@"',
      'pgbench',
      ...command,
    ]);
  await inPod('--initialize', '--quiet', '--scale=1', 'postgres');
  const report = await inPod('--client=1', '--rate=50', `--time=${seconds}`, 'postgres');
  return Number(/number of transactions actually processed: (\d+)/.exec(report)?.[1] ?? 0);
};

/**
 * A cluster of each kind, with two members: the dev overlay with its first backup done, and the minimal example of the other kind.
 *
 * @throws where the API server counts no write of the operator for them: then it could count none later either.
 */
export const createConverged = async (environment: Environment, namespace: string): Promise<readonly Ref[]> => {
  const refs: readonly Ref[] = [
    { namespace, name: 'hippo' },
    { namespace, name: 'acid-minimal-cluster', kind: postgresql },
  ];
  const from = new Date();
  await applyPatched(environment, namespace, devOverlay, [{ op: 'replace', path: '/spec/instances/0/replicas', value: 2 }]);
  await applyExampleFile(environment, namespace, 'zalando/minimal.yaml');
  for (const ref of refs) await untilReady(environment, ref, 2);
  await eventually('the first backup ending', 120_000, async () => {
    await environment.kubectl.run(['-n', namespace, 'wait', '--for=condition=Complete', 'job', '--all', '--timeout=1s']);
  });
  const written = await writesIn(environment.local, operatorAgent, from, new Date());
  assert.ok((written.get('patch statefulsets') ?? 0) > 0, `the audit log knows of ${JSON.stringify([...written])} alone`);
  return refs;
};

/** What the operator does while pgbench runs on all of them for so long. */
export const activityUnderLoad = async (environment: Environment, refs: readonly Ref[], seconds: number): Promise<ActivityUnderLoad> => {
  const before = await untilQuiet(environment);
  const from = new Date();
  const transactions = await Promise.all(refs.map(async (ref) => load(environment, ref, seconds)));
  const after = await counts(environment);
  return {
    writes: after.writes - before.writes,
    audited: await writesIn(environment.local, operatorAgent, from, new Date()),
    passes: after.passes - before.passes,
    transactions,
  };
};

/** What the operator does after every process of it was killed: its start, the first passes, and some time more. */
export const activityAfterKill = async (environment: Environment): Promise<Activity> => {
  const { local, operator } = environment;
  const from = new Date();
  await operator.kill();
  await operator.start();
  await eventually('a first pass', firstPassLimitMs, async () => assert.ok((await counts(environment)).passes > 0, 'no pass yet'));
  // What does not happen cannot be waited for: it gets this long.
  await delay(afterStartMs);
  return { ...(await counts(environment)), audited: await writesIn(local, operatorAgent, from, new Date()) };
};
