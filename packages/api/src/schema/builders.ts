/**
 * The words a schema is written in. Each function takes the description first, then what belongs to the kind, then options; fields are
 * optional unless wrapped in {@link required}.
 *
 * @example
 *   const user = object('One role.', {
 *     name: required(string('Name of the role.', { maxLength: 63 })),
 *     databases: set('Databases it may use.', string('')),
 *   });
 *   type User = Infer<typeof user>; // { readonly name: string; readonly databases?: readonly string[] }
 */
import type { FieldNode, Json, Rule } from './node.ts';
import type { StructuralSchema } from './structural-schema.ts';
import type { Fields, Infer, InferWritten, Presence, ReadFields, Schema, WrittenFields } from './schema.ts';

interface Common {
  readonly default?: Json;
  readonly assumed?: string;
  readonly nullable?: true;
  readonly deprecated?: string;
  readonly rules?: readonly Rule[];
}

type PresenceOf<O> = O extends { readonly default: Json } ? 'defaulted' : 'optional';
type Nullable<T, O> = O extends { readonly nullable: true } ? T | null : T;
type Made<T, O, W = T> = Schema<Nullable<T, O>, Nullable<W, O>, PresenceOf<O>>;
type Choice<O> = O extends { readonly enum: readonly (infer E extends string)[] } ? E : string;

function presenceOf<O extends Common>(options: O): PresenceOf<O> {
  return (options.default === undefined ? 'optional' : 'defaulted') as PresenceOf<O>;
}

interface StringOptions extends Common {
  readonly enum?: readonly string[];
  readonly pattern?: string;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly format?: string;
}

export function string<const O extends StringOptions = StringOptions>(description: string, options?: O): Made<Choice<O>, O> {
  return { node: { kind: 'string', description, ...options }, presence: presenceOf(options ?? ({} as O)) };
}

interface NumberOptions extends Common {
  readonly format?: 'int32' | 'int64';
  readonly minimum?: number;
  readonly maximum?: number;
}

export function integer<const O extends NumberOptions = NumberOptions>(description: string, options?: O): Made<number, O> {
  return { node: { kind: 'integer', description, ...options }, presence: presenceOf(options ?? ({} as O)) };
}

export function boolean<const O extends Common = Common>(description: string, options?: O): Made<boolean, O> {
  return { node: { kind: 'boolean', description, ...options }, presence: presenceOf(options ?? ({} as O)) };
}

interface IntOrStringOptions extends Common {
  readonly pattern?: string;
  readonly maxLength?: number;
}

export function intOrString<const O extends IntOrStringOptions = IntOrStringOptions>(
  description: string,
  options?: O,
): Made<number | string, O> {
  return { node: { kind: 'intOrString', description, ...options }, presence: presenceOf(options ?? ({} as O)) };
}

/** What the API server takes for a resource quantity: the pattern of apimachinery's `resource.Quantity`, as controller-gen writes it. */
export const quantityPattern =
  '^(\\+|-)?(([0-9]+(\\.[0-9]*)?)|(\\.[0-9]+))(([KMGTPE]i)|[numkMGTPE]|([eE](\\+|-)?(([0-9]+(\\.[0-9]*)?)|(\\.[0-9]+))))?$';

/** A Kubernetes quantity: `500m`, `1Gi`, `2`. */
export function quantity<const O extends Common = Common>(description: string, options?: O): Made<number | string, O> {
  return intOrString(description, { pattern: quantityPattern, ...options } as O & { pattern: string });
}

interface ObjectOptions extends Common {
  readonly mapType?: 'atomic';
  readonly preserveUnknownFields?: true;
}

export function object<const F extends Fields, const O extends ObjectOptions = ObjectOptions>(
  description: string,
  fields: F,
  options?: O,
): Made<ReadFields<F>, O, WrittenFields<F>> {
  return {
    node: { kind: 'object', description, fields: fieldNodes(fields), ...options },
    presence: presenceOf(options ?? ({} as O)),
  };
}

interface MapOptions extends Common {
  readonly mapType?: 'atomic' | 'granular';
  readonly minProperties?: number;
  readonly maxProperties?: number;
}

/** An object with arbitrary keys and values of one kind. */
export function map<S extends Schema, const O extends MapOptions = MapOptions>(
  description: string,
  values: S,
  options?: O,
): Made<Readonly<Record<string, Infer<S>>>, O, Readonly<Record<string, InferWritten<S>>>> {
  return { node: { kind: 'map', description, values: values.node, ...options }, presence: presenceOf(options ?? ({} as O)) };
}

interface ListOptions extends Common {
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly maxItemsByVersion?: Readonly<Record<string, number>>;
}

/** A list that server-side apply owns as a whole, and says so. */
export function atomicList<S extends Schema, const O extends ListOptions = ListOptions>(
  description: string,
  items: S,
  options?: O,
): Made<readonly Infer<S>[], O, readonly InferWritten<S>[]> {
  return {
    node: { kind: 'list', description, items: items.node, listType: 'atomic', ...options },
    presence: presenceOf(options ?? ({} as O)),
  };
}

/** A list without a list type: the API server treats it as atomic. */
export function list<S extends Schema, const O extends ListOptions = ListOptions>(
  description: string,
  items: S,
  options?: O,
): Made<readonly Infer<S>[], O, readonly InferWritten<S>[]> {
  return { node: { kind: 'list', description, items: items.node, ...options }, presence: presenceOf(options ?? ({} as O)) };
}

/** A list of unique scalars that several appliers may add to. */
export function set<S extends Schema, const O extends ListOptions = ListOptions>(
  description: string,
  items: S,
  options?: O,
): Made<readonly Infer<S>[], O, readonly InferWritten<S>[]> {
  return {
    node: { kind: 'list', description, items: items.node, listType: 'set', ...options },
    presence: presenceOf(options ?? ({} as O)),
  };
}

/** A list of objects that are told apart by the fields `keys`. */
export function listMap<S extends Schema, const O extends ListOptions = ListOptions>(
  description: string,
  keys: readonly string[],
  items: S,
  options?: O,
): Made<readonly Infer<S>[], O, readonly InferWritten<S>[]> {
  return {
    node: { kind: 'list', description, items: items.node, listType: 'map', mapKeys: keys, ...options },
    presence: presenceOf(options ?? ({} as O)),
  };
}

/** An object of any shape, kept as it is. */
export function freeForm<const O extends Common = Common>(description: string, options?: O): Made<{ readonly [key: string]: Json }, O> {
  return { node: { kind: 'freeForm', description, ...options }, presence: presenceOf(options ?? ({} as O)) };
}

/** Options of {@link embedded}. */
export interface EmbeddedOptions extends Common {
  readonly mapType?: 'atomic';
}

/**
 * A Kubernetes type with its structural schema; `Value` is its TypeScript type. `extra` adds fields of our own beside the type's.
 */
export function embedded<Value>(
  description: string,
  type: string,
  schema: StructuralSchema,
  options?: EmbeddedOptions,
): Schema<Value, Value, 'optional'> {
  return { node: { kind: 'embedded', description, type, schema, ...options }, presence: 'optional' };
}

/** `base` with further fields of our own. */
export function extended<Value, const F extends Fields>(
  base: Schema<Value, Value, 'optional'>,
  fields: F,
): Schema<Value & ReadFields<F>, Value & WrittenFields<F>, 'optional'> {
  if (base.node.kind !== 'embedded') {
    throw new TypeError(`extended: only an embedded type can be extended, not ${base.node.kind}`);
  }
  return { node: { ...base.node, extra: { ...base.node.extra, ...fieldNodes(fields) } }, presence: 'optional' };
}

/** The field must be there. One with a default always is, and needs no such word. */
export function required<Read, Written>(schema: Schema<Read, Written, 'optional'>): Schema<Read, Written, 'required'> {
  return { node: schema.node, presence: 'required' };
}

/** The same schema under another description, for types that several fields share. */
export function described<Read, Written, P extends Presence>(
  schema: Schema<Read, Written, P>,
  description: string,
): Schema<Read, Written, P> {
  return { node: { ...schema.node, description }, presence: schema.presence };
}

/** The same schema with further CEL rules. */
export function ruled<Read, Written, P extends Presence>(
  schema: Schema<Read, Written, P>,
  rules: readonly Rule[],
): Schema<Read, Written, P> {
  return { node: { ...schema.node, rules: [...(schema.node.rules ?? []), ...rules] }, presence: schema.presence };
}

function fieldNodes(fields: Fields): Readonly<Record<string, FieldNode>> {
  return Object.fromEntries(
    Object.entries(fields).map(([name, schema]) => [name, { node: schema.node, required: schema.presence === 'required' }]),
  );
}
