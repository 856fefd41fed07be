/** The TypeScript types of postgresql and its parts, derived from the schema. Types only. */
import type { NamedObjectMeta } from '../kubernetes/generated.types.ts';
import type { Infer, InferWritten } from '../schema/schema.ts';
import type { preparedDatabases } from './databases.ts';
import type { clone, standby } from './origin.ts';
import type { pods } from './pods.ts';
import type { resources } from './shared.ts';
import type { spec } from './spec.ts';
import type { status } from './status.ts';
import type { users } from './users.ts';
import type { additionalVolumes } from './volume.ts';

/** `spec` as the API server gives it. */
export interface PostgresqlSpec extends Infer<typeof spec> {}

/** `spec` as a user may write it. */
export interface PostgresqlSpecWritten extends InferWritten<typeof spec> {}

export interface PostgresqlStatus extends Infer<typeof status> {}

interface Envelope {
  readonly apiVersion: 'acid.zalan.do/v1';
  readonly kind: 'postgresql';
  readonly metadata: NamedObjectMeta;
}

/** A postgresql from the API server. */
export interface Postgresql extends Envelope {
  readonly spec: PostgresqlSpec;
  readonly status?: PostgresqlStatus;
}

/** A postgresql in a manifest. */
export interface PostgresqlManifest extends Envelope {
  readonly spec: PostgresqlSpecWritten;
}

/** `spec.users.*[]`. */
export type PostgresqlUserFlag = NonNullable<Infer<typeof users>[string]>[number];
export type PostgresqlPreparedDatabase = Infer<typeof preparedDatabases>[string];
export type PostgresqlResources = Infer<ReturnType<typeof resources>>;
export type PostgresqlSidecar = Infer<typeof pods.sidecars>[number];
export type PostgresqlAdditionalVolume = Infer<typeof additionalVolumes>[number];
export type PostgresqlClone = Infer<typeof clone>;
export type PostgresqlStandby = Infer<typeof standby>;
