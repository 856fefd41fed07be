/** What every status has: conditions, and typed access to what an earlier pass wrote, whatever somebody made of it since. */
import { fittingMessage } from '../../model/conditionMessage.ts';
import type { ConditionOutcome, Outcome } from '../../model/outcome.ts';
import type { RecalledCondition, Recollection } from '../../model/recollection.ts';
import type { JsonObject } from './fields.ts';
import { isObject } from './fields.ts';

export const objectAt = (value: JsonObject, name: string): JsonObject => {
  const member = value[name];
  return isObject(member) ? member : {};
};

export const objectsAt = (value: JsonObject, name: string): readonly JsonObject[] => {
  const member = value[name];
  return Array.isArray(member) ? member.filter(isObject) : [];
};

export const textAt = (value: JsonObject, name: string): string | undefined => {
  const member = value[name];
  return typeof member === 'string' && member !== '' ? member : undefined;
};

export const numberAt = (value: JsonObject, name: string): number | undefined => {
  const member = value[name];
  return typeof member === 'number' ? member : undefined;
};

/** Without the members that are undefined: what is not there is not written. */
export const present = (value: JsonObject): JsonObject =>
  Object.fromEntries(Object.entries(value).filter(([, member]) => member !== undefined));

export const kept = (previous: JsonObject, ...names: readonly string[]): JsonObject =>
  present(Object.fromEntries(names.map((name) => [name, previous[name]])));

/** As Kubernetes writes times: RFC 3339, UTC, whole seconds. */
const timeOf = (ms: number): string => new Date(ms).toISOString().replace(/\.\d+Z$/, 'Z');

/** The transition time stays as long as the status does, whatever happens to reason and message. */
export const conditionsOf = (outcome: Outcome, previous: JsonObject, nowMs: number): readonly JsonObject[] => {
  const before = new Map(objectsAt(previous, 'conditions').map((condition) => [condition['type'], condition]));
  return outcome.conditions.map(({ type, status, reason, message }) => {
    const last = before.get(type);
    const since = last?.['status'] === status ? textAt(last, 'lastTransitionTime') : undefined;
    return {
      type,
      status,
      reason,
      message: fittingMessage(message),
      lastTransitionTime: since ?? timeOf(nowMs),
      observedGeneration: outcome.observedGeneration,
    };
  });
};

const isConditionStatus = (text: unknown): text is ConditionOutcome['status'] => text === 'True' || text === 'False' || text === 'Unknown';

const recalledCondition = (condition: JsonObject): readonly RecalledCondition[] => {
  const { type, status: state } = condition;
  if (typeof type !== 'string' || !isConditionStatus(state)) return [];
  const sinceMs = Date.parse(textAt(condition, 'lastTransitionTime') ?? '');
  return [
    {
      type,
      status: state,
      reason: textAt(condition, 'reason') ?? '',
      message: textAt(condition, 'message') ?? '',
      sinceMs: Number.isNaN(sinceMs) ? undefined : sinceMs,
    },
  ];
};

/** What every status says in the same fields. `setOf` gives the set of the member that starts first. */
export const recalledOf = (
  previous: JsonObject,
  setOf: (startupMember: string) => string,
): Omit<Recollection, 'initSql' | 'repositories' | 'switchover'> => {
  const startup = textAt(previous, 'startupInstance');
  return {
    conditions: objectsAt(previous, 'conditions').flatMap(recalledCondition),
    primary: textAt(previous, 'primary'),
    systemIdentifier: textAt(objectAt(previous, 'patroni'), 'systemIdentifier'),
    usersRevision: textAt(previous, 'usersRevision'),
    databaseRevision: textAt(previous, 'databaseRevision'),
    startupMember: startup === undefined ? undefined : { name: startup, set: setOf(startup) },
    observedGeneration: numberAt(previous, 'observedGeneration') ?? 0,
  };
};
