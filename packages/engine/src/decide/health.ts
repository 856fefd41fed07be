/**
 * Condition Ready, and its companions while it is not True: Reconciling when things move, Stalled when they do not until somebody acts.
 *
 * The first row that applies gives the reason. Backups, pending roll-outs, refused shrinks and unsupported fields are not among them: they have
 * conditions of their own.
 *
 * | observed                                                  | Ready | reason               | companion             |
 * |-----------------------------------------------------------|-------|----------------------|-----------------------|
 * | stopped as asked                                          | True  | Stopped              |                       |
 * | asked to stop, pods left                                  | False | Stopping             | Reconciling           |
 * | a wanted member's pod is stuck                            | False | what it is stuck on  | Stalled, once it will not pass by itself |
 * | a wanted member, or its template, is not as desired       | False | Applying             | Reconciling           |
 * | the same, and the API server refuses it for good          | False | WriteRefused         | Stalled               |
 * | no primary that is ready, or not reachable by its Service | False | PrimaryNotReady      | Reconciling           |
 * | a wanted replica does not stream                          | False | MembersNotReady      | Reconciling           |
 * | a pod was made from an older template                     | False | RollingOut           | Reconciling           |
 * | members are left that are not wanted                      | False | ScalingDown          | Reconciling           |
 * | Patroni's configuration is another                        | False | ConfiguringPatroni   | Reconciling           |
 * | roles or databases are not in force                       | False | UsersNotReady        | Reconciling           |
 * | the same, and PostgreSQL refuses a statement again and again | False | UsersNotReady     | Stalled               |
 * | the owner's SQL was not run yet                           | False | RunningInitSQL       | Reconciling           |
 * | the same, and it cannot be                                | False | InitSQLNotRun        | Stalled               |
 * | none of these                                             | True  | Ready                |                       |
 */
import type { DesiredObject } from '../decision.ts';
import type { Member } from '../model/members.ts';
import type { ConditionOutcome } from '../model/outcome.ts';
import type { Contribution } from './contribution.ts';
import { isConfigured } from './patroniConfiguration.ts';
import { troubleOf } from './pods.ts';
import { isApplied, isDue } from './rollOut.ts';
import { presentMembers, type Situation } from './situation.ts';
import { lastingRefusals } from './refusals.ts';
import { startupMemberOf } from './stopping.ts';
import { describeTrouble, isDeadEnd, reasonOf, schedulingPatienceMs } from './troubles.ts';

/** States of a replica that contradict its readiness: Patroni has seen it running, and it does not stream. */
const notStreaming = new Set(['running', 'in archive recovery', 'stopped', 'stopping', 'crashed', 'start failed', 'restart failed']);

/**
 * It serves reads from a current stream. Patroni writes its state down only at its next turn, up to loop_wait later; a pod that the kubelet
 * calls ready while that state still says "starting" has got further than its annotation.
 */
const streams = (member: Member): boolean => member.ready && !notStreaming.has(member.state ?? 'starting');

/** How far something is that is done by statements. */
export interface StatementsHealth {
  readonly inForce: boolean;
  /** Why it gets no further by itself. */
  readonly stalled: string | undefined;
}

export interface Health extends Contribution {
  readonly conditions: readonly ConditionOutcome[];
}

export const readyCondition = (status: 'True' | 'False', reason: string, message: string): ConditionOutcome => ({
  type: 'Ready',
  status,
  reason,
  message,
});

/** Ready False with its companion. */
export const notReady = (companion: 'Reconciling' | 'Stalled', reason: string, message: string): readonly ConditionOutcome[] => [
  readyCondition('False', reason, message),
  { type: companion, status: 'True', reason, message },
];

const moving = (reason: string, message: string): Health => ({ conditions: notReady('Reconciling', reason, message) });

const list = (names: readonly string[]): string => names.toSorted().join(', ');

const stuck = (situation: Situation, wanted: ReadonlySet<string>): Health | undefined => {
  const { cluster, observation, members } = situation;
  const startup = startupMemberOf(situation);
  for (const member of members) {
    const trouble = troubleOf(member.podObject);
    const startsAlone = startup?.name === member.name;
    if (trouble === undefined || member.podObject === undefined || !(wanted.has(member.name) || startsAlone)) continue;
    const others = startsAlone ? '; it led last, so the other members wait until it leads again' : '';
    const message = `${describeTrouble(cluster, member.podObject, trouble)}${others}`;
    if (isDeadEnd(trouble, observation.nowMs)) return { conditions: notReady('Stalled', reasonOf(trouble), message) };
    const waitMs = trouble.kind === 'unschedulable' ? trouble.sinceMs + schedulingPatienceMs - observation.nowMs : undefined;
    return { conditions: notReady('Reconciling', reasonOf(trouble), message), lookAgainAfterMs: waitMs };
  }
  return undefined;
};

export const healthOf = (
  situation: Situation,
  objects: readonly DesiredObject[],
  users: StatementsHealth,
  initSql: StatementsHealth,
): Health => {
  const { cluster, observation, members, wanted, surplus, primary } = situation;
  const { names } = cluster.profile;
  if (cluster.stopped) {
    const running = members.filter(({ podObject }) => podObject !== undefined);
    if (running.length > 0) return moving('Stopping', `still running: ${list(running.map(({ name }) => name))}`);
    return { conditions: [readyCondition('True', 'Stopped', 'stopped, as the manifest asks')] };
  }
  const wantedNames = new Set(wanted.map(({ name }) => name));
  const trouble = stuck(situation, wantedNames);
  if (trouble !== undefined) return trouble;

  const present = presentMembers(situation).filter(({ statefulSet }) => statefulSet !== undefined);
  if (present.length < wanted.length || !isApplied(situation, objects)) {
    const refused = lastingRefusals(observation.refusals)[0];
    if (refused !== undefined) return { conditions: notReady('Stalled', 'WriteRefused', refused) };
    return moving('Applying', 'the manifest is being carried out');
  }
  const primaryEndpoints = names.primaryService(cluster.identity.name);
  const isReachable = observation.children.endpoints.some(({ metadata }) => metadata.name === primaryEndpoints);
  if (primary?.ready !== true || !isReachable) return moving('PrimaryNotReady', 'no member leads and is ready yet');
  const replicas = present.filter(({ name }) => name !== primary.name);
  const lagging = replicas.filter((member) => !streams(member)).map(({ name }) => name);
  if (lagging.length > 0) return moving('MembersNotReady', `not streaming yet: ${list(lagging)}`);
  const outdated = present.filter((member) => isDue(situation, member)).map(({ name }) => name);
  if (outdated.length > 0) return moving('RollingOut', `pods of an older template: ${list(outdated)}`);
  if (surplus.length > 0) return moving('ScalingDown', `still to go: ${list(surplus.map(({ name }) => name))}`);
  if (!isConfigured(situation)) return moving('ConfiguringPatroni', "Patroni's dynamic configuration is being changed");
  if (users.stalled !== undefined) return { conditions: notReady('Stalled', 'UsersNotReady', users.stalled) };
  if (!users.inForce) return moving('UsersNotReady', 'roles and databases are being made');
  if (initSql.stalled !== undefined) return { conditions: notReady('Stalled', 'InitSQLNotRun', initSql.stalled) };
  if (!initSql.inForce) return moving('RunningInitSQL', "the owner's own SQL is being run");
  const others = replicas.length === 1 ? '1 replica streams' : `${replicas.length} replicas stream`;
  return { conditions: [readyCondition('True', 'Ready', `${primary.name} leads${replicas.length === 0 ? '' : `, ${others}`}`)] };
};
