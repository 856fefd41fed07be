/** Golden files: what the real API server stored for each conformance case, without what differs from run to run. */
import { readFile, writeFile } from 'node:fs/promises';
import { parseAllDocuments, stringify } from 'yaml';
import { asObject, asString, isList, isObject } from './json.ts';
import type { Json, JsonObject } from './json.ts';

/** `object` with what a run decides by itself replaced by its name. */
export function comparable(object: unknown, namespace: string): Json {
  return replace(JSON.parse(JSON.stringify(object)) as Json, namespace, '');
}

const volatileTimes = new Set(['creationTimestamp', 'deletionTimestamp', 'time']);

function replace(value: Json, namespace: string, key: string): Json {
  // Their order depends on whether a second has passed between two writes.
  if (isList(value) && key === 'managedFields') return value.toSorted(byManager).map((item) => replace(item, namespace, ''));
  if (isList(value)) return value.map((item) => replace(item, namespace, key));
  // On one line: who owns what is as long as the object itself.
  if (isObject(value) && key === 'fieldsV1') return JSON.stringify(replace(value, namespace, ''));
  if (isObject(value)) {
    const entries = Object.entries(value)
      .filter(([name]) => name !== 'resourceVersion')
      .map(([name, child]): [string, Json] => [replaceText(name, namespace), replace(child ?? null, namespace, name)]);
    return Object.fromEntries(entries.toSorted(([left], [right]) => (left < right ? -1 : 1)));
  }
  if (typeof value === 'number' && (key === 'nodePort' || key === 'healthCheckNodePort')) return '<port>';
  if (typeof value !== 'string') return value;
  if (volatileTimes.has(key)) return '<time>';
  return replaceText(value, namespace);
}

function byManager(left: Json, right: Json): number {
  const name = (entry: Json): string =>
    ['manager', 'operation', 'subresource', 'apiVersion'].map((field) => asString(asObject(entry)[field])).join(' ');
  return name(left) < name(right) ? -1 : 1;
}

function replaceText(text: string, namespace: string): string {
  return text
    .replaceAll(namespace, '<namespace>')
    .replaceAll(/\b[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\b/g, '<uid>')
    .replaceAll(/\b10\.(?:96|19[2-9]|2[0-5]\d)\.\d+\.\d+\b/g, '<address>')
    .replaceAll(/\bkube-api-access-\w{5}\b/g, 'kube-api-access-<suffix>');
}

function pathOf(name: string): URL {
  return new URL(`golden/${name}.yaml`, import.meta.url);
}

export async function readGolden(name: string): Promise<readonly JsonObject[]> {
  return parseAllDocuments(await readFile(pathOf(name), 'utf8')).map((document) => document.toJSON() as JsonObject);
}

export async function writeGolden(name: string, documents: readonly Json[]): Promise<void> {
  await writeFile(
    pathOf(name),
    documents.map((document) => `---\n${stringify(document, { lineWidth: 0, aliasDuplicateObjects: false })}`).join(''),
  );
}
