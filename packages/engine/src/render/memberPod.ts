/** The pod of a member: its containers in the order that scripts and tests rely on, their files, and where they may run. */
import type { Container, EnvVar, PodSpec, PodTemplateSpec, Volume, VolumeMount } from '@pgherd/api';
import { hashOf } from '../hash.ts';
import { mountsIn, type BackupSettings, type Cluster, type InstanceSet } from '../model/cluster.ts';
import type { MemberIdentity } from '../model/members.ts';
import { renderingVersion, stamps } from '../stamps.ts';
import { memberLogDirectory, spoolDirectory } from './backups/layout.ts';
import { configurationMount, configurationVolume, serverContainers, serverVolume } from './backups/podParts.ts';
import { certificateSources } from './certificateFiles.ts';
import { memberSecretKeys } from './certificateKeys.ts';
import { claimName, otherNames } from './claims.ts';
import type { RenderContext } from './context.ts';
import { dataKinds, workloadLabels } from './labels.ts';
import { logDirectoryToMake } from './logDirectory.ts';
import { memberEnvironment, patroniName, postgresEnvironment } from './memberEnvironment.ts';
import { mergedMetadata } from './metadata.ts';
import { patroniParameters } from './patroniParameters.ts';
import { podInputs } from './podInputs.ts';
import {
  accountsMount,
  accountsParameters,
  commonPodFields,
  container,
  schedulingFields,
  sharedTemporaryMounts,
  temporaryMount,
  temporaryVolume,
  tokenMount,
  tokenVolume,
} from './podParts.ts';
import { bashCommand } from './programs.ts';
import { accounts } from './scripts/accounts.ts';
import { database } from './scripts/database.ts';
import { handover } from './scripts/handover.ts';
import { isReady } from './scripts/isReady.ts';
import { usercustomize } from './scripts/usercustomize.ts';
import { startup, turn } from './scripts/startup.ts';
import { wake } from './scripts/wake.ts';
import { certificateCopy } from './scripts/watch.ts';
import {
  crashWatchSeconds,
  handoverSeconds,
  livenessProbe,
  readinessProbe,
  terminationGraceSeconds,
  watchIntervalSeconds,
} from './timing.ts';
import { hasWalVolume } from './walVolume.ts';

const databaseContainerInformation = 'database-containerinfo';

/** The key of the ConfigMaps that hold Patroni's configuration. */
export const patroniFileKey = 'patroni.yaml';

/**
 * In the configuration of members that share a StatefulSet: the pod that must lead first, while there is one. They cannot be started one by one, so
 * the others wait for it themselves.
 */
export const leadsFirstKey = 'leads-first';

interface Mounts {
  readonly certificates: VolumeMount;
  readonly data: VolumeMount;
  readonly wal: readonly VolumeMount[];
  readonly patroni: VolumeMount;
  readonly files: readonly VolumeMount[];
}

const mountsOf = (cluster: Cluster, ownWalVolume: boolean): Mounts => {
  const { paths, volumes } = cluster.profile;
  return {
    certificates: { name: 'cert-volume', mountPath: paths.certificates, readOnly: true },
    data: { name: volumes.data, mountPath: paths.dataMount },
    wal: ownWalVolume ? [{ name: 'postgres-wal', mountPath: paths.walMount }] : [],
    patroni: { name: 'patroni-config', mountPath: paths.patroni.directory, readOnly: true },
    files:
      cluster.postgres.configurationFiles.length === 0
        ? []
        : [{ name: 'postgres-config', mountPath: paths.configurationFiles, readOnly: true }],
  };
};

const volumesOf = (
  cluster: Cluster,
  set: InstanceSet,
  member: MemberIdentity,
  mounts: Mounts,
  context: RenderContext,
): readonly Volume[] => {
  const { names, paths, containers } = cluster.profile;
  const { name } = cluster.identity;
  const resource = (path: string, field: string, divisor: string) => ({
    path,
    resourceFieldRef: { containerName: containers.database, resource: field, divisor },
  });
  const field = (path: string) => ({ path, fieldRef: { apiVersion: 'v1', fieldPath: `metadata.${path}` } });
  return [
    {
      name: mounts.certificates.name,
      projected: {
        defaultMode: 0o600,
        sources: certificateSources(cluster).map((secret) => ({ secret })),
      },
    },
    // Where members share a StatefulSet, its templates of claims give each pod its own.
    ...(cluster.profile.workloads === 'own'
      ? [{ name: mounts.data.name, persistentVolumeClaim: { claimName: claimName(context, names.memberDataVolume(member.name)) } }]
      : []),
    ...mounts.wal.map((mount) => ({
      name: mount.name,
      persistentVolumeClaim: { claimName: claimName(context, names.memberWalVolume(member.name)) },
    })),
    {
      name: databaseContainerInformation,
      downwardAPI: {
        items: [
          resource('cpu_limit', 'limits.cpu', '1m'),
          resource('cpu_request', 'requests.cpu', '1m'),
          resource('mem_limit', 'limits.memory', '1Mi'),
          resource('mem_request', 'requests.memory', '1Mi'),
          field('labels'),
          field('annotations'),
        ],
      },
    },
    {
      name: mounts.patroni.name,
      projected: {
        sources: [
          { configMap: { name: names.configuration(name), items: [{ key: patroniFileKey, path: paths.patroni.clusterFile }] } },
          {
            configMap: {
              name: names.memberConfiguration(member.workload),
              items: [
                { key: patroniFileKey, path: paths.patroni.memberFile },
                ...(cluster.profile.workloads === 'shared' ? [{ key: leadsFirstKey, path: leadsFirstKey }] : []),
              ],
            },
          },
          {
            secret: {
              name: names.memberCertificates(member.workload),
              items: [
                { key: memberSecretKeys.authorities, path: paths.patroni.authorities },
                { key: memberSecretKeys.patroni, path: paths.patroni.certificateAndKey, mode: 0o600 },
              ],
            },
          },
        ],
      },
    },
    ...mounts.files.map((mount) => ({ name: mount.name, projected: { sources: cluster.postgres.configurationFiles } })),
    ...(cluster.backups === undefined
      ? []
      : [
          serverVolume(names.memberCertificates(member.workload), memberSecretKeys.backupCertificate, memberSecretKeys.backupKey),
          configurationVolume(cluster, cluster.backups, 'member'),
        ]),
    { name: 'dshm', emptyDir: { medium: 'Memory' } },
    temporaryVolume,
    tokenVolume,
    ...set.additionalVolumes,
  ];
};

/** The file by whose lock the containers of two pods keep out of each other's way. */
const volumeLock = ({ profile }: Cluster): string => `${profile.paths.dataMount}/member.lock`;

const startupContainer = (cluster: Cluster, set: InstanceSet, image: string, mounts: Mounts): Container => {
  const { containers, paths } = cluster.profile;
  const { majorVersion } = cluster.postgres;
  const spool = spoolDirectory(cluster);
  const ownWalVolume = mounts.wal.length > 0;
  const spoolOnWalVolume = `${paths.walMount}/pgbackrest-spool`;
  const logDirectory = logDirectoryToMake(cluster);
  const startTogether = cluster.profile.workloads === 'shared';
  return {
    ...container(cluster, {
      name: containers.startup,
      image,
      command: bashCommand(
        `${accounts}${startTogether ? turn : ''}${startup}`,
        containers.startup,
        majorVersion,
        ...accountsParameters(cluster),
        ...(startTogether ? [`${paths.patroni.directory}/${leadsFirstKey}`] : []),
        String(majorVersion),
        paths.dataDirectory(majorVersion),
        paths.walDirectory(majorVersion, ownWalVolume),
        `${paths.certificates}/replication`,
        paths.replicationCertificates,
        cluster.backups === undefined ? 'without-backups' : 'with-backups',
        spool,
        ownWalVolume ? spoolOnWalVolume : spool,
        volumeLock(cluster),
        paths.logDirectory,
        `${paths.dataMount}/patroni/log`,
        memberLogDirectory(cluster),
        ...(ownWalVolume ? [spoolOnWalVolume] : []),
        ...(logDirectory === undefined ? [] : [logDirectory]),
      ),
      mounts: [mounts.certificates, mounts.data, ...mounts.wal, ...(startTogether ? [mounts.patroni] : []), temporaryMount],
      resources: set.resources,
    }),
    env: [
      ...postgresEnvironment(cluster),
      ...(startTogether ? [{ name: 'POD_NAME', valueFrom: { fieldRef: { apiVersion: 'v1', fieldPath: 'metadata.name' } } }] : []),
    ],
  };
};

/** The program that wakes Patroni, and its parameters but for the reason. */
const wakeCommand = (cluster: Cluster): readonly string[] => [
  wake,
  ...patroniParameters(cluster),
  String(cluster.patroni.syncPeriodSeconds),
];

const databaseContainer = (cluster: Cluster, set: InstanceSet, image: string, mounts: Mounts): Container => {
  const { containers, paths } = cluster.profile;
  const { majorVersion } = cluster.postgres;
  const environment: readonly EnvVar[] = [...memberEnvironment(cluster), ...set.additionalEnvironment];
  return {
    ...container(cluster, {
      name: containers.database,
      image,
      command: bashCommand(
        database,
        containers.database,
        majorVersion,
        paths.patroni.directory,
        volumeLock(cluster),
        `${temporaryMount.mountPath}/is-ready`,
        isReady,
        `${temporaryMount.mountPath}/python`,
        usercustomize,
        String(crashWatchSeconds),
        ...wakeCommand(cluster),
      ),
      mounts: [
        mounts.certificates,
        mounts.data,
        ...mounts.wal,
        { name: databaseContainerInformation, mountPath: '/etc/database-containerinfo', readOnly: true },
        mounts.patroni,
        ...mounts.files,
        ...(cluster.backups === undefined ? [] : [configurationMount]),
        { name: 'dshm', mountPath: '/dev/shm' },
        accountsMount,
        tokenMount,
        temporaryMount,
      ],
      resources: set.resources,
    }),
    env: environment,
    ...(set.environmentSources.length > 0 && { envFrom: set.environmentSources }),
    ports: [
      { name: cluster.profile.portName, containerPort: cluster.postgres.port, protocol: 'TCP' },
      ...(set.declaresPatroniPort === true ? [{ containerPort: cluster.patroni.port, protocol: 'TCP' } as const] : []),
    ],
    livenessProbe: livenessProbe(cluster.patroni),
    readinessProbe: readinessProbe(cluster.patroni),
    lifecycle: {
      preStop: {
        exec: {
          command: ['python3', '-c', handover, ...patroniParameters(cluster), String(handoverSeconds)],
        },
      },
    },
  };
};

const containersOf = (cluster: Cluster, set: InstanceSet, image: string, mounts: Mounts): readonly Container[] => {
  const { containers, paths } = cluster.profile;
  const { majorVersion } = cluster.postgres;
  const helper = (name: string) => set.helperResources[name];
  const backupServers = (backups: BackupSettings) =>
    serverContainers(cluster, backups, {
      mounts: [mounts.data, ...mounts.wal],
      resources: helper(containers.backupServer),
      watchResources: helper(containers.backupConfiguration),
    });
  return [
    databaseContainer(cluster, set, image, mounts),
    {
      ...container(cluster, {
        name: containers.certificateCopy,
        image,
        command: bashCommand(
          certificateCopy,
          containers.certificateCopy,
          majorVersion,
          String(watchIntervalSeconds),
          paths.certificates,
          paths.replicationCertificates,
          paths.patroni.directory,
          'postgres',
          'patroni',
          ...wakeCommand(cluster),
        ),
        mounts: [mounts.certificates, mounts.patroni, accountsMount, temporaryMount],
        resources: helper(containers.certificateCopy),
      }),
      env: [patroniName],
    },
    ...set.additionalContainers,
    ...(cluster.backups === undefined ? [] : backupServers(cluster.backups)),
  ];
};

/** The volumes that the owner asked for, and what the owner's own containers share of `/tmp`. */
const withMounts = (cluster: Cluster, set: InstanceSet, candidate: Container): Container => {
  const own = candidate.volumeMounts ?? [];
  const mounts = [...sharedTemporaryMounts(cluster), ...mountsIn(set, candidate.name)].filter(
    ({ mountPath }) => !own.some((mount) => mount.mountPath === mountPath),
  );
  return { ...candidate, volumeMounts: [...own, ...mounts] };
};

/** Template of a member's pod; undefined while no image is known to run it. */
export const memberPodTemplate = (
  cluster: Cluster,
  set: InstanceSet,
  member: MemberIdentity,
  context: RenderContext,
): PodTemplateSpec | undefined => {
  const { image } = cluster.postgres;
  if (image === undefined) return undefined;
  const { labels, names, containers } = cluster.profile;
  const ownWalVolume = hasWalVolume(cluster, set, member, context);
  const mounts = mountsOf(cluster, ownWalVolume);
  const metadata = mergedMetadata(set.metadata, ...(set.podMetadata === undefined ? [] : [set.podMetadata]));
  const wishes = mergedMetadata(cluster.metadata, metadata);
  const otherClaims = otherNames(context, [
    names.memberDataVolume(member.name),
    ...(ownWalVolume ? [names.memberWalVolume(member.name)] : []),
  ]);
  const restart = cluster.identity.annotations[stamps.restart] ?? context.restarts.get(member.workload);
  const spec: PodSpec = {
    ...commonPodFields(cluster),
    ...schedulingFields(set.scheduling),
    containers: containersOf(cluster, set, image, mounts).map((each) => withMounts(cluster, set, each)),
    initContainers: [...set.additionalInitContainers, startupContainer(cluster, set, image, mounts)].map((each) =>
      withMounts(cluster, set, each),
    ),
    restartPolicy: 'Always',
    serviceAccountName: names.memberAccess(cluster.identity.name),
    // Sidecars tell PostgreSQL, Patroni and pgBackRest of new certificates by signals.
    shareProcessNamespace: true,
    terminationGracePeriodSeconds: terminationGraceSeconds,
    volumes: volumesOf(cluster, set, member, mounts, context),
  };
  return {
    metadata: {
      labels: {
        ...wishes.labels,
        ...workloadLabels(cluster, member),
        [labels.data]: dataKinds.postgres,
        // Patroni finds its members by this label.
        [labels.patroni]: cluster.patroni.scope,
      },
      annotations: {
        ...wishes.annotations,
        'kubectl.kubernetes.io/default-container': containers.database,
        [stamps.inputs]: hashOf(podInputs(cluster, { ...set, metadata }, { ownWalVolume, otherClaims, restart })),
        ...(restart !== undefined && { [stamps.restart]: restart }),
        [stamps.rendering]: renderingVersion,
      },
    },
    spec,
  };
};
