/**
 * `status` of a postgresql: the one field of the original, which it requires, and what pgherd shows and remembers of every cluster. Conditions
 * are a list by type.
 */
import { object, required, string } from '../schema/builders.ts';
import { observed, remembered } from '../common/status.ts';

export const status = object('What is.', {
  PostgresClusterStatus: required(
    string(
      'How things are, in one word: Running while condition Ready is True, Creating and Updating on the way there, CreateFailed, UpdateFailed and SyncFailed once it gets no further by itself, Invalid where the manifest cannot be carried out, or empty while nothing is known. The conditions say why.',
    ),
  ),
  ...observed,
  patroni: object('High availability.', { systemIdentifier: remembered.systemIdentifier }),
  startupInstance: remembered.startupInstance,
  databaseRevision: remembered.databaseRevision,
  usersRevision: remembered.usersRevision,
});
