/**
 * OpenAPI definitions → structural schemas of the types that the custom resources embed. As small as they can be: no descriptions, and each
 * type is one constant that others refer to, so that it is in memory once.
 */
import { quantityPattern } from '../src/schema/builders.ts';
import type { StructuralSchema } from '../src/schema/structural-schema.ts';
import { closure, referenceOf } from './openapi.ts';
import type { Definitions, OpenApiSchema } from './openapi.ts';

const quantity = 'io.k8s.apimachinery.pkg.api.resource.Quantity';

/** The text of `generated.schemas.ts`. */
export function schemasModule(definitions: Definitions, roots: readonly string[]): string {
  const names = closure(definitions, roots);
  const constants = names.map((name) => {
    const body = source(structural(name, definitions[name] ?? {}));
    return `${roots.includes(name) ? 'export ' : ''}const ${constant(name)}: StructuralSchema = ${body};\n`;
  });
  return [
    "// Made by scripts/generate-kubernetes.ts from a Kubernetes API server's OpenAPI: do not edit.",
    "import type { StructuralSchema } from '../schema/structural-schema.ts';",
    '',
    ...constants,
  ].join('\n');
}

function constant(name: string): string {
  const short = name.slice(name.lastIndexOf('.') + 1);
  return `${short.charAt(0).toLowerCase()}${short.slice(1)}Schema`;
}

/** A structural schema in which a reference stands for the constant of the named type. */
type Draft = { [K in keyof StructuralSchema]: StructuralSchema[K] | Reference | Readonly<Record<string, StructuralSchema | Reference>> };

class Reference {
  readonly name: string;
  constructor(name: string) {
    this.name = name;
  }
}

function structural(name: string, schema: OpenApiSchema): Draft {
  // A user may write a quantity as a number or as text, and the API server refuses what is neither.
  if (name === quantity) return { 'x-kubernetes-int-or-string': true, pattern: quantityPattern };
  return draft(schema);
}

function draft(schema: OpenApiSchema): Draft {
  if (schema.format === 'int-or-string') return { 'x-kubernetes-int-or-string': true };
  const result: Record<string, unknown> = { type: schema.type };
  if (schema.type !== 'object' && schema.format !== undefined) result['format'] = schema.format;
  if (schema.items !== undefined) result['items'] = inner(schema.items);
  if (schema.additionalProperties !== undefined) result['additionalProperties'] = inner(schema.additionalProperties);
  if (schema.properties !== undefined) {
    result['properties'] = Object.fromEntries(
      Object.entries(schema.properties).map(([field, value]) => [field, withDefault(value, schema.required?.includes(field) ?? false)]),
    );
  }
  if (schema.type === 'object' && schema.properties === undefined && schema.additionalProperties === undefined) {
    result['x-kubernetes-preserve-unknown-fields'] = true;
  }
  if (schema.required !== undefined) result['required'] = schema.required;
  for (const key of ['x-kubernetes-list-type', 'x-kubernetes-list-map-keys', 'x-kubernetes-map-type'] as const) {
    if (schema[key] !== undefined) result[key] = schema[key];
  }
  // oxlint-disable-next-line typescript/no-unnecessary-type-assertion -- tsc disagrees
  return result as Draft;
}

function inner(schema: OpenApiSchema): Draft | Reference {
  const target = referenceOf(schema);
  return target === undefined ? draft(schema) : new Reference(target);
}

/**
 * The published default of a required field is Go's zero value, which the server never fills in; that of an object is `{}`, likewise without
 * effect. Only the scalar defaults of optional fields are real (a container port's protocol). Enumerations stay out, so that a value that a
 * newer Kubernetes knows passes.
 */
function withDefault(schema: OpenApiSchema, required: boolean): Draft | Reference {
  const value = inner(schema);
  if (required || schema.default === undefined || typeof schema.default === 'object' || value instanceof Reference) return value;
  return { ...value, default: schema.default } as Draft;
}

function source(value: unknown): string {
  if (value instanceof Reference) return constant(value.name);
  if (Array.isArray(value)) return `[${value.map(source).join(', ')}]`;
  if (typeof value === 'object' && value !== null) {
    const entries = Object.entries(value).filter(([, item]) => item !== undefined);
    return `{ ${entries.map(([key, item]) => `${/^[A-Za-z]\w*$/.test(key) ? key : `'${key}'`}: ${source(item)}`).join(', ')} }`;
  }
  return JSON.stringify(value);
}
