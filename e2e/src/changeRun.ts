/** One change of a running cluster, with a client that writes 20 times a second through Service -primary: what it lost, and how long it waited. */
import assert from 'node:assert/strict';
import { kindOf, memberPods, primaryPod, untilReady } from './cluster.ts';
import type { Pod, Ref } from './cluster.ts';
import { clientConfig } from './connection.ts';
import type { Environment } from './environment.ts';
import { eventually } from './eventually.ts';
import type { Writing } from './faultRun.ts';
import { startWriter } from './writer.ts';
import type { WriterReport } from './writer.ts';

export interface Change {
  readonly members: number;
  readonly make: () => Promise<unknown>;
  /** Rejects until what was asked for is there; Ready comes besides. */
  readonly isThere: () => Promise<void>;
}

/** Rows before the change and after it, so that there is something to lose and it is over. */
const rowsAround = 20;
const stepLimitMs = 180_000;

export const runChange = async (environment: Environment, ref: Ref, change: Change, writing: Writing = {}): Promise<WriterReport> => {
  const { members, make, isThere } = change;
  const connection = await clientConfig(environment, { namespace: ref.namespace, cluster: ref.name, ...writing });
  await using writer = await startWriter(connection, 'hippo.written');
  await writer.waitFor(rowsAround, stepLimitMs);
  writer.resetGap();
  await make();
  await eventually('what was asked for', stepLimitMs, isThere);
  await untilReady(environment, ref, members, stepLimitMs);
  await writer.waitFor(rowsAround, stepLimitMs);
  const report = await writer.finish();
  console.log(
    `    gap ${report.gapMs} ms, ${report.acknowledged} rows acknowledged, ${report.lost.length} of them lost, ${report.failed} attempts failed`,
  );
  return report;
};

/** Empties the primary's node of the cluster's members, as `kubectl drain` does, and lets them come back. */
export const drainPrimary = async (environment: Environment, ref: Ref): Promise<Omit<Change, 'members'>> => {
  const { kubectl } = environment;
  const primary = await primaryPod(environment, ref);
  const node = primary.spec.nodeName ?? '';
  return {
    make: async () => {
      try {
        const selector = `--pod-selector=${kindOf(ref).members(ref.name)}`;
        await kubectl.run(['drain', node, selector, '--ignore-daemonsets', '--delete-emptydir-data', '--timeout=90s']);
      } finally {
        await kubectl.run(['uncordon', node]);
      }
    },
    isThere: async () => {
      assert.notEqual((await primaryPod(environment, ref)).metadata.name, primary.metadata.name);
    },
  };
};

const uidOf = ({ metadata }: Pod): string => metadata.uid ?? '';

/** Rejects while one of these pods is there, or as many others are not. */
export const assertRenewed = async (environment: Environment, ref: Ref, before: readonly Pod[]): Promise<void> => {
  const uids = (await memberPods(environment, ref)).map(uidOf);
  assert.equal(uids.length, before.length);
  assert.ok(
    before.every((pod) => !uids.includes(uidOf(pod))),
    'a pod of before is there',
  );
};
