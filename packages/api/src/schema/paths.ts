/** Every field of a schema with its path, in the order of the schema: for documentation, and to say which field something is about. */
import type { FieldNode, SchemaNode } from './node.ts';
import type { Schema } from './schema.ts';

/** A field. `path` is dotted, `[]` stands for each item of a list, `.*` for each value of a map: `spec.users[].databases`. */
export interface FieldPath {
  readonly path: string;
  readonly node: SchemaNode;
  readonly required: boolean;
}

/** All fields below `schema`. Embedded Kubernetes types are one field: what is inside them is Kubernetes' own. */
export function allPaths(schema: Schema): readonly FieldPath[] {
  return below(schema.node, '');
}

function below(node: SchemaNode, path: string): readonly FieldPath[] {
  switch (node.kind) {
    case 'object':
      return fields(node.fields, path);
    case 'embedded':
      return fields(node.extra ?? {}, path);
    case 'list':
      return below(node.items, `${path}[]`);
    case 'map':
      return below(node.values, `${path}.*`);
    case 'string':
    case 'integer':
    case 'boolean':
    case 'intOrString':
    case 'freeForm':
      return [];
    default:
      throw new TypeError(`allPaths: unknown kind ${JSON.stringify(node satisfies never)}`);
  }
}

function fields(nodes: Readonly<Record<string, FieldNode>>, parent: string): readonly FieldPath[] {
  return Object.entries(nodes).flatMap(([name, { node, required }]) => {
    const path = parent === '' ? name : `${parent}.${name}`;
    return [{ path, node, required }, ...below(node, path)];
  });
}
