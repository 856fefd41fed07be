/**
 * Field ownership: which manager owns which fields of an object, and what an apply or an update does to that. Follows structured-merge-diff
 * (v6.3, `merge/update.go`) and apimachinery (v0.34, `pkg/util/managedfields`).
 */
import {
  describePaths,
  difference,
  emptySet,
  fromFieldsV1,
  intersection,
  isEmpty,
  pathSet,
  toFieldsV1,
  union,
  withoutSubtrees,
} from './fieldSet.ts';
import type { FieldSet } from './fieldSet.ts';
import { asList, asObject, asString, at, copy, equal, isObject } from './json.ts';
import type { Json, JsonObject, MutableObject } from './json.ts';
import type { Type, TypeTable } from './schema.ts';
import { compare, fieldSetOf, merge, removeMembers, withNamedParents } from './typedValue.ts';

/** Who writes, and how. Two writes with the same values here share one entry. */
export interface Writer {
  readonly manager: string;
  readonly operation: 'Apply' | 'Update';
  readonly apiVersion: string;
  readonly subresource: string;
}

export interface ManagerEntry extends Writer {
  /** RFC 3339; empty where none was recorded. */
  readonly time: string;
  readonly fields: FieldSet;
}

export interface Ownership {
  readonly types: TypeTable;
  readonly type: Type;
  readonly writer: Writer;
  /** Fields that this way of writing cannot set: `status` by the object itself, `spec` by its status subresource. */
  readonly reset: FieldSet;
  /** The time of the write, RFC 3339. */
  readonly time: string;
}

/** An apply that would change fields of others: their managers, and the paths as in messages. */
export class ApplyConflict extends Error {
  readonly conflicts: readonly { readonly writer: Writer; readonly paths: readonly string[] }[];

  constructor(conflicts: ApplyConflict['conflicts']) {
    super('apply conflicts with other managers');
    this.conflicts = conflicts;
  }
}

const neverOwned = union(
  ...[['f:apiVersion'], ['f:kind'], ['f:metadata']].map((path) => pathSet(...path)),
  ...['name', 'namespace', 'creationTimestamp', 'selfLink', 'uid', 'clusterName', 'generation', 'managedFields', 'resourceVersion'].map(
    (name) => pathSet('f:metadata', `f:${name}`),
  ),
);

export function readEntries(object: JsonObject): readonly ManagerEntry[] {
  return asList(at(object, 'metadata', 'managedFields'))
    .filter(isObject)
    .filter((entry) => asString(entry.manager) !== '' || isObject(entry.fieldsV1))
    .map((entry) => ({
      manager: asString(entry.manager),
      operation: entry.operation === 'Apply' ? 'Apply' : 'Update',
      apiVersion: asString(entry.apiVersion),
      subresource: asString(entry.subresource),
      time: asString(entry.time),
      fields: fromFieldsV1(asObject(entry.fieldsV1)),
    }));
}

/** Entries as `metadata.managedFields` lists them: applies first, then by time and name. */
export function writeEntries(entries: readonly ManagerEntry[]): readonly Json[] {
  return entries.toSorted(byListOrder).map((entry) => ({
    manager: entry.manager,
    operation: entry.operation,
    apiVersion: entry.apiVersion,
    ...(entry.time === '' ? {} : { time: entry.time }),
    fieldsType: 'FieldsV1',
    fieldsV1: toFieldsV1(entry.fields),
    ...(entry.subresource === '' ? {} : { subresource: entry.subresource }),
  }));
}

function byListOrder(left: ManagerEntry, right: ManagerEntry): number {
  const order = (entry: ManagerEntry): readonly string[] => [
    entry.operation,
    entry.time,
    entry.manager,
    entry.apiVersion,
    entry.subresource,
  ];
  const [a, b] = [order(left), order(right)];
  for (let index = 0; index < a.length; index += 1) {
    const [x = '', y = ''] = [a[index], b[index]];
    if (x !== y) return x < y ? -1 : 1;
  }
  return 0;
}

/** An apply keeps its entry when its version changes; an update has one entry for each version. */
function sameWriter(left: Writer, right: Writer): boolean {
  return (
    left.manager === right.manager &&
    left.operation === right.operation &&
    left.subresource === right.subresource &&
    (left.operation === 'Apply' || left.apiVersion === right.apiVersion)
  );
}

/** What remains of the others' fields when `changed` went to the writer and `removed` is gone. */
function takeFromOthers(entries: readonly ManagerEntry[], changed: FieldSet, removed: FieldSet): readonly ManagerEntry[] {
  return entries
    .map((entry) => ({ ...entry, fields: difference(difference(entry.fields, changed), removed) }))
    .filter((entry) => !isEmpty(entry.fields));
}

/** The entries after `next` was written over `live` by create, update or patch. */
export function ownershipAfterUpdate(
  context: Ownership,
  entries: readonly ManagerEntry[],
  live: JsonObject,
  next: JsonObject,
): readonly ManagerEntry[] {
  const { added, modified, removed } = withoutReset(context, live, next);
  const changed = union(added, modified);
  const others = takeFromOthers(entries, changed, removed);
  const taken = difference(changed, neverOwned);
  if (isEmpty(taken)) return others;
  const own = others.find((entry) => sameWriter(entry, context.writer));
  const fields = union(own?.fields ?? emptySet, taken);
  return [...others.filter((entry) => entry !== own), { ...context.writer, time: context.time, fields }];
}

function withoutReset(context: Ownership, live: JsonObject, next: JsonObject): ReturnType<typeof compare> {
  const difference = compare(context.types, context.type, live, next);
  const cut = (set: FieldSet): FieldSet => withoutSubtrees(set, context.reset);
  return { added: cut(difference.added), modified: cut(difference.modified), removed: cut(difference.removed) };
}

export interface Applied {
  readonly object: MutableObject;
  readonly entries: readonly ManagerEntry[];
}

/**
 * Applies `config` to `live`.
 *
 * @throws {ApplyConflict} if it changes fields that others own and `force` is not set.
 * @throws {ListItemError} if a list of `config` holds an item twice.
 */
export function applyConfiguration(
  context: Ownership,
  entries: readonly ManagerEntry[],
  live: JsonObject,
  config: JsonObject,
  force: boolean,
): Applied {
  const { types, type, writer } = context;
  const own = entries.find((entry) => sameWriter(entry, writer));
  const others = entries.filter((entry) => entry !== own);
  const wanted = withoutSubtrees(fieldSetOf(types, type, config, 'refuse'), context.reset);
  const merged = merge(types, type, live, config) ?? {};
  const object = asObject(prune(context, merged, own?.fields ?? emptySet, union(wanted, ...others.map((entry) => entry.fields))));
  const { added, modified, removed } = withoutReset(context, live, object);
  const changed = union(added, modified);
  const conflicts = others
    .map((entry) => ({ writer: entry, paths: describePaths(intersection(entry.fields, changed)) }))
    .filter((conflict) => conflict.paths.length > 0);
  if (!force && conflicts.length > 0) throw new ApplyConflict(conflicts);
  const fields = difference(wanted, neverOwned);
  // An apply that changes no value leaves the time alone: a new owner of what is there already has none.
  const time = equal(live, object) ? (own?.time ?? '') : context.time;
  const entry: ManagerEntry = { ...writer, time, fields };
  return {
    object: copy(object),
    entries: [...takeFromOthers(others, changed, removed), ...(isEmpty(fields) ? [] : [entry])],
  };
}

/** Removes what the applier owned before, does not send now, and nobody owns. */
function prune(context: Ownership, merged: Json, last: FieldSet, owned: FieldSet): Json | undefined {
  if (isEmpty(last)) return merged;
  const { types, type } = context;
  const closed = (set: FieldSet): FieldSet => withNamedParents(types, type, set);
  const all = closed(fieldSetOf(types, type, merged));
  const gone = intersection(difference(closed(last), closed(owned)), all);
  return removeMembers(types, type, merged, gone);
}
