/** `postgresql` as a dialect: manifest in, status out. */
import type { Dialect } from '../dialect.ts';
import { group, profile } from './profile.ts';
import { read } from './read.ts';
import { recall, status } from './status.ts';
import { support } from './supported.ts';

export const postgresql: Dialect = {
  resource: { group, version: 'v1', kind: 'postgresql', plural: 'postgresqls' },
  profile,
  read,
  status,
  recall,
  support,
};
