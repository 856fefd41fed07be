/**
 * What the status of every kind of cluster holds, whichever manifest the cluster came from: what the columns of `kubectl get` show, and what
 * the operator has to remember from one pass to the next.
 */
import { integer, listMap, object, required, string } from '../schema/builders.ts';

export const time = (description: string) => string(description, { format: 'date-time' });

/** metav1.Condition, with the bounds that Kubernetes gives it. */
const condition = object('', {
  type: required(
    string('What the condition is about.', {
      maxLength: 316,
      pattern: '^([a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*/)?(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])$',
    }),
  ),
  status: required(string('Whether it holds.', { enum: ['True', 'False', 'Unknown'] })),
  reason: required(string('Why, in one word.', { minLength: 1, maxLength: 1024, pattern: '^[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?$' })),
  message: required(string('Why, for people.', { maxLength: 32768 })),
  lastTransitionTime: required(time('When the status changed last.')),
  observedGeneration: integer('metadata.generation that it is about.', { format: 'int64', minimum: 0 }),
});

/** What is to be seen of a cluster from outside. */
export const observed = {
  observedGeneration: integer('metadata.generation that has been carried out.', { format: 'int64', minimum: 0 }),
  conditions: listMap('What holds at the moment, by type.', ['type'], condition),
  readyMembers: string('Ready and wanted instances: 2/3.'),
  primary: string('Instance that is the primary.'),
  serverVersion: string('Version of PostgreSQL that the primary runs: 17.6.'),
};

/** What the operator remembers, since nothing that has to outlive a pass is in its memory. */
export const remembered = {
  systemIdentifier: string('System identifier of the database. It is there once the cluster has been created.'),
  startupInstance: string('Instance that has to start first.'),
  databaseRevision: string('Hash of the SQL for databases that has been run.'),
  usersRevision: string('Hash of the SQL for roles that has been run.'),
};
