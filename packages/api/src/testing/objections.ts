/**
 * For tests without an API server: what a structural schema has against a value. Fields that it does not know are among it, since kubectl refuses
 * them. Rules in CEL are the API server's alone, and so are formats but those of `formats`.
 */
import type { StructuralSchema } from '../schema/structural-schema.ts';

/** One line for each objection: `.spec.volume.size: is missing`. */
export function objections(schema: StructuralSchema, value: unknown, path = ''): readonly string[] {
  const at = (objection: string): readonly string[] => [`${path === '' ? '.' : path}: ${objection}`];
  if (value === null) return schema.nullable === true ? [] : at('is null');
  if (!hasType(schema, value)) return at(`is no ${schema.type ?? 'integer or string'}`);
  const own = scalar(schema, value).flatMap(at);
  if (Array.isArray(value)) return [...own, ...value.flatMap((item, index) => objections(schema.items ?? {}, item, `${path}[${index}]`))];
  return typeof value === 'object' ? [...own, ...inObject(schema, value, path)] : own;
}

function hasType(schema: StructuralSchema, value: unknown): boolean {
  switch (schema.type) {
    case 'object':
      return typeof value === 'object' && !Array.isArray(value);
    case 'array':
      return Array.isArray(value);
    case 'integer':
      return Number.isInteger(value);
    case 'number':
    case 'string':
    case 'boolean':
      return typeof value === schema.type;
    case undefined:
      return schema['x-kubernetes-int-or-string'] === true ? Number.isInteger(value) || typeof value === 'string' : true;
    default:
      throw new TypeError(`objections: unknown type ${JSON.stringify(schema.type satisfies never)}`);
  }
}

const formats: Readonly<Record<string, (value: unknown) => boolean>> = {
  uuid: (value) => /^[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}$/i.test(String(value)),
  int32: (value) => Math.abs(Number(value)) < 2 ** 31,
};

function scalar(schema: StructuralSchema, value: unknown): readonly string[] {
  const size = typeof value === 'string' || Array.isArray(value) ? value.length : 0;
  const checks: readonly (readonly [broken: boolean, objection: string])[] = [
    [schema.enum?.includes(value as string) === false, `is none of ${JSON.stringify(schema.enum)}`],
    [typeof value === 'string' && !new RegExp(schema.pattern ?? '').test(value), `does not match ${schema.pattern}`],
    [schema.format !== undefined && formats[schema.format]?.(value) === false, `is no ${schema.format}`],
    [typeof value === 'number' && value < (schema.minimum ?? -Infinity), `is below ${schema.minimum}`],
    [typeof value === 'number' && value > (schema.maximum ?? Infinity), `is above ${schema.maximum}`],
    [size < (schema.minLength ?? schema.minItems ?? 0), 'is too short'],
    [size > (schema.maxLength ?? schema.maxItems ?? Infinity), 'is too long'],
  ];
  return checks.filter(([broken]) => broken).map(([, objection]) => objection);
}

function inObject(schema: StructuralSchema, value: object, path: string): readonly string[] {
  // The API server drops a null where none is allowed, before it looks for what is required.
  const entries = Object.entries(value).filter(([name, inner]) => inner !== null || fieldOf(schema, name)?.nullable === true);
  const names = new Set(entries.map(([name]) => name));
  return [
    ...(schema.required ?? []).filter((name) => !names.has(name)).map((name) => `${path}.${name}: is missing`),
    ...entries.flatMap(([name, inner]) => {
      const field = fieldOf(schema, name);
      if (field !== undefined) return objections(field, inner, `${path}.${name}`);
      return schema['x-kubernetes-preserve-unknown-fields'] === true ? [] : [`${path}.${name}: is no field`];
    }),
  ];
}

function fieldOf(schema: StructuralSchema, name: string): StructuralSchema | undefined {
  return schema.properties?.[name] ?? schema.additionalProperties;
}
