/** `spec.patroni`: high availability. */
import { boolean, freeForm, integer, object, quantity, required, string } from '../schema/builders.ts';

export const patroni = object('High availability with Patroni.', {
  dynamicConfiguration: freeForm(
    "Patroni's dynamic configuration: PostgreSQL parameters, pg_hba, synchronous mode, slots. What the operator needs wins over it.",
  ),
  leaderLeaseDurationSeconds: integer(
    'Seconds after which a primary that does not answer loses its role. A change restarts the instances.',
    {
      format: 'int32',
      minimum: 3,
      default: 30,
    },
  ),
  syncPeriodSeconds: integer(
    'Seconds between two rounds of Patroni. Has to be below leaderLeaseDurationSeconds. A change restarts the instances.',
    {
      format: 'int32',
      minimum: 1,
      default: 10,
    },
  ),
  port: integer("Port of Patroni's API. A change restarts the instances.", { format: 'int32', minimum: 1024, default: 8008 }),
  logging: object("Patroni's log files. Absent: Patroni logs to the container's output.", {
    storageLimit: required(quantity('Space that the log files may take, at least 25M.')),
    level: string('From which severity on messages are logged.', {
      enum: ['CRITICAL', 'ERROR', 'WARNING', 'INFO', 'DEBUG', 'NOTSET'],
      default: 'INFO',
    }),
  }),
  switchover: object(
    'Switchover by hand. The annotation postgres-operator.crunchydata.com/trigger-switchover starts it, anew with each new value.',
    {
      enabled: required(boolean('Whether the annotation starts a switchover.')),
      targetInstance: string('Instance that becomes primary. Absent: the fittest replica; a Failover needs it.'),
      type: string('Switchover hands over in order; Failover forces the target to be primary, and data can be lost.', {
        enum: ['Switchover', 'Failover'],
        default: 'Switchover',
      }),
    },
  ),
});
