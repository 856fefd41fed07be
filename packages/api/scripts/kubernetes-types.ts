/** OpenAPI definitions → TypeScript: readonly interfaces of Kubernetes' types, in the form in which they travel as JSON. */
import { closure, referenceOf } from './openapi.ts';
import type { Definitions, GroupVersionKind, OpenApiSchema } from './openapi.ts';

/**
 * Types that are not what their definition says. Quantities arrive as strings from the API server's own kinds, but custom resources may hold
 * numbers; a time is a string in RFC 3339 form; the untyped ones take any JSON.
 */
const special: Readonly<Record<string, string>> = {
  'io.k8s.apimachinery.pkg.api.resource.Quantity': 'string | number',
  'io.k8s.apimachinery.pkg.util.intstr.IntOrString': 'string | number',
  'io.k8s.apimachinery.pkg.apis.meta.v1.Time': 'string',
  'io.k8s.apimachinery.pkg.apis.meta.v1.MicroTime': 'string',
  'io.k8s.apimachinery.pkg.apis.meta.v1.FieldsV1': 'Readonly<Record<string, unknown>>',
  'io.k8s.apimachinery.pkg.runtime.RawExtension': 'Readonly<Record<string, unknown>>',
  'io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSON': 'unknown',
  'io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaPropsOrArray': 'JSONSchemaProps | readonly JSONSchemaProps[]',
  'io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaPropsOrBool': 'JSONSchemaProps | boolean',
  'io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaPropsOrStringArray': 'JSONSchemaProps | readonly string[]',
};

/** Fields whose few values only their description names (meta/v1 of apimachinery 0.34). */
const narrower: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  'io.k8s.apimachinery.pkg.apis.meta.v1.ManagedFieldsEntry': { operation: "'Apply' | 'Update'" },
  'io.k8s.apimachinery.pkg.apis.meta.v1.Condition': { status: "'True' | 'False' | 'Unknown'" },
  'io.k8s.apimachinery.pkg.apis.meta.v1.Status': { status: "'Success' | 'Failure'" },
};

const objectMeta = 'io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta';

/** The text of `generated.types.ts`. */
export function typesModule(definitions: Definitions, roots: readonly string[]): string {
  const names = closure(definitions, roots).toSorted();
  const nameOf = shortNames(names);
  const interfaces = names.map((name) => typeOf(name, definitions[name] ?? {}, nameOf));
  const kinds = names.filter((name) => ownKind(name, definitions[name] ?? {}) !== undefined && hasObjectMeta(definitions[name] ?? {}));
  return [
    "// Made by scripts/generate-kubernetes.ts from a Kubernetes API server's OpenAPI: do not edit.",
    '',
    '/** Metadata of an object that exists or is to be created: it has a name. */',
    'export interface NamedObjectMeta extends ObjectMeta {',
    '  readonly name: string;',
    '}',
    '',
    '/** Every kind of object in this file. */',
    `export type KubernetesKind =\n${kinds.map((name) => `  | ${nameOf(name)}`).join('\n')};`,
    '',
    ...interfaces,
  ].join('\n');
}

/** Two groups may use one name (Event): the core group keeps it, the other puts its group before it. */
function shortNames(names: readonly string[]): (name: string) => string {
  const last = (name: string): string => name.slice(name.lastIndexOf('.') + 1);
  const taken = new Map<string, string>();
  for (const name of names) {
    const short = last(name);
    if (!taken.has(short) || name.includes('.core.')) taken.set(short, name);
  }
  return (name) => {
    if (taken.get(last(name)) === name) return last(name);
    const group = name.split('.').at(-3) ?? '';
    return `${group.charAt(0).toUpperCase()}${group.slice(1)}${last(name)}`;
  };
}

function typeOf(name: string, definition: OpenApiSchema, nameOf: (name: string) => string): string {
  const direct = special[name];
  if (direct !== undefined) return `export type ${nameOf(name)} = ${direct};\n`;
  if (definition.properties === undefined) return `export type ${nameOf(name)} = ${expression(definition, nameOf)};\n`;
  const kind = definition['x-kubernetes-group-version-kind'];
  // Types that every group shares (Status, DeleteOptions) name many kinds; those have no apiVersion of their own but v1.
  const own = kind?.find(
    (candidate) => name.endsWith(`.${candidate.version}.${candidate.kind}`) && (kind.length === 1 || candidate.group === ''),
  );
  const required = new Set(definition.required);
  const fields = Object.entries(definition.properties).map(([field, schema]) => {
    if (own !== undefined && field === 'apiVersion') {
      return `  readonly apiVersion: '${own.group === '' ? '' : `${own.group}/`}${own.version}';`;
    }
    if (own !== undefined && field === 'kind') return `  readonly kind: '${own.kind}';`;
    if (own !== undefined && field === 'metadata' && referenceOf(schema) === objectMeta) return '  readonly metadata: NamedObjectMeta;';
    return `  readonly ${property(field)}${required.has(field) ? '' : '?'}: ${narrower[name]?.[field] ?? expression(schema, nameOf)};`;
  });
  return [`export interface ${nameOf(name)} {`, ...fields, '}', ''].join('\n');
}

function ownKind(name: string, definition: OpenApiSchema): GroupVersionKind | undefined {
  const kinds = definition['x-kubernetes-group-version-kind'] ?? [];
  // Types that every group shares (Status, DeleteOptions) name many kinds; those have no apiVersion of their own but v1.
  return kinds.find((kind) => name.endsWith(`.${kind.version}.${kind.kind}`) && (kinds.length === 1 || kind.group === ''));
}

function hasObjectMeta(definition: OpenApiSchema): boolean {
  const metadata = definition.properties?.['metadata'];
  return metadata !== undefined && referenceOf(metadata) === objectMeta;
}

function property(name: string): string {
  return /^[A-Za-z_][A-Za-z0-9_]*$/.test(name) ? name : `'${name}'`;
}

function expression(schema: OpenApiSchema, nameOf: (name: string) => string): string {
  const target = referenceOf(schema);
  if (target !== undefined) return nameOf(target);
  if (schema.enum !== undefined) return schema.enum.map((value) => `'${value}'`).join(' | ');
  switch (schema.type) {
    case 'array':
      return `readonly ${grouped(expression(schema.items ?? {}, nameOf))}[]`;
    case 'object':
      return `Readonly<Record<string, ${schema.additionalProperties === undefined ? 'unknown' : expression(schema.additionalProperties, nameOf)}>>`;
    case 'integer':
    case 'number':
      return 'number';
    case 'string':
    case 'boolean':
      return schema.type;
    case undefined:
    default:
      return 'unknown';
  }
}

function grouped(type: string): string {
  return type.includes(' | ') || type.startsWith('readonly ') ? `(${type})` : type;
}
