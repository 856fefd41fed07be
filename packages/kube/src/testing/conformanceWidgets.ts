/** The custom resource of the conformance suite, in a group of its own for each run. */
import type { KubernetesObject, ResourceType, UnstructuredObject } from '../objects.ts';

/** Its definition: with defaults, a list map, a set, a map, and a status subresource. */
export function widgetDefinition(group: string): KubernetesObject & Readonly<Record<string, unknown>> {
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `widgets.${group}` },
    spec: {
      group,
      scope: 'Namespaced',
      names: { kind: 'Widget', plural: 'widgets', singular: 'widget', listKind: 'WidgetList' },
      versions: [
        {
          name: 'v1',
          served: true,
          storage: true,
          subresources: { status: {} },
          schema: {
            openAPIV3Schema: {
              type: 'object',
              properties: {
                spec: {
                  type: 'object',
                  properties: {
                    size: { type: 'integer', default: 3 },
                    storage: { 'x-kubernetes-int-or-string': true },
                    tags: { type: 'array', items: { type: 'string' }, 'x-kubernetes-list-type': 'set' },
                    sets: {
                      type: 'array',
                      'x-kubernetes-list-type': 'map',
                      'x-kubernetes-list-map-keys': ['name'],
                      items: {
                        type: 'object',
                        required: ['name'],
                        properties: {
                          name: { type: 'string', default: '' },
                          replicas: { type: 'integer', default: 1 },
                          image: { type: 'string' },
                        },
                      },
                    },
                    steps: { type: 'array', items: { type: 'string' } },
                    parameters: { type: 'object', additionalProperties: { type: 'string' } },
                    free: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
                  },
                },
                status: {
                  type: 'object',
                  properties: {
                    observedGeneration: { type: 'integer' },
                    conditions: {
                      type: 'array',
                      'x-kubernetes-list-type': 'map',
                      'x-kubernetes-list-map-keys': ['type'],
                      items: { type: 'object', required: ['type'], properties: { type: { type: 'string' }, status: { type: 'string' } } },
                    },
                  },
                },
              },
            },
          },
        },
      ],
    },
  };
}

/** The group of the custom resource of a run that works in this namespace. */
export function widgetGroup(namespace: string): string {
  return `${namespace}.pgherd.dev`;
}

export function widgetsIn(namespace: string): ResourceType<UnstructuredObject> {
  return { group: widgetGroup(namespace), version: 'v1', kind: 'Widget', plural: 'widgets', namespaced: true };
}
