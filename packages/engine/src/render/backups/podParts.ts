/** pgBackRest's containers and volumes, on members and on the repository host alike. */
import type { Container, KeyToPath, ResourceRequirements, Volume, VolumeMount } from '@pgherd/api';
import type { BackupSettings, Cluster } from '../../model/cluster.ts';
import { accountsMount, container, temporaryMount } from '../podParts.ts';
import { bashCommand } from '../programs.ts';
import { backupServerWatch } from '../scripts/watch.ts';
import { watchIntervalSeconds } from '../timing.ts';
import { backupSecretKeys, configurationDirectory, configurationKeys, projected, serverDirectory } from './layout.ts';

/** The image for pgBackRest: the cluster's own serves where none is named. */
export const backupImage = (cluster: Cluster, backups: BackupSettings): string => backups.image ?? cluster.postgres.image ?? '';

export const configurationMount: VolumeMount = { name: 'pgbackrest-config', mountPath: configurationDirectory, readOnly: true };
export const serverMount: VolumeMount = { name: 'pgbackrest-server', mountPath: serverDirectory, readOnly: true };

/** pgBackRest refuses keys that others may read. */
const keyMode = 0o600;

/** The owner's files come first: where two have the same path, the last one wins, and certificates and hash must be ours. */
export const configurationVolume = (cluster: Cluster, backups: BackupSettings, key: 'member' | 'repositoryHost'): Volume => {
  const { names } = cluster.profile;
  const own = (name: string): KeyToPath => ({ key: name, path: name });
  return {
    name: configurationMount.name,
    projected: {
      sources: [
        ...backups.configuration,
        {
          configMap: {
            name: names.backupConfiguration(cluster.identity.name),
            items: [
              own(configurationKeys[key]),
              own(configurationKeys.hash),
              { key: configurationKeys.server, path: projected.serverConfiguration },
            ],
          },
        },
        {
          secret: {
            name: names.backupSecret(cluster.identity.name),
            items: [
              { key: backupSecretKeys.authorities, path: projected.authorities },
              { key: backupSecretKeys.clientCertificate, path: projected.clientCertificate },
              { key: backupSecretKeys.clientKey, path: projected.clientKey, mode: keyMode },
            ],
          },
        },
      ],
    },
  };
};

/** The certificate that the server in this pod shows. */
export const serverVolume = (secret: string, certificateKey: string, privateKeyKey: string): Volume => ({
  name: serverMount.name,
  projected: {
    sources: [
      {
        secret: {
          name: secret,
          items: [
            { key: certificateKey, path: projected.serverCertificate },
            { key: privateKeyKey, path: projected.serverKey, mode: keyMode },
          ],
        },
      },
    ],
  },
});

export interface ServerContainerParts {
  /** The volumes that the server reads or writes for its clients. */
  readonly mounts: readonly VolumeMount[];
  readonly resources: ResourceRequirements | undefined;
  readonly watchResources: ResourceRequirements | undefined;
}

/** The TLS server through which members and repository host reach each other, and the container that tells it of new files. */
export const serverContainers = (cluster: Cluster, backups: BackupSettings, parts: ServerContainerParts): readonly Container[] => {
  const { containers } = cluster.profile;
  const image = backupImage(cluster, backups);
  const { majorVersion } = cluster.postgres;
  const common = [accountsMount, configurationMount, serverMount, temporaryMount];
  return [
    {
      ...container(cluster, {
        name: containers.backupServer,
        image,
        command: ['pgbackrest', 'server'],
        mounts: [...parts.mounts, ...common],
        resources: parts.resources,
      }),
      livenessProbe: { exec: { command: ['pgbackrest', 'server-ping'] } },
    },
    container(cluster, {
      name: containers.backupConfiguration,
      image,
      command: bashCommand(
        backupServerWatch,
        containers.backupConfiguration,
        majorVersion,
        String(watchIntervalSeconds),
        'pgbackrest',
        'pgbackrest server ',
        serverDirectory,
        configurationDirectory,
      ),
      mounts: common,
      resources: parts.watchResources,
    }),
  ];
};
