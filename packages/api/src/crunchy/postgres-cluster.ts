/** The custom resource PostgresCluster of group postgres-operator.crunchydata.com, as one schema for both of its versions. */
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
    { name: 'Ready', type: 'string', jsonPath: '.status.readyMembers', description: 'Ready and wanted instances' },
    {
      name: 'Status',
      type: 'string',
      jsonPath: '.status.conditions[?(@.type=="Ready")].reason',
      description: 'Why it is ready, or is not',
    },
    { name: 'Primary', type: 'string', jsonPath: '.status.primary', description: 'Instance that is the primary' },
    { name: 'Version', type: 'integer', jsonPath: '.spec.postgresVersion', description: 'Major version of PostgreSQL' },
    { name: 'Server', type: 'string', jsonPath: '.status.serverVersion', description: 'Version that the primary runs', priority: 1 },
    { name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp' },
  ],
  schema: object('A PostgreSQL cluster: instances that replicate one set of data, with their backups, pooler and monitoring.', {
    spec,
    status,
  }),
} as const satisfies CustomResource;
