/** Jobs that ask the repository host for a backup. */
import type { Job } from '@pgherd/api';
import { hashOf, suffixFrom } from '../../hash.ts';
import type { BackupSettings, Cluster } from '../../model/cluster.ts';
import type { EngineConfiguration } from '../../observation.ts';
import { stamps } from '../../stamps.ts';
import { backupLabels } from '../labels.ts';
import { childMetadata } from '../metadata.ts';
import { commonPodFields, container, schedulingFields, temporaryMount, temporaryVolume, tokenMount, tokenVolume } from '../podParts.ts';
import { execInPod } from '../scripts/execInPod.ts';
import { backupCommand } from './commands.ts';
import { backupConfigurationHash } from './configuration.ts';
import { repositoryHostPod } from './layout.ts';
import { backupImage } from './podParts.ts';

/** Why a backup is taken: values of the backup label. */
export type BackupReason = 'replica-create' | 'manual' | 'scheduled';

export interface BackupRequest {
  readonly reason: BackupReason;
  /** `repo1` … `repo4`. */
  readonly repository: string;
  /** Further options of `pgbackrest backup`, each a word. */
  readonly options: readonly string[];
  /** Counts Jobs for the same request: a failed one is replaced under another name. */
  readonly attempt: number;
}

/** The first backup, from which replicas are made. pgBackRest makes it a full one. Waiting for the next checkpoint would take minutes. */
export const firstBackup = (backups: BackupSettings, attempt: number): BackupRequest | undefined => {
  const [repository] = backups.repositories;
  return repository && { reason: 'replica-create', repository: repository.name, options: ['--start-fast'], attempt };
};

/**
 * The Job for a request. Its name depends on request and template alone, so that asking twice finds the first. pgBackRest takes
 * backups only on the repository host, so the Job runs the command there through the API server and ends as it ends. It runs in the
 * PostgreSQL image, which has a Python for Patroni.
 */
export const backupJob = (cluster: Cluster, backups: BackupSettings, request: BackupRequest, configuration: EngineConfiguration): Job => {
  const { names, labels, containers, stanza } = cluster.profile;
  const { name, namespace, uid } = cluster.identity;
  const hash = backupConfigurationHash(cluster, backups, configuration);
  const jobLabels = {
    ...backupLabels(cluster),
    [labels.backup]: request.reason,
    [labels.backupRepository]: request.repository,
  };
  const command = backupCommand(stanza, hash, [`--repo=${request.repository.replace('repo', '')}`, ...request.options]);
  const template: NonNullable<Job['spec']>['template'] = {
    metadata: { labels: { ...backups.metadata.labels, ...jobLabels }, annotations: backups.metadata.annotations },
    spec: {
      ...commonPodFields(cluster),
      ...schedulingFields(backups.jobs.scheduling),
      containers: [
        container(cluster, {
          name: containers.backupServer,
          image: cluster.postgres.image ?? backupImage(cluster, backups),
          command: ['python3', '-uc', execInPod, namespace, repositoryHostPod(cluster), containers.backupServer, ...command],
          mounts: [tokenMount, temporaryMount],
          resources: backups.jobs.resources,
        }),
      ],
      restartPolicy: 'Never',
      serviceAccountName: names.backupAccess(name),
      volumes: [temporaryVolume, tokenVolume],
    },
  };
  const inputs = hashOf([request.reason, request.repository, request.options, template]);
  return {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: {
      ...childMetadata(cluster, names.backupJob(name, suffixFrom(`${uid} ${inputs} ${request.attempt}`)), jobLabels, backups.metadata),
      annotations: {
        ...childMetadata(cluster, name, {}, backups.metadata).annotations,
        [stamps.inputs]: inputs,
      },
    },
    spec: {
      ...(backups.jobs.ttlSecondsAfterFinished !== undefined && { ttlSecondsAfterFinished: backups.jobs.ttlSecondsAfterFinished }),
      template,
    },
  };
};
