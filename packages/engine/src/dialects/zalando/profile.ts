/**
 * Names, labels, paths and user ids of `postgresql`: every script, dashboard and neighbouring tool of that world relies on them. What that world
 * has no word for is called after pgherd. Nothing else in the dialect puts a name together.
 */
import type { Profile } from '../../model/profile.ts';

/** API group of the manifests. */
export const group = 'acid.zalan.do';

const ours = (name: string): string => `pgherd.dev/${name}`;

const volume = 'pgdata';
const dataMount = '/home/postgres/pgdata';

/** Where the image keeps everything that is on the data volume. */
export const rootDirectory = `${dataMount}/pgroot`;

export const profile: Profile = {
  name: 'zalando',
  finalizer: `postgres-operator.${group}`,
  workloads: 'shared',
  commonLabels: { application: 'spilo' },
  labels: {
    cluster: 'cluster-name',
    // There is one set of members, called as the cluster.
    instanceSet: 'cluster-name',
    // The StatefulSet controller puts it on pods.
    instance: 'statefulset.kubernetes.io/pod-name',
    patroni: 'cluster-name',
    role: 'spilo-role',
    data: ours('data'),
    clusterCertificate: ours('certificate'),
    user: ours('user'),
    backup: ours('backup'),
    backupRepository: ours('backup-repository'),
    backupRepositoryVolume: ours('backup-repository-volume'),
    backupConfiguration: ours('backup-configuration'),
    backupDedicatedHost: ours('repository-host'),
    backups: ours('backups'),
  },
  roleValues: {
    leader: 'master',
    replica: 'replica',
    primaryService: 'master',
    replicaService: 'replica',
    userSecret: 'user',
    dataVolume: volume,
    walVolume: 'pgwal',
  },
  names: {
    member: (cluster, _set, suffix) => `${cluster}-${suffix}`,
    workload: (cluster) => cluster,
    memberConfiguration: (workload) => `${workload}-patroni-members`,
    memberCertificates: (workload) => `${workload}-member-certs`,
    memberDataVolume: (member) => `${volume}-${member}`,
    memberWalVolume: (member) => `pgwal-${member}`,
    scope: (cluster) => cluster,
    leaderService: (cluster) => cluster,
    configurationService: (cluster) => `${cluster}-config`,
    primaryService: (cluster) => cluster,
    replicaService: (cluster) => `${cluster}-repl`,
    podService: (cluster) => `${cluster}-pods`,
    configuration: (cluster) => `${cluster}-patroni`,
    serverCertificate: (cluster) => `${cluster}-server-cert`,
    replicationCertificate: (cluster) => `${cluster}-replication-cert`,
    rootCertificate: 'pgherd-root-cacert',
    memberAccess: (cluster) => `${cluster}-pod`,
    // A role may have underscores, an object's name may not.
    userSecret: (cluster, user) => `${user.replaceAll('_', '-')}.${cluster}.credentials.postgresql.${group}`,
    repositoryHost: (cluster) => `${cluster}-repo-host`,
    repositoryHostAccess: (cluster) => `${cluster}-repo-host`,
    repositoryVolume: (cluster, repository) => `${cluster}-${repository}`,
    backupConfiguration: (cluster) => `${cluster}-pgbackrest`,
    backupSecret: (cluster) => `${cluster}-pgbackrest`,
    backupAccess: (cluster) => `${cluster}-pgbackrest`,
    backupJob: (cluster, suffix) => `${cluster}-backup-${suffix}`,
  },
  containers: {
    database: 'postgres',
    certificateCopy: 'certificate-copy',
    backupServer: 'pgbackrest',
    backupConfiguration: 'pgbackrest-config',
    startup: 'postgres-startup',
    backupLogDirectory: 'pgbackrest-log-dir',
  },
  volumes: { data: volume },
  paths: {
    dataMount,
    dataDirectory: () => `${rootDirectory}/data`,
    walMount: '/pgwal',
    walDirectory: (_majorVersion, ownVolume) => (ownVolume ? '/pgwal/wal' : `${rootDirectory}/wal`),
    certificates: '/tls',
    socketDirectory: '/var/run/postgresql',
    logDirectory: `${rootDirectory}/pg_log`,
    configurationFiles: '/etc/postgres',
    patroni: {
      directory: '/etc/patroni',
      clusterFile: 'cluster.yaml',
      memberFile: 'members.yaml',
      authorities: 'ca-roots.pem',
      certificateAndKey: 'certificate-and-key.pem',
    },
    replicationCertificates: '/tmp/replication',
  },
  roles: { superuser: 'postgres', replication: 'standby' },
  audits: false,
  portName: 'postgresql',
  userSecrets: {
    userKey: 'username',
    passwordLength: 64,
    withAddresses: false,
    foundByLabels: false,
    goesWithUser: false,
    verifierFollowsPassword: true,
    takenUnlabelled: true,
  },
  stanza: 'db',
  // The StatefulSet controller puts its name, a dash and a hash of ten characters into a label, which holds 63.
  maximumNameLength: 52,
  requests: { authorizeBackupRemoval: ours('authorize-backup-removal') },
  fields: {
    postgresImage: 'spec.dockerImage',
    backupImage: 'spec.dockerImage',
    backups: 'spec',
    dataVolume: 'volume',
    walVolume: 'volume',
  },
};
