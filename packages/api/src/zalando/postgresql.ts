/** The custom resource postgresql of group acid.zalan.do. */
import { primaryColumn, readyColumn, readyReasonColumn, serverColumn } from '../common/columns.ts';
import type { CustomResource } from '../crd.ts';
import { object, required } from '../schema/builders.ts';
import { spec } from './spec.ts';
import { status } from './status.ts';

/** The columns of the original come first and in its order, for scripts that count them. */
export const postgresql = {
  group: 'acid.zalan.do',
  names: {
    kind: 'postgresql',
    listKind: 'postgresqlList',
    plural: 'postgresqls',
    singular: 'postgresql',
    shortNames: ['pg'],
    categories: ['all'],
  },
  versions: [{ name: 'v1', storage: true }],
  columns: [
    { name: 'Team', type: 'string', jsonPath: '.spec.teamId', description: 'Team that the cluster belongs to' },
    { name: 'Version', type: 'string', jsonPath: '.spec.postgresql.version', description: 'Major version of PostgreSQL' },
    { name: 'Pods', type: 'integer', jsonPath: '.spec.numberOfInstances', description: 'Wanted instances' },
    { name: 'Volume', type: 'string', jsonPath: '.spec.volume.size', description: 'Size of the data volume' },
    { name: 'CPU-Request', type: 'string', jsonPath: '.spec.resources.requests.cpu', description: 'CPU that PostgreSQL asks for' },
    { name: 'Memory-Request', type: 'string', jsonPath: '.spec.resources.requests.memory', description: 'Memory that PostgreSQL asks for' },
    { name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp' },
    { name: 'Status', type: 'string', jsonPath: '.status.PostgresClusterStatus', description: 'How the last pass over the cluster went' },
    readyColumn,
    readyReasonColumn('Reason'),
    primaryColumn,
    serverColumn,
  ],
  schema: object('A PostgreSQL cluster: instances that replicate one set of data, with their users, databases and pooler.', {
    spec: required(spec),
    status,
  }),
} as const satisfies CustomResource;
