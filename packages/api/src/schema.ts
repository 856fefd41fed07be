/** The schemas themselves, and what can be derived from them. Loads every schema and description: keep it out of the operator's start. */
export { allPaths } from './schema/paths.ts';
export type { FieldPath } from './schema/paths.ts';
export { descriptionOf, toStructural } from './schema/structural.ts';
export { NotStructuralError, structuralProblems } from './schema/check.ts';
export type { FieldNode, Rule, SchemaNode } from './schema/node.ts';
export { postgresCluster } from './crunchy/postgres-cluster.ts';
export { postgresql } from './zalando/postgresql.ts';
export { customResources } from './crds.ts';
