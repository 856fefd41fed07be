/** Reads Kubernetes' OpenAPI v3 documents from a live API server or from a directory with the same documents, and merges their definitions. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

/** An OpenAPI v3 schema as the API server publishes it; only the parts that it uses. */
export interface OpenApiSchema {
  readonly $ref?: string;
  readonly allOf?: readonly OpenApiSchema[];
  readonly oneOf?: readonly OpenApiSchema[];
  readonly type?: string;
  readonly format?: string;
  readonly description?: string;
  readonly default?: unknown;
  readonly enum?: readonly string[];
  readonly required?: readonly string[];
  readonly properties?: Readonly<Record<string, OpenApiSchema>>;
  readonly items?: OpenApiSchema;
  readonly additionalProperties?: OpenApiSchema;
  readonly 'x-kubernetes-list-type'?: 'atomic' | 'set' | 'map';
  readonly 'x-kubernetes-list-map-keys'?: readonly string[];
  readonly 'x-kubernetes-map-type'?: 'atomic' | 'granular';
  readonly 'x-kubernetes-group-version-kind'?: readonly GroupVersionKind[];
}

export interface GroupVersionKind {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
}

export type Definitions = Readonly<Record<string, OpenApiSchema>>;

/** Reads one document by its path below `/openapi/v3/`, for example `api/v1` or `apis/apps/v1`. */
export type ReadDocument = (path: string) => Promise<string>;

/** Documents kept as in Kubernetes' repository, `api/openapi-spec/v3/apis__apps__v1_openapi.json`. Those name no enumerations. */
export function fromDirectory(directory: string): ReadDocument {
  return (path) => readFile(join(directory, `${path.replaceAll('/', '__')}_openapi.json`), 'utf8');
}

/** All definitions of the named documents. A definition that several documents hold is the same in each. */
export async function readDefinitions(read: ReadDocument, paths: readonly string[]): Promise<Definitions> {
  const definitions: Record<string, OpenApiSchema> = {};
  for (const path of paths) {
    const document = JSON.parse(await read(path)) as { components?: { schemas?: Definitions } };
    Object.assign(definitions, document.components?.schemas);
  }
  return definitions;
}

const prefix = '#/components/schemas/';

/** The definition a schema refers to, directly or by `allOf` of one; undefined when it is written in place. */
export function referenceOf(schema: OpenApiSchema): string | undefined {
  const target = schema.$ref ?? schema.allOf?.[0]?.$ref;
  return target?.startsWith(prefix) ? target.slice(prefix.length) : undefined;
}

/** `roots` and everything they refer to, each after what it refers to. */
export function closure(definitions: Definitions, roots: readonly string[]): readonly string[] {
  const ordered = new Set<string>();
  const entered = new Set<string>();
  const visit = (name: string): void => {
    if (entered.has(name)) return;
    entered.add(name);
    const definition = definitions[name];
    if (definition === undefined) throw new Error(`OpenAPI: no definition ${name}; read the document of its group too`);
    for (const target of referencesIn(definition)) visit(target);
    ordered.add(name);
  };
  for (const root of roots) visit(root);
  return [...ordered];
}

function referencesIn(schema: OpenApiSchema): readonly string[] {
  const own = referenceOf(schema);
  const parts = [...Object.values(schema.properties ?? {}), schema.items, schema.additionalProperties];
  return [...(own === undefined ? [] : [own]), ...parts.flatMap((part) => (part === undefined ? [] : referencesIn(part)))];
}
