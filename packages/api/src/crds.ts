/**
 * The CustomResourceDefinitions, for whoever installs them. Building them loads every schema: import this lazily, and let go of the result.
 */
import { customResourceDefinition } from './crd.ts';
import { postgresCluster } from './crunchy/postgres-cluster.ts';
import { postgresql } from './zalando/postgresql.ts';
import type { CustomResourceDefinition } from './kubernetes/generated.types.ts';

/** The kinds that pgherd runs. */
export const customResources = [postgresCluster, postgresql] as const;

/** Their definitions. */
export function customResourceDefinitions(): readonly CustomResourceDefinition[] {
  return customResources.map((resource) => customResourceDefinition(resource));
}
