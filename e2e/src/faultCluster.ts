/** The cluster that faults are tried on. */
import assert from 'node:assert/strict';
import { applyPatched, devOverlay, memberPods, podRef, pods, untilReady } from './cluster.ts';
import type { Ref } from './cluster.ts';
import { clientConfig, query } from './connection.ts';
import type { Environment } from './environment.ts';
import { eventually } from './eventually.ts';
import { labels } from './kinds.ts';

/**
 * The dev overlay with two members, and a schema to write into. Two nodes hold two members and the repository host, so that one node has a
 * member and the archive.
 */
export const createFaultCluster = async (environment: Environment, namespace: string): Promise<Ref> => {
  const { kubectl, local } = environment;
  const ref = { namespace, name: 'hippo' };
  const spare = local.nodes.at(-1) ?? '';
  await kubectl.run(['cordon', spare]);
  try {
    await applyPatched(environment, namespace, devOverlay, [
      { op: 'replace', path: '/spec/instances/0/replicas', value: 2 },
      // Said from the beginning. A change makes Patroni load its configuration anew, and a PostgreSQL that breaks in the second that it takes for that
      // is not started again before Patroni has tried for half of retry_timeout to ask it for its settings (4.0, patroni/postgresql/config.py).
      { op: 'add', path: '/spec/patroni/dynamicConfiguration/synchronous_mode', value: false },
    ]);
    await untilReady(environment, ref, 2);
  } finally {
    await kubectl.run(['uncordon', spare]);
  }
  await query(await clientConfig(environment, { namespace, cluster: ref.name }), 'CREATE SCHEMA hippo');
  return ref;
};

/** Gives members new pods whose containers were restarted: the replica first, then the other by a handover. */
export const renewRestarted = async (environment: Environment, ref: Ref): Promise<void> => {
  const { client } = environment;
  for (const role of ['replica', 'master']) {
    for (const pod of await memberPods(environment, ref)) {
      const isRestarted = pod.status?.containerStatuses?.some(({ restartCount }) => restartCount > 0) === true;
      if (!isRestarted || pod.metadata.labels?.[labels.role] !== role) continue;
      await client.delete(pods, podRef(pod), { preconditions: { uid: pod.metadata.uid } });
      await eventually(`${pod.metadata.name} having a new pod`, 60_000, async () => {
        const { metadata } = await client.get(pods, podRef(pod));
        assert.notEqual(metadata.uid, pod.metadata.uid);
      });
      await untilReady(environment, ref, 2);
    }
  }
};

/** Makes the member lead whose node has the repository host, or has not. */
export const leadFromNode = async (environment: Environment, ref: Ref, withRepositoryHost: boolean): Promise<void> => {
  const { client, kubectl } = environment;
  const host = await client.get(pods, { namespace: ref.namespace, name: `${ref.name}-repo-host-0` });
  const member = (await memberPods(environment, ref)).find(({ spec }) => (spec.nodeName === host.spec.nodeName) === withRepositoryHost);
  assert.ok(member !== undefined, `every member is ${withRepositoryHost ? 'away from' : 'on'} the node of the repository host`);
  if (member.metadata.labels?.[labels.role] === 'master') return;
  const { name } = member.metadata;
  await kubectl.run([
    '-n',
    ref.namespace,
    'exec',
    name,
    '-c',
    'database',
    '--',
    'patronictl',
    'switchover',
    '--force',
    '--candidate',
    name,
  ]);
  await untilReady(environment, ref, 2);
};
