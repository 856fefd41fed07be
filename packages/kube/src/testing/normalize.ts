/**
 * Writes an object as the real server writes it after a trip through its Go types: fields that the kind does not have are gone, empty values are
 * dropped or written as the struct says, quantities and times are canonical.
 */
import { badRequest } from './apiFailure.ts';
import { isList, isObject } from './json.ts';
import type { Json, JsonObject, MutableObject } from './json.ts';
import { canonicalQuantity } from './canonicalQuantity.ts';
import { resolve } from './schema.ts';
import type { Field, Resolved, ScalarType, Type, TypeTable } from './schema.ts';

/** A field that the kind does not have. `path` is as in messages: `spec.template.foo`. */
export interface UnknownField {
  readonly path: string;
}

/** The object in the form in which it is stored. `unknown` collects the fields that were left out. */
export function normalize(types: TypeTable, type: Type, object: JsonObject, unknown: UnknownField[] = []): MutableObject {
  const result = normalizeValue(types, type, object, '', unknown);
  return isObject(result) ? result : {};
}

function normalizeValue(types: TypeTable, type: Type, value: Json, path: string, unknown: UnknownField[]): Json {
  const shape = resolve(types, type, value);
  switch (shape.kind) {
    case 'scalar':
      return normalizeScalar(shape.scalar, value);
    case 'list':
      return isList(value) ? value.map((item, index) => normalizeValue(types, shape.type.of, item, `${path}[${index}]`, unknown)) : value;
    case 'map': {
      if (!isObject(value)) return value;
      const result: MutableObject = {};
      for (const [key, child] of Object.entries(value)) {
        // Go reads null into a map of strings as the empty string.
        if (child !== undefined)
          result[key] = child === null && shape.of === 'string' ? '' : normalizeValue(types, shape.of, child, join(path, key), unknown);
      }
      return result;
    }
    case 'object':
      return isObject(value) ? normalizeObject(types, shape, value, path, unknown) : value;
    default:
      return shape satisfies never;
  }
}

function join(path: string, field: string): string {
  return path === '' ? field : `${path}.${field}`;
}

function normalizeObject(
  types: TypeTable,
  shape: Resolved & { kind: 'object' },
  value: JsonObject,
  path: string,
  unknown: UnknownField[],
): Json {
  const result: MutableObject = {};
  for (const [name, given] of Object.entries(value)) {
    const field = shape.type.fields[name];
    if (field === undefined) {
      if (shape.type.open === true) result[name] = given;
      else unknown.push({ path: join(path, name) });
      continue;
    }
    if (given === undefined || (given === null && field.zero !== 'null')) continue;
    const child = normalizeValue(types, field.type, given, join(path, name), unknown);
    if (!(field.zero === 'drop' && isZero(child)) && !(field.zero === 'null' && isEmptyCollection(child))) result[name] = child;
  }
  for (const [name, field] of Object.entries(shape.type.fields)) {
    if (result[name] === undefined) {
      const zero = zeroOf(types, field, path, unknown);
      if (zero !== undefined) result[name] = zero;
    }
  }
  return result;
}

function normalizeScalar(scalar: string, value: Json): Json {
  if (scalar === 'quantity' && (typeof value === 'string' || typeof value === 'number')) return canonicalQuantity(String(value));
  if (scalar === 'microTime' && typeof value === 'string') return checkedMicroTime(value);
  return value;
}

/** Go parses a MicroTime with exactly six digits after the point. */
function checkedMicroTime(text: string): string {
  if (/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}(Z|[+-]\d\d:\d\d)$/.test(text)) return text;
  throw badRequest(`parsing time ${JSON.stringify(text)} as "2006-01-02T15:04:05.000000Z07:00"`);
}

function isEmptyCollection(value: Json): boolean {
  return isList(value) ? value.length === 0 : isObject(value) && Object.keys(value).length === 0;
}

function isZero(value: Json): boolean {
  return value === '' || value === 0 || value === false || isEmptyCollection(value);
}

const scalarZeros: Readonly<Partial<Record<ScalarType, Json>>> = {
  string: '',
  integer: 0,
  number: 0,
  intOrString: 0,
  quantity: '0',
  boolean: false,
};

function zeroOf(types: TypeTable, field: Field, path: string, unknown: UnknownField[]): Json | undefined {
  if (field.default !== undefined) return normalizeValue(types, field.type, structuredClone(field.default), path, unknown);
  if (field.zero === 'null') return null;
  if (field.zero !== 'emit') return undefined;
  const zero = typeof field.type === 'string' ? scalarZeros[field.type] : undefined;
  return zero ?? normalizeValue(types, field.type, {}, path, unknown);
}
