/** Where Patroni keeps the dynamic configuration of a cluster. */
import type { Endpoints } from '@pgherd/api';
import { stamps } from '../stamps.ts';
import type { Situation } from './situation.ts';

export type Fields = Readonly<Record<string, unknown>>;

export const fieldsOf = (value: unknown): Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? Object.fromEntries(Object.entries(value)) : {};

/** PostgreSQL's, of such a configuration. */
export const parametersOf = (configuration: Fields): Fields => fieldsOf(fieldsOf(configuration['postgresql'])['parameters']);

export const configurationStore = ({ cluster, observation }: Situation): Endpoints | undefined =>
  observation.children.endpoints.find(
    ({ metadata }) => metadata.name === cluster.profile.names.configurationService(cluster.identity.name),
  );

/** Undefined: there is none, or it is no JSON object. */
export const storedConfiguration = (situation: Situation): Readonly<Record<string, unknown>> | undefined => {
  try {
    const parsed: unknown = JSON.parse(configurationStore(situation)?.metadata.annotations?.['config'] ?? '');
    return typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed) ? Object.fromEntries(Object.entries(parsed)) : undefined;
  } catch {
    return undefined;
  }
};

/** By `patronictl pause`: who does that wants to work on PostgreSQL without a failover. */
export const isPausedInPatroni = (situation: Situation): boolean => storedConfiguration(situation)?.['pause'] === true;

/**
 * How long until every member has said what it waits for since the configuration was written last, in milliseconds. Members look at it at once, and
 * say so at the end of that look: twice the time between two looks is enough.
 */
export const untilHeardMs = (situation: Situation): number => {
  const { cluster, observation } = situation;
  const writtenMs = Date.parse(configurationStore(situation)?.metadata.annotations?.[stamps.configuredAt] ?? '');
  const patienceMs = 2 * cluster.patroni.syncPeriodSeconds * 1000;
  if (Number.isNaN(writtenMs)) return 0;
  return Math.min(Math.max(writtenMs + patienceMs - observation.nowMs, 0), patienceMs);
};
