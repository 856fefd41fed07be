/**
 * What a CustomResourceDefinition's schema must never hold. The API server reports some of it as condition NonStructuralSchema, refuses some,
 * and drops some without a word; here all of it is an error at build time, with the place.
 */
import type { StructuralSchema } from './structural-schema.ts';

/** A schema that no API server should be given. `problems` holds one line for each place, path first. */
export class NotStructuralError extends Error {
  readonly code = 'NotStructural';
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(`the schema cannot be part of a CustomResourceDefinition:\n  ${problems.join('\n  ')}`);
    this.name = 'NotStructuralError';
    this.problems = problems;
  }
}

/** @throws NotStructuralError */
export function assertStructural(schema: StructuralSchema): void {
  const problems = structuralProblems(schema);
  if (problems.length > 0) throw new NotStructuralError(problems);
}

const keywords: ReadonlySet<string> = new Set([
  'type',
  'description',
  'default',
  'nullable',
  'format',
  'enum',
  'pattern',
  'minLength',
  'maxLength',
  'minimum',
  'maximum',
  'minItems',
  'maxItems',
  'minProperties',
  'maxProperties',
  'required',
  'properties',
  'items',
  'additionalProperties',
  'anyOf',
  'x-kubernetes-int-or-string',
  'x-kubernetes-preserve-unknown-fields',
  'x-kubernetes-list-type',
  'x-kubernetes-list-map-keys',
  'x-kubernetes-map-type',
  'x-kubernetes-validations',
]);

const scalars: ReadonlySet<string> = new Set(['string', 'integer', 'number', 'boolean']);

/** All that is wrong with `schema`, one line each: `.spec.users[]: …`. */
export function structuralProblems(schema: StructuralSchema, path = ''): readonly string[] {
  const at = (problem: string): string => `${path === '' ? '.' : path}: ${problem}`;
  const problems = own(schema).map(at);
  if (schema.properties !== undefined) {
    for (const [name, child] of Object.entries(schema.properties)) problems.push(...structuralProblems(child, `${path}.${name}`));
  }
  if (schema.items !== undefined) problems.push(...structuralProblems(schema.items, `${path}[]`));
  if (schema.additionalProperties !== undefined) problems.push(...structuralProblems(schema.additionalProperties, `${path}.*`));
  return problems;
}

function own(schema: StructuralSchema): string[] {
  return [...shape(schema), ...listRules(schema), ...valueRules(schema), ...celRules(schema)];
}

function shape(schema: StructuralSchema): string[] {
  const problems = Object.keys(schema)
    .filter((key) => !keywords.has(key))
    .map((key) => `${key} is not part of a structural schema`);
  const intOrString = schema['x-kubernetes-int-or-string'] === true;
  if (schema.type === undefined && !intOrString) problems.push('has no type');
  if (Array.isArray(schema.type)) problems.push('has several types: use nullable, or int-or-string');
  if (intOrString && schema.type !== undefined) problems.push('int-or-string excludes type');
  if (schema.anyOf !== undefined && !anyOfIsRequiredOnly(schema)) {
    problems.push('anyOf may only say which fields are required; types and fields belong to the parent');
  }
  if (schema.type === 'array' && schema.items === undefined) problems.push('array without items');
  if (schema.type !== 'array' && schema.items !== undefined) problems.push('items on what is no array');
  if (schema.type !== 'object' && (schema.properties ?? schema.additionalProperties) !== undefined) {
    problems.push('fields on what is no object');
  }
  if (schema.properties !== undefined && schema.additionalProperties !== undefined) {
    problems.push('properties and additionalProperties exclude each other');
  }
  if (typeof schema.additionalProperties === 'boolean') problems.push('additionalProperties has to be a schema');
  for (const name of schema.required ?? []) {
    if (schema.properties?.[name] === undefined) problems.push(`requires ${name}, which it does not have`);
  }
  return problems;
}

function anyOfIsRequiredOnly(schema: StructuralSchema): boolean {
  return (schema.anyOf ?? []).every(
    (branch) =>
      Object.keys(branch).every((key) => key === 'required') &&
      (branch.required ?? []).every((name) => schema.properties?.[name] !== undefined),
  );
}

function listRules(schema: StructuralSchema): string[] {
  const problems: string[] = [];
  const listType = schema['x-kubernetes-list-type'];
  const keys = schema['x-kubernetes-list-map-keys'];
  if (listType !== undefined && schema.type !== 'array') problems.push('a list type on what is no array');
  if (schema['x-kubernetes-map-type'] !== undefined && schema.type !== 'object') problems.push('a map type on what is no object');
  if (listType === 'map') {
    if (keys === undefined || keys.length === 0) problems.push('a list of type map has no keys');
    for (const key of keys ?? []) {
      const field = schema.items?.properties?.[key];
      if (field === undefined) problems.push(`key ${key} is no field of the items`);
      else if (!scalars.has(field.type ?? '')) problems.push(`key ${key} is no scalar`);
      // An absent key would make two items one, so the API server demands one of the two.
      else if (schema.items?.required?.includes(key) !== true && field.default === undefined) {
        problems.push(`key ${key} is neither required nor defaulted`);
      }
      if (field?.nullable === true) problems.push(`key ${key} is nullable`);
    }
    if (schema.items?.nullable === true) problems.push('items of a list of type map are nullable');
  } else if (keys !== undefined) problems.push('keys on a list that is no map');
  if (listType === 'set' && !setItems(schema.items)) problems.push('items of a set are neither scalar nor atomic');
  return problems;
}

function setItems(items: StructuralSchema | undefined): boolean {
  if (items === undefined || items.nullable === true) return false;
  if (scalars.has(items.type ?? '')) return true;
  return items['x-kubernetes-map-type'] === 'atomic' || items['x-kubernetes-list-type'] === 'atomic';
}

function valueRules(schema: StructuralSchema): string[] {
  const problems: string[] = [];
  if (schema.default === null && schema.nullable !== true) problems.push('the default null is dropped, since null is not allowed');
  if (schema.enum !== undefined) {
    if (schema.enum.length === 0) problems.push('an empty enumeration');
    if (schema.default !== undefined && !schema.enum.includes(schema.default)) problems.push('the default is none of the enumeration');
    if (schema.nullable === true && !schema.enum.includes(null)) problems.push('nullable, but null is none of the enumeration');
  }
  if (schema.pattern !== undefined) {
    // Go's regular expressions (RE2) know neither look-around nor back references.
    if (/\(\?[=!<]/.test(schema.pattern) || /\\[1-9]/.test(schema.pattern)) problems.push('the pattern is none of RE2');
    if (typeof schema.default === 'string' && isOwnRegExp(schema.pattern) && !new RegExp(schema.pattern, 'u').test(schema.default)) {
      problems.push('the default does not match the pattern');
    }
  }
  if ((schema.minimum ?? -Infinity) > (schema.maximum ?? Infinity)) problems.push('minimum is above maximum');
  if ((schema.minLength ?? 0) > (schema.maxLength ?? Infinity)) problems.push('minLength is above maxLength');
  if ((schema.minItems ?? 0) > (schema.maxItems ?? Infinity)) problems.push('minItems is above maxItems');
  if ((schema.minProperties ?? 0) > (schema.maxProperties ?? Infinity)) problems.push('minProperties is above maxProperties');
  if (
    typeof schema.default === 'number' &&
    (schema.default < (schema.minimum ?? -Infinity) || schema.default > (schema.maximum ?? Infinity))
  ) {
    problems.push('the default is out of bounds');
  }
  return problems;
}

/** Go's POSIX classes ([[:print:]]) mean something else in JavaScript. */
function isOwnRegExp(pattern: string): boolean {
  return !pattern.includes('[[:') && !/\\p[A-Z]/.test(pattern);
}

function celRules(schema: StructuralSchema): string[] {
  return (schema['x-kubernetes-validations'] ?? []).flatMap((rule) => [
    ...(rule.message.trim() === '' ? [`rule ${rule.rule} has no message`] : []),
    ...(rule.message.includes('\n') ? [`message of rule ${rule.rule} has a line break`] : []),
    ...(rule.fieldPath !== undefined && !rule.fieldPath.startsWith('.') && !rule.fieldPath.startsWith('[')
      ? [`fieldPath ${rule.fieldPath} does not begin with a dot`]
      : []),
  ]);
}
