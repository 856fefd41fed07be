/**
 * A dialect: one kind of manifest. It knows the manifest's fields and the status that its users expect, and nothing of how a cluster is run.
 * A further dialect is a further folder here, its schema in `api`, and a line in `dialects/index.ts`.
 */
import type { Cluster, Finding } from '../model/cluster.ts';
import type { EngineConfiguration } from '../observation.ts';
import type { Outcome } from '../model/outcome.ts';
import type { Profile } from '../model/profile.ts';
import type { Recollection } from '../model/recollection.ts';
import type { Support } from './common/support.ts';
import type { Manifest } from './manifest.ts';

export interface Dialect {
  /** The resource as it is stored and watched. */
  readonly resource: { readonly group: string; readonly version: string; readonly kind: string; readonly plural: string };
  readonly profile: Profile;
  /**
   * Never throws: what cannot be understood becomes a finding, and the rest of the cluster is read. `nowMs` (milliseconds since 1970) serves
   * findings that come with time, such as a PostgreSQL version past its end of life; the cluster itself does not depend on it.
   */
  readonly read: (
    manifest: Manifest,
    configuration: EngineConfiguration,
    nowMs: number,
  ) => { readonly cluster: Cluster; readonly findings: readonly Finding[] };
  /** The whole status; `previous` lends transition times and fields that only others write. */
  readonly status: (
    cluster: Cluster,
    outcome: Outcome,
    previous: Readonly<Record<string, unknown>>,
    nowMs: number,
  ) => Readonly<Record<string, unknown>>;
  /**
   * What an earlier `status` says: the inverse of `status`. Never throws: fields that are missing or have another form are as if nothing
   * had been written.
   */
  readonly recall: (status: Readonly<Record<string, unknown>>) => Recollection;
  /** What of the manifest is carried out. */
  readonly support: Support;
}
