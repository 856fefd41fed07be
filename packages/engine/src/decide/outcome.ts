/** Gathers what a pass found, for the dialect to write its status from. */
import type { ConditionOutcome, Outcome, SwitchoverProgress } from '../model/outcome.ts';
import type { BackupProgress } from './backups.ts';
import { isDeleting } from './pods.ts';
import { isOutdated } from './rollOut.ts';
import type { Situation } from './situation.ts';

export interface Found {
  readonly backups: Pick<BackupProgress, 'repositoryHost' | 'repositories'>;
  readonly users: {
    readonly usersRevision: string | undefined;
    readonly databaseRevision: string | undefined;
    readonly serverVersion: string | undefined;
  };
  readonly initSql: string | undefined;
  readonly startupMember: { readonly name: string; readonly set: string } | undefined;
  /** Absent: as it was. */
  readonly switchover?: SwitchoverProgress;
  readonly conditions: readonly ConditionOutcome[];
}

/**
 * Who leads, or who led last while none does: only the status knows, and it decides whose data are kept. Members that share a StatefulSet are none
 * while they are stopped, but for who starts first.
 */
const primaryOf = ({ members, wanted, primary, recalled }: Situation, startupMember: Found['startupMember']): string | undefined =>
  primary?.name ??
  [...members, ...wanted, ...(startupMember === undefined ? [] : [startupMember])].find(({ name }) => name === recalled.primary)?.name;

export const outcomeOf = (situation: Situation, found: Found): Outcome => ({
  members: situation.members,
  primary: primaryOf(situation, found.startupMember),
  serverVersion: found.users.serverVersion,
  // Patroni's store may be away for a while; what was bootstrapped stays so.
  systemIdentifier: situation.systemIdentifier ?? situation.recalled.systemIdentifier,
  sets: situation.cluster.sets.map(({ name }) => {
    const pods = situation.members.filter(
      (member) => member.set === name && member.podObject !== undefined && !isDeleting(member.podObject),
    );
    return {
      name,
      replicas: pods.length,
      readyReplicas: pods.filter(({ ready }) => ready).length,
      updatedReplicas: pods.filter((member) => !isOutdated(member)).length,
    };
  }),
  repositoryHost: found.backups.repositoryHost,
  repositories: found.backups.repositories,
  usersRevision: found.users.usersRevision,
  databaseRevision: found.users.databaseRevision,
  initSql: found.initSql,
  startupMember: found.startupMember === undefined ? undefined : { name: found.startupMember.name, set: found.startupMember.set },
  switchover: found.switchover ?? situation.recalled.switchover,
  conditions: found.conditions,
  observedGeneration: situation.cluster.identity.generation,
});
