/**
 * pgherd's custom resources and the Kubernetes types they are rendered to. Types only, but for names: importing this costs no memory. What is
 * heavy has entries of its own: `@pgherd/api/crds` (the CustomResourceDefinitions), `@pgherd/api/schema` (schemas, field paths).
 */
export type * from './kubernetes/generated.types.ts';
export type { Json } from './schema/node.ts';
export type { Infer, InferWritten, Schema } from './schema/schema.ts';
export type { StructuralSchema } from './schema/structural-schema.ts';
export type {
  AdditionalVolume,
  PgBackRestRepository,
  PostgresBackups,
  PostgresCluster,
  PostgresClusterManifest,
  PostgresClusterSpec,
  PostgresClusterSpecWritten,
  PostgresClusterStatus,
  PostgresInstanceSet,
  PostgresService,
  PostgresUser,
} from './crunchy/types.ts';
export type {
  Postgresql,
  PostgresqlAdditionalVolume,
  PostgresqlClone,
  PostgresqlManifest,
  PostgresqlPreparedDatabase,
  PostgresqlResources,
  PostgresqlSidecar,
  PostgresqlSpec,
  PostgresqlSpecWritten,
  PostgresqlStandby,
  PostgresqlStatus,
  PostgresqlUserFlag,
} from './zalando/types.ts';
