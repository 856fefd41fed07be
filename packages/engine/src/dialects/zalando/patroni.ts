/** Patroni's settings. What the manifest leaves out, or sets to nothing, is left to Patroni. */
import type { HbaLine, Parameters, PatroniSettings, PostgresSettings } from '../../model/cluster.ts';
import type { Field } from '../common/fields.ts';
import { at, booleanOf, integerOf, membersOf, textsOf } from '../common/fields.ts';
import { present } from '../common/status.ts';
import { profile } from './profile.ts';

/** A number, or undefined for the 0 by which the original says that nothing is set. */
const setNumber = (field: Field): number | undefined => {
  const number = integerOf(field, 0);
  return number === 0 ? undefined : number;
};

export const patroniOf = (spec: Field, cluster: string, parameters: Parameters, hba: readonly HbaLine[]): PatroniSettings => {
  const field = at(spec, 'patroni');
  const ttl = setNumber(at(field, 'ttl')) ?? 30;
  const loopWait = setNumber(at(field, 'loop_wait')) ?? 10;
  const slots = membersOf(at(field, 'slots')).map(({ name, field: slot }) => [name, textsOf(slot)] as const);
  return {
    scope: profile.names.scope(cluster),
    port: 8008,
    leaderLeaseDurationSeconds: ttl,
    syncPeriodSeconds: loopWait,
    dynamicConfiguration: present({
      ttl,
      loop_wait: loopWait,
      retry_timeout: setNumber(at(field, 'retry_timeout')),
      maximum_lag_on_failover: setNumber(at(field, 'maximum_lag_on_failover')),
      synchronous_mode: booleanOf(at(field, 'synchronous_mode')),
      synchronous_mode_strict: booleanOf(at(field, 'synchronous_mode_strict')),
      synchronous_node_count: setNumber(at(field, 'synchronous_node_count')),
      failsafe_mode: booleanOf(at(field, 'failsafe_mode')),
      slots: slots.length === 0 ? undefined : Object.fromEntries(slots),
      postgresql: { use_slots: true, use_pg_rewind: true, parameters, pg_hba: hba },
    }),
    logging: undefined,
  };
};

/** Checksums find what a disk damages, and pg_rewind needs them. Who may connect is said elsewhere, so options on that are left out. */
export const initdbOptionsOf = (spec: Field): PostgresSettings['initdbOptions'] => {
  const { 'auth-host': _host, 'auth-local': _local, ...own } = textsOf(at(spec, 'patroni', 'initdb'));
  const options: Readonly<Record<string, string>> = { 'data-checksums': 'true', encoding: 'UTF8', ...own };
  return Object.entries(options).flatMap(([name, value]): PostgresSettings['initdbOptions'] =>
    value === 'true' ? [name] : value === 'false' ? [] : [{ [name]: value }],
  );
};
