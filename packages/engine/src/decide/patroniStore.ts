/** Where Patroni keeps the dynamic configuration of a cluster. */
import type { Endpoints } from '@pgherd/api';
import type { Situation } from './situation.ts';

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
