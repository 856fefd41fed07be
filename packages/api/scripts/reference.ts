/** A custom resource's schema → its reference page: a table of every field for each section, and the rules that go beyond one field. */
import type { CustomResource } from '../src/crd.ts';
import type { FieldNode, Rule, SchemaNode } from '../src/schema/node.ts';
import { allPaths } from '../src/schema/paths.ts';
import type { FieldPath } from '../src/schema/paths.ts';
import { descriptionOf } from '../src/schema/structural.ts';

/** Markdown. `intro` comes after the heading. */
export function referencePage(resource: CustomResource, intro: string): string {
  const root = resource.schema.node;
  if (root.kind !== 'object') throw new TypeError('reference: a custom resource has to be an object with spec and status');
  const paths = allPaths(resource.schema);
  const versions = resource.versions.map(({ name, storage }) => `\`${resource.group}/${name}\`${storage ? ' (stored)' : ''}`).join(', ');
  return [
    `# ${resource.names.kind}`,
    '',
    '<!-- Made by packages/api/scripts/generate.ts: do not edit. -->',
    '',
    intro,
    '',
    resource.versions.length === 1
      ? `API version: ${versions}.`
      : `API versions: ${versions}. Objects are the same in all of them; rules marked with a version hold in that version only.`,
    '',
    ...Object.entries(root.fields).flatMap(([name, field]) => part(name, field, paths)),
  ].join('\n');
}

/** `spec` or `status`: scalars first, then a section for each object below. */
function part(name: string, { node }: FieldNode, paths: readonly FieldPath[]): readonly string[] {
  if (node.kind !== 'object') return [];
  const sectionOf = ({ path }: FieldPath): string => /^[^.]+\.([^.[]+)/.exec(path)?.[1] ?? '';
  const sections = Object.entries(node.fields).filter(([, field]) => hasFields(field.node));
  const names = new Set(sections.map(([section]) => section));
  const own = paths.filter((field) => field.path.startsWith(`${name}.`) && !names.has(sectionOf(field)));
  return [
    `## ${name}`,
    '',
    node.description,
    '',
    ...table(name, own),
    ...rules(node.rules),
    ...sections.flatMap(([section, field]) => [
      `### ${name}.${section}`,
      '',
      descriptionOf(field.node) + (field.required ? ' Required.' : ''),
      '',
      ...table(
        `${name}.${section}`,
        paths.filter((candidate) => new RegExp(`^${name}\\.${section}(\\[\\])?\\.`).test(candidate.path)),
      ),
      ...rules(field.node.rules),
    ]),
  ];
}

function hasFields(node: SchemaNode): boolean {
  if (node.kind === 'list') return hasFields(node.items);
  return node.kind === 'map' ? hasFields(node.values) : node.kind === 'object';
}

/** Columns of unequal width: a formatter would pad each row to the longest. */
function table(parent: string, fields: readonly FieldPath[]): readonly string[] {
  return [
    '<!-- prettier-ignore-start -->',
    '| field | type | default | validation | meaning |',
    '|---|---|---|---|---|',
    ...fields.map((field) => `| ${row(field, parent).map(cell).join(' | ')} |`),
    '<!-- prettier-ignore-end -->',
    '',
  ];
}

function row({ path, node, required }: FieldPath, parent: string): readonly string[] {
  return [
    code(path.slice(parent.length).replace(/^\./, '')),
    typeName(node),
    node.default !== undefined ? code(JSON.stringify(node.default)) : node.assumed === undefined ? '' : `_${node.assumed}_`,
    [
      ...(required ? ['required'] : []),
      ...(node.nullable === true ? ['may be null'] : []),
      ...bounds(node),
      ...(node.rules ?? []).map(ruleText),
    ].join('; '),
    descriptionOf(node),
  ];
}

function code(text: string): string {
  return `\`${text}\``;
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll('\n', ' ');
}

/** What the field takes, in words: `list of string`. */
export function typeName(node: SchemaNode): string {
  switch (node.kind) {
    case 'string':
      return node.format === undefined ? 'string' : node.format;
    case 'integer':
    case 'boolean':
    case 'object':
      return node.kind;
    case 'intOrString':
      return node.pattern === undefined ? 'integer or string' : 'quantity';
    case 'freeForm':
      return 'any object';
    case 'embedded':
      return `Kubernetes ${node.type}`;
    case 'map':
      return `map of ${typeName(node.values)}`;
    case 'list':
      return `list of ${typeName(node.items)}${node.mapKeys === undefined ? '' : ` by ${node.mapKeys.join(', ')}`}`;
    default:
      throw new TypeError(`reference: unknown kind ${JSON.stringify(node satisfies never)}`);
  }
}

function bounds(node: SchemaNode): readonly string[] {
  const said = (text: string, value: number | string | undefined): readonly string[] => (value === undefined ? [] : [`${text} ${value}`]);
  switch (node.kind) {
    case 'string':
      return [
        ...(node.enum === undefined ? [] : [node.enum.map(code).join(', ')]),
        ...said('pattern', node.pattern === undefined ? undefined : code(node.pattern)),
        ...count(node.minLength, node.maxLength, 'character'),
      ];
    case 'integer':
      return [...said('≥', node.minimum), ...said('≤', node.maximum)];
    case 'map':
      return [...count(node.minProperties, node.maxProperties, 'key'), ...ofEach(node.values)];
    case 'list':
      return [
        ...count(node.minItems, node.maxItems, 'item'),
        ...Object.entries(node.maxItemsByVersion ?? {}).map(([version, most]) => `at most ${most} items (${version})`),
        ...ofEach(node.items),
      ];
    case 'boolean':
    case 'intOrString':
    case 'freeForm':
    case 'object':
    case 'embedded':
      return [];
    default:
      throw new TypeError(`reference: unknown kind ${JSON.stringify(node satisfies never)}`);
  }
}

/** What is checked of each item of a list, or of each value of a map. */
function ofEach(node: SchemaNode): readonly string[] {
  const own = [...(node.nullable === true ? ['may be null'] : []), ...bounds(node), ...(node.rules ?? []).map(ruleText)];
  return own.map((text) => (text.startsWith('each: ') ? text : `each: ${text}`));
}

function count(least: number | undefined, most: number | undefined, unit: string): readonly string[] {
  const units = (number: number): string => `${number} ${unit}${number === 1 ? '' : 's'}`;
  if (least !== undefined && most !== undefined) return [`${least} to ${units(most)}`];
  return [...(least === undefined ? [] : [`at least ${units(least)}`]), ...(most === undefined ? [] : [`at most ${units(most)}`])];
}

function rules(all: readonly Rule[] = []): readonly string[] {
  return all.length === 0
    ? []
    : [
        'Rules:',
        '',
        ...all.map((rule) => `- ${rule.fieldPath === undefined ? '' : `${code(rule.fieldPath.slice(1))}: `}${ruleText(rule)}`),
        '',
      ];
}

function ruleText({ message, versions }: Rule): string {
  return versions === undefined ? message : `${message} (${versions.join(', ')})`;
}
