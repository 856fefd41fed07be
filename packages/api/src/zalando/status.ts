/**
 * `status` of a postgresql: the one field of the original, which it requires, and what pgherd shows and remembers of every cluster. Conditions
 * are a list by type.
 */
import { object, required, string } from '../schema/builders.ts';
import { observed, remembered } from '../common/status.ts';

export const status = object('What is.', {
  PostgresClusterStatus: required(
    string(
      'How the last pass over the cluster went: Creating, Updating, Running, CreateFailed, UpdateFailed, SyncFailed, Invalid, or empty while nothing is known. Running says that it ended without an error; whether the cluster serves is in condition Ready.',
    ),
  ),
  ...observed,
  patroni: object('High availability.', { systemIdentifier: remembered.systemIdentifier }),
  startupInstance: remembered.startupInstance,
  databaseRevision: remembered.databaseRevision,
  usersRevision: remembered.usersRevision,
});
