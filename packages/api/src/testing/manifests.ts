/** For tests: manifests that are read, changed, and judged by the API server. */
import { readFileSync } from 'node:fs';
import type { NewObject } from '@pgherd/kube';
import { parse } from 'yaml';
import { changed } from './objects.ts';
import type { Place } from './objects.ts';
import type { Refusal } from './server.ts';

export interface Manifest extends NewObject {
  readonly metadata: { readonly name: string };
  readonly spec: object;
}

/** By way of JSON, since aliases of YAML are one object, and a change of one would be a change of all. */
export function readManifest(file: URL): Manifest {
  return JSON.parse(JSON.stringify(parse(readFileSync(file, 'utf8'), { maxAliasCount: -1 }))) as Manifest;
}

export const accepted = 'it was accepted';

/** What the server said, for a message. */
export function said(found: readonly Refusal[]): string {
  return found.map(({ field, message }) => `${field}: ${message}`).join('\n') || accepted;
}

/** Values by their places (`spec.users[0].name`); undefined takes a field away. */
export type Changes = Readonly<Record<string, unknown>>;

export function withChanges(manifest: Manifest, changes: Changes): Manifest {
  return Object.entries(changes).reduce((object, [name, value]) => changed(object, placeOf(name), value), manifest);
}

/** `spec.users[0].name` → its place. */
function placeOf(name: string): Place {
  return [...name.matchAll(/\[(\d+)\]|([^.[\]]+)/g)].map(([, index, step]) => (index === undefined ? (step ?? '') : Number(index)));
}
