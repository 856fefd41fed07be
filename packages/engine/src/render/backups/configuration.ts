/** pgBackRest's configuration files, for members, for the repository host and for the servers on both. */
import type { ConfigMap } from '@pgherd/api';
import { hashOf } from '../../hash.ts';
import type { BackupSettings, Cluster } from '../../model/cluster.ts';
import type { MemberIdentity } from '../../model/members.ts';
import type { EngineConfiguration } from '../../observation.ts';
import { backupClientName, podDnsNames } from '../certificates.ts';
import { backupLabels } from '../labels.ts';
import { childMetadata } from '../metadata.ts';
import {
  configurationDirectory,
  configurationKeys,
  memberLogDirectory,
  projected,
  repositoryHostPod,
  repositoryMountPath,
  serverDirectory,
  spoolDirectory,
} from './layout.ts';

type Options = Readonly<Record<string, string>>;
type DomainConfiguration = Pick<EngineConfiguration, 'clusterDomain'>;

/** Sections and options in order, so that the same settings give the same text. A line break in a value would begin another option. */
export const iniText = (sections: Readonly<Record<string, Options>>): string =>
  [
    '# Made by pgherd. What is changed here does not last.',
    ...Object.entries(sections)
      .filter(([, options]) => Object.keys(options).length > 0)
      .flatMap(([section, options]) => [
        '',
        `[${section}]`,
        ...Object.entries(options)
          .toSorted(([left], [right]) => (left < right ? -1 : 1))
          .map(([option, value]) => `${option} = ${value.replaceAll(/[\r\n]+/g, ' ')}`),
      ]),
    '',
  ].join('\n');

/** Fully qualified, with the domain: it is also what the certificate is checked against. */
const podAddress = (cluster: Cluster, pod: string, configuration: DomainConfiguration): string => {
  const { names } = cluster.profile;
  const [address] = podDnsNames(pod, names.podService(cluster.identity.name), cluster.identity.namespace, configuration);
  return address ?? pod;
};

/** How one side finds the other: `repo1` or `pg2`, and the address. */
const hostOptions = (prefix: string, address: string): Options => ({
  [`${prefix}-host`]: address,
  [`${prefix}-host-type`]: 'tls',
  [`${prefix}-host-ca-file`]: `${configurationDirectory}/${projected.authorities}`,
  [`${prefix}-host-cert-file`]: `${configurationDirectory}/${projected.clientCertificate}`,
  [`${prefix}-host-key-file`]: `${configurationDirectory}/${projected.clientKey}`,
});

const databaseOptions = (cluster: Cluster, prefix: string): Options => ({
  [`${prefix}-path`]: cluster.profile.paths.dataDirectory(cluster.postgres.majorVersion),
  [`${prefix}-port`]: String(cluster.postgres.port),
  [`${prefix}-socket-path`]: cluster.profile.paths.socketDirectory,
});

const repositoryPaths = (backups: BackupSettings): Options =>
  Object.fromEntries(backups.repositories.map(({ name }) => [`${name}-path`, repositoryMountPath(name)]));

/** Options for one command, unless the owner set them for all: a command's section would win over that. */
const unlessSet = (backups: BackupSettings, options: Options): Options =>
  Object.fromEntries(Object.entries(options).filter(([option]) => backups.global[option] === undefined));

const memberFile = (cluster: Cluster, backups: BackupSettings, configuration: DomainConfiguration): string => {
  const host = podAddress(cluster, repositoryHostPod(cluster), configuration);
  return iniText({
    global: {
      'archive-async': 'y',
      'log-path': memberLogDirectory(cluster),
      'spool-path': spoolDirectory(cluster),
      ...repositoryPaths(backups),
      ...Object.assign({}, ...backups.repositories.map(({ name }) => ({ ...hostOptions(name, host), [`${name}-host-user`]: 'postgres' }))),
      ...backups.global,
    },
    // PostgreSQL waits for these commands, in a promotion and in a stop. What takes longer goes on in the background: the next call finds
    // it in the spool.
    'global:archive-get': unlessSet(backups, { 'archive-timeout': '10', 'io-timeout': '10' }),
    'global:archive-push': unlessSet(backups, { 'archive-timeout': '10' }),
    // The member itself must be the first: https://github.com/pgbackrest/pgbackrest/issues/1197#issuecomment-708381800
    [cluster.profile.stanza]: databaseOptions(cluster, 'pg1'),
  });
};

const repositoryHostGlobal = (backups: BackupSettings): Options => {
  const [first] = backups.repositories;
  return {
    ...(first === undefined ? { 'log-level-file': 'off' } : { 'log-path': `${repositoryMountPath(first.name)}/log` }),
    ...repositoryPaths(backups),
    ...backups.global,
  };
};

const repositoryHostFile = (
  cluster: Cluster,
  backups: BackupSettings,
  members: readonly MemberIdentity[],
  configuration: DomainConfiguration,
): string =>
  iniText({
    global: repositoryHostGlobal(backups),
    [cluster.profile.stanza]: Object.assign(
      {},
      ...members
        .toSorted((left, right) => (left.name < right.name ? -1 : 1))
        .map((member, index) => ({
          ...hostOptions(`pg${index + 1}`, podAddress(cluster, member.pod, configuration)),
          ...databaseOptions(cluster, `pg${index + 1}`),
        })),
    ) as Options,
  });

const serverFile = (cluster: Cluster): string =>
  iniText({
    global: {
      'tls-server-address': cluster.services.primary.ipFamilies[0] === 'IPv6' ? '::' : '0.0.0.0',
      // For any stanza: `info` and `repo-ls` without one are refused otherwise.
      'tls-server-auth': `${backupClientName(cluster)}=*`,
      'tls-server-ca-file': `${configurationDirectory}/${projected.authorities}`,
      'tls-server-cert-file': `${serverDirectory}/${projected.serverCertificate}`,
      'tls-server-key-file': `${serverDirectory}/${projected.serverKey}`,
    },
    // To the container's log, which has times of its own.
    'global:server': {
      'log-level-console': 'detail',
      'log-level-file': 'off',
      'log-level-stderr': 'error',
      'log-timestamp': 'n',
    },
  });

/**
 * Hash of what decides where backups go. Members and repository host carry it beside their configuration, so that a command can tell
 * whether the pod has what was meant. Members come and go without changing it.
 */
export const backupConfigurationHash = (cluster: Cluster, backups: BackupSettings, configuration: DomainConfiguration): string =>
  hashOf([memberFile(cluster, backups, configuration), repositoryHostGlobal(backups)]);

export const backupConfiguration = (
  cluster: Cluster,
  backups: BackupSettings,
  members: readonly MemberIdentity[],
  configuration: DomainConfiguration,
): ConfigMap => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: childMetadata(
    cluster,
    cluster.profile.names.backupConfiguration(cluster.identity.name),
    { ...backupLabels(cluster), [cluster.profile.labels.backupConfiguration]: '' },
    backups.metadata,
  ),
  data: {
    [configurationKeys.member]: memberFile(cluster, backups, configuration),
    [configurationKeys.repositoryHost]: repositoryHostFile(cluster, backups, members, configuration),
    [configurationKeys.server]: serverFile(cluster),
    [configurationKeys.hash]: backupConfigurationHash(cluster, backups, configuration),
  },
});
