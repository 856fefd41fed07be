/** The custom resource PostgresCluster of group postgres-operator.crunchydata.com, as one schema for both of its versions. */
import { primaryColumn, readyColumn, readyReasonColumn, serverColumn } from '../common/columns.ts';
import type { CustomResource } from '../crd.ts';
import { object } from '../schema/builders.ts';
import { spec } from './spec.ts';
import { status } from './status.ts';

/**
 * Both versions have one structure, so that objects need no conversion; `v1` has more rules. `v1beta1` is stored, as in the original: an
 * object that `v1` would refuse stays readable.
 */
export const postgresCluster = {
  group: 'postgres-operator.crunchydata.com',
  names: {
    kind: 'PostgresCluster',
    listKind: 'PostgresClusterList',
    plural: 'postgresclusters',
    singular: 'postgrescluster',
    shortNames: ['pgc'],
    categories: ['all'],
  },
  versions: [
    { name: 'v1beta1', storage: true },
    { name: 'v1', storage: false },
  ],
  columns: [
    readyColumn,
    readyReasonColumn('Status'),
    primaryColumn,
    { name: 'Version', type: 'integer', jsonPath: '.spec.postgresVersion', description: 'Major version of PostgreSQL' },
    serverColumn,
    { name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp' },
  ],
  schema: object('A PostgreSQL cluster: instances that replicate one set of data, with their backups, pooler and monitoring.', {
    spec,
    status,
  }),
} as const satisfies CustomResource;
