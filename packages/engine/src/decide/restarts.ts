/**
 * Settings that a running PostgreSQL takes only at its start: members that wait for it are restarted in place, one at a time.
 *
 * A standby may have no less of some settings than its primary, or it stops replaying. So raised ones reach the standbys first, and lowered ones the
 * primary; where an edit does both, Patroni's configuration gets the raised ones first (patroniConfiguration.ts).
 *
 * | observed                                                          | decision                                                     |
 * |-------------------------------------------------------------------|--------------------------------------------------------------|
 * | no member waits                                                   | nothing                                                      |
 * | one waits, and the cluster is stopped or paused in Patroni        | condition RestartPending                                     |
 * | one waits, and a wanted member is missing, not ready or outdated  | condition RestartPending: that comes first                   |
 * | one waits, windows hold for the owner's changes, and none is open | condition RestartPending                                     |
 * | one waits, and a switchover was asked for just now                | condition RestartPending: that comes first                   |
 * | a replica waits for less of it, and Patroni's configuration is of just now | wait for what the leader says                       |
 * | Patroni's configuration is being written                          | wait until it is                                             |
 * | it is of just now, and one waits for another value                | wait for what it says                                        |
 * | a replica waits                                                   | mark its pod                                                 |
 * | only the leader waits                                             | mark its pod                                                 |
 * | the leader waits for less of what standbys may not have less of   | mark its pod, before those of replicas                       |
 * | a pod was marked lately, and its member still waits               | restart its PostgreSQL, once; the member counts as not ready |
 * | the same, and it failed                                           | condition RestartPending tells why                           |
 * | the same, and PostgreSQL would not start                          | it goes on; condition RestartPending tells why               |
 * | a pod was marked some time ago, and its member still waits        | mark it again, ever later                                    |
 *
 * The mark is on the pod and not in memory, so that an operator that starts anew knows that a member is about to go down.
 */
import type { CommandRequest } from '../decision.ts';
import { hashOfText } from '../hash.ts';
import type { Member } from '../model/members.ts';
import { databaseOf } from '../readings.ts';
import { patroniParameters } from '../render/patroniParameters.ts';
import { bashCommand } from '../render/programs.ts';
import { restart } from '../render/scripts/restart.ts';
import { trial } from '../render/scripts/trial.ts';
import { stamps } from '../stamps.ts';
import type { Contribution } from './contribution.ts';
import { configurePatroni } from './patroniConfiguration.ts';
import { isDeleting, scalarText } from './pods.ts';
import { configurationStore, isPausedInPatroni, parametersOf, storedConfiguration, untilHeardMs } from './patroniStore.ts';
import { describeWindow, lookAgain, untilChangeMs } from './maintenance.ts';
import { referenceTo } from './references.ts';
import { dueAtMs, isRestarting, markAfter, markOf, refusalIn, restartCommand, restartingMs, restartLeftMs } from './restartMarks.ts';
import { isDue } from './rollOut.ts';
import { mayHoldSecret } from './secretSettings.ts';
import { presentMembers, type Situation } from './situation.ts';
import { isLowered, isStandbySetting } from './standbySettings.ts';
import { switchoverUnderWayMs } from './switchover.ts';

const waitsForLess = ({ pendingSettings }: Member): boolean =>
  Object.entries(pendingSettings).some(([name, { inForce, asked }]) => isStandbySetting(name) && isLowered(inForce, asked));

/** `max_connections 100 → 50`. */
const describe = ({ pod, pendingSettings }: Member): string => {
  const settings = Object.entries(pendingSettings).map(([name, { inForce, asked }]) =>
    mayHoldSecret(name) ? name : `${name} ${inForce} → ${asked}`,
  );
  return settings.length === 0 ? pod : `${pod} (${settings.toSorted().join(', ')})`;
};

/** Of the configuration of now. Where a value was taken back, it may not have said yet that it waits no longer. */
const waitsForStored = ({ pendingSettings }: Member, situation: Situation): boolean => {
  const parameters = parametersOf(storedConfiguration(situation) ?? {});
  return Object.entries(pendingSettings).some(([name, { asked }]) => asked === scalarText(parameters[name]));
};

const requestFor = ({ cluster }: Situation, member: Member): CommandRequest => ({
  ...restartCommand(member),
  target: databaseOf(cluster, member),
  command: bashCommand(
    trial,
    'trial',
    cluster.postgres.majorVersion,
    '/proc',
    'python3',
    '-ISc',
    restart,
    ...patroniParameters(cluster),
    String(restartingMs / 1000),
  ),
  input: undefined,
  timeoutMs: restartingMs,
  reason: `settings of ${describe(member)} take effect at the next start`,
  invalidates: [],
});

export const restartServers = (situation: Situation): Contribution => {
  const { cluster, members, observation, wanted } = situation;
  const { nowMs } = observation;
  const waiting = members.filter(({ pendingRestart, podObject }) => pendingRestart && podObject !== undefined && !isDeleting(podObject));
  if (waiting.length === 0) return {};
  const pending = (because: string): Pick<Contribution, 'conditions'> => ({
    conditions: [
      {
        type: 'RestartPending',
        status: 'True',
        reason: 'SettingsNeedRestart',
        message: `changed settings take effect at the next start of PostgreSQL in ${waiting.map(describe).join(', ')}; ${because}`,
      },
    ],
  });
  const underWay = waiting.find((member) => isRestarting(member, observation));
  if (underWay !== undefined) {
    const { key, inputs } = restartCommand(underWay);
    const result = observation.commandResults[key];
    const hasRun = result?.inputs === inputs;
    const failure = hasRun && result.result.kind === 'failed' ? `, which failed: ${result.result.message.trim()}` : '';
    return {
      ...pending(`${underWay.pod} is being restarted${failure}`),
      commands: hasRun ? [] : [requestFor(situation, underWay)],
      lookAgainAfterMs: restartLeftMs(underWay, observation),
    };
  }
  if (cluster.stopped) return pending('the cluster is being stopped');
  if (isPausedInPatroni(situation))
    return pending('Patroni is paused: patronictl resume lets them restart, patronictl restart does it now');
  const present = presentMembers(situation);
  if (present.length < wanted.length || present.some((member) => !member.ready || isDue(situation, member))) {
    return pending('they restart one at a time once all members are ready');
  }
  const heldMs = untilChangeMs(situation);
  if (heldMs > 0) return { ...pending(`that waits for ${describeWindow(situation)}`), lookAgainAfterMs: lookAgain(heldMs) };
  const untilSwitchedOverMs = switchoverUnderWayMs(situation);
  if (untilSwitchedOverMs > 0) return { ...pending('a switchover was asked for just now'), lookAgainAfterMs: untilSwitchedOverMs };
  const leader = waiting.find(({ role }) => role === 'leader');
  const replicas = waiting.filter(({ role }) => role !== 'leader');
  const revision = hashOfText(configurationStore(situation)?.metadata.annotations?.['config'] ?? '').slice(0, 8);
  // Replicas may say sooner than the leader that they wait for less.
  const untilMs = replicas.some(waitsForLess) && leader === undefined ? untilHeardMs(situation) : 0;
  if (untilMs > 0) return { ...pending('the leader comes first'), lookAgainAfterMs: untilMs };
  if (configurePatroni(situation).patroniConfiguration !== undefined) return pending('the configuration is being changed');
  const inTurn = leader !== undefined && (waitsForLess(leader) || replicas.length === 0) ? [leader] : replicas;
  const untilAllAreHeardMs = untilHeardMs(situation);
  const candidates = untilAllAreHeardMs > 0 ? inTurn.filter((member) => waitsForStored(member, situation)) : inTurn;
  if (candidates.length === 0) {
    return { ...pending('they have not said yet whether they wait for the configuration of now'), lookAgainAfterMs: untilAllAreHeardMs };
  }
  const dueOf = ({ podObject }: Member): number => dueAtMs(markOf(podObject), revision, nowMs);
  const [next] = candidates.toSorted((left, right) => dueOf(left) - dueOf(right));
  if (next?.podObject === undefined) return pending('they restart one at a time');
  const leftMs = dueOf(next) - nowMs;
  if (leftMs > 0) {
    const refusal = refusalIn(observation.commandResults[restartCommand(next).key]);
    const because =
      refusal === undefined
        ? `a restart of ${next.pod} did not bring them into force, so it is tried again later`
        : `PostgreSQL would not start with them, so ${next.pod} goes on as it is, and they are tried again later: ${refusal}`;
    return { ...pending(because), lookAgainAfterMs: leftMs };
  }
  const reason = `settings of ${describe(next)} take effect at the next start, so its PostgreSQL is restarted`;
  return {
    ...pending(`${next.pod} is being restarted`),
    step: {
      kind: 'markRestart',
      reference: referenceTo(next.podObject, cluster.identity.namespace),
      uid: next.podObject.metadata.uid ?? '',
      annotations: { [stamps.restartAsked]: markAfter(markOf(next.podObject), revision, nowMs) },
      reason,
    },
  };
};
