/**
 * Typed access to a manifest that may hold anything. What is absent (or null) is undefined; what has the wrong type is undefined too, and a
 * finding names its path. The API server's schema lets nothing of the kind through today, but an object may be older than its schema.
 */
import type { Finding } from '../../model/cluster.ts';

/** One place in the manifest, with the list that collects what is wrong in it. */
export interface Field {
  readonly path: string;
  readonly value: unknown;
  readonly findings: Finding[];
}

export type JsonObject = Readonly<Record<string, unknown>>;

export const isObject = (value: unknown): value is JsonObject => typeof value === 'object' && value !== null && !Array.isArray(value);

interface Report {
  readonly kind: Finding['kind'];
  readonly reason: string;
  readonly message: string;
  readonly blocking?: boolean;
}

/** Notes something about this place. The message says what was asked, what is in the way and what to do; the path is put before it. */
export const report = (field: Field, { kind, reason, message, blocking = false }: Report): void => {
  field.findings.push({ kind, path: field.path, reason, message: `${field.path}: ${message}`, blocking });
};

/** A value as it may stand in a message: short, on one line. What is inside of objects and lists stays there, it may be secret. */
export const shown = (value: unknown): string => {
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object' && value !== null) return 'an object';
  const text = JSON.stringify(value) ?? 'nothing';
  return text.length > 60 ? `${text.slice(0, 57)}...` : text;
};

const mismatch = (field: Field, expected: string): undefined => {
  report(field, {
    kind: 'invalid',
    reason: 'InvalidValue',
    message: `${shown(field.value)} is not ${expected}, so it is ignored; correct or remove it`,
  });
  return undefined;
};

const isAbsent = (field: Field): boolean => field.value === undefined || field.value === null;

export const isPresent = (field: Field): boolean => !isAbsent(field);

/** Path of a member: dotted, in brackets and quotes where its name holds more than letters, digits, `_` and `-`. */
const memberPath = (path: string, name: string): string => (/^[\w-]+$/.test(name) ? `${path}.${name}` : `${path}[${JSON.stringify(name)}]`);

/** The field `name` below `parent`; absent when the parent is no object. Names may be given as a dotted path. */
export const at = (parent: Field, ...names: readonly string[]): Field =>
  names.reduce<Field>(
    (field, name) => ({
      path: memberPath(field.path, name),
      value: isObject(field.value) && Object.hasOwn(field.value, name) ? field.value[name] : undefined,
      findings: field.findings,
    }),
    parent,
  );

export const objectOf = (field: Field): JsonObject | undefined => {
  if (isAbsent(field)) return undefined;
  return isObject(field.value) ? field.value : mismatch(field, 'an object');
};

/** An object of Kubernetes' own that is handed on as it is: its type is the caller's word, its shape the API server checked. */
// oxlint-disable-next-line typescript/no-unnecessary-type-parameters
export const embedded = <Type extends object>(field: Field): Type | undefined => objectOf(field) as Type | undefined;

export const itemsOf = (field: Field): readonly Field[] => {
  if (isAbsent(field)) return [];
  if (!Array.isArray(field.value)) {
    mismatch(field, 'a list');
    return [];
  }
  return field.value.map((value: unknown, index) => ({ path: `${field.path}[${index}]`, value, findings: field.findings }));
};

/** Objects of Kubernetes' own in a list; what is no object is reported and left out. */
// oxlint-disable-next-line typescript/no-unnecessary-type-parameters
export const embeddedItems = <Type extends object>(field: Field): readonly Type[] =>
  itemsOf(field)
    .map((item) => embedded<Type>(item))
    .filter((item) => item !== undefined);

/** The members of a map, in the order of the manifest. Null members are absent. */
export const membersOf = (field: Field): readonly { readonly name: string; readonly field: Field }[] =>
  Object.entries(objectOf(field) ?? {})
    .map(([name, value]) => ({ name, field: { path: memberPath(field.path, name), value, findings: field.findings } }))
    .filter((member) => isPresent(member.field));

export const textOf = (field: Field): string | undefined => {
  if (isAbsent(field)) return undefined;
  return typeof field.value === 'string' ? field.value : mismatch(field, 'text');
};

export const integerOf = (field: Field, minimum = Number.MIN_SAFE_INTEGER, maximum = Number.MAX_SAFE_INTEGER): number | undefined => {
  if (isAbsent(field)) return undefined;
  if (typeof field.value !== 'number' || !Number.isSafeInteger(field.value)) return mismatch(field, 'a whole number');
  return field.value < minimum || field.value > maximum
    ? mismatch(field, `a whole number from ${minimum}${maximum === Number.MAX_SAFE_INTEGER ? '' : ` to ${maximum}`}`)
    : field.value;
};

export const booleanOf = (field: Field): boolean | undefined => {
  if (isAbsent(field)) return undefined;
  return typeof field.value === 'boolean' ? field.value : mismatch(field, 'true or false');
};

/** One of a few words. */
export const choiceOf = <const Word extends string>(field: Field, words: readonly Word[]): Word | undefined => {
  if (isAbsent(field)) return undefined;
  return words.find((word) => word === field.value) ?? mismatch(field, `one of ${words.join(', ')}`);
};

/** A map of text to text. Numbers count as text, since YAML makes them of unquoted values. */
export const textsOf = (field: Field): Readonly<Record<string, string>> =>
  Object.fromEntries(
    membersOf(field)
      .map(({ name, field: member }) => [name, typeof member.value === 'number' ? String(member.value) : textOf(member)] as const)
      .filter((member): member is readonly [string, string] => member[1] !== undefined),
  );

export const textItemsOf = (field: Field): readonly string[] =>
  itemsOf(field)
    .map((item) => textOf(item))
    .filter((item) => item !== undefined);
