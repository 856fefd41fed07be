import assert from 'node:assert/strict';
import { test } from 'node:test';
import { schemasModule } from './kubernetes-schemas.ts';
import { typesModule } from './kubernetes-types.ts';
import { closure } from './openapi.ts';
import type { Definitions } from './openapi.ts';

const reference = (name: string): { readonly $ref: string } => ({ $ref: `#/components/schemas/${name}` });
const quantity = 'io.k8s.apimachinery.pkg.api.resource.Quantity';

const definitions: Definitions = {
  'io.k8s.apimachinery.pkg.apis.meta.v1.ManagedFieldsEntry': { type: 'object', properties: { operation: { type: 'string' } } },
  'io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta': { type: 'object', properties: { name: { type: 'string' } } },
  'io.k8s.apimachinery.pkg.apis.meta.v1.Time': { type: 'string', format: 'date-time' },
  [quantity]: { oneOf: [{ type: 'string' }, { type: 'number' }] },
  'io.k8s.api.core.v1.Event': {
    type: 'object',
    properties: {
      apiVersion: { type: 'string' },
      kind: { type: 'string' },
      metadata: { allOf: [reference('io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta')], default: {} },
      at: { allOf: [reference('io.k8s.apimachinery.pkg.apis.meta.v1.Time')], description: 'When.' },
      size: reference(quantity),
      policy: { type: 'string', enum: ['A', 'B'], default: 'A' },
      names: { type: 'array', items: { type: 'string', default: '' }, 'x-kubernetes-list-type': 'set' },
      policies: { type: 'array', items: { type: 'string', enum: ['A', 'B'] } },
      port: { format: 'int-or-string', oneOf: [{ type: 'integer' }, { type: 'string' }] },
      count: { type: 'integer', format: 'int32', default: 0 },
      labels: { type: 'object', additionalProperties: { type: 'string' } },
    },
    required: ['count'],
    'x-kubernetes-group-version-kind': [{ group: '', version: 'v1', kind: 'Event' }],
  },
  'io.k8s.api.events.v1.Event': {
    type: 'object',
    properties: { apiVersion: { type: 'string' }, kind: { type: 'string' }, regarding: reference('io.k8s.api.core.v1.Event') },
    'x-kubernetes-group-version-kind': [{ group: 'events.k8s.io', version: 'v1', kind: 'Event' }],
  },
};

const roots = ['io.k8s.apimachinery.pkg.apis.meta.v1.ManagedFieldsEntry', 'io.k8s.api.events.v1.Event', 'io.k8s.api.core.v1.Event'];
const types = typesModule(definitions, roots);
const schemas = schemasModule(definitions, ['io.k8s.api.core.v1.Event']);

const typed: Readonly<Record<string, string>> = {
  'literals where the kind is known': "export interface Event {\n  readonly apiVersion: 'v1';\n  readonly kind: 'Event';",
  'the group in the API version': "readonly apiVersion: 'events.k8s.io/v1';",
  'the group before a name that the core group has too': 'export interface EventsEvent {',
  'a name for every object': 'readonly metadata: NamedObjectMeta;',
  'times as strings': 'export type Time = string;',
  'quantities as custom resources may hold them': 'export type Quantity = string | number;',
  'enumerations as unions': "readonly policy?: 'A' | 'B';",
  'lists of unions': "readonly policies?: readonly ('A' | 'B')[];",
  'readonly lists': 'readonly names?: readonly string[];',
  'required fields': 'readonly count: number;',
  maps: 'readonly labels?: Readonly<Record<string, string>>;',
  'a union where only the description names the values': "readonly operation?: 'Apply' | 'Update';",
  'a union of all kinds with metadata': 'export type KubernetesKind =\n  | Event;',
};

for (const [what, text] of Object.entries(typed)) {
  test(`Kubernetes types: have ${what}`, () => {
    assert.ok(types.includes(text), types);
  });
}

const emitted: Readonly<Record<string, string>> = {
  'one constant a type, exported if asked for': 'export const eventSchema: StructuralSchema = {',
  'references by name': 'at: timeSchema',
  'quantities as integers or strings with a pattern':
    "const quantitySchema: StructuralSchema = { 'x-kubernetes-int-or-string': true, pattern:",
  'ports as integers or strings': "port: { 'x-kubernetes-int-or-string': true }",
  'the default of an optional scalar': 'policy: { type: "string", default: "A" }',
  'no zero value for a required field': 'count: { type: "integer", format: "int32" }',
  'list types': 'names: { type: "array", items: { type: "string" }, \'x-kubernetes-list-type\': "set" }',
};

for (const [what, text] of Object.entries(emitted)) {
  test(`Kubernetes schemas: have ${what}`, () => {
    assert.ok(schemas.includes(text), schemas);
  });
}

test('Kubernetes schemas: have neither descriptions nor enumerations', () => {
  assert.doesNotMatch(schemas, /description|enum/);
});

test('OpenAPI: what a definition refers to comes before it', () => {
  const names = closure(definitions, roots);
  assert.equal(names.at(-1), 'io.k8s.api.events.v1.Event');
  assert.ok(names.indexOf(quantity) < names.indexOf('io.k8s.api.core.v1.Event'));
  assert.equal(new Set(names).size, names.length);
});

test('OpenAPI: a missing definition is named', () => {
  assert.throws(() => closure(definitions, ['io.k8s.api.core.v1.Pod']), /no definition io\.k8s\.api\.core\.v1\.Pod; read the document/);
});
