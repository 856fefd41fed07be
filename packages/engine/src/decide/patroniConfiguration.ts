/**
 * Patroni's dynamic configuration.
 *
 * | Patroni's store                     | decision                                                              |
 * |-------------------------------------|-----------------------------------------------------------------------|
 * | not initialised                     | nothing: the bootstrap section of the configuration file sets it       |
 * | holds what the manifest asks for    | nothing                                                               |
 * | holds something else                | write it, with the observed resourceVersion as precondition            |
 * | is paused by hand                   | `pause` stays, unless the manifest itself says something of it         |
 * | the manifest asks for more and for less of what standbys may not have less of | what is to be less stays until the leader has the more |
 * | it was written just now, and asks for less of such | wait until the members have said what they wait for    |
 */
import { canonicalJson } from '../hash.ts';
import { stamps } from '../stamps.ts';
import type { Contribution } from './contribution.ts';
import { configurationStore, fieldsOf, parametersOf, storedConfiguration, untilHeardMs, type Fields } from './patroniStore.ts';
import type { Situation } from './situation.ts';
import { isLowered, isRaised, standbySettingsIn } from './standbySettings.ts';

const withParameters = (configuration: Fields, parameters: Fields): Fields => ({
  ...configuration,
  postgresql: { ...fieldsOf(configuration['postgresql']), parameters: { ...parametersOf(configuration), ...parameters } },
});

/** What the manifest asks for. Who runs `patronictl pause` wants to stop PostgreSQL without a failover: undoing it would cause one. */
const askedConfiguration = (situation: Situation, stored: Fields | undefined): Fields => {
  const asked = situation.cluster.patroni.dynamicConfiguration;
  return stored?.['pause'] === true && asked['pause'] === undefined ? { ...asked, pause: true } : asked;
};

interface Wanted {
  readonly configuration: Fields;
  /** How long to wait before more of it may be written, in milliseconds. */
  readonly waitMs: number | undefined;
}

/** What shall stand in the store now. */
const wantedConfiguration = (situation: Situation): Wanted => {
  const stored = storedConfiguration(situation);
  const configuration = askedConfiguration(situation, stored);
  if (stored === undefined) return { configuration, waitMs: undefined };
  const parameters = parametersOf(stored);
  const standing = standbySettingsIn(parameters);
  const changes = Object.entries(standbySettingsIn(parametersOf(configuration))).map(
    // What the leader runs with: of what it waits for it tells, all else stands in the store.
    ([name, asked]) => [name, { asked, inForce: situation.primary?.pendingSettings[name]?.inForce ?? standing[name] ?? asked }] as const,
  );
  const lowered = changes.filter(([, change]) => isLowered(change.inForce, change.asked));
  if (lowered.length === 0) return { configuration, waitMs: undefined };
  const heldBack = withParameters(
    configuration,
    Object.fromEntries(lowered.map(([name, { inForce }]) => [name, standing[name] === inForce ? parameters[name] : inForce])),
  );
  if (changes.some(([, change]) => isRaised(change.inForce, change.asked))) return { configuration: heldBack, waitMs: undefined };
  // Nothing is left to write but these: they stand there already, or wait until it is known that nobody waits for more of others.
  const isWritten = lowered.every(([name, change]) => standing[name] === change.asked);
  const waitMs = isWritten ? 0 : untilHeardMs(situation);
  return waitMs > 0 ? { configuration: heldBack, waitMs } : { configuration, waitMs: undefined };
};

/** The configuration in force is the one that the manifest asks for; before the bootstrap it is. */
export const isConfigured = (situation: Situation): boolean => {
  if (situation.systemIdentifier === undefined) return true;
  const stored = storedConfiguration(situation);
  return stored !== undefined && canonicalJson(stored) === canonicalJson(askedConfiguration(situation, stored));
};

export const configurePatroni = (situation: Situation): Contribution => {
  const store = configurationStore(situation);
  if (store === undefined || isConfigured(situation)) return {};
  const { identity } = situation.cluster;
  const { configuration, waitMs } = wantedConfiguration(situation);
  const stored = storedConfiguration(situation);
  if (stored !== undefined && canonicalJson(stored) === canonicalJson(configuration)) return { lookAgainAfterMs: waitMs };
  return {
    lookAgainAfterMs: waitMs,
    patroniConfiguration: {
      reference: { apiVersion: 'v1', kind: 'Endpoints', namespace: identity.namespace, name: store.metadata.name },
      resourceVersion: store.metadata.resourceVersion ?? '',
      annotations: { config: canonicalJson(configuration), [stamps.configuredAt]: new Date(situation.observation.nowMs).toISOString() },
    },
  };
};
