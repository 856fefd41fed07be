/** A schema → the structural OpenAPI v3 schema of one API version. */
import { assertStructural } from './check.ts';
import type { FieldNode, NodeCommon, SchemaNode } from './node.ts';
import type { Schema } from './schema.ts';
import type { StructuralSchema, ValidationRule } from './structural-schema.ts';

/**
 * The structural schema of `schema` in API version `version` (`v1beta1`): rules and bounds of other versions are left out.
 * @throws NotStructuralError when the result holds what a CRD must not.
 */
export function toStructural(schema: Schema, version: string): StructuralSchema {
  const result = uncheckedStructural(schema, version);
  assertStructural(result);
  return result;
}

/** As `toStructural`, for schemas that a test has checked: the check of a whole CRD takes 6 MB of memory, which the operator need not pay. */
export function uncheckedStructural(schema: Schema, version: string): StructuralSchema {
  return emit(schema.node, version);
}

function emit(node: SchemaNode, version: string): StructuralSchema {
  return withoutUndefined({ ...common(node, version), ...specific(node, version) });
}

function common(node: NodeCommon, version: string): StructuralSchema {
  const rules = (node.rules ?? []).filter((rule) => rule.versions?.includes(version) ?? true);
  return {
    ...(node.description === '' && node.deprecated === undefined ? {} : { description: descriptionOf(node) }),
    ...(node.default === undefined ? {} : { default: node.default }),
    ...(node.nullable === true ? { nullable: true } : {}),
    ...(rules.length === 0 ? {} : { 'x-kubernetes-validations': rules.map(toValidation) }),
  };
}

function toValidation({ rule, message, fieldPath, reason }: ValidationRule): ValidationRule {
  return { rule, message, ...(fieldPath === undefined ? {} : { fieldPath }), ...(reason === undefined ? {} : { reason }) };
}

/** The description as users see it, with the reason not to use the field any more before it. */
export function descriptionOf(node: NodeCommon): string {
  return node.deprecated === undefined ? node.description : `Deprecated: ${node.deprecated} ${node.description}`.trim();
}

function specific(node: SchemaNode, version: string): Loose {
  switch (node.kind) {
    case 'string': {
      const { enum: values, nullable, pattern, minLength, maxLength, format } = node;
      // Null has to be one of the values where null is allowed.
      return {
        type: 'string',
        enum: values !== undefined && nullable === true ? [...values, null] : values,
        pattern,
        minLength,
        maxLength,
        format,
      };
    }
    case 'integer': {
      const { format, minimum, maximum } = node;
      return { type: 'integer', format, minimum, maximum };
    }
    case 'boolean':
      return { type: 'boolean' };
    case 'intOrString':
      return { 'x-kubernetes-int-or-string': true, pattern: node.pattern, maxLength: node.maxLength };
    case 'freeForm':
      return { type: 'object', 'x-kubernetes-preserve-unknown-fields': true };
    case 'object':
      return {
        type: 'object',
        ...fields(node.fields, version),
        'x-kubernetes-map-type': node.mapType,
        'x-kubernetes-preserve-unknown-fields': node.preserveUnknownFields === true ? true : undefined,
      };
    case 'map':
      return {
        type: 'object',
        additionalProperties: emit(node.values, version),
        'x-kubernetes-map-type': node.mapType,
        minProperties: node.minProperties,
        maxProperties: node.maxProperties,
      };
    case 'list':
      return {
        type: 'array',
        items: emit(node.items, version),
        'x-kubernetes-list-type': node.listType,
        'x-kubernetes-list-map-keys': node.mapKeys,
        minItems: node.minItems,
        maxItems: node.maxItemsByVersion?.[version] ?? node.maxItems,
      };
    case 'embedded':
      return {
        ...node.schema,
        'x-kubernetes-map-type': node.mapType ?? node.schema['x-kubernetes-map-type'],
        ...(node.extra === undefined ? {} : { properties: { ...node.schema.properties, ...fields(node.extra, version).properties } }),
      };
    default:
      throw new TypeError(`toStructural: unknown kind ${JSON.stringify(node satisfies never)}`);
  }
}

function fields(nodes: Readonly<Record<string, FieldNode>>, version: string): Pick<StructuralSchema, 'properties' | 'required'> {
  const entries = Object.entries(nodes);
  const required = entries.filter(([, field]) => field.required).map(([name]) => name);
  return {
    properties: Object.fromEntries(entries.map(([name, field]) => [name, emit(field.node, version)])),
    ...(required.length === 0 ? {} : { required }),
  };
}

type Loose = { readonly [K in keyof StructuralSchema]: StructuralSchema[K] | undefined };

function withoutUndefined(schema: Loose): StructuralSchema {
  return Object.fromEntries(Object.entries(schema).filter(([, value]) => value !== undefined)) as StructuralSchema;
}
