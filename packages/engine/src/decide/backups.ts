/**
 * Backups from the first repository host to the first full backup, from which replicas are made afterwards.
 *
 * | observed                                                      | decision                                              |
 * |---------------------------------------------------------------|-------------------------------------------------------|
 * | the manifest asks for none                                    | nothing (what is left of earlier ones: backupRemoval.ts) |
 * | repository host not ready, or no primary that runs             | wait                                                  |
 * | stanza not made in every repository                           | pgbackrest stanza-create on the primary               |
 * | that failed                                                   | PGBackRestReplicaRepoReady False; again, ever later   |
 * | stanza made, replicas of a new cluster do not stream yet      | wait, half a minute at most: two members are safer than a backup, and both at once take longer |
 * | stanza made, no full backup, no Job                           | make the Job                                          |
 * | Job runs                                                      | wait                                                  |
 * | Job failed                                                    | after five minutes delete it: a new one follows       |
 * | Job of other inputs whose pod does not run                    | delete it: a correction starts at once                |
 * | Job complete, and its repository is another one by now        | delete it: a new one follows                          |
 * | Job complete                                                  | replicas are made from the repository                 |
 */
import type { Job, PersistentVolumeClaim } from '@pgherd/api';
import type { EventRequest } from '../decision.ts';
import { hashOf } from '../hash.ts';
import { podOf } from '../model/members.ts';
import type { ConditionOutcome, RepositoryOutcome } from '../model/outcome.ts';
import { databaseOf } from '../readings.ts';
import { stanzaCreateCommand } from '../render/backups/commands.ts';
import { backupConfigurationHash } from '../render/backups/configuration.ts';
import { backupJob, firstBackup } from '../render/backups/job.ts';
import { stamps } from '../stamps.ts';
import { retryAtMs } from './backoff.ts';
import { claimsOf } from './claims.ts';
import type { Contribution } from './contribution.ts';
import { isDeleting, isReady } from './pods.ts';
import { deletionOf } from './references.ts';
import type { Situation } from './situation.ts';

const commandKey = 'stanza';
const failedMark = 'making it failed: ';
const timeoutMs = 120_000;
const retryJobAfterMs = 5 * 60_000;
/** Replicas that are being made have the machines for themselves for so long. */
const replicasFirstMs = 30_000;

export interface BackupProgress {
  readonly repositoryHost: { readonly ready: boolean; readonly exists: boolean } | undefined;
  readonly repositories: readonly RepositoryOutcome[];
  /** The repository that replicas are made from by now. */
  readonly replicaRepository: string | undefined;
}

const repositoryClaim = ({ cluster, observation }: Situation, repository: string): PersistentVolumeClaim | undefined =>
  claimsOf(cluster, observation.children).get(cluster.profile.names.repositoryVolume(cluster.identity.name, repository));

/** A stanza is one database's, on one volume. */
const stanzaInputs = (situation: Situation): string =>
  hashOf([
    situation.systemIdentifier,
    situation.cluster.backups?.repositories.map(({ name }) => [name, repositoryClaim(situation, name)?.spec?.volumeName ?? '']) ?? [],
  ]);

/** What an earlier pass knew of this repository, as long as database and volume are still the same; none that says so is no other database. */
const recalledRepository = (situation: Situation, name: string): RepositoryOutcome | undefined =>
  situation.systemIdentifier === undefined || situation.recalled.systemIdentifier === situation.systemIdentifier
    ? situation.recalled.repositories.find(
        (repository) => repository.name === name && repository.volume === repositoryClaim(situation, name)?.spec?.volumeName,
      )
    : undefined;

/** The first full backup as it would be asked for now. */
const firstBackupJob = ({ cluster, observation }: Situation): Job | undefined => {
  const { backups } = cluster;
  const request = backups === undefined ? undefined : firstBackup(backups, 0);
  return backups === undefined || request === undefined ? undefined : backupJob(cluster, backups, request, observation.configuration);
};

/** Jobs that were made for a first backup to this repository, whatever they were made from. */
const jobsOf = (situation: Situation, repository: string): readonly Job[] => {
  const { backup, backupRepository } = situation.cluster.profile.labels;
  const purpose = firstBackupJob(situation)?.metadata.labels?.[backup];
  return situation.observation.children.jobs.filter(
    ({ metadata }) => metadata.labels?.[backup] === purpose && metadata.labels?.[backupRepository] === repository,
  );
};

const failureOf = (job: Job): { readonly lastTransitionTime?: string } | undefined =>
  job.status?.conditions?.find(({ type, status }) => type === 'Failed' && status === 'True');

const isComplete = (job: Job | undefined): boolean =>
  (job?.status?.succeeded ?? 0) > 0 ||
  job?.status?.conditions?.some(({ type, status }) => type === 'Complete' && status === 'True') === true;

/** It was made before the repository, so what it did is in another one. */
const isOlder = (job: Job, claim: PersistentVolumeClaim | undefined): boolean =>
  (job.metadata.creationTimestamp ?? '') < (claim?.metadata.creationTimestamp ?? '');

const podRuns = ({ observation }: Situation, job: Job): boolean =>
  observation.children.pods.some(
    ({ metadata, status }) =>
      metadata.labels?.['batch.kubernetes.io/job-name'] === job.metadata.name && status?.phase !== undefined && status.phase !== 'Pending',
  );

export const backupProgress = (situation: Situation): BackupProgress => {
  const { cluster, observation } = situation;
  const { children } = observation;
  const { names } = cluster.profile;
  if (cluster.backups === undefined) return { repositoryHost: undefined, repositories: [], replicaRepository: undefined };
  const host = names.repositoryHost(cluster.identity.name);
  const hostPod = children.pods.find(({ metadata }) => metadata.name === podOf(host));
  const result = observation.commandResults[commandKey];
  const stanzaMade = result?.result.kind === 'succeeded' && result.inputs === stanzaInputs(situation);
  const repositories = cluster.backups.repositories.map(({ name }): RepositoryOutcome => {
    const claim = repositoryClaim(situation, name);
    const before = recalledRepository(situation, name);
    const stanzaCreated = stanzaMade || before?.stanzaCreated === true;
    return {
      name,
      bound: claim?.status?.phase === 'Bound',
      volume: claim?.spec?.volumeName,
      stanzaCreated,
      replicaCreateBackupComplete:
        stanzaCreated &&
        (before?.replicaCreateBackupComplete === true || jobsOf(situation, name).some((job) => isComplete(job) && !isOlder(job, claim))),
    };
  });
  return {
    repositoryHost: { ready: isReady(hostPod), exists: children.statefulSets.some(({ metadata }) => metadata.name === host) },
    repositories,
    replicaRepository: repositories[0]?.replicaCreateBackupComplete === true ? repositories[0].name : undefined,
  };
};

const createStanza = (situation: Situation): Contribution => {
  const { cluster, observation, writable } = situation;
  const { backups, profile, postgres } = cluster;
  // A pod that was made before the manifest asked for backups has no pgBackRest yet: it is about to be replaced.
  const hasPrograms = writable?.podObject?.spec?.containers.some(({ name }) => name === profile.containers.backupServer) === true;
  if (writable === undefined || backups === undefined || !hasPrograms) return {};
  const inputs = stanzaInputs(situation);
  const result = observation.commandResults[commandKey];
  if (result?.inputs === inputs && result.result.kind === 'failed') {
    const againAtMs = retryAtMs(result.finishedAtMs, result.result.attempts);
    if (againAtMs > observation.nowMs) return { lookAgainAfterMs: againAtMs - observation.nowMs };
  }
  return {
    commands: [
      {
        key: commandKey,
        inputs,
        target: databaseOf(cluster, writable),
        command: stanzaCreateCommand(
          profile.stanza,
          postgres.majorVersion,
          backupConfigurationHash(cluster, backups, observation.configuration),
        ),
        input: undefined,
        timeoutMs,
        reason: 'the repositories have no stanza yet',
        invalidates: [],
      },
    ],
  };
};

/** How long the first backup is to wait for the replicas, in milliseconds: none once they stream, or the primary has been ready for long enough. */
const replicasFirst = ({ wanted, members, writable, observation }: Situation): number => {
  const streams = members.filter(({ state }) => state === 'streaming').map(({ name }) => name);
  if (wanted.every(({ name }) => name === writable?.name || streams.includes(name))) return 0;
  const ready = writable?.podObject?.status?.conditions?.find(({ type }) => type === 'Ready');
  const readyMs = Date.parse(ready?.lastTransitionTime ?? '');
  // Its probe comes any moment.
  if (ready?.status !== 'True' || Number.isNaN(readyMs)) return replicasFirstMs;
  return readyMs + replicasFirstMs - observation.nowMs;
};

const runFirstBackup = (situation: Situation, repository: string): Contribution => {
  const { cluster, observation } = situation;
  const wanted = firstBackupJob(situation);
  if (wanted === undefined) return {};
  const jobs = jobsOf(situation, repository);
  if (jobs.length === 0) {
    const waitMs = replicasFirst(situation);
    if (waitMs > 0) return { lookAgainAfterMs: waitMs };
    const reason = `${repository} holds no backup yet: the first full one starts`;
    return { step: { kind: 'createJob', job: wanted, reason } };
  }
  const { namespace } = cluster.identity;
  for (const job of jobs) {
    if (isDeleting(job)) continue;
    const failed = failureOf(job);
    const isCurrent = job.metadata.annotations?.[stamps.inputs] === wanted.metadata.annotations?.[stamps.inputs];
    if (isComplete(job)) {
      if (!isOlder(job, repositoryClaim(situation, repository))) continue;
      return { deletions: [deletionOf(job, namespace, `its backup was to another volume than ${repository} is now`)] };
    }
    if (failed === undefined) {
      if (isCurrent || podRuns(situation, job)) continue;
      return { deletions: [deletionOf(job, namespace, 'the first backup is asked for differently now, and it does not run yet')] };
    }
    // What failed with other inputs says nothing of these.
    const failedAtMs = Date.parse(failed.lastTransitionTime ?? '');
    const waitMs = isCurrent && !Number.isNaN(failedAtMs) ? failedAtMs + retryJobAfterMs - observation.nowMs : 0;
    if (waitMs > 0) return { lookAgainAfterMs: waitMs };
    return { deletions: [deletionOf(job, namespace, 'the first backup failed and is tried again')] };
  }
  return {};
};

const conditionsOf = (situation: Situation, progress: BackupProgress): readonly ConditionOutcome[] => {
  const { repositoryHost, repositories } = progress;
  const { cluster, observation } = situation;
  const first = repositories[0];
  if (repositoryHost === undefined || first === undefined) return [];
  const result = observation.commandResults[commandKey];
  const error = result?.result.kind === 'failed' && result.inputs === stanzaInputs(situation) ? result.result.message.trim() : undefined;
  const failedJob = jobsOf(situation, first.name).find((job) => failureOf(job) !== undefined);
  const host = cluster.profile.names.repositoryHost(cluster.identity.name);
  return [
    repositoryHost.exists
      ? {
          type: 'PGBackRestRepoHostReady',
          status: repositoryHost.ready ? 'True' : 'False',
          reason: repositoryHost.ready ? 'RepoHostReady' : 'RepoHostNotReady',
          message: repositoryHost.ready ? `repository host ${host} is ready` : `repository host ${host} is not ready`,
        }
      : {
          type: 'PGBackRestRepoHostReady',
          status: 'Unknown',
          reason: 'RepoHostStatusMissing',
          message: `repository host ${host} is not there yet`,
        },
    first.stanzaCreated
      ? { type: 'PGBackRestReplicaRepoReady', status: 'True', reason: 'StanzaCreated', message: `${first.name} has its stanza` }
      : {
          type: 'PGBackRestReplicaRepoReady',
          status: 'False',
          reason: 'StanzaNotCreated',
          message: error === undefined ? `${first.name} has no stanza yet` : `${first.name} has no stanza, ${failedMark}${error}`,
        },
    first.replicaCreateBackupComplete
      ? {
          type: 'PGBackRestReplicaCreate',
          status: 'True',
          reason: 'RepoBackupComplete',
          message: `${first.name} holds a backup to make replicas from`,
        }
      : {
          type: 'PGBackRestReplicaCreate',
          status: 'False',
          reason: 'RepoBackupNotComplete',
          message:
            failedJob === undefined
              ? `${first.name} holds no complete backup yet`
              : `the first backup to ${first.name} failed: see the log of Job ${failedJob.metadata.name}; it is tried again`,
        },
  ];
};

/** An error of the stanza's making that the status does not tell of yet. */
const stanzaEvents = ({ recalled }: Situation, conditions: readonly ConditionOutcome[]): readonly EventRequest[] => {
  const condition = conditions.find(({ type }) => type === 'PGBackRestReplicaRepoReady');
  const before = recalled.conditions.find(({ type }) => type === 'PGBackRestReplicaRepoReady');
  if (condition?.reason !== 'StanzaNotCreated' || !condition.message.includes(failedMark) || before?.message === condition.message)
    return [];
  return [{ type: 'Warning', reason: 'UnableToCreateStanzas', message: condition.message }];
};

export const backUp = (situation: Situation, progress: BackupProgress): Contribution => {
  const conditions = conditionsOf(situation, progress);
  const report = { conditions, events: stanzaEvents(situation, conditions) };
  const first = progress.repositories[0];
  const isReachable =
    progress.repositoryHost?.ready === true && situation.writable !== undefined && situation.systemIdentifier !== undefined;
  if (first === undefined || !isReachable || situation.cluster.stopped) return report;
  if (progress.repositories.some(({ stanzaCreated }) => !stanzaCreated)) return { ...report, ...createStanza(situation) };
  if (!first.replicaCreateBackupComplete) return { ...report, ...runFirstBackup(situation, first.name) };
  return report;
};
