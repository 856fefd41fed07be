/** JSON values as the in-process API server moves them, and the few operations on them that the server needs everywhere. */

export type Json = null | boolean | number | string | readonly Json[] | JsonObject;
export interface JsonObject {
  readonly [key: string]: Json | undefined;
}

/** A JSON object under construction. Only code that has just made the object (by `copy` or a literal) may hold one of these. */
export interface MutableObject {
  [key: string]: Json | undefined;
}

export function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function isList(value: Json | undefined): value is readonly Json[] {
  return Array.isArray(value);
}

export function asObject(value: Json | undefined): JsonObject {
  return isObject(value) ? value : {};
}

export function asList(value: Json | undefined): readonly Json[] {
  return isList(value) ? value : [];
}

export function asString(value: Json | undefined): string {
  return typeof value === 'string' ? value : '';
}

/** A deep copy that its maker may change. */
export function copy(value: JsonObject): MutableObject {
  return structuredClone(value);
}

/** The object at `key` of an object under construction, created if absent. The result may be changed. */
export function objectAt(parent: MutableObject, key: string): MutableObject {
  const present = parent[key];
  if (isObject(present)) return present;
  const created: MutableObject = {};
  parent[key] = created;
  return created;
}

/** The objects in the list at `key` of an object under construction; they may be changed. */
export function objectsAt(parent: JsonObject, key: string): readonly MutableObject[] {
  return asList(parent[key]).filter(isObject);
}

/** Sets `key` unless it has a value. */
export function setDefault(target: MutableObject, key: string, value: Json): void {
  target[key] ??= value;
}

/** Equality of values; the order of an object's keys and keys with `undefined` do not count. */
export function equal(left: Json | undefined, right: Json | undefined): boolean {
  if (left === right) return true;
  if (isList(left) && isList(right)) return left.length === right.length && left.every((item, index) => equal(item, right[index]));
  if (!isObject(left) || !isObject(right)) return false;
  const keys = new Set([...Object.keys(left), ...Object.keys(right)]);
  return [...keys].every((key) => equal(left[key], right[key]));
}

/** Walks `path` from `value`; undefined as soon as a step is missing. */
export function at(value: Json | undefined, ...path: readonly string[]): Json | undefined {
  let current = value;
  for (const step of path) current = isObject(current) ? current[step] : undefined;
  return current;
}
