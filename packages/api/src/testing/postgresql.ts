/** For tests: the complete postgresql, and the API server's opinion of changes to it. Nothing is stored. */
import type { Client, ResourceType } from '@pgherd/kube';
import { customResourceDefinition } from '../crd.ts';
import { allPaths } from '../schema/paths.ts';
import { toStructural } from '../schema/structural.ts';
import { postgresql } from '../zalando/postgresql.ts';
import { readManifest } from './manifests.ts';
import type { Manifest } from './manifests.ts';
import { refusals } from './server.ts';
import type { Refusal } from './server.ts';

const { group, names } = postgresql;

export const type: ResourceType = { group, version: 'v1', kind: names.kind, plural: names.plural, namespaced: true };

export const definitions = [customResourceDefinition(postgresql)] as const;

/** The schema of the objects without what every kind has. */
export const structural = toStructural(postgresql.schema, 'v1');

export const fields = allPaths(postgresql.schema);

export const complete = readManifest(new URL('../zalando/golden/complete.yaml', import.meta.url));

/** An archive can be in one place only, so the complete example leaves the other out. */
export const notInComplete: ReadonlySet<string> = new Set(['spec.standby.gs_wal_path']);

export function check(client: Client, manifest: Manifest): Promise<readonly Refusal[]> {
  return refusals(client, type, manifest);
}

const examples = new URL('../../../../examples/zalando/', import.meta.url);

/** The examples. What each leaves to be filled in, in angle brackets, is filled in. */
export const exampleManifests: ReadonlyMap<string, Manifest> = new Map(
  ['minimal', 'complete', 'clone-live', 'clone-at-a-time', 'restore-in-place'].map((name) => [
    name,
    filledIn(readManifest(new URL(`${name}.yaml`, examples))),
  ]),
);

function filledIn(manifest: Manifest): Manifest {
  const values: readonly (readonly [placeholder: RegExp, value: string])[] = [
    [/^<uid of .*>$/, 'efd12e58-5786-11e8-b5a7-06148230260c'],
    [/^<RFC 3339 .*>$/, '2026-01-31T12:40:33+01:00'],
  ];
  return JSON.parse(
    JSON.stringify(manifest, (_, value: unknown) =>
      values.reduce((text, [placeholder, filling]) => (typeof text === 'string' ? text.replace(placeholder, filling) : text), value),
    ),
  ) as Manifest;
}
