/**
 * Settings that a running PostgreSQL takes only at its start.
 *
 * | members                                | decision                                                                              |
 * |----------------------------------------|---------------------------------------------------------------------------------------|
 * | none of which Patroni says it waits    | nothing                                                                               |
 * | some of which Patroni says it waits    | condition RestartPending: they take the settings with their next restart               |
 */
import type { Contribution } from './contribution.ts';
import type { Situation } from './situation.ts';

export const reportPendingRestarts = ({ members }: Situation): Contribution => {
  const waiting = members.filter(({ pendingRestart, podObject }) => pendingRestart && podObject !== undefined).map(({ name }) => name);
  if (waiting.length === 0) return {};
  const message = `${waiting.join(', ')}: changed settings take effect at the next start of PostgreSQL; patronictl restart in a pod restarts them now`;
  return { conditions: [{ type: 'RestartPending', status: 'True', reason: 'SettingsNeedRestart', message }] };
};
