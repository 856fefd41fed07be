/** For tests of the API floor: the complete PostgresCluster, and the API server's opinion of changes to it. Nothing is stored. */
import { readFileSync } from 'node:fs';
import type { Client, NewObject, ResourceType } from '@pgherd/kube';
import { parse } from 'yaml';
import { postgresCluster } from '../crunchy/postgres-cluster.ts';
import { allPaths } from '../schema/paths.ts';
import { changed } from './objects.ts';
import type { Place } from './objects.ts';
import { refusals } from './server.ts';
import type { Refusal } from './server.ts';

export const versions = ['v1beta1', 'v1'] as const;
export type Version = (typeof versions)[number];

export interface Manifest extends NewObject {
  readonly metadata: { readonly name: string };
  readonly spec: object;
}

const { group, names } = postgresCluster;

export function typeIn(version: Version): ResourceType {
  return { group, version, kind: names.kind, plural: names.plural, namespaced: true };
}

/** By way of JSON, since aliases of YAML are one object, and a change of one would be a change of all. */
export const complete = JSON.parse(
  JSON.stringify(parse(readFileSync(new URL('../crunchy/golden/complete.yaml', import.meta.url), 'utf8'), { maxAliasCount: -1 })),
) as Manifest;

/** The fields of the spec. */
export const specFields = allPaths(postgresCluster.schema).filter(({ path }) => path.startsWith('spec.'));

/** As the version has it: v1 knows no userInterface. */
export function inVersion(manifest: Manifest, version: Version): Manifest {
  const renamed = { ...manifest, apiVersion: `${group}/${version}` };
  return version === 'v1' ? changed(renamed, ['spec', 'userInterface'], undefined) : renamed;
}

export function check(client: Client, manifest: Manifest, version: Version): Promise<readonly Refusal[]> {
  return refusals(client, typeIn(version), { ...manifest, apiVersion: `${group}/${version}` });
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
