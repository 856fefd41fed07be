/** The types that schemas stand for. Most of these tests are run by the type checker: a wrong type is a compile error. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { boolean, described, freeForm, integer, intOrString, list, listMap, map, object, required, set, string } from './builders.ts';
import type { Json } from './node.ts';
import type { Infer, InferWritten } from './schema.ts';

/** Exact equality: assignable both ways is not enough to tell optional from undefined. */
// oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- the parameter makes the two sides compare exactly
type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;

function sameType<A, B>(...same: Equal<A, B> extends true ? [] : [expected: A, got: B]): void {
  assert.equal(same.length, 0);
}

test('types: a field is optional unless it is required or has a default', () => {
  const schema = object('', { a: string(''), b: required(integer('')), c: boolean('', { default: true }) });
  sameType<Infer<typeof schema>, { readonly a?: string; readonly b: number; readonly c: boolean }>();
});

test('types: who writes may leave out what has a default', () => {
  const schema = object('', { b: required(integer('')), c: boolean('', { default: true }) });
  sameType<InferWritten<typeof schema>, { readonly b: number; readonly c?: boolean }>();
});

test('types: an enumeration is a union of its values', () => {
  const schema = string('', { enum: ['Always', 'Never'] });
  sameType<Infer<typeof schema>, 'Always' | 'Never'>();
});

test('types: an enumeration with a default is both', () => {
  const schema = object('', { type: string('', { enum: ['A', 'B'], default: 'A' }) });
  sameType<Infer<typeof schema>, { readonly type: 'A' | 'B' }>();
});

test('types: null is there only where the schema says so', () => {
  const schema = object('', { plain: string(''), perhaps: string('', { nullable: true }) });
  sameType<Infer<typeof schema>, { readonly plain?: string; readonly perhaps?: string | null }>();
});

test('types: lists, sets and list maps are readonly arrays of what their items are', () => {
  const item = object('', { name: required(string('')), size: integer('', { default: 1 }) });
  const schema = object('', { plain: list('', string('')), set: set('', integer('')), byName: listMap('', ['name'], item) });
  interface Item {
    readonly name: string;
    readonly size: number;
  }
  sameType<
    Infer<typeof schema>,
    {
      readonly plain?: readonly string[];
      readonly set?: readonly number[];
      readonly byName?: readonly { readonly [K in keyof Item]: Item[K] }[];
    }
  >();
});

test('types: maps, integers or strings, and free-form objects', () => {
  const schema = object('', { labels: map('', string('')), port: intOrString(''), anything: freeForm('') });
  sameType<
    Infer<typeof schema>,
    {
      readonly labels?: Readonly<Record<string, string>>;
      readonly port?: string | number;
      readonly anything?: { readonly [key: string]: Json };
    }
  >();
});

test('types: an object with a default is there when read', () => {
  const schema = object('', { inner: object('', { a: string('') }, { default: {} }) });
  sameType<Infer<typeof schema>, { readonly inner: { readonly a?: string } }>();
  sameType<InferWritten<typeof schema>, { readonly inner?: { readonly a?: string } }>();
});

test('types: another description changes nothing', () => {
  const schema = described(required(string('one')), 'two');
  sameType<Infer<typeof schema>, string>();
  assert.equal(schema.presence, 'required');
  assert.equal(schema.node.description, 'two');
});
