/**
 * Patroni's dynamic configuration.
 *
 * | Patroni's store                     | decision                                                              |
 * |-------------------------------------|-----------------------------------------------------------------------|
 * | not initialised                     | nothing: the bootstrap section of the configuration file sets it       |
 * | holds what the manifest asks for    | nothing                                                               |
 * | holds something else                | write it, with the observed resourceVersion as precondition            |
 * | is paused by hand                   | `pause` stays, unless the manifest itself says something of it         |
 */
import type { Endpoints } from '@pgherd/api';
import { canonicalJson } from '../hash.ts';
import type { Contribution } from './contribution.ts';
import type { Situation } from './situation.ts';

const storeOf = ({ cluster, observation }: Situation): Endpoints | undefined =>
  observation.children.endpoints.find(
    ({ metadata }) => metadata.name === cluster.profile.names.configurationService(cluster.identity.name),
  );

const storedConfiguration = (store: Endpoints | undefined): Readonly<Record<string, unknown>> | undefined => {
  try {
    const parsed: unknown = JSON.parse(store?.metadata.annotations?.['config'] ?? '');
    return typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed) ? Object.fromEntries(Object.entries(parsed)) : undefined;
  } catch {
    return undefined;
  }
};

/** What shall stand in the store. Who runs `patronictl pause` wants to stop PostgreSQL without a failover: undoing it would cause one. */
const wantedConfiguration = (situation: Situation): Readonly<Record<string, unknown>> => {
  const wanted = situation.cluster.patroni.dynamicConfiguration;
  const stored = storedConfiguration(storeOf(situation));
  return stored?.['pause'] === true && wanted['pause'] === undefined ? { ...wanted, pause: true } : wanted;
};

/** The configuration in force is the one that the manifest asks for; before the bootstrap it is. */
export const isConfigured = (situation: Situation): boolean => {
  if (situation.systemIdentifier === undefined) return true;
  const stored = storedConfiguration(storeOf(situation));
  return stored !== undefined && canonicalJson(stored) === canonicalJson(wantedConfiguration(situation));
};

export const configurePatroni = (situation: Situation): Contribution => {
  const store = storeOf(situation);
  if (store === undefined || isConfigured(situation)) return {};
  const { identity } = situation.cluster;
  return {
    patroniConfiguration: {
      reference: { apiVersion: 'v1', kind: 'Endpoints', namespace: identity.namespace, name: store.metadata.name },
      resourceVersion: store.metadata.resourceVersion ?? '',
      annotation: 'config',
      value: canonicalJson(wantedConfiguration(situation)),
    },
  };
};
