/** For tests: for every check that a schema makes of a single field, a value that it has to refuse. */
import type { FieldPath } from '../schema/paths.ts';
import type { ListNode, SchemaNode } from '../schema/node.ts';
import { firstPlace, valueAt } from './objects.ts';
import type { Place } from './objects.ts';

export interface Violation {
  /** `spec.port: below the minimum` */
  readonly name: string;
  readonly place: Place;
  /** undefined: the field is taken away. */
  readonly value: unknown;
  /** Where the API server has to see the error. */
  readonly blamed: Place;
  /** What it says of it. */
  readonly message: RegExp;
}

/** Breaks every pattern: it holds a space, a capital, a semicolon and a control character. */
const outlandish = 'A b;\u0007!';

/**
 * Violations of the checks of `fields` in `version`, starting from `valid`, an object that sets all of them.
 */
export function violations(fields: readonly FieldPath[], valid: unknown, version: string): readonly Violation[] {
  return fields.flatMap((field) => {
    const place = firstPlace(valid, field.path);
    if (place === undefined) return [];
    const absent: readonly Broken[] = field.required ? [{ what: 'absent', value: undefined, message: /Required value/ }] : [];
    return [...absent, ...broken(field.node, valueAt(valid, place), version)].map(({ what, value, below, message }) => ({
      name: `${field.path}: ${what}`,
      place,
      value,
      blamed: [...place, ...(below ?? [])],
      message,
    }));
  });
}

interface Broken {
  readonly what: string;
  readonly value: unknown;
  readonly below?: Place;
  readonly message: RegExp;
}

function broken(node: SchemaNode, valid: unknown, version: string): readonly Broken[] {
  switch (node.kind) {
    case 'string':
      return [
        { what: 'no string', value: 1, message: new RegExp(`must be of type ${node.format ?? 'string'}`) },
        ...(node.format === undefined
          ? []
          : [{ what: 'against the format', value: outlandish, message: new RegExp(`must be of type ${node.format}`) }]),
        ...(node.enum === undefined
          ? []
          : [{ what: 'none of the enumeration', value: 'Nonsense', message: /Unsupported value: "Nonsense"/ }]),
        ...(node.pattern === undefined ? [] : [{ what: 'against the pattern', value: outlandish, message: /should match/ }]),
        ...(node.minLength === undefined
          ? []
          : [{ what: 'too short', value: 'x'.repeat(node.minLength - 1), message: /should be at least/ }]),
        ...(node.maxLength === undefined ? [] : [{ what: 'too long', value: 'x'.repeat(node.maxLength + 1), message: /Too long/ }]),
      ];
    case 'integer':
      return [
        { what: 'no number', value: 'one', message: /must be of type integer/ },
        ...(node.minimum === undefined
          ? []
          : [{ what: 'below the minimum', value: node.minimum - 1, message: /should be greater than or equal to/ }]),
        ...(node.maximum === undefined
          ? []
          : [{ what: 'above the maximum', value: node.maximum + 1, message: /should be less than or equal to/ }]),
      ];
    case 'boolean':
      return [{ what: 'no boolean', value: 'yes', message: /must be of type boolean/ }];
    case 'intOrString':
      return [
        { what: 'neither integer nor string', value: true, message: /must be of type integer,string/ },
        ...(node.pattern === undefined ? [] : [{ what: 'against the pattern', value: outlandish, message: /should match/ }]),
      ];
    case 'object':
    case 'freeForm':
    case 'embedded':
      return [{ what: 'no object', value: 'text', message: /must be of type object/ }];
    case 'map':
      return [
        { what: 'no object', value: 'text', message: /must be of type object/ },
        ...(node.minProperties === undefined ? [] : [{ what: 'too few keys', value: {}, message: /should have at least/ }]),
        ...(node.maxProperties === undefined
          ? []
          : [{ what: 'too many keys', value: keys(node.maxProperties + 1, sample(node.values)), message: /Too many/ }]),
      ];
    case 'list':
      return brokenList(node, valid, version);
    default:
      throw new TypeError(`violations: unknown kind ${JSON.stringify(node satisfies never)}`);
  }
}

function brokenList(node: ListNode, valid: unknown, version: string): readonly Broken[] {
  const first: unknown = Array.isArray(valid) ? valid[0] : undefined;
  const most = node.maxItemsByVersion?.[version] ?? node.maxItems;
  const own: readonly Broken[] = [
    { what: 'no list', value: 'text', message: /must be of type array/ },
    ...(node.minItems === undefined ? [] : [{ what: 'too few items', value: [], message: /should have at least/ }]),
    ...(most === undefined ? [] : [{ what: 'too many items', value: distinct(first, most + 1), message: /Too many/ }]),
    ...(node.listType === 'set' || node.listType === 'map'
      ? [{ what: 'an item twice', value: [first, first], below: [1], message: /Duplicate value/ }]
      : []),
  ];
  if (node.items.kind === 'object') return own;
  const ofItems = broken(node.items, first, version).map(({ what, value, below, message }) => ({
    what: `an item ${what}`,
    value: [value],
    below: [0, ...(below ?? [])],
    message,
  }));
  return [...own, ...ofItems];
}

/** Items that differ in their name, so that nothing but their number is wrong. */
function distinct(item: unknown, count: number): readonly unknown[] {
  return Array.from({ length: count }, (_, index) => (typeof item === 'object' ? { ...item, name: `n${index}` } : `n${index}`));
}

function keys(count: number, value: unknown): Readonly<Record<string, unknown>> {
  return Object.fromEntries(Array.from({ length: count }, (_, index) => [`key${index}`, value]));
}

function sample(node: SchemaNode): unknown {
  return node.kind === 'boolean' ? true : 'text';
}
