/** Lists of conditions (meta/v1), changed without being changed: each function gives a new list, or the same one if nothing is different. */
import type { Condition } from './objects.ts';

/** The list with this condition. Its lastTransitionTime stays while its status does; `now` is an RFC 3339 time. */
export function withCondition(
  conditions: readonly Condition[],
  condition: Omit<Condition, 'lastTransitionTime'>,
  now: string,
): readonly Condition[] {
  const old = conditions.find(({ type }) => type === condition.type);
  const lastTransitionTime = old !== undefined && old.status === condition.status ? old.lastTransitionTime : now;
  const next: Condition = { ...condition, lastTransitionTime };
  if (old === undefined) return [...conditions, next];
  return sameCondition(old, next) ? conditions : conditions.map((each) => (each === old ? next : each));
}

export function withoutCondition(conditions: readonly Condition[], type: string): readonly Condition[] {
  return conditions.some((each) => each.type === type) ? conditions.filter((each) => each.type !== type) : conditions;
}

export function conditionIn(conditions: readonly Condition[] | undefined, type: string): Condition | undefined {
  return conditions?.find((each) => each.type === type);
}

/** The condition is True and, where a generation is given, was observed at it or later. */
export function isConditionTrue(conditions: readonly Condition[] | undefined, type: string, generation?: number): boolean {
  const condition = conditionIn(conditions, type);
  if (condition?.status !== 'True') return false;
  return generation === undefined || (condition.observedGeneration ?? generation) >= generation;
}

function sameCondition(left: Condition, right: Condition): boolean {
  return (
    left.status === right.status &&
    left.reason === right.reason &&
    left.message === right.message &&
    left.observedGeneration === right.observedGeneration &&
    left.lastTransitionTime === right.lastTransitionTime
  );
}
