/**
 * Writes `src/testing/generatedApiTables.ts`: what the in-process API server knows of the built-in kinds.
 *
 *     node packages/kube/scripts/generate-api-tables.ts --server https://127.0.0.1:6443 --token TOKEN --modules "$(go env GOMODCACHE)"
 *
 * Two sources, because neither knows enough. A live API server's `/openapi/v3` and discovery give the kinds, their fields and how lists and
 * maps merge. The Go structs of k8s.io/api in the module cache, at the version of that server, tell how zero values are written: whether
 * `readOnly: false` is kept (pointer), dropped (`omitempty`) or added. JSON on the wire depends on that, and OpenAPI does not say it.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { request } from 'node:https';
import { parseArgs } from 'node:util';

const { values: options } = parseArgs({
  options: { server: { type: 'string' }, token: { type: 'string' }, modules: { type: 'string' } },
});

function required(name: 'server' | 'token' | 'modules'): string {
  const value = options[name];
  if (value === undefined) throw new Error(`--${name} is missing`);
  return value;
}

/** Group versions and the kinds of each that pgherd renders or reads. */
const wanted: Readonly<Record<string, readonly string[]>> = {
  v1: [
    'Namespace',
    'Pod',
    'Service',
    'Endpoints',
    'ConfigMap',
    'Secret',
    'ServiceAccount',
    'PersistentVolumeClaim',
    'PersistentVolume',
    'Event',
    'Node',
  ],
  'apps/v1': ['StatefulSet', 'Deployment', 'ReplicaSet', 'ControllerRevision'],
  'batch/v1': ['Job', 'CronJob'],
  'policy/v1': ['PodDisruptionBudget'],
  'rbac.authorization.k8s.io/v1': ['Role', 'RoleBinding', 'ClusterRole', 'ClusterRoleBinding'],
  'coordination.k8s.io/v1': ['Lease'],
  'events.k8s.io/v1': ['Event'],
  'storage.k8s.io/v1': ['StorageClass'],
  'apiextensions.k8s.io/v1': ['CustomResourceDefinition'],
};

/** Kinds whose spec the in-process server keeps as it comes: their schema would be larger than all others together. */
const opaque = new Set(['CustomResourceDefinition']);

interface OpenApiSchema {
  readonly type?: string;
  readonly format?: string;
  readonly $ref?: string;
  readonly allOf?: readonly OpenApiSchema[];
  readonly oneOf?: readonly OpenApiSchema[];
  readonly properties?: Readonly<Record<string, OpenApiSchema>>;
  readonly items?: OpenApiSchema;
  readonly additionalProperties?: OpenApiSchema;
  readonly default?: unknown;
  readonly 'x-kubernetes-list-type'?: string;
  readonly 'x-kubernetes-list-map-keys'?: readonly string[];
  readonly 'x-kubernetes-map-type'?: string;
  readonly 'x-kubernetes-patch-strategy'?: string;
  readonly 'x-kubernetes-patch-merge-key'?: string;
  readonly 'x-kubernetes-group-version-kind'?: readonly { readonly group: string; readonly version: string; readonly kind: string }[];
}

interface ResourceList {
  readonly resources: readonly { readonly name: string; readonly kind: string; readonly namespaced: boolean }[];
}

function get<T>(path: string): Promise<T> {
  return new Promise((resolve, reject) => {
    const call = request(
      new URL(path, required('server')),
      { rejectUnauthorized: false, headers: { authorization: `Bearer ${required('token')}`, accept: 'application/json' } },
      (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('end', () => {
          const text = Buffer.concat(chunks).toString('utf8');
          if (response.statusCode === 200) resolve(JSON.parse(text) as T);
          else reject(new Error(`${path}: ${response.statusCode} ${text}`));
        });
      },
    );
    call.on('error', reject);
    call.end();
  });
}

/** How Go writes one struct field: `pointer` keeps zero values, `drop` leaves them out, `emit` writes them though nobody set them. */
interface GoField {
  readonly type: string;
  readonly omitempty: boolean;
  readonly omitzero: boolean;
}
type GoStructs = ReadonlyMap<string, ReadonlyMap<string, GoField>>;

function parseGoStructs(source: string): GoStructs {
  const structs = new Map<string, Map<string, GoField>>();
  const embedded = new Map<string, string[]>();
  for (const match of source.matchAll(/^type (\w+) struct \{\n([\s\S]*?)^\}/gm)) {
    const [, name = '', body = ''] = match;
    const fields = new Map<string, GoField>();
    for (const line of body.matchAll(/^\t(?:(\w+)\s+)?([*[\]\w.]+)\s+`[^`]*json:"([^"]*)"[^`]*`/gm)) {
      const [, , type = '', tag = ''] = line;
      const [jsonName = '', ...flags] = tag.split(',');
      if (flags.includes('inline')) embedded.set(name, [...(embedded.get(name) ?? []), type]);
      else fields.set(jsonName, { type, omitempty: flags.includes('omitempty'), omitzero: flags.includes('omitzero') });
    }
    structs.set(name, fields);
  }
  for (const [name, types] of embedded) {
    for (const type of types) for (const [field, value] of structs.get(type) ?? []) structs.get(name)?.set(field, value);
  }
  return structs;
}

function goSourceOf(typeName: string, modules: string, release: string): string | undefined {
  const api = /^io\.k8s\.api\.(\w+)\.(\w+)\./.exec(typeName);
  if (api) return `${modules}/k8s.io/api@${release}/${api[1]}/${api[2]}/types.go`;
  if (typeName.startsWith('io.k8s.apimachinery.pkg.apis.meta.v1.'))
    return `${modules}/k8s.io/apimachinery@${release}/pkg/apis/meta/v1/types.go`;
  return undefined;
}

const scalars: Readonly<Record<string, string>> = {
  'io.k8s.apimachinery.pkg.api.resource.Quantity': 'quantity',
  'io.k8s.apimachinery.pkg.util.intstr.IntOrString': 'intOrString',
  'io.k8s.apimachinery.pkg.apis.meta.v1.Time': 'time',
  'io.k8s.apimachinery.pkg.apis.meta.v1.MicroTime': 'microTime',
  'io.k8s.apimachinery.pkg.apis.meta.v1.FieldsV1': 'any',
  'io.k8s.apimachinery.pkg.runtime.RawExtension': 'any',
};

function refName(schema: OpenApiSchema): string | undefined {
  const ref = schema.$ref ?? schema.allOf?.[0]?.$ref;
  return ref?.replace('#/components/schemas/', '');
}

function typeRef(schema: OpenApiSchema, schemas: Readonly<Record<string, OpenApiSchema>>, need: (name: string) => void): unknown {
  const name = refName(schema);
  if (name !== undefined) {
    const scalar = scalars[name];
    if (scalar !== undefined) return scalar;
    need(name);
    return schema['x-kubernetes-map-type'] === 'atomic' ? { ref: name, atomic: true } : { ref: name };
  }
  if (schema.type === 'array') {
    const of = typeRef(schema.items ?? {}, schemas, need);
    const merge = schema['x-kubernetes-patch-strategy']?.split(',').includes('merge') === true;
    const mergeKey = schema['x-kubernetes-patch-merge-key'];
    const list = schema['x-kubernetes-list-type'] ?? (merge ? (mergeKey === undefined ? 'set' : 'map') : 'atomic');
    if (list !== 'map') return { list, of };
    const keys = schema['x-kubernetes-list-map-keys'] ?? [mergeKey ?? ''];
    const item = schemas[refName(schema.items ?? {}) ?? '']?.properties ?? {};
    const defaults = Object.fromEntries(
      keys.flatMap((key) =>
        item[key]?.default === undefined || item[key].default === '' || item[key].default === 0 ? [] : [[key, item[key].default]],
      ),
    );
    return { list, keys, ...(Object.keys(defaults).length === 0 ? {} : { defaults }), of };
  }
  if (schema.type === 'object') {
    const of = schema.additionalProperties ? typeRef(schema.additionalProperties, schemas, need) : 'any';
    return schema['x-kubernetes-map-type'] === 'atomic' ? { map: of, atomic: true } : { map: of };
  }
  return schema.type ?? 'any';
}

function zeroRule(field: GoField | undefined, ref: unknown): 'emit' | 'null' | 'drop' | undefined {
  if (field === undefined) return undefined;
  const isStruct = typeof ref === 'object' && ref !== null && 'ref' in ref;
  const isCollection = typeof ref === 'object' && ref !== null && !('ref' in ref);
  if (field.type.startsWith('*')) return field.omitempty ? undefined : 'null';
  if (field.type.startsWith('[]') || field.type.startsWith('map[') || isCollection) return field.omitempty ? 'drop' : 'null';
  if (isStruct || ref === 'quantity' || ref === 'intOrString') return field.omitzero ? 'drop' : 'emit';
  if (ref === 'time' || ref === 'microTime') return field.omitzero ? 'drop' : 'null';
  return field.omitempty || field.omitzero ? 'drop' : 'emit';
}

const version = await get<{ readonly gitVersion: string }>('/version');
const release = version.gitVersion.replace(/^v1\./, 'v0.');
const modules = required('modules');
const goSources = new Map<string, GoStructs>();
const kinds: object[] = [];
const types: Record<string, object> = {};

for (const [groupVersion, names] of Object.entries(wanted)) {
  const base = groupVersion === 'v1' ? 'api/v1' : `apis/${groupVersion}`;
  const document = await get<{ readonly components: { readonly schemas: Readonly<Record<string, OpenApiSchema>> } }>(`/openapi/v3/${base}`);
  const discovery = await get<ResourceList>(`/${base}`);
  const schemas = document.components.schemas;
  const [group, apiVersion] = groupVersion === 'v1' ? ['', 'v1'] : (groupVersion.split('/') as [string, string]);
  const pending: string[] = [];
  for (const kind of names) {
    const resource = discovery.resources.find((candidate) => candidate.kind === kind && !candidate.name.includes('/'));
    const schema = Object.entries(schemas).find(([, candidate]) =>
      candidate['x-kubernetes-group-version-kind']?.some((gvk) => gvk.group === group && gvk.version === apiVersion && gvk.kind === kind),
    )?.[0];
    if (resource === undefined || schema === undefined) throw new Error(`${groupVersion} ${kind} is not served`);
    kinds.push({
      group,
      version: apiVersion,
      kind,
      plural: resource.name,
      namespaced: resource.namespaced,
      status: discovery.resources.some((candidate) => candidate.name === `${resource.name}/status`),
      type: opaque.has(kind) ? 'any' : schema,
    });
    if (opaque.has(kind)) pending.push('io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta');
    else pending.push(schema);
  }
  for (let name = pending.pop(); name !== undefined; name = pending.pop()) {
    if (types[name]) continue;
    const schema = schemas[name];
    if (schema === undefined) throw new Error(`${groupVersion} has no schema ${name}`);
    const path = goSourceOf(name, modules, release);
    if (path !== undefined && !goSources.has(path)) goSources.set(path, parseGoStructs(readFileSync(path, 'utf8')));
    const struct = goSources.get(path ?? '')?.get(name.split('.').at(-1) ?? '');
    const fields: Record<string, unknown> = {};
    for (const [field, property] of Object.entries(schema.properties ?? {})) {
      const ref = typeRef(property, schemas, (needed) => pending.push(needed));
      const rule = zeroRule(struct?.get(field), ref);
      fields[field] = rule === undefined ? { type: ref } : { type: ref, zero: rule };
    }
    types[name] = schema['x-kubernetes-map-type'] === 'atomic' ? { atomic: true, fields } : { fields };
  }
}

const short = (text: string): string => text.replaceAll('io.k8s.api.', '').replaceAll('io.k8s.apimachinery.pkg.apis.meta.v1.', 'meta.v1.');
const lines = Object.entries(types).map(([name, type]) => `  ${short(JSON.stringify(name))}: ${short(JSON.stringify(type))},`);
writeFileSync(
  new URL('../src/testing/generatedApiTables.ts', import.meta.url),
  `// Generated by scripts/generate-api-tables.ts from Kubernetes ${version.gitVersion}. Do not edit.
import type { BuiltInKind, ObjectType } from './schema.ts';

export const builtInKinds: readonly BuiltInKind[] = [
${kinds.map((kind) => `  ${short(JSON.stringify(kind))},`).join('\n')}
];

export const builtInTypes: Readonly<Record<string, ObjectType>> = {
${lines.toSorted().join('\n')}
};
`,
);
