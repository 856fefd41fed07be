/** For tests of the API floor: the complete PostgresCluster, and the API server's opinion of changes to it. Nothing is stored. */
import type { Client, ResourceType } from '@pgherd/kube';
import { postgresCluster } from '../crunchy/postgres-cluster.ts';
import { allPaths } from '../schema/paths.ts';
import { readManifest } from './manifests.ts';
import type { Manifest } from './manifests.ts';
import { changed } from './objects.ts';
import { refusals } from './server.ts';
import type { Refusal } from './server.ts';

export const versions = ['v1beta1', 'v1'] as const;
export type Version = (typeof versions)[number];

const { group, names } = postgresCluster;

export function typeIn(version: Version): ResourceType {
  return { group, version, kind: names.kind, plural: names.plural, namespaced: true };
}

export const complete = readManifest(new URL('../crunchy/golden/complete.yaml', import.meta.url));

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
