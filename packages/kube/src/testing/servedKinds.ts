/** Which kinds the in-process API server serves, and what it knows of each: the built-in ones, and those of CustomResourceDefinitions. */
import { builtInKinds, builtInTypes } from './generatedApiTables.ts';
import { asList, asObject, asString, at } from './json.ts';
import type { JsonObject } from './json.ts';
import { customResourceType } from './schema.ts';
import type { BuiltInKind, ObjectType, Type, TypeTable } from './schema.ts';

export interface ServedKind extends Omit<BuiltInKind, 'type'> {
  readonly custom: boolean;
  readonly type: Type;
  readonly types: TypeTable;
}

/** What is stored together, whichever version a request names. */
export function resourceOf(kind: Pick<ServedKind, 'group' | 'plural'>): string {
  return `${kind.group}/${kind.plural}`;
}

export function apiVersionOf(kind: Pick<ServedKind, 'group' | 'version'>): string {
  return kind.group === '' ? kind.version : `${kind.group}/${kind.version}`;
}

/** A kind whose schema nobody wrote down: its metadata is known, the rest is kept as it comes. */
const opaqueType: ObjectType = {
  open: true,
  fields: { apiVersion: { type: 'string' }, kind: { type: 'string' }, metadata: { type: { ref: 'meta.v1.ObjectMeta' }, zero: 'emit' } },
};

export const builtIns: readonly ServedKind[] = builtInKinds.map((kind) => ({
  ...kind,
  custom: false,
  type: kind.type === 'any' ? opaqueType : { ref: kind.type },
  types: builtInTypes,
}));

/** `kindsOfDefinition` that reads each stored definition once: a schema may have a megabyte. */
export function createDefinitionReader(): (definition: JsonObject) => readonly ServedKind[] {
  const read = new WeakMap<JsonObject, readonly ServedKind[]>();
  return (definition) => {
    const known = read.get(definition) ?? kindsOfDefinition(definition);
    read.set(definition, known);
    return known;
  };
}

/** The kinds that a CustomResourceDefinition brings: one for each served version. */
function kindsOfDefinition(definition: JsonObject): readonly ServedKind[] {
  const spec = asObject(definition.spec);
  const names = asObject(spec.names);
  return asList(spec.versions)
    .map(asObject)
    .filter((version) => version.served !== false)
    .map((version) => ({
      group: asString(spec.group),
      version: asString(version.name),
      kind: asString(names.kind),
      plural: asString(names.plural),
      namespaced: spec.scope !== 'Cluster',
      status: at(version, 'subresources', 'status') !== undefined,
      custom: true,
      type: customResourceType(asObject(at(version, 'schema', 'openAPIV3Schema'))),
      types: builtInTypes,
    }));
}
