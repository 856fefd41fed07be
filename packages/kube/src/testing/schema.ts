/**
 * What the in-process API server knows of the shape of objects: enough to merge them as server-side apply does, to drop fields that the kind
 * does not have, and to write zero values as the real server writes them.
 *
 * Built-in kinds come from a generated table, custom resources from the schema of their CustomResourceDefinition.
 */
import { asList, asObject, asString, isObject } from './json.ts';
import type { Json, JsonObject } from './json.ts';

export interface BuiltInKind {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  readonly plural: string;
  readonly namespaced: boolean;
  /** Whether the kind has a status subresource. */
  readonly status: boolean;
  /** Name in the table of types, or `any`. */
  readonly type: string;
}

export type ScalarType = 'string' | 'integer' | 'number' | 'boolean' | 'quantity' | 'intOrString' | 'time' | 'microTime' | 'any';

interface RefType {
  readonly ref: string;
  readonly atomic?: boolean;
}

interface MapType {
  readonly map: Type;
  readonly atomic?: boolean;
}

export type ListType =
  | { readonly list: 'atomic' | 'set'; readonly of: Type }
  | { readonly list: 'map'; readonly keys: readonly string[]; readonly defaults?: JsonObject; readonly of: Type };

export type Type = ScalarType | RefType | MapType | ListType | ObjectType;

export interface Field {
  readonly type: Type;
  /**
   * How a zero value is written. `drop`: left out; `emit`: written even if nobody set it; `null`: written as null if nobody set it;
   * undefined: kept exactly as given.
   */
  readonly zero?: 'drop' | 'emit' | 'null';
  /** Default that a CustomResourceDefinition declares. */
  readonly default?: Json;
}

export interface ObjectType {
  readonly atomic?: boolean;
  readonly fields: Readonly<Record<string, Field>>;
  /** Unknown fields are kept: `x-kubernetes-preserve-unknown-fields`. */
  readonly open?: boolean;
}

export type TypeTable = Readonly<Record<string, ObjectType>>;

/** A type with references followed: what the walkers switch over. */
export type Resolved =
  | { readonly kind: 'scalar'; readonly scalar: ScalarType }
  | { readonly kind: 'object'; readonly type: ObjectType; readonly atomic: boolean }
  | { readonly kind: 'map'; readonly of: Type; readonly atomic: boolean }
  | { readonly kind: 'list'; readonly type: ListType };

/**
 * Follows references. A value of type `any` takes the shape that it has, as the real server deduces it: objects merge field by field, lists are
 * replaced as a whole.
 */
export function resolve(types: TypeTable, type: Type, value: Json | undefined): Resolved {
  if (typeof type === 'string') {
    if (type !== 'any') return { kind: 'scalar', scalar: type };
    if (isObject(value)) return { kind: 'map', of: 'any', atomic: false };
    return Array.isArray(value) ? { kind: 'list', type: { list: 'atomic', of: 'any' } } : { kind: 'scalar', scalar: 'any' };
  }
  if ('ref' in type) {
    const found = types[type.ref];
    if (found === undefined) throw new Error(`no type ${type.ref} in the table`);
    return { kind: 'object', type: found, atomic: type.atomic === true || found.atomic === true };
  }
  if ('fields' in type) return { kind: 'object', type, atomic: type.atomic === true };
  if ('map' in type) return { kind: 'map', of: type.map, atomic: type.atomic === true };
  return { kind: 'list', type };
}

/** The type of an object's field; undefined: the object has no such field. */
export function fieldType(shape: Resolved & { readonly kind: 'object' | 'map' }, name: string): Type | undefined {
  if (shape.kind === 'map') return shape.of;
  return shape.type.fields[name]?.type ?? (shape.type.open === true ? 'any' : undefined);
}

/** Whether the field is declared by name, as opposed to a key of a map. Server-side apply tracks the two differently. */
export function isNamedField(shape: Resolved & { readonly kind: 'object' | 'map' }, name: string): boolean {
  return shape.kind === 'object' && shape.type.fields[name] !== undefined;
}

/** The type of one version of a custom resource, from its `openAPIV3Schema`. */
export function customResourceType(openApiSchema: JsonObject): ObjectType {
  const root = fromOpenApi(openApiSchema);
  const fields = typeof root === 'object' && 'fields' in root ? root : { fields: {} };
  return {
    ...fields,
    fields: {
      ...fields.fields,
      apiVersion: { type: 'string' },
      kind: { type: 'string' },
      metadata: { type: { ref: 'meta.v1.ObjectMeta' }, zero: 'emit' },
    },
  };
}

function fromOpenApi(schema: JsonObject): Type {
  if (schema['x-kubernetes-int-or-string'] === true) return 'intOrString';
  if (schema.type === 'array') {
    const of = fromOpenApi(asObject(schema.items));
    const list = asString(schema['x-kubernetes-list-type']);
    if (list === 'set') return { list, of };
    if (list !== 'map') return { list: 'atomic', of };
    const keys = asList(schema['x-kubernetes-list-map-keys']).map(asString);
    const properties = asObject(asObject(schema.items).properties);
    const defaults = Object.fromEntries(
      keys.map((key) => [key, asObject(properties[key]).default]).filter(([, value]) => value !== undefined),
    ) as JsonObject;
    return { list, keys, defaults, of };
  }
  if (schema.type === 'object' || schema.properties !== undefined) {
    const atomic = schema['x-kubernetes-map-type'] === 'atomic';
    if (isObject(schema.additionalProperties)) return { map: fromOpenApi(schema.additionalProperties), atomic };
    const open = schema['x-kubernetes-preserve-unknown-fields'] === true;
    if (schema['x-kubernetes-embedded-resource'] !== true && open && schema.properties === undefined) return 'any';
    const fields = Object.entries(asObject(schema.properties)).map(([name, property]): [string, Field] => {
      const type = fromOpenApi(asObject(property));
      const declared = asObject(property).default;
      return [name, declared === undefined ? { type } : { type, default: declared }];
    });
    return { atomic, open, fields: Object.fromEntries(fields) };
  }
  const scalars: readonly ScalarType[] = ['string', 'integer', 'number', 'boolean'];
  return scalars.find((scalar) => scalar === schema.type) ?? 'any';
}
