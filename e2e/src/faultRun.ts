/** One fault under one setting, with a client that writes 20 times a second through Service -primary: what it lost, and how long it waited. */
import assert from 'node:assert/strict';
import { kinds } from '@pgherd/kube';
import { askPrimary, kindOf, memberPods, patchCluster, podRef, primaryPod, untilReady } from './cluster.ts';
import type { Ref } from './cluster.ts';
import { clientConfig, type ClientOptions } from './connection.ts';
import type { Environment } from './environment.ts';
import { eventually } from './eventually.ts';
import { prepareFault } from './faults.ts';
import type { Fault } from './faults.ts';
import { startWriter } from './writer.ts';
import type { WriterReport } from './writer.ts';

export interface FaultSetting {
  readonly fault: Fault;
  readonly synchronous: boolean;
  /** False: the operator is away from before the fault until the replica streams again. */
  readonly operatorRuns: boolean;
}

/** Who writes, where it is not the cluster's first user. */
export type Writing = Partial<Pick<ClientOptions, 'kind' | 'user' | 'database'>>;

export interface FaultReport extends WriterReport {
  /** From the fault, or the node's return, until the cluster is Ready with all members again. */
  readonly healedAfterMs: number;
}

const members = 2;
/** Rows before the fault, so that there is something to lose, and after it, so that it is over. */
const rowsBefore = 20;
const rowsAfter = 40;
const stepLimitMs = 180_000;

/**
 * Waits until the other member follows the primary, in the way that the setting asks for. A synchronous one counts when Patroni has written it
 * down, too: that happens a turn after PostgreSQL waits for it, and only then may it be promoted.
 */
const untilStreaming = async (environment: Environment, ref: Ref, synchronous: boolean): Promise<void> =>
  eventually(`${synchronous ? 'a synchronous' : 'an asynchronous'} replica streaming`, stepLimitMs, async () => {
    const states = await askPrimary(environment, ref, 'SELECT state, sync_state FROM pg_stat_replication');
    assert.equal(states, synchronous ? 'streaming|sync' : 'streaming|async');
    if (!synchronous) return;
    const leader = podRef(await primaryPod(environment, ref)).name;
    const replicas = (await memberPods(environment, ref)).map(({ metadata }) => metadata.name).filter((name) => name !== leader);
    const { metadata } = await environment.client.get(kinds.endpoints, {
      namespace: ref.namespace,
      name: kindOf(ref).synchronousObject(ref.name),
    });
    assert.equal(metadata.annotations?.['leader'], leader);
    assert.equal(metadata.annotations?.['sync_standby'], replicas.join(','));
  });

/** Brings the cluster to where a run may begin. */
export const settle = async (environment: Environment, ref: Ref, synchronous: boolean): Promise<void> => {
  await patchCluster(environment, ref, kindOf(ref).synchronous(synchronous));
  await untilReady(environment, ref, members, stepLimitMs);
  await untilStreaming(environment, ref, synchronous);
};

/** Strikes the primary of a cluster with two members, and waits until all is well again. */
export const runFault = async (environment: Environment, ref: Ref, setting: FaultSetting, client: Writing = {}): Promise<FaultReport> => {
  const { fault, synchronous, operatorRuns } = setting;
  const { operator } = environment;
  await settle(environment, ref, synchronous);
  if (!operatorRuns) await operator.stop();
  const prepared = await prepareFault(environment, ref, fault);
  let repaired = false;
  try {
    await using writer = await startWriter(
      await clientConfig(environment, { namespace: ref.namespace, cluster: ref.name, ...client }),
      'hippo.written',
    );
    await writer.waitFor(rowsBefore, stepLimitMs);
    writer.resetGap();
    let brokenAt = performance.now();
    await prepared.strike();
    await writer.waitFor(rowsAfter, stepLimitMs);
    const report = await writer.finish();
    if (fault === 'node') {
      brokenAt = performance.now();
      repaired = true;
      await prepared.repair();
    }
    if (!operatorRuns) {
      await untilStreaming(environment, ref, synchronous);
      await operator.start();
    }
    await untilReady(environment, ref, members, stepLimitMs);
    await untilStreaming(environment, ref, synchronous);
    return { ...report, healedAfterMs: Math.round(performance.now() - brokenAt) };
  } finally {
    if (!repaired) await prepared.repair();
    await operator.start();
  }
};
