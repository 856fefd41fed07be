/**
 * The status of a postgresql: the one word of the original, what pgherd tells of every cluster, and the way back from it. The word:
 *
 * | observed                                          | word           |
 * |---------------------------------------------------|----------------|
 * | everything is as the manifest asks                | Running        |
 * | the manifest cannot be carried out as it is       | Invalid        |
 * | it cannot come to be, and never was before        | CreateFailed   |
 * | it cannot come to be, a change of the manifest    | UpdateFailed   |
 * | it cannot come to be, nothing changed, on the way before, or failed so | UpdateFailed |
 * | it cannot come to be, nothing changed, all was well before, or failed so | SyncFailed |
 * | on the way, and never was before                  | Creating       |
 * | on the way                                        | Updating       |
 * | paused                                            | as before      |
 */
import type { Cluster } from '../../model/cluster.ts';
import { noSwitchover, type ConditionOutcome, type Outcome } from '../../model/outcome.ts';
import type { Recollection } from '../../model/recollection.ts';
import type { JsonObject } from '../common/fields.ts';
import { conditionsOf, numberAt, objectAt, present, recalledOf, textAt } from '../common/status.ts';

/** The original's word for how things are: see above. */
const wordOf = (outcome: Outcome, previous: JsonObject): string => {
  const condition = (type: string): ConditionOutcome | undefined => outcome.conditions.find((candidate) => candidate.type === type);
  const before = textAt(previous, 'PostgresClusterStatus') ?? '';
  if (condition('Progressing')?.status === 'False') return before;
  if (condition('Ready')?.status === 'True') return 'Running';
  const isNew = textAt(objectAt(previous, 'patroni'), 'systemIdentifier') === undefined;
  const stalled = condition('Stalled');
  if (stalled?.status !== 'True') return isNew ? 'Creating' : 'Updating';
  // What blocks is a line among the others of its kind.
  const blocks = (type: string): boolean => condition(type)?.message.split('\n').includes(stalled.message) === true;
  if (['ManifestInvalid', 'NotYetSupported'].some(blocks)) return 'Invalid';
  if (isNew) return 'CreateFailed';
  if (numberAt(previous, 'observedGeneration') !== outcome.observedGeneration) return 'UpdateFailed';
  return ['Updating', 'UpdateFailed', 'Invalid'].includes(before) ? 'UpdateFailed' : 'SyncFailed';
};

export const status = (cluster: Cluster, outcome: Outcome, previous: JsonObject, nowMs: number): JsonObject => {
  const wanted = cluster.sets.reduce((sum, set) => sum + set.replicas, 0);
  const ready = outcome.sets.reduce((sum, set) => sum + set.readyReplicas, 0);
  return present({
    PostgresClusterStatus: wordOf(outcome, previous),
    observedGeneration: outcome.observedGeneration,
    conditions: conditionsOf(outcome, previous, nowMs),
    primary: outcome.primary,
    readyMembers: `${ready}/${wanted}`,
    // Read from the server now and then: while nothing newer is known, what was read last stands.
    serverVersion: outcome.serverVersion ?? textAt(previous, 'serverVersion'),
    startupInstance: outcome.startupMember?.name,
    patroni: present({ systemIdentifier: outcome.systemIdentifier }),
    usersRevision: outcome.usersRevision,
    databaseRevision: outcome.databaseRevision,
  });
};

/** The member's set is the cluster, whose name the pod's begins with. */
const setOf = (member: string): string => member.slice(0, member.lastIndexOf('-'));

export const recall = (previous: JsonObject): Recollection => ({
  ...recalledOf(previous, setOf),
  repositories: [],
  initSql: undefined,
  switchover: noSwitchover,
});
