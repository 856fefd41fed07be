/** Patroni's settings: what the manifest gives freely, with what the cluster needs forced over it. */
import type { HbaLine, Parameters, PatroniSettings } from '../../model/cluster.ts';
import { parseQuantity } from '../../quantity.ts';
import type { Manifest } from '../manifest.ts';
import { annotations, profile } from './profile.ts';
import type { Field } from '../common/fields.ts';
import { at, booleanOf, choiceOf, integerOf, isPresent, objectOf, report, shown, textOf } from '../common/fields.ts';

const smallestLogBytes = 25_000_000;

const loggingOf = (field: Field): PatroniSettings['logging'] => {
  if (objectOf(field) === undefined) return undefined;
  const level = choiceOf(at(field, 'level'), ['CRITICAL', 'ERROR', 'WARNING', 'INFO', 'DEBUG', 'NOTSET']) ?? 'INFO';
  const limit = at(field, 'storageLimit');
  const bytes = parseQuantity(limit.value);
  if (bytes === undefined) {
    report(limit, {
      kind: 'invalid',
      reason: 'InvalidQuantity',
      message: `${shown(limit.value)} is no amount of storage, so Patroni logs to the container only; write an amount such as 50M`,
    });
    return undefined;
  }
  if (bytes < smallestLogBytes) {
    report(limit, {
      kind: 'warning',
      reason: 'PatroniLogStorageLimitTooSmall',
      message: `${shown(limit.value)} is raised to 25M, the least that two log files need; write 25M or more`,
    });
  }
  return { level, storageLimitBytes: Math.max(Math.floor(bytes), smallestLogBytes) };
};

/** Patroni's dynamic configuration as it shall stand in its store. */
const dynamicConfigurationOf = (
  field: Field,
  forced: { readonly ttl: number; readonly loop_wait: number },
  parameters: Parameters,
  hba: readonly HbaLine[],
): Readonly<Record<string, unknown>> => ({
  ...objectOf(field),
  ...forced,
  postgresql: {
    // Without slots, a replica that is away cannot fill the primary's disk; it catches up from the archive.
    use_slots: false,
    ...objectOf(at(field, 'postgresql')),
    parameters,
    pg_hba: hba,
    use_pg_rewind: true,
  },
});

/** The section allows it, the annotation asks for it. */
const switchoverOf = (field: Field, request: string | undefined): PatroniSettings['switchover'] => {
  if (booleanOf(at(field, 'enabled')) !== true || request === undefined || request === '') return undefined;
  const target = textOf(at(field, 'targetInstance'));
  const isNamed = target !== undefined && target !== '';
  return {
    request,
    target: isNamed ? target : undefined,
    forced: isNamed && choiceOf(at(field, 'type'), ['Switchover', 'Failover']) === 'Failover',
  };
};

export const patroniOf = (
  spec: Field,
  { name, annotations: requests = {} }: Manifest['metadata'],
  parameters: Parameters,
  hba: readonly HbaLine[],
): PatroniSettings => {
  const field = at(spec, 'patroni');
  const leaderLeaseDurationSeconds = integerOf(at(field, 'leaderLeaseDurationSeconds'), 3) ?? 30;
  const syncPeriodSeconds = integerOf(at(field, 'syncPeriodSeconds'), 1) ?? 10;
  const logging = isPresent(at(field, 'logging')) ? loggingOf(at(field, 'logging')) : undefined;
  return {
    scope: profile.names.scope(name),
    port: integerOf(at(field, 'port'), 1024, 65535) ?? 8008,
    leaderLeaseDurationSeconds,
    syncPeriodSeconds,
    dynamicConfiguration: dynamicConfigurationOf(
      at(field, 'dynamicConfiguration'),
      { ttl: leaderLeaseDurationSeconds, loop_wait: syncPeriodSeconds },
      parameters,
      hba,
    ),
    switchover: switchoverOf(at(field, 'switchover'), requests[annotations.switchover]),
    logging,
  };
};
