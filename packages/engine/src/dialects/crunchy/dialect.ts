/** `PostgresCluster` as a dialect: manifest in, status out. */
import type { Dialect } from '../dialect.ts';
import { group, profile } from './profile.ts';
import { read } from './read.ts';
import { recall, status } from './status.ts';
import { support } from './supported.ts';

export const postgresCluster: Dialect = {
  resource: { group, version: 'v1beta1', kind: 'PostgresCluster', plural: 'postgresclusters' },
  profile,
  read,
  status,
  recall,
  support,
};
