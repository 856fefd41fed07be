/** Small objects and readers that the conformance tests share. */
import { rejects } from 'node:assert/strict';
import { ApiError } from '../errors.ts';
import { kinds, resourceType } from '../kinds.ts';
import type { KubernetesObject, ResourceType, UnstructuredObject } from '../objects.ts';
import { widgetGroup } from './conformanceWidgets.ts';
import { asList, asObject, asString, at } from './json.ts';
import type { Json, JsonObject } from './json.ts';

export const configMaps = unstructured(kinds.configMaps);
export const statefulSets = unstructured(kinds.statefulSets);
export const pods = unstructured(kinds.pods);

/** The resource with objects of which any field may be read. */
export function unstructured(type: ResourceType): ResourceType<UnstructuredObject> {
  return resourceType<UnstructuredObject>(type);
}

export function configMap(
  namespace: string,
  name: string,
  data?: Readonly<Record<string, string>>,
  metadata: object = {},
): KubernetesObject & Readonly<Record<string, unknown>> {
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata: { ...metadata, name, namespace }, ...(data === undefined ? {} : { data }) };
}

export function widget(namespace: string, name: string, body: object = {}): KubernetesObject & Readonly<Record<string, unknown>> {
  return { apiVersion: `${widgetGroup(namespace)}/v1`, kind: 'Widget', metadata: { name, namespace }, ...body };
}

export function statefulSet(
  namespace: string,
  name: string,
  containers: readonly object[],
  spec: object = {},
): KubernetesObject & Readonly<Record<string, unknown>> {
  const labels = { app: name };
  return {
    apiVersion: 'apps/v1',
    kind: 'StatefulSet',
    metadata: { name, namespace },
    spec: { serviceName: 'x', selector: { matchLabels: labels }, template: { metadata: { labels }, spec: { containers } }, ...spec },
  };
}

export function pod(
  namespace: string,
  name: string,
  spec: object = {},
  labels: Readonly<Record<string, string>> = {},
): KubernetesObject & Readonly<Record<string, unknown>> {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace, labels },
    spec: { containers: [{ name: 'a', image: 'a:1' }], automountServiceAccountToken: false, ...spec },
  };
}

/** The object with other fields. */
export function withFields(object: KubernetesObject, fields: object): UnstructuredObject {
  return { ...object, ...fields };
}

/** A value inside an object from the API. */
export function valueAt(object: KubernetesObject, ...path: readonly string[]): Json | undefined {
  return at(object as unknown as JsonObject, ...path);
}

export function namesAt(object: KubernetesObject, ...path: readonly string[]): readonly string[] {
  return asList(valueAt(object, ...path)).map((item) => asString(asObject(item).name));
}

/** Asserts that a call is refused with this status and reason; gives the error. */
export async function refused(call: Promise<unknown>, httpStatus: number, reason: string, message?: RegExp): Promise<ApiError> {
  let seen: unknown;
  await rejects(
    call.catch((error: unknown) => {
      seen = error;
      throw error;
    }),
    (error: unknown) => {
      if (!(error instanceof ApiError)) throw error;
      if (error.httpStatus !== httpStatus || error.reason !== reason || (message !== undefined && !message.test(error.message))) {
        throw new Error(
          `expected ${httpStatus} ${reason} ${message?.source ?? ''}; got ${error.httpStatus} ${error.reason}: ${error.message}`,
        );
      }
      return true;
    },
  );
  return seen as ApiError;
}
