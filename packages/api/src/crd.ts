/** A custom resource as data → its CustomResourceDefinition. */
import type { CustomResourceDefinition, JSONSchemaProps } from './kubernetes/generated.types.ts';
import { object, string } from './schema/builders.ts';
import type { Schema } from './schema/schema.ts';
import { uncheckedStructural } from './schema/structural.ts';

export interface PrinterColumn {
  readonly name: string;
  readonly type: 'string' | 'integer' | 'number' | 'boolean' | 'date';
  readonly jsonPath: string;
  readonly description?: string;
  /** 1: shown by `-o wide` only. */
  readonly priority?: number;
}

/** A custom resource: namespaced, with a status of its own, all versions of one structure. */
export interface CustomResource {
  readonly group: string;
  readonly names: {
    readonly kind: string;
    readonly listKind: string;
    readonly plural: string;
    readonly singular: string;
    readonly shortNames: readonly string[];
    readonly categories: readonly string[];
  };
  readonly versions: readonly { readonly name: string; readonly storage: boolean }[];
  readonly columns: readonly PrinterColumn[];
  /** An object with the fields `spec` and `status`. */
  readonly schema: Schema;
}

/**
 * The definition to install. Parts of the schemas are shared between versions and fields: do not change it. That a definition is structural
 * is checked where it is generated, not here.
 */
export function customResourceDefinition(resource: CustomResource): CustomResourceDefinition {
  const { group, names, versions, columns, schema } = resource;
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${names.plural}.${group}`, labels: { 'app.kubernetes.io/name': 'pgherd' } },
    spec: {
      group,
      names,
      scope: 'Namespaced',
      versions: versions.map(({ name, storage }) => ({
        name,
        served: true,
        storage,
        subresources: { status: {} },
        additionalPrinterColumns: columns,
        schema: { openAPIV3Schema: rootSchema(schema, name) },
      })),
    },
  };
}

function rootSchema(schema: Schema, version: string): JSONSchemaProps {
  if (schema.node.kind !== 'object') throw new TypeError('the schema of a custom resource has to be an object with spec and status');
  const root = {
    ...schema,
    node: { ...schema.node, fields: { ...typeFields, ...schema.node.fields } },
  };
  const structural = uncheckedStructural(root, version);
  return { ...structural, properties: { ...structural.properties, metadata: { type: 'object' } } } as JSONSchemaProps;
}

const typeMeta = object('', {
  apiVersion: string('Group and version of the API that the object is written in.'),
  kind: string('Kind of the object.'),
});
const typeFields = typeMeta.node.kind === 'object' ? typeMeta.node.fields : {};
