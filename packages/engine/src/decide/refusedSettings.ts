/**
 * Settings that the manifest asks for and that did not arrive. Patroni leaves out of PostgreSQL's configuration what it knows no place for, and brings
 * values within their bounds; PostgreSQL goes on with the old value where it does not like the new one; `ALTER SYSTEM` goes before both. None of them
 * tells anybody, so the primary is asked what it has.
 *
 * | observed                                                       | decision                                                       |
 * |----------------------------------------------------------------|----------------------------------------------------------------|
 * | no primary that runs                                           | what the status tells stays                                    |
 * | Patroni's configuration is not as asked, or of just now        | the same: members take it over first                           |
 * | no reading of this configuration and this primary, or it is old | the same; ask for a reading                                   |
 * | the reading failed                                             | the same; ask again, ever later                                |
 * | a setting is missing, has another value or an error            | condition SettingsRefused                                      |
 * | the same, and it waits for a start                             | nothing: see restarts.ts                                       |
 * | all are as asked                                               | nothing                                                        |
 */
import { hashOf } from '../hash.ts';
import type { ConditionOutcome } from '../model/outcome.ts';
import { databaseOf, psql, settingsQuestion, type ReadSetting } from '../readings.ts';
import { retryAtMs } from './backoff.ts';
import type { Contribution } from './contribution.ts';
import { isConfigured } from './patroniConfiguration.ts';
import { configurationStore, untilHeardMs } from './patroniStore.ts';
import type { Situation } from './situation.ts';

const conditionType = 'SettingsRefused';
const readingKey = 'settings';
/** Only a hand changes them meanwhile. */
const maximumAgeMs = 12 * 60 * 60_000;
const timeoutMs = 30_000;

/**
 * Settings of a server that recovers: Patroni keeps them from a primary (4.0 and 4.1, patroni/postgresql/available_parameters, recovery_parameters).
 */
const ofRecovery: ReadonlySet<string> = new Set([
  'archive_cleanup_command',
  'primary_conninfo',
  'primary_slot_name',
  'promote_trigger_file',
  'recovery_end_command',
  'recovery_min_apply_delay',
  'recovery_target',
  'recovery_target_action',
  'recovery_target_inclusive',
  'recovery_target_lsn',
  'recovery_target_name',
  'recovery_target_time',
  'recovery_target_timeline',
  'recovery_target_xid',
  'restore_command',
]);

/** As PostgreSQL reads it: `on` and `True` are the same, and so are `0.50` and `0.5`. */
const isSameValue = (asked: string, written: string): boolean => {
  const isNumber = (text: string): boolean => text.trim() !== '' && !Number.isNaN(Number(text));
  if (isNumber(asked) && isNumber(written)) return Number(asked) === Number(written);
  const truth = (text: string): string => {
    const word = text.toLowerCase();
    if (['on', 'true', 'yes'].includes(word)) return 'on';
    return ['off', 'false', 'no'].includes(word) ? 'off' : text;
  };
  return truth(asked) === truth(written);
};

/** What became of a setting, in words; undefined: it is as asked. Settings of extensions, which have a dot, may hold secrets: their values are not told. */
const refusalOf = (asked: string, setting: ReadSetting | undefined, name: string): string | undefined => {
  const isTold = !name.includes('.');
  const what = isTold ? `${name} = ${asked}` : name;
  if (setting?.written === undefined)
    return `${what} is left out: this version of PostgreSQL has no such setting, or it takes no such value`;
  if (setting.isPending) return undefined;
  if (setting.isByHand) {
    return isSameValue(asked, setting.written)
      ? undefined
      : `${what} is overruled by hand${isTold ? `, by ${setting.written}` : ''}: ALTER SYSTEM RESET ${name} and SELECT pg_reload_conf() end that`;
  }
  if (setting.hasError) {
    const inForce = isTold && setting.inForce !== undefined ? `, and goes on with ${setting.inForce}` : '';
    return `${what} is not taken by PostgreSQL${inForce}; its log says why`;
  }
  if (isSameValue(asked, setting.written)) return undefined;
  return isTold ? `${what} is out of bounds: ${setting.written} is used` : `${what} is out of bounds: the nearest value is used`;
};

const recalledConditions = ({ recalled }: Situation): readonly ConditionOutcome[] =>
  recalled.conditions
    .filter(({ type }) => type === conditionType)
    .map(({ type, status, reason, message }) => ({ type, status, reason, message }));

export const reportRefusedSettings = (situation: Situation): Contribution => {
  const { cluster, observation, writable } = situation;
  if (cluster.stopped) return {};
  const conditions = recalledConditions(situation);
  if (writable === undefined || situation.systemIdentifier === undefined || !isConfigured(situation)) return { conditions };
  const untilMs = untilHeardMs(situation);
  if (untilMs > 0) return { conditions, lookAgainAfterMs: untilMs };
  const target = databaseOf(cluster, writable);
  const asked = Object.entries(cluster.postgres.parameters).filter(([name]) => !ofRecovery.has(name.toLowerCase()));
  // What waits for a start is another afterwards.
  const inputs = hashOf([
    configurationStore(situation)?.metadata.annotations?.['config'],
    target.podUid,
    Object.keys(writable.pendingSettings),
  ]);
  const reading = observation.readings[readingKey];
  const isCurrent = reading?.inputs === inputs;
  const question: Contribution = {
    conditions,
    readings: [
      {
        key: readingKey,
        inputs,
        maximumAgeMs: maximumAgeMs - 1,
        target,
        command: psql(cluster.postgres.majorVersion),
        input: settingsQuestion(asked.map(([name]) => name)),
        parser: 'settings',
        timeoutMs,
      },
    ],
  };
  if (!isCurrent) return question;
  if (reading.result.kind === 'failed') {
    const againAtMs = retryAtMs(reading.takenAtMs, reading.result.attempts);
    return againAtMs > observation.nowMs ? { conditions, lookAgainAfterMs: againAtMs - observation.nowMs } : question;
  }
  const leftMs = reading.takenAtMs + maximumAgeMs - observation.nowMs;
  if (leftMs <= 0) return question;
  const settings = new Map((reading.result.value as readonly ReadSetting[]).map((setting) => [setting.name, setting]));
  const refusals = asked.flatMap(([name, value]) => refusalOf(value, settings.get(name), name) ?? []);
  if (refusals.length === 0) return { lookAgainAfterMs: leftMs };
  const message = `${refusals.toSorted().join('\n')}\nall others are in force; correct these in the manifest`;
  return { conditions: [{ type: conditionType, status: 'True', reason: 'NotInForce', message }], lookAgainAfterMs: leftMs };
};
