/**
 * What a schema is made of: a tree of plain data, from which everything else is derived (the structural OpenAPI v3 schema of a CRD, the
 * TypeScript types, the reference documentation, the list of field paths). Built by the functions in `builders.ts`.
 */
import type { StructuralSchema } from './structural-schema.ts';

/** A JSON value, as defaults and enumerations hold it. */
export type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json };

/**
 * One CEL rule (`x-kubernetes-validations`). `message` is shown by the API server when `rule` is false; `fieldPath` is the relative path of the
 * field to blame (`.name`) when it is not the one that carries the rule.
 */
export interface Rule {
  readonly rule: string;
  readonly message: string;
  readonly fieldPath?: string;
  readonly reason?: 'FieldValueInvalid' | 'FieldValueForbidden' | 'FieldValueRequired' | 'FieldValueDuplicate';
  /** API versions the rule holds in; absent: all. */
  readonly versions?: readonly string[];
}

/** What every node may carry. */
export interface NodeCommon {
  /** Meaning for the user; one or more sentences. Empty for nodes that a field describes already. */
  readonly description: string;
  /** Written into the object by the API server when the field is absent. */
  readonly default?: Json;
  /** What the operator takes when the field is absent, without writing it into the object. For documentation only. */
  readonly assumed?: string;
  /** True when null is a value of its own. Without it the API server drops nulls. */
  readonly nullable?: boolean;
  /** Why not to use the field any more, and what to use instead. */
  readonly deprecated?: string;
  readonly rules?: readonly Rule[];
}

interface StringNode extends NodeCommon {
  readonly kind: 'string';
  readonly enum?: readonly string[];
  readonly pattern?: string;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly format?: string;
}

interface IntegerNode extends NodeCommon {
  readonly kind: 'integer';
  readonly format?: 'int32' | 'int64';
  readonly minimum?: number;
  readonly maximum?: number;
}

interface BooleanNode extends NodeCommon {
  readonly kind: 'boolean';
}

/** A value that is an integer or a string: quantities, ports, percentages, PostgreSQL parameters. `pattern` holds for the string form. */
interface IntOrStringNode extends NodeCommon {
  readonly kind: 'intOrString';
  readonly pattern?: string;
  readonly maxLength?: number;
}

interface ObjectNode extends NodeCommon {
  readonly kind: 'object';
  readonly fields: Readonly<Record<string, FieldNode>>;
  /** `atomic`: server-side apply owns the object as a whole. */
  readonly mapType?: 'atomic';
  /** Keep fields that the schema does not name. */
  readonly preserveUnknownFields?: boolean;
}

export interface FieldNode {
  readonly node: SchemaNode;
  readonly required: boolean;
}

interface MapNode extends NodeCommon {
  readonly kind: 'map';
  readonly values: SchemaNode;
  readonly mapType?: 'atomic' | 'granular';
  readonly minProperties?: number;
  readonly maxProperties?: number;
}

export interface ListNode extends NodeCommon {
  readonly kind: 'list';
  readonly items: SchemaNode;
  /** Absent: the API server treats the list as atomic. */
  readonly listType?: 'atomic' | 'set' | 'map';
  readonly mapKeys?: readonly string[];
  readonly minItems?: number;
  readonly maxItems?: number;
  /** A bound that only some API versions have. */
  readonly maxItemsByVersion?: Readonly<Record<string, number>>;
}

/** An object of any shape. */
interface FreeFormNode extends NodeCommon {
  readonly kind: 'freeForm';
}

/** A Kubernetes type, by its name in the API server's OpenAPI. Its schema carries no descriptions. */
interface EmbeddedNode extends NodeCommon {
  readonly kind: 'embedded';
  readonly type: string;
  readonly schema: StructuralSchema;
  /** Fields beside those of the embedded type. */
  readonly extra?: Readonly<Record<string, FieldNode>>;
  readonly mapType?: 'atomic';
}

export type SchemaNode =
  StringNode | IntegerNode | BooleanNode | IntOrStringNode | ObjectNode | MapNode | ListNode | FreeFormNode | EmbeddedNode;
