/** A schema and the TypeScript types it stands for. The types live in the type system only: at run time a schema is its node. */
import type { SchemaNode } from './node.ts';

declare const readType: unique symbol;
declare const writtenType: unique symbol;

/**
 * How a field behaves when it is absent: `optional` stays absent, `defaulted` is filled in by the API server, `required` is refused.
 */
export type Presence = 'optional' | 'defaulted' | 'required';

/**
 * `Read` is the value as the API server gives it (defaults filled in), `Written` the value as a user may write it.
 */
export interface Schema<Read = unknown, Written = unknown, P extends Presence = Presence> {
  readonly node: SchemaNode;
  readonly presence: P;
  /** Type only: never set. */
  readonly [readType]?: Read;
  /** Type only: never set. */
  readonly [writtenType]?: Written;
}

export type Fields = Readonly<Record<string, Schema>>;

/** The type of a value as the API server gives it. */
export type Infer<S extends Schema> = S extends Schema<infer Read> ? Read : never;

/** The type of a value as a user may write it: fields with a default are optional. */
export type InferWritten<S extends Schema> = S extends Schema<unknown, infer Written> ? Written : never;

type Absentable<F extends Fields, P extends Presence> = { [K in keyof F]: F[K]['presence'] extends P ? K : never }[keyof F];
type Flat<T> = { readonly [K in keyof T]: T[K] };

export type ReadFields<F extends Fields> = Flat<
  { readonly [K in Exclude<keyof F, Absentable<F, 'optional'>>]: Infer<F[K]> } & {
    readonly [K in Absentable<F, 'optional'>]?: Infer<F[K]>;
  }
>;

export type WrittenFields<F extends Fields> = Flat<
  { readonly [K in Absentable<F, 'required'>]: InferWritten<F[K]> } & {
    readonly [K in Exclude<keyof F, Absentable<F, 'required'>>]?: InferWritten<F[K]>;
  }
>;
