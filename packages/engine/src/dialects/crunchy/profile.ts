/**
 * Names, labels, paths and user ids of `PostgresCluster`: every script, dashboard and neighbouring tool of that world relies on them.
 * Nothing else in the dialect puts a name together.
 */
import type { Profile } from '../../model/profile.ts';

/** API group of the manifests, and the prefix of all labels and annotations. */
export const group = 'postgres-operator.crunchydata.com';

const key = (name: string): string => `${group}/${name}`;

/** Annotations on a cluster by which its owner asks for something. */
export const annotations = {
  switchover: key('trigger-switchover'),
  backup: key('pgbackrest-backup'),
  restore: key('pgbackrest-restore'),
  authorizeBackupRemoval: key('authorizeBackupRemoval'),
  allowUpgrade: key('allow-upgrade'),
  userSchemas: key('autoCreateUserSchema'),
  exporterCollectors: key('postgres-exporter-collectors'),
  backupServerAddress: key('pgbackrest-ip-version'),
  cloudLogVolume: key('pgbackrest-cloud-log-volume'),
} as const;

export const profile: Profile = {
  name: 'crunchy',
  finalizer: key('finalizer'),
  workloads: 'own',
  commonLabels: {},
  labels: {
    cluster: key('cluster'),
    instanceSet: key('instance-set'),
    instance: key('instance'),
    patroni: key('patroni'),
    role: key('role'),
    data: key('data'),
    clusterCertificate: key('cluster-certificate'),
    user: key('pguser'),
    backup: key('pgbackrest-backup'),
    backupRepository: key('pgbackrest-repo'),
    backupRepositoryVolume: key('pgbackrest-volume'),
    backupConfiguration: key('pgbackrest-config'),
    backupDedicatedHost: key('pgbackrest-dedicated'),
    backups: key('pgbackrest'),
  },
  roleValues: {
    // Patroni 4 writes `primary` by default; scripts and Services of this world look for `master`, so Patroni is told to keep writing it.
    leader: 'master',
    replica: 'replica',
    primaryService: 'primary',
    replicaService: 'replica',
    userSecret: 'pguser',
    dataVolume: 'pgdata',
    walVolume: 'pgwal',
  },
  names: {
    member: (cluster, set, suffix) => `${cluster}-${set}-${suffix}`,
    workload: (cluster, set) => `${cluster}-${set}`,
    memberConfiguration: (workload) => `${workload}-config`,
    memberCertificates: (workload) => `${workload}-certs`,
    memberDataVolume: (member) => `${member}-pgdata`,
    memberWalVolume: (member) => `${member}-pgwal`,
    scope: (cluster) => `${cluster}-ha`,
    leaderService: (cluster) => `${cluster}-ha`,
    configurationService: (cluster) => `${cluster}-ha-config`,
    primaryService: (cluster) => `${cluster}-primary`,
    replicaService: (cluster) => `${cluster}-replicas`,
    podService: (cluster) => `${cluster}-pods`,
    configuration: (cluster) => `${cluster}-config`,
    serverCertificate: (cluster) => `${cluster}-cluster-cert`,
    replicationCertificate: (cluster) => `${cluster}-replication-cert`,
    rootCertificate: 'pgo-root-cacert',
    memberAccess: (cluster) => `${cluster}-instance`,
    userSecret: (cluster, user) => `${cluster}-pguser-${user}`,
    repositoryHost: (cluster) => `${cluster}-repo-host`,
    repositoryHostAccess: (cluster) => `${cluster}-repohost`,
    repositoryVolume: (cluster, repository) => `${cluster}-${repository}`,
    backupConfiguration: (cluster) => `${cluster}-pgbackrest-config`,
    backupSecret: (cluster) => `${cluster}-pgbackrest`,
    backupAccess: (cluster) => `${cluster}-pgbackrest`,
    backupJob: (cluster, suffix) => `${cluster}-backup-${suffix}`,
  },
  containers: {
    database: 'database',
    certificateCopy: 'replication-cert-copy',
    backupServer: 'pgbackrest',
    backupConfiguration: 'pgbackrest-config',
    startup: 'postgres-startup',
    backupLogDirectory: 'pgbackrest-log-dir',
  },
  volumes: { data: 'postgres-data' },
  paths: {
    dataMount: '/pgdata',
    dataDirectory: (majorVersion) => `/pgdata/pg${majorVersion}`,
    walMount: '/pgwal',
    walDirectory: (majorVersion, ownVolume) => `${ownVolume ? '/pgwal' : '/pgdata'}/pg${majorVersion}_wal`,
    certificates: '/pgconf/tls',
    socketDirectory: '/tmp/postgres',
    logDirectory: '/pgdata/logs/postgres',
    configurationFiles: '/etc/postgres',
    patroni: {
      directory: '/etc/patroni',
      clusterFile: '~postgres-operator_cluster.yaml',
      memberFile: '~postgres-operator_instance.yaml',
      authorities: '~postgres-operator/patroni.ca-roots',
      certificateAndKey: '~postgres-operator/patroni.crt+key',
    },
    replicationCertificates: '/tmp/replication',
  },
  roles: { superuser: 'postgres', replication: '_crunchyrepl' },
  audits: true,
  portName: 'postgres',
  userSecrets: {
    userKey: 'user',
    passwordLength: 24,
    withAddresses: true,
    foundByLabels: true,
    goesWithUser: true,
    verifierFollowsPassword: false,
    takenUnlabelled: false,
  },
  stanza: 'db',
  // The StatefulSet controller puts the StatefulSet's name, a dash and a hash of ten characters into a label, which holds 63: that leaves 52
  // for `<cluster>-<set>-xxxx`, of which the dash and our suffix take six.
  maximumNameLength: 46,
  requests: { authorizeBackupRemoval: annotations.authorizeBackupRemoval },
  fields: {
    postgresImage: 'spec.image',
    backupImage: 'spec.backups.pgbackrest.image',
    backups: 'spec.backups',
    dataVolume: 'dataVolumeClaimSpec',
    walVolume: 'walVolumeClaimSpec',
  },
};
