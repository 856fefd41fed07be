/**
 * Replicas that run and do not stream. The primary may have thrown away the WAL that one lacks: its volume was kept while the member was scaled away,
 * or its node was gone for long. PostgreSQL then asks for ever, and Patroni (4.1) lets it. A copy of all data helps, and ends what the member has:
 * nothing that is done unasked.
 *
 * | observed                                                     | decision                                                     |
 * |--------------------------------------------------------------|--------------------------------------------------------------|
 * | none leads and runs, or the cluster is stopped               | nothing                                                      |
 * | every replica streams, starts, is being made or has ended    | nothing                                                      |
 * | one runs and does not stream                                 | condition ReplicaBehind False, which tells since when        |
 * | the same, and the condition stands for ten minutes           | condition ReplicaBehind True, with the command that helps    |
 * | the same, and it told of it before                           | condition ReplicaBehind True                                 |
 */
import type { Contribution } from './contribution.ts';
import { isDeleting } from './pods.ts';
import type { Situation } from './situation.ts';

/** A replica with much WAL on its volume, or behind an archive, replays that first. In milliseconds. */
export const stragglerPatienceMs = 10 * 60_000;

const conditionType = 'ReplicaBehind';

export const reportStragglers = (situation: Situation): Contribution => {
  const { cluster, members, observation, recalled, writable } = situation;
  if (writable === undefined || cluster.stopped) return {};
  const behind = members.filter(
    // What Patroni says of a pod that its node lost is of long ago.
    ({ name, podObject, ready, state }) =>
      name !== writable.name && ready && podObject !== undefined && !isDeleting(podObject) && state === 'running',
  );
  if (behind.length === 0) return {};
  const names = behind.map(({ name }) => name).join(', ');
  const known = recalled.conditions.find(({ type }) => type === conditionType);
  const leftMs = (known?.sinceMs ?? observation.nowMs) + stragglerPatienceMs - observation.nowMs;
  if (known?.status !== 'True' && leftMs > 0) {
    const message = `not streaming: ${names}`;
    return { conditions: [{ type: conditionType, status: 'False', reason: 'CatchingUp', message }], lookAgainAfterMs: leftMs };
  }
  const [{ pod } = { pod: '' }] = behind;
  const command = `kubectl exec -it ${pod} -c ${cluster.profile.containers.database} -- patronictl reinit ${cluster.patroni.scope} ${pod}`;
  const message =
    `${names}: runs and does not stream while ${writable.name} leads. Where the log says that a requested WAL segment has already been removed, ` +
    `the member needs a new copy of the data: ${command}`;
  return { conditions: [{ type: conditionType, status: 'True', reason: 'NotStreaming', message }] };
};
