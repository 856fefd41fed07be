/** `spec.connectionPooler` and what switches it on. */
import { boolean, integer, object, string } from '../schema/builders.ts';
import { resources } from './shared.ts';

const operators = "the operator's";

export const pooling = {
  enableConnectionPooler: boolean('Whether there is a pooler for the primary.', { assumed: 'true with a connectionPooler, else false' }),
  enableReplicaConnectionPooler: boolean('Whether there is a pooler for the replicas.', { assumed: 'false' }),
  connectionPooler: object('Connection pooling with PgBouncer.', {
    numberOfInstances: integer('Number of pods of each pooler.', { format: 'int32', minimum: 1, assumed: operators }),
    schema: string('Schema of the function that looks passwords up.', { assumed: operators }),
    user: string('Role that the pooler looks passwords up with. Not the superuser, and fixed once it has been created.', {
      assumed: operators,
    }),
    mode: string('When a connection is given back: at the end of the session, or of the transaction.', {
      enum: ['session', 'transaction'],
      assumed: operators,
    }),
    dockerImage: string('Image of the pooler.', { assumed: operators }),
    maxDBConnections: integer('Connections that all pods of a pooler together may open to a database.', {
      format: 'int32',
      assumed: operators,
    }),
    resources: resources('CPU and memory of a pod of a pooler.'),
  }),
};
