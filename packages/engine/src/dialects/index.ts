/** Every kind of manifest that pgherd runs. */
import type { Dialect } from './dialect.ts';
import { postgresCluster } from './crunchy/dialect.ts';
import { postgresql } from './zalando/dialect.ts';

export const dialects: readonly Dialect[] = [postgresCluster, postgresql];
