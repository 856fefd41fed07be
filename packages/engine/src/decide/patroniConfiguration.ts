/**
 * Patroni's dynamic configuration.
 *
 * | Patroni's store                     | decision                                                              |
 * |-------------------------------------|-----------------------------------------------------------------------|
 * | not initialised                     | nothing: the bootstrap section of the configuration file sets it       |
 * | holds what the manifest asks for    | nothing                                                               |
 * | holds something else                | write it, with the observed resourceVersion as precondition            |
 */
import type { Endpoints } from '@pgherd/api';
import { canonicalJson } from '../hash.ts';
import type { Contribution } from './contribution.ts';
import type { Situation } from './situation.ts';

const storeOf = ({ cluster, observation }: Situation): Endpoints | undefined =>
  observation.children.endpoints.find(
    ({ metadata }) => metadata.name === cluster.profile.names.configurationService(cluster.identity.name),
  );

/** The configuration in force is the one that the manifest asks for; before the bootstrap it is. */
export const isConfigured = (situation: Situation): boolean => {
  if (situation.systemIdentifier === undefined) return true;
  const text = storeOf(situation)?.metadata.annotations?.['config'];
  if (text === undefined) return false;
  try {
    return canonicalJson(JSON.parse(text)) === canonicalJson(situation.cluster.patroni.dynamicConfiguration);
  } catch {
    return false;
  }
};

export const configurePatroni = (situation: Situation): Contribution => {
  const store = storeOf(situation);
  if (store === undefined || isConfigured(situation)) return {};
  const { identity, patroni } = situation.cluster;
  return {
    patroniConfiguration: {
      reference: { apiVersion: 'v1', kind: 'Endpoints', namespace: identity.namespace, name: store.metadata.name },
      resourceVersion: store.metadata.resourceVersion ?? '',
      annotation: 'config',
      value: canonicalJson(patroni.dynamicConfiguration),
    },
  };
};
