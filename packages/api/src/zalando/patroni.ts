/** `spec.patroni`: how the cluster is initialised, who may connect, and high availability. */
import { boolean, integer, list, map, object, string } from '../schema/builders.ts';

const assumed = "Patroni's";

export const patroni = object('High availability with Patroni, and what it writes for PostgreSQL.', {
  initdb: map('Options of initdb, for a cluster that is created: name → value, "true" for one that takes none.', string('')),
  pg_hba: list("Lines of pg_hba.conf, in place of the image's.", string('')),
  ttl: integer('Seconds after which a primary that is silent has lost its place. 0 is no value.', { format: 'int32', minimum: 0, assumed }),
  loop_wait: integer('Seconds between two looks at the state of the cluster. 0 is no value.', { format: 'int32', minimum: 0, assumed }),
  retry_timeout: integer('Seconds for which Patroni tries again before it demotes the primary. 0 is no value.', {
    format: 'int32',
    minimum: 0,
    assumed,
  }),
  maximum_lag_on_failover: integer('Bytes by which a replica may lag and still become primary. 0 is no value.', {
    format: 'int64',
    assumed,
  }),
  slots: map(
    'Replication slots that outlive a failover: name → type (physical, logical), and database and plugin for logical ones.',
    map('', string('')),
  ),
  synchronous_mode: boolean('Whether a replica has to have a transaction before it counts as committed.', { assumed: 'false' }),
  synchronous_mode_strict: boolean('Whether writes wait when no replica is there to be synchronous.', { assumed: 'false' }),
  synchronous_node_count: integer('Number of synchronous replicas. 0 is no value.', { format: 'int32', minimum: 0, assumed }),
  failsafe_mode: boolean('Whether the primary goes on when the Kubernetes API cannot be reached, as long as it reaches all replicas.', {
    assumed: "the operator's",
  }),
});
