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
import { mayHoldSecret } from './secretSettings.ts';
import type { Situation } from './situation.ts';

const conditionType = 'SettingsRefused';
const readingKey = 'settings';
/** Only a hand changes them meanwhile. */
const agreedAgeMs = 12 * 60 * 60_000;
/** What was refused may be in force by now: by a hand, or since a member was slow. */
const refusedAgeMs = 15 * 60_000;
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

/** Bytes and microseconds. */
const units: Readonly<Record<string, number>> = {
  B: 1,
  kB: 2 ** 10,
  MB: 2 ** 20,
  GB: 2 ** 30,
  TB: 2 ** 40,
  us: 1,
  ms: 1e3,
  s: 1e6,
  min: 6e7,
  h: 3.6e9,
  d: 8.64e10,
};

/** An amount in its smallest unit; undefined: it is none. `unit`: of a number that names none. */
const amountOf = (text: string, unit: string): number | undefined => {
  const [, number, named] = /^\s*([-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)\s*([a-zA-Z]*)\s*$/.exec(text) ?? [];
  if (number === undefined) return undefined;
  const [, times = '', name = ''] = /^(\d*)([a-zA-Z]*)$/.exec(named === undefined || named === '' ? unit : named) ?? [];
  const size = name === '' ? 1 : units[name];
  return size === undefined ? undefined : Number(number) * (times === '' ? 1 : Number(times)) * size;
};

const words: Readonly<Record<string, string>> = { true: 'on', yes: 'on', false: 'off', no: 'off' };

/** As PostgreSQL reads it: `on` and `True` are the same, and so are `1GB` and `1024MB`. Patroni leaves what is the same as it stands. */
const isSameValue = (asked: string, written: string, unit: string | undefined): boolean => {
  const amount = amountOf(asked, unit ?? '');
  if (amount !== undefined && amount === amountOf(written, unit ?? '')) return true;
  const wordOf = (text: string): string => words[text.toLowerCase()] ?? text.toLowerCase();
  return wordOf(asked) === wordOf(written);
};

/** What became of a setting, in words; undefined: it is as asked. */
const refusalOf = (asked: string, setting: ReadSetting | undefined, name: string): string | undefined => {
  const isTold = !mayHoldSecret(name);
  const what = isTold ? `${name} = ${asked}` : name;
  const instead = isTold && setting?.inForce !== undefined ? `, and ${setting.inForce} is in force` : '';
  if (setting?.written === undefined)
    return `${what} is left out: this version of PostgreSQL has no such setting, or it takes no such value${instead}`;
  if (setting.isPending) return undefined;
  const isSame = isSameValue(asked, setting.written, setting.unit);
  if (setting.isByHand)
    return isSame ? undefined : `${what} is overruled by hand${instead}: ALTER SYSTEM RESET ${name} and SELECT pg_reload_conf() end that`;
  if (setting.hasError) return `${what} is not taken by PostgreSQL${instead}; its log says why`;
  return isSame ? undefined : `${what} is left out or out of bounds${instead}`;
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
  const question = (ageMs: number): Contribution => ({
    conditions,
    readings: [
      {
        key: readingKey,
        inputs,
        // One that is exactly as old as it may be is due.
        maximumAgeMs: ageMs - 1,
        target,
        command: psql(cluster.postgres.majorVersion),
        input: settingsQuestion(asked.map(([name]) => name)),
        parser: 'settings',
        timeoutMs,
      },
    ],
  });
  if (!isCurrent) return question(agreedAgeMs);
  if (reading.result.kind === 'failed') {
    const againAtMs = retryAtMs(reading.takenAtMs, reading.result.attempts);
    return againAtMs > observation.nowMs ? { conditions, lookAgainAfterMs: againAtMs - observation.nowMs } : question(agreedAgeMs);
  }
  const settings = new Map((reading.result.value as readonly ReadSetting[]).map((setting) => [setting.name, setting]));
  const refusals = asked.flatMap(([name, value]) => refusalOf(value, settings.get(name), name) ?? []);
  const ageMs = refusals.length === 0 ? agreedAgeMs : refusedAgeMs;
  const leftMs = reading.takenAtMs + ageMs - observation.nowMs;
  if (leftMs <= 0) return question(ageMs);
  if (refusals.length === 0) return { lookAgainAfterMs: leftMs };
  const message = `${refusals.toSorted().join('\n')}\nno others are refused; correct these in the manifest`;
  return { conditions: [{ type: conditionType, status: 'True', reason: 'NotInForce', message }], lookAgainAfterMs: leftMs };
};
