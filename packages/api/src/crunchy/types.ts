/** The TypeScript types of PostgresCluster and its parts, derived from the schema. Types only. */
import type { NamedObjectMeta } from '../kubernetes/generated.types.ts';
import type { Infer, InferWritten } from '../schema/schema.ts';
import type { instances } from './instances.ts';
import type { backups } from './backups.ts';
import type { repository } from './repository.ts';
import type { service, volumes } from './shared.ts';
import type { spec } from './spec.ts';
import type { status } from './status.ts';
import type { users } from './users.ts';

/** `spec` as the API server gives it, with the defaults of the schema filled in. */
export interface PostgresClusterSpec extends Infer<typeof spec> {}

/** `spec` as a user may write it. */
export interface PostgresClusterSpecWritten extends InferWritten<typeof spec> {}

export interface PostgresClusterStatus extends Infer<typeof status> {}

interface Envelope {
  readonly apiVersion: 'postgres-operator.crunchydata.com/v1beta1' | 'postgres-operator.crunchydata.com/v1';
  readonly kind: 'PostgresCluster';
  readonly metadata: NamedObjectMeta;
}

/** A PostgresCluster from the API server. `spec` may be missing: the schema does not require it, so that metadata can be written alone. */
export interface PostgresCluster extends Envelope {
  readonly spec?: PostgresClusterSpec;
  readonly status?: PostgresClusterStatus;
}

/** A PostgresCluster in a manifest. */
export interface PostgresClusterManifest extends Envelope {
  readonly spec?: PostgresClusterSpecWritten;
}

export type PostgresInstanceSet = Infer<typeof instances>[number];
export type PostgresUser = Infer<typeof users>[number];
export type PostgresBackups = Infer<typeof backups>;
export type PgBackRestRepository = Infer<ReturnType<typeof repository>>;
export type PostgresService = Infer<ReturnType<typeof service>>;
export type AdditionalVolume = NonNullable<Infer<ReturnType<typeof volumes>>['additional']>[number];
