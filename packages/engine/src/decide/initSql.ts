/**
 * The owner's own SQL, run once in the life of the data, after the roles and databases that it may need are there.
 *
 * | the manifest                     | observed                                     | decision                                                      |
 * |----------------------------------|----------------------------------------------|---------------------------------------------------------------|
 * | asks for none                    | none was run                                 | nothing                                                       |
 * | asks for none                    | the status tells of a run, a primary runs    | take the mark out of the database: what is asked next runs anew |
 * | asks for none                    | that is done                                 | the status tells of none any more                             |
 * | asks for SQL                     | the status tells of a run                    | nothing, whatever the ConfigMap holds by now; what failed stays told |
 * | asks for SQL                     | no primary that runs, or roles are not ready | wait                                                          |
 * | asks for SQL                     | it was not run                               | run it; Ready waits                                           |
 * | asks for SQL                     | it could not be run, as without its ConfigMap | try again soon; condition InitSQLApplied, Stalled            |
 * | asks for SQL                     | it ran                                       | the status tells of it; event InitSQLExecuted                 |
 * | asks for SQL                     | it ran, and statements failed                | the same, and condition InitSQLApplied                        |
 */
import type { CommandRequest, EventRequest } from '../decision.ts';
import { hashOf } from '../hash.ts';
import type { ConditionOutcome } from '../model/outcome.ts';
import type { Recollection } from '../model/recollection.ts';
import { databaseOf, psql } from '../readings.ts';
import { bashCommand } from '../render/programs.ts';
import { initSql, initSqlSetting } from '../render/scripts/initSql.ts';
import { sessionSettings } from '../sql.ts';
import { retryAtMs } from './backoff.ts';
import type { Contribution } from './contribution.ts';
import type { Situation } from './situation.ts';

const conditionType = 'InitSQLApplied';
const commandKey = 'initSql';
const forgetKey = 'forgetInitSql';
/** It may copy a database. What is left alone by then works on, and the next attempt waits for it. */
const timeoutMs = 60 * 60_000;
const forgetTimeoutMs = 30_000;
/** Failures in a row that lengthen the pause: a ConfigMap that comes late is looked for twice a minute. */
const countedAttempts = 5;
const lastLine = '-- pgherd: this is all';

export interface InitSqlProgress extends Contribution {
  /** Name of the ConfigMap that was run. */
  readonly done: string | undefined;
  readonly inForce: boolean;
  /** Why it gets no further without a hand. */
  readonly stalled: string | undefined;
}

/** What the status tells of a run: nothing else remembers it. */
export const recalledInitSqlConditions = ({ conditions }: Recollection): readonly ConditionOutcome[] =>
  conditions.filter(({ type }) => type === conditionType).map(({ type, status, reason, message }) => ({ type, status, reason, message }));

const notApplied = (reason: string, message: string): readonly ConditionOutcome[] => [
  { type: conditionType, status: 'False', reason, message },
];

/** A new generation runs it again, and gets the words of the first time: what was run in an earlier life of the field is not taken for this one. */
const inputsOf = ({ cluster }: Situation, podUid: string): string => hashOf([cluster.initSql, cluster.identity.generation, podUid]);

const forget = (situation: Situation): InitSqlProgress => {
  const { cluster, observation, recalled, writable } = situation;
  const progress = { done: recalled.initSql, inForce: true, stalled: undefined };
  if (recalled.initSql === undefined || writable === undefined) return progress;
  const target = databaseOf(cluster, writable);
  const inputs = inputsOf(situation, target.podUid);
  const result = observation.commandResults[forgetKey];
  if (result?.inputs === inputs) {
    if (result.result.kind === 'succeeded') return { ...progress, done: undefined };
    const againAtMs = retryAtMs(result.finishedAtMs, result.result.attempts);
    if (againAtMs > observation.nowMs) return { ...progress, lookAgainAfterMs: againAtMs - observation.nowMs };
  }
  const request: CommandRequest = {
    key: forgetKey,
    inputs,
    target,
    command: psql(cluster.postgres.majorVersion),
    input: { variables: {}, text: `\\set ON_ERROR_STOP on\n${sessionSettings}ALTER DATABASE postgres RESET ${initSqlSetting};\n` },
    timeoutMs: forgetTimeoutMs,
    reason: 'the manifest asks for no SQL any more',
    invalidates: [],
  };
  return { ...progress, commands: [request] };
};

export const runInitSql = (situation: Situation, users: { readonly inForce: boolean }): InitSqlProgress => {
  const { cluster, observation, recalled, writable } = situation;
  const { namespace, name } = cluster.identity;
  const asked = cluster.initSql;
  if (asked === undefined) return forget(situation);
  const conditions = recalledInitSqlConditions(recalled);
  if (recalled.initSql !== undefined) return { done: recalled.initSql, inForce: true, stalled: undefined, conditions };
  const waiting = { done: undefined, inForce: false, stalled: undefined };
  if (writable === undefined || !users.inForce) return { ...waiting, conditions };

  const target = databaseOf(cluster, writable);
  const inputs = inputsOf(situation, target.podUid);
  const known = observation.commandResults[commandKey];
  const source = `key ${asked.key} of ConfigMap ${asked.configMap}`;
  const request: CommandRequest = {
    key: commandKey,
    inputs,
    target,
    command: bashCommand(initSql, 'init-sql', cluster.postgres.majorVersion, `${namespace}/${name}`, lastLine),
    input: { text: '', variables: {}, file: { configMap: asked.configMap, key: asked.key, end: lastLine } },
    timeoutMs,
    reason: `${asked.path} asks for the SQL in ${source}`,
    invalidates: [],
  };
  if (known?.inputs !== inputs) return { ...waiting, conditions, commands: [request] };
  if (known.result.kind === 'failed') {
    const stalled = `the SQL of ${asked.path} has not run to its end: ${known.result.message.trim()}; it is tried again`;
    const againAtMs = retryAtMs(known.finishedAtMs, Math.min(known.result.attempts, countedAttempts));
    const report = { ...waiting, stalled, conditions: notApplied('NotRun', stalled) };
    return againAtMs > observation.nowMs
      ? { ...report, lookAgainAfterMs: againAtMs - observation.nowMs }
      : { ...report, commands: [request] };
  }
  const failures = known.result.output.trim();
  const event: EventRequest = { type: 'Normal', reason: 'InitSQLExecuted', message: `the SQL in ${source} was run` };
  const anew = `correct the ConfigMap, then take ${asked.path} out and put it back, and all of it is run again`;
  return {
    done: asked.configMap,
    inForce: true,
    stalled: undefined,
    events: [event],
    conditions:
      failures === ''
        ? []
        : notApplied('StatementsFailed', `not all of the SQL in ${source} went through:\n${failures}\nmend this by hand; or ${anew}`),
  };
};
