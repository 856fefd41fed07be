/** Where pgBackRest's files are: in the ConfigMap and the Secret, in the pods, on the volumes. */
import type { Cluster } from '../../model/cluster.ts';
import { podOf } from '../../model/members.ts';

/** Keys of the ConfigMap. */
export const configurationKeys = {
  member: 'pgbackrest_instance.conf',
  repositoryHost: 'pgbackrest_repo.conf',
  server: 'pgbackrest-server.conf',
  hash: 'config-hash',
} as const;

/** Keys of the Secret of the backups. */
export const backupSecretKeys = {
  authorities: 'pgbackrest.ca-roots',
  clientCertificate: 'pgbackrest-client.crt',
  clientKey: 'pgbackrest-client.key',
  hostCertificate: 'pgbackrest-repo-host.crt',
  hostKey: 'pgbackrest-repo-host.key',
} as const;

/** pgBackRest reads every `*.conf` in here. */
export const configurationDirectory = '/etc/pgbackrest/conf.d';

/** Certificates of the server; outside of the configuration, whose files the members and the host have in common. */
export const serverDirectory = '/etc/pgbackrest/server';

/** Paths below the two directories. The tilde sorts our files after the owner's, and the last value of an option wins. */
export const projected = {
  serverConfiguration: '~postgres-operator_server.conf',
  authorities: '~postgres-operator/tls-ca.crt',
  clientCertificate: '~postgres-operator/client-tls.crt',
  clientKey: '~postgres-operator/client-tls.key',
  serverCertificate: 'server-tls.crt',
  serverKey: 'server-tls.key',
} as const;

export const repositoryMountPath = (repository: string): string => `/pgbackrest/${repository}`;

/** Of the TLS server, on members and on the repository host; pgBackRest's default. */
export const serverPort = 8432;

export const repositoryHostPod = ({ profile: { names }, identity }: Cluster): string => podOf(names.repositoryHost(identity.name));

export const memberLogDirectory = (cluster: Cluster): string => `${cluster.profile.paths.dataMount}/pgbackrest/log`;

/** Where members keep WAL on its way: a link into the WAL volume where there is one, so that it never crosses to a slower or fuller disk. */
export const spoolDirectory = (cluster: Cluster): string => `${cluster.profile.paths.dataMount}/pgbackrest-spool`;
