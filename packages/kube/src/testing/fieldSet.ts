/**
 * Sets of field paths, as server-side apply keeps them in `managedFields[].fieldsV1`.
 *
 * A set is a tree. Each edge is a path element in the notation of fieldsV1 (`f:name`, `k:{"name":"x"}`, `v:"item"`); a node says whether the path
 * that leads to it is a member. Sets are never changed after they were made.
 */
import type { Json, JsonObject, MutableObject } from './json.ts';
import { asObject } from './json.ts';

export interface FieldSet {
  readonly member: boolean;
  readonly children: ReadonlyMap<string, FieldSet>;
}

export const emptySet: FieldSet = { member: false, children: new Map() };
export const leafSet: FieldSet = { member: true, children: new Map() };

export function isEmpty(set: FieldSet): boolean {
  return !set.member && set.children.size === 0;
}

/** A node with these children; children that are empty are left out. */
export function node(member: boolean, children: Iterable<readonly [string, FieldSet]>): FieldSet {
  return { member, children: new Map([...children].filter(([, child]) => !isEmpty(child))) };
}

function combine(left: FieldSet, right: FieldSet, member: (left: boolean, right: boolean) => boolean): FieldSet {
  const keys = new Set([...left.children.keys(), ...right.children.keys()]);
  return node(
    member(left.member, right.member),
    [...keys].map((key) => [key, combine(left.children.get(key) ?? emptySet, right.children.get(key) ?? emptySet, member)] as const),
  );
}

export function union(...sets: readonly FieldSet[]): FieldSet {
  return sets.reduce((all, set) => combine(all, set, (left, right) => left || right), emptySet);
}

export function intersection(left: FieldSet, right: FieldSet): FieldSet {
  return combine(left, right, (inLeft, inRight) => inLeft && inRight);
}

/** Members of `left` that are not members of `right`; what lies below a member of `right` stays. */
export function difference(left: FieldSet, right: FieldSet): FieldSet {
  return combine(left, right, (inLeft, inRight) => inLeft && !inRight);
}

/** `left` without the members of `right` and everything below them. */
export function withoutSubtrees(left: FieldSet, right: FieldSet): FieldSet {
  if (right.member) return emptySet;
  return node(
    left.member,
    [...left.children].map(([key, child]) => [key, withoutSubtrees(child, right.children.get(key) ?? emptySet)] as const),
  );
}

export function sameSet(left: FieldSet, right: FieldSet): boolean {
  return isEmpty(combine(left, right, (inLeft, inRight) => inLeft !== inRight));
}

/** The set with one path in it. */
export function pathSet(...path: readonly string[]): FieldSet {
  return path.reduceRight((child, element) => node(false, [[element, child]]), leafSet);
}

/** As `fieldsV1` is written. */
export function toFieldsV1(set: FieldSet): JsonObject {
  const result: MutableObject = {};
  if (set.member && set.children.size > 0) result['.'] = {};
  for (const key of [...set.children.keys()].toSorted()) result[key] = toFieldsV1(set.children.get(key) ?? emptySet);
  return result;
}

export function fromFieldsV1(fields: JsonObject): FieldSet {
  return fromNode(fields, false);
}

function fromNode(fields: JsonObject, memberIfLeaf: boolean): FieldSet {
  const keys = Object.keys(fields).filter((key) => key !== '.');
  const member = '.' in fields || (memberIfLeaf && keys.length === 0);
  return node(
    member,
    keys.map((key) => [key, fromNode(asObject(fields[key]), true)] as const),
  );
}

/**
 * Paths in the words of an apply conflict: `.spec.template.spec.containers[name="database"].image`. At each level first the members, then what is
 * below them, as structured-merge-diff lists them.
 */
export function describePaths(set: FieldSet, prefix = ''): readonly string[] {
  const children = [...set.children].toSorted(([left], [right]) => (left < right ? -1 : 1));
  const pathOf = (element: string): string => prefix + describeElement(element);
  return [
    ...children.filter(([, child]) => child.member).map(([element]) => pathOf(element)),
    ...children.flatMap(([element, child]) => describePaths(child, pathOf(element))),
  ];
}

/** One path element in the same words: `[name="database"]`. */
export function describeElement(element: string): string {
  const rest = element.slice(2);
  if (element.startsWith('f:')) return `.${rest}`;
  if (element.startsWith('v:')) return `[=${rest}]`;
  const keys = Object.entries(JSON.parse(rest) as JsonObject).map(
    ([key, value]: [string, Json | undefined]) => `${key}=${JSON.stringify(value)}`,
  );
  return `[${keys.join(',')}]`;
}
