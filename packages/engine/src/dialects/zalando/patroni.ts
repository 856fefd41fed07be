/** Patroni's settings. What the manifest leaves out, or sets to nothing, is left to Patroni. */
import type { HbaLine, Parameters, PatroniSettings, PostgresSettings } from '../../model/cluster.ts';
import type { Field } from '../common/fields.ts';
import { at, booleanOf, integerOf, membersOf, report, textsOf } from '../common/fields.ts';
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
    // Its world asks Patroni itself.
    switchover: undefined,
  };
};

/** Options of initdb that somebody else decides, with the reason. */
const decidedElsewhere: Readonly<Record<string, string>> = {
  auth: 'spec.patroni.pg_hba says who may connect',
  'auth-host': 'spec.patroni.pg_hba says who may connect',
  'auth-local': 'spec.patroni.pg_hba says who may connect',
  pgdata: 'the cluster decides where its data are',
  pwfile: "the superuser's password comes from its Secret",
  pwprompt: "the superuser's password comes from its Secret",
  username: 'the superuser is called as its Secret says',
  waldir: 'the cluster decides where its WAL is',
};

/** Checksums find what a disk damages, and pg_rewind needs them. */
export const initdbOptionsOf = (spec: Field): PostgresSettings['initdbOptions'] => {
  const field = at(spec, 'patroni', 'initdb');
  const own = Object.entries(textsOf(field)).filter(([name]) => {
    if (!Object.hasOwn(decidedElsewhere, name)) return true;
    report(at(field, name), {
      kind: 'warning',
      reason: 'OptionOverridden',
      message: `the option has no effect: ${decidedElsewhere[name]}; remove it`,
    });
    return false;
  });
  const options: Readonly<Record<string, string>> = { 'data-checksums': 'true', encoding: 'UTF8', ...Object.fromEntries(own) };
  return Object.entries(options).flatMap(([name, value]): PostgresSettings['initdbOptions'] =>
    value === 'true' ? [name] : value === 'false' ? [] : [{ [name]: value }],
  );
};
