/** The repository host: one pod with the repositories' volumes, through which members archive and backups are taken. */
import type { PersistentVolumeClaim, PodTemplateSpec, StatefulSet, VolumeMount } from '@pgherd/api';
import type { DesiredObject } from '../../decision.ts';
import { hashOf } from '../../hash.ts';
import type { BackupSettings, Cluster, Repository } from '../../model/cluster.ts';
import { renderingVersion, stamps } from '../../stamps.ts';
import { claimName, otherNames } from '../claims.ts';
import type { RenderContext, Renderer } from '../context.ts';
import { backupLabels, dataKinds, repositoryHostLabels } from '../labels.ts';
import { childMetadata, unownedMetadata } from '../metadata.ts';
import { repositoryHostInputs } from '../podInputs.ts';
import { accountsParameters, commonPodFields, container, schedulingFields, temporaryMount, temporaryVolume } from '../podParts.ts';
import { bashCommand } from '../programs.ts';
import { accounts } from '../scripts/accounts.ts';
import { backupConfiguration } from './configuration.ts';
import { backupSecretKeys, repositoryMountPath } from './layout.ts';
import { backupImage, configurationVolume, serverContainers, serverVolume } from './podParts.ts';

const repositoryMount = ({ name }: Repository): VolumeMount => ({ name, mountPath: repositoryMountPath(name) });

const repositoryClaim = (
  cluster: Cluster,
  backups: BackupSettings,
  repository: Repository,
  context: RenderContext,
): PersistentVolumeClaim => {
  const { names, labels } = cluster.profile;
  return {
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
    metadata: unownedMetadata(
      cluster,
      claimName(context, names.repositoryVolume(cluster.identity.name, repository.name)),
      {
        ...backupLabels(cluster),
        [labels.backupRepository]: repository.name,
        [labels.backupRepositoryVolume]: '',
        [labels.data]: dataKinds.backups,
      },
      backups.metadata,
    ),
    spec: repository.volume.spec,
  };
};

const podTemplate = (cluster: Cluster, backups: BackupSettings, context: RenderContext): PodTemplateSpec => {
  const { containers, labels, names } = cluster.profile;
  const { name } = cluster.identity;
  const mounts = backups.repositories.map(repositoryMount);
  const claims = backups.repositories.map((repository) => names.repositoryVolume(name, repository.name));
  return {
    metadata: {
      labels: { ...backups.metadata.labels, ...repositoryHostLabels(cluster), [labels.data]: dataKinds.backups },
      annotations: {
        ...backups.metadata.annotations,
        'kubectl.kubernetes.io/default-container': containers.backupServer,
        [stamps.inputs]: hashOf(repositoryHostInputs(cluster, otherNames(context, claims))),
        [stamps.rendering]: renderingVersion,
      },
    },
    spec: {
      ...commonPodFields(cluster),
      ...schedulingFields(backups.repositoryHost.scheduling),
      containers: serverContainers(cluster, backups, {
        mounts,
        resources: backups.repositoryHost.resources,
        watchResources: backups.repositoryHost.helperResources[containers.backupConfiguration],
      }),
      initContainers: [
        container(cluster, {
          name: containers.backupLogDirectory,
          image: backupImage(cluster, backups),
          command: bashCommand(
            `${accounts}for directory; do install --directory --mode=0775 -- "$directory"; done`,
            containers.backupLogDirectory,
            cluster.postgres.majorVersion,
            ...accountsParameters(cluster),
            ...backups.repositories.slice(0, 1).map((repository) => `${repositoryMountPath(repository.name)}/log`),
          ),
          mounts: [...mounts, temporaryMount],
          resources: backups.repositoryHost.resources,
        }),
      ],
      restartPolicy: 'Always',
      serviceAccountName: names.repositoryHostAccess(name),
      shareProcessNamespace: true,
      volumes: [
        ...backups.repositories.map((repository) => ({
          name: repository.name,
          persistentVolumeClaim: { claimName: claimName(context, names.repositoryVolume(name, repository.name)) },
        })),
        serverVolume(names.backupSecret(name), backupSecretKeys.hostCertificate, backupSecretKeys.hostKey),
        configurationVolume(cluster, backups, 'repositoryHost'),
        temporaryVolume,
      ],
    },
  };
};

const statefulSet = (cluster: Cluster, backups: BackupSettings, replicas: 0 | 1, context: RenderContext): StatefulSet => {
  const { names, labels } = cluster.profile;
  return {
    apiVersion: 'apps/v1',
    kind: 'StatefulSet',
    metadata: childMetadata(
      cluster,
      names.repositoryHost(cluster.identity.name),
      { ...repositoryHostLabels(cluster), [labels.data]: dataKinds.backups },
      backups.metadata,
    ),
    spec: {
      podManagementPolicy: 'Parallel',
      replicas,
      revisionHistoryLimit: 0,
      selector: { matchLabels: repositoryHostLabels(cluster) },
      serviceName: names.podService(cluster.identity.name),
      template: podTemplate(cluster, backups, context),
      updateStrategy: { type: 'RollingUpdate' },
    },
  };
};

/** In a stop it goes after the members, which archive their last WAL through it. */
export const renderBackups: Renderer = (cluster, members, context) => {
  const { backups } = cluster;
  if (backups === undefined) return [];
  const stopped = cluster.stopped && members.length > 0 && members.every(({ pods }) => pods === 0) && !context.memberRuns;
  const configuration = backupConfiguration(
    cluster,
    backups,
    [...members.map(({ identity }) => identity), ...context.leaving],
    context.configuration,
  );
  return [
    { object: configuration, stage: 1, mode: 'apply' },
    ...backups.repositories.map((repository): DesiredObject => ({
      object: repositoryClaim(cluster, backups, repository, context),
      stage: 1,
      mode: 'apply',
    })),
    ...(backupImage(cluster, backups) === ''
      ? []
      : [{ object: statefulSet(cluster, backups, stopped ? 0 : 1, context), stage: 2, mode: 'apply' } as const]),
  ];
};
