/**
 * Settings of which a standby may have no less than its primary (PostgreSQL 13 to 18, "Administrator's Overview" of hot standby): with less it
 * stops replaying, or does not start. Each with what Patroni gives a server for which none is asked (3.0 to 4.1, patroni/postgresql/config.py,
 * CMDLINE_OPTIONS).
 */
import { scalarText } from './pods.ts';

const patroniDefaults = {
  max_connections: '100',
  max_locks_per_transaction: '64',
  max_prepared_transactions: '0',
  max_wal_senders: '10',
  max_worker_processes: '8',
} as const;

const names = Object.keys(patroniDefaults) as readonly (keyof typeof patroniDefaults)[];

export const isStandbySetting = (name: string): boolean => Object.hasOwn(patroniDefaults, name);

/** Their values where a configuration has these parameters. */
export const standbySettingsIn = (parameters: Readonly<Record<string, unknown>>): Readonly<Record<string, string>> =>
  Object.fromEntries(names.map((name) => [name, scalarText(parameters[name] ?? patroniDefaults[name])]));

/** Whether `asked` is less than what is in force. What is no number is neither more nor less. */
export const isLowered = (inForce: string, asked: string): boolean => Number(asked) < Number(inForce);
export const isRaised = (inForce: string, asked: string): boolean => isLowered(asked, inForce);
