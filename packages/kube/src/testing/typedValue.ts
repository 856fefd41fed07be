/**
 * The operations of structured-merge-diff (v6.3, `typed/`) that server-side apply is made of: the set of fields of a value, the difference of
 * two values as sets, merging one value into another, and removing the members of a set from a value.
 */
import { describeElement, emptySet, isEmpty, leafSet, node } from './fieldSet.ts';
import type { FieldSet } from './fieldSet.ts';
import { asList, equal, isObject } from './json.ts';
import type { Json, JsonObject, MutableObject } from './json.ts';
import { fieldType, isNamedField, resolve } from './schema.ts';
import type { ListType, Resolved, Type, TypeTable } from './schema.ts';

/** Thrown where a list whose items have an identity holds the same item twice, or an item lacks its key. */
export class ListItemError extends Error {}

/** The path element of a list item: its keys for a map, its value for a set. */
function itemElement(type: ListType, item: Json): string {
  if (type.list !== 'map') return `v:${JSON.stringify(item)}`;
  if (!isObject(item)) throw new ListItemError('associative list with keys may only hold objects');
  const keys: MutableObject = {};
  for (const key of type.keys.toSorted()) {
    const value = item[key] ?? type.defaults?.[key];
    if (value !== undefined) keys[key] = value;
  }
  if (Object.keys(keys).length === 0)
    throw new ListItemError(`associative list with keys has an element that omits all key fields ${type.keys.join(', ')}`);
  return `k:${JSON.stringify(keys)}`;
}

/** Stored objects may hold an item twice (arguments of old clients do); what is applied may not. */
export type Duplicates = 'allow' | 'refuse';

/** Items by path element, in the order of the list. */
function itemsByElement(type: ListType, list: readonly Json[], duplicates: Duplicates): Map<string, Json> {
  const items = new Map<string, Json>();
  for (const item of list) {
    const element = itemElement(type, item);
    if (items.has(element)) {
      if (duplicates === 'refuse') throw new ListItemError(`duplicate entries for key ${describeElement(element)}`);
    } else items.set(element, item);
  }
  return items;
}

/** All fields of a value, as an applier that sends it owns them. */
export function fieldSetOf(types: TypeTable, type: Type, value: Json, duplicates: Duplicates = 'allow'): FieldSet {
  const shape = resolve(types, type, value);
  switch (shape.kind) {
    case 'scalar':
      return leafSet;
    case 'list': {
      if (shape.type.list === 'atomic') return leafSet;
      const items = itemsByElement(shape.type, asList(value), duplicates);
      return node(
        false,
        [...items].map(([element, item]) => [element, { ...fieldSetOf(types, shape.type.of, item, duplicates), member: true }] as const),
      );
    }
    case 'object':
    case 'map': {
      if (shape.atomic) return leafSet;
      if (!isObject(value)) return emptySet;
      return node(
        false,
        present(value).map(([name, child]) => {
          const set = fieldSetOf(types, fieldType(shape, name) ?? 'any', child, duplicates);
          const member = child === null || (isObject(child) && Object.keys(child).length === 0) || !isNamedField(shape, name);
          return [`f:${name}`, member ? { ...set, member: true } : set] as const;
        }),
      );
    }
    default:
      return shape satisfies never;
  }
}

function present(value: JsonObject): readonly (readonly [string, Json])[] {
  return Object.entries(value).filter((entry): entry is [string, Json] => entry[1] !== undefined);
}

export interface Comparison {
  readonly added: FieldSet;
  readonly removed: FieldSet;
  readonly modified: FieldSet;
}

const nothing: Comparison = { added: emptySet, removed: emptySet, modified: emptySet };

/** How `right` differs from `left`. */
export function compare(types: TypeTable, type: Type, left: Json | undefined, right: Json | undefined): Comparison {
  const shape = resolve(types, type, right ?? left);
  const children = childPairs(shape, left, right);
  if (children === undefined) {
    if (left === undefined) return { ...nothing, added: leafSet };
    if (right === undefined) return { ...nothing, removed: leafSet };
    return equal(left, right) ? nothing : { ...nothing, modified: leafSet };
  }
  const parts = children.map((child) => [child.element, compare(types, child.type, child.left, child.right)] as const);
  const pick = (which: keyof Comparison, member: boolean): FieldSet =>
    node(
      member,
      parts.map(([element, part]) => [element, part[which]] as const),
    );
  return { added: pick('added', left === undefined), removed: pick('removed', right === undefined), modified: pick('modified', false) };
}

interface ChildPair {
  readonly element: string;
  readonly type: Type;
  readonly left: Json | undefined;
  readonly right: Json | undefined;
}

/** The children of two values side by side; undefined where the value counts as one leaf. */
function childPairs(shape: Resolved, left: Json | undefined, right: Json | undefined): readonly ChildPair[] | undefined {
  switch (shape.kind) {
    case 'scalar':
      return undefined;
    case 'list': {
      if (shape.type.list === 'atomic' || (asList(left).length === 0 && asList(right).length === 0)) return undefined;
      const leftItems = itemsByElement(shape.type, asList(left), 'allow');
      const rightItems = itemsByElement(shape.type, asList(right), 'allow');
      return [...new Set([...leftItems.keys(), ...rightItems.keys()])].map((element) => ({
        element,
        type: shape.type.of,
        left: leftItems.get(element),
        right: rightItems.get(element),
      }));
    }
    case 'object':
    case 'map': {
      const leftFields = isObject(left) ? left : {};
      const rightFields = isObject(right) ? right : {};
      const names = [...new Set([...present(leftFields), ...present(rightFields)].map(([name]) => name))];
      if (shape.atomic || names.length === 0) return undefined;
      return names.map((name) => ({
        element: `f:${name}`,
        type: fieldType(shape, name) ?? 'any',
        left: leftFields[name],
        right: rightFields[name],
      }));
    }
    default:
      return shape satisfies never;
  }
}

/** `live` with `config` merged into it. */
export function merge(types: TypeTable, type: Type, live: Json | undefined, config: Json | undefined): Json | undefined {
  if (config === undefined) return live;
  if (live === undefined || config === null) return config;
  const shape = resolve(types, type, config);
  switch (shape.kind) {
    case 'scalar':
      return config;
    case 'list':
      return shape.type.list === 'atomic' ? config : mergeList(types, shape.type, asList(live), asList(config));
    case 'object':
    case 'map': {
      if (shape.atomic || !isObject(live) || !isObject(config)) return config;
      const result: MutableObject = { ...live };
      for (const [name, value] of present(config)) result[name] = merge(types, fieldType(shape, name) ?? 'any', live[name], value);
      return result;
    }
    default:
      return shape satisfies never;
  }
}

/**
 * Items of `config` in its order; items that only `live` has keep their place between the neighbours they had. The walk is that of
 * structured-merge-diff (`typed/merge.go`, visitListItems).
 */
function mergeList(types: TypeTable, type: ListType, live: readonly Json[], config: readonly Json[]): readonly Json[] {
  const liveItems = itemsByElement(type, live, 'allow');
  const configItems = itemsByElement(type, config, 'refuse');
  const liveOrder = [...liveItems.keys()];
  const configOrder = [...configItems.keys()];
  const shared = configOrder.filter((element) => liveItems.has(element));
  const merged = new Set<string>();
  const result: Json[] = [];
  const take = (element: string): void => {
    merged.add(element);
    const value = merge(types, type.of, liveItems.get(element), configItems.get(element));
    if (value !== undefined) result.push(value);
    if (shared[0] === element) shared.shift();
  };
  let liveAt = 0;
  let configAt = 0;
  for (;;) {
    const fromLive = liveOrder[liveAt];
    const fromConfig = configOrder[configAt];
    if (fromLive === undefined && fromConfig === undefined) return result;
    if (fromLive !== undefined && (!configItems.has(fromLive) || merged.has(fromLive))) {
      if (!merged.has(fromLive)) take(fromLive);
      liveAt += 1;
    } else if (
      fromLive !== undefined &&
      fromConfig !== undefined &&
      fromLive !== fromConfig &&
      shared[0] !== undefined &&
      shared[0] !== fromLive
    ) {
      // An item of both, but not the one whose turn it is in the order of `config`.
      liveAt += 1;
    } else if (fromConfig !== undefined) {
      if (fromLive === fromConfig) liveAt += 1;
      take(fromConfig);
      configAt += 1;
    } else liveAt += 1;
  }
}

/**
 * `value` without the members of `set` and everything below them; undefined: the whole value is a member. What is emptied by it becomes null, as in
 * structured-merge-diff: it is still there for whoever owns it as such.
 */
export function removeMembers(types: TypeTable, type: Type, value: Json, set: FieldSet): Json | undefined {
  if (set.member) return undefined;
  if (isEmpty(set)) return value;
  const shape = resolve(types, type, value);
  if (shape.kind === 'list' && shape.type.list !== 'atomic') {
    const { type: list } = shape;
    const kept = asList(value).flatMap((item) => {
      const child = set.children.get(itemElement(list, item));
      const rest = child === undefined ? item : removeMembers(types, list.of, item, child);
      return rest === undefined ? [] : [rest];
    });
    return kept.length === 0 ? null : kept;
  }
  if ((shape.kind === 'object' || shape.kind === 'map') && !shape.atomic && isObject(value)) {
    const result: MutableObject = {};
    for (const [name, child] of present(value)) {
      const childSet = set.children.get(`f:${name}`);
      const rest = childSet === undefined ? child : removeMembers(types, fieldType(shape, name) ?? 'any', child, childSet);
      if (rest !== undefined) result[name] = rest;
    }
    return Object.keys(result).length === 0 ? null : result;
  }
  return value;
}

/** The set in which every declared field that has a member below it is a member itself (`EnsureNamedFieldsAreMembers`). */
export function withNamedParents(types: TypeTable, type: Type, set: FieldSet): FieldSet {
  return node(
    set.member,
    [...set.children].map(([element, child]) => {
      const inner = childType(types, type, element);
      const closed = withNamedParents(types, inner.type, child);
      return [element, inner.named ? { ...closed, member: true } : closed] as const;
    }),
  );
}

function childType(types: TypeTable, type: Type, element: string): { readonly type: Type; readonly named: boolean } {
  // `any` deduces its shape from the value; a path through it starts with a field or with a list item, which tells the same.
  const shape = resolve(types, type, type === 'any' ? (element.startsWith('f:') ? {} : []) : undefined);
  if (shape.kind === 'list') return { type: shape.type.of, named: false };
  if (shape.kind === 'scalar' || !element.startsWith('f:')) return { type: 'any', named: false };
  const name = element.slice(2);
  return { type: fieldType(shape, name) ?? 'any', named: isNamedField(shape, name) };
}
