/**
 * Patroni's configuration files: one that all members share, and one for each member. Both are JSON, which is YAML. What only the pod itself
 * knows (its address, its ports, its name) comes to Patroni as environment variables, see memberPod.ts.
 *
 * Keys and their meaning: Patroni 4.0.7, docs/yaml_configuration.rst and docs/dynamic_configuration.rst.
 */
import type { Cluster } from '../model/cluster.ts';
import type { MemberIdentity } from '../model/members.ts';
import type { RenderContext } from './context.ts';
import { clusterLabels } from './labels.ts';
import { hasWalVolume } from './walVolume.ts';

/** A word for a POSIX shell, whatever is in it. */
const quoteShell = (word: string): string => `'${word.replaceAll("'", `'\\''`)}'`;

const file = (content: unknown): string => `${JSON.stringify(content, undefined, 2)}\n`;

/** Members present a client certificate to each other; the database knows the role by it, so there is no password. */
const replicationAuthentication = ({ profile, certificates: { server } }: Cluster): object => {
  const directory = profile.paths.replicationCertificates;
  // A certificate that the owner brought without its authority cannot be verified: libpq does so as soon as it knows of any authority.
  const verification =
    server !== undefined && server.authority === undefined
      ? { sslmode: 'require' }
      : { sslmode: 'verify-ca', sslrootcert: `${directory}/ca.crt` };
  return {
    username: profile.roles.replication,
    sslcert: `${directory}/tls.crt`,
    sslkey: `${directory}/tls.key`,
    ...verification,
  };
};

/** Two files of half the limit each: the one being written and the one before it. */
const logging = (cluster: Cluster): object => {
  const settings = cluster.patroni.logging;
  if (settings === undefined) return {};
  return {
    log: {
      type: 'json',
      level: settings.level,
      dir: `${cluster.profile.paths.dataMount}/patroni/log`,
      mode: '0660',
      file_num: 1,
      file_size: Math.floor(settings.storageLimitBytes / 2),
    },
  };
};

/** Patroni's dynamic configuration, as it stands in its store: once the cluster is bootstrapped, this is what counts. */
export const dynamicConfiguration = (cluster: Cluster): Readonly<Record<string, unknown>> => cluster.patroni.dynamicConfiguration;

/** The file that all members share. */
export const patroniClusterFile = (cluster: Cluster, context: RenderContext): string => {
  const { profile, identity, patroni } = cluster;
  const directory = profile.paths.patroni.directory;
  const tls = {
    cafile: `${directory}/${profile.paths.patroni.authorities}`,
    certfile: `${directory}/${profile.paths.patroni.certificateAndKey}`,
  };
  return file({
    scope: patroni.scope,
    kubernetes: {
      namespace: identity.namespace,
      use_endpoints: true,
      role_label: profile.labels.role,
      scope_label: profile.labels.patroni,
      leader_label_value: profile.roleValues.leader,
      standby_leader_label_value: profile.roleValues.leader,
      // On every object that Patroni makes.
      labels: clusterLabels(cluster),
    },
    postgresql: { authentication: { replication: replicationAuthentication(cluster), rewind: replicationAuthentication(cluster) } },
    restapi: {
      ...tls,
      // The key is in the same file as the certificate.
      keyfile: null,
      // The kubelet's probes have no certificate, and only read. Requests that change something are refused without one.
      verify_client: 'optional',
    },
    ctl: { cacert: tls.cafile, certfile: tls.certfile, keyfile: null, insecure: false },
    // A container has no watchdog device.
    watchdog: { mode: 'off' },
    ...logging(cluster),
    ...(!context.bootstrapped && { bootstrap: { dcs: dynamicConfiguration(cluster) } }),
  });
};

/**
 * How a new replica gets its data from the backups. pgBackRest wants the directory to be there, while Patroni removes it after a failed
 * attempt (Patroni 4.0.7, postgresql/bootstrap.py, create_replica), so it is made first. Patroni cuts the command into words as a shell does.
 */
const restoreMethod = (cluster: Cluster, walDirectory: string, repository: string): object => {
  const dataDirectory = cluster.profile.paths.dataDirectory(cluster.postgres.majorVersion);
  const restore = [
    'pgbackrest',
    'restore',
    '--delta',
    `--stanza=${cluster.profile.stanza}`,
    `--repo=${repository.replace(/^repo/, '')}`,
    `--link-map=pg_wal=${walDirectory}`,
    '--type=standby',
  ];
  const script = 'install --directory --mode=0700 "$1" && shift && exec "$@"';
  return {
    command: ['bash', '-ceu', '--', script, '-', dataDirectory, ...restore].map(quoteShell).join(' '),
    keep_data: true,
    no_leader: true,
    no_params: true,
  };
};

/** The file of one member. */
export const patroniMemberFile = (cluster: Cluster, member: MemberIdentity, context: RenderContext): string => {
  const set = cluster.sets.find((candidate) => candidate.name === member.set);
  const walDirectory = cluster.profile.paths.walDirectory(cluster.postgres.majorVersion, hasWalVolume(cluster, set, member, context));
  const repository = context.replicaRepository;
  return file({
    // Patroni labels pods so from 4.1 on; what is older passes over it.
    kubernetes: { ...(set?.bootstrapLabels !== undefined && { bootstrap_labels: set.bootstrapLabels }) },
    restapi: {},
    tags: {},
    postgresql: {
      // Nothing secret is in it, and the root file system is read-only.
      pgpass: '/tmp/.pgpass',
      use_unix_socket: true,
      // Patroni tries them in order.
      create_replica_methods: repository === undefined ? ['basebackup'] : ['pgbackrest', 'basebackup'],
      // Else the primary spreads the checkpoint that comes first over minutes (pg_basebackup, --checkpoint), and the replica waits for it.
      basebackup: [{ waldir: walDirectory }, { checkpoint: 'fast' }],
      ...(repository !== undefined && { pgbackrest: restoreMethod(cluster, walDirectory, repository) }),
    },
    ...(!context.bootstrapped && {
      bootstrap: { method: 'initdb', initdb: [...cluster.postgres.initdbOptions, { waldir: walDirectory }] },
    }),
  });
};
