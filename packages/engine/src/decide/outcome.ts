/** Gathers what a pass found, for the dialect to write its status from. */
import type { ConditionOutcome, Outcome } from '../model/outcome.ts';
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
  readonly startupMember: { readonly name: string; readonly set: string } | undefined;
  readonly conditions: readonly ConditionOutcome[];
}

export const outcomeOf = ({ cluster, members, primary, systemIdentifier }: Situation, found: Found): Outcome => ({
  members,
  primary: primary?.name,
  serverVersion: found.users.serverVersion,
  systemIdentifier,
  sets: cluster.sets.map(({ name }) => {
    const pods = members.filter((member) => member.set === name && member.podObject !== undefined && !isDeleting(member.podObject));
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
  startupMember: found.startupMember === undefined ? undefined : { name: found.startupMember.name, set: found.startupMember.set },
  conditions: found.conditions,
  observedGeneration: cluster.identity.generation,
});
