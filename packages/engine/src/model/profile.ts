/**
 * What differs between the manifests' worlds, as data: names, labels, paths, user ids. The code that uses it is the same for all.
 */

/** Label keys. An `undefined` key: that world has no such label. */
export interface LabelKeys {
  /** On every object of a cluster; value: its name. */
  readonly cluster: string;
  readonly instanceSet: string;
  /** On all objects of one member; value: its name. */
  readonly instance: string;
  /** Patroni's scope label; value: the scope. */
  readonly patroni: string;
  /** Written by Patroni on pods (`primary`/`replica` values below), by us on Services and Secrets. */
  readonly role: string;
  /** `postgres` or `pgbackrest`, on pods and claims. */
  readonly data: string;
  readonly clusterCertificate: string;
  readonly user: string;
  readonly backup: string;
  readonly backupRepository: string;
  readonly backupRepositoryVolume: string;
  readonly backupConfiguration: string;
  readonly backupDedicatedHost: string;
  /** Marks any object of the backups; value empty. */
  readonly backups: string;
}

export interface RoleLabelValues {
  /** What Patroni writes on the pod that leads. */
  readonly leader: string;
  readonly replica: string;
  readonly primaryService: string;
  readonly replicaService: string;
  readonly userSecret: string;
  readonly dataVolume: string;
  readonly walVolume: string;
}

export interface Names {
  readonly member: (cluster: string, set: string, suffix: string) => string;
  /** The StatefulSet that the members of a set share, and in what is named after it: asked for only where they do. */
  readonly workload: (cluster: string, set: string) => string;
  readonly memberConfiguration: (workload: string) => string;
  readonly memberCertificates: (workload: string) => string;
  readonly memberDataVolume: (member: string) => string;
  readonly memberWalVolume: (member: string) => string;
  readonly scope: (cluster: string) => string;
  readonly leaderService: (cluster: string) => string;
  readonly configurationService: (cluster: string) => string;
  readonly primaryService: (cluster: string) => string;
  readonly replicaService: (cluster: string) => string;
  readonly podService: (cluster: string) => string;
  readonly configuration: (cluster: string) => string;
  readonly serverCertificate: (cluster: string) => string;
  readonly replicationCertificate: (cluster: string) => string;
  /** One in each namespace, shared by its clusters. */
  readonly rootCertificate: string;
  readonly memberAccess: (cluster: string) => string;
  readonly userSecret: (cluster: string, user: string) => string;
  readonly repositoryHost: (cluster: string) => string;
  readonly repositoryHostAccess: (cluster: string) => string;
  readonly repositoryVolume: (cluster: string, repository: string) => string;
  readonly backupConfiguration: (cluster: string) => string;
  readonly backupSecret: (cluster: string) => string;
  readonly backupAccess: (cluster: string) => string;
  readonly backupJob: (cluster: string, suffix: string) => string;
}

export interface ContainerNames {
  readonly database: string;
  readonly certificateCopy: string;
  readonly backupServer: string;
  readonly backupConfiguration: string;
  readonly startup: string;
  readonly backupLogDirectory: string;
}

export interface Paths {
  /** Mount point of the data volume. */
  readonly dataMount: string;
  readonly dataDirectory: (majorVersion: number) => string;
  readonly walMount: string;
  readonly walDirectory: (majorVersion: number, ownVolume: boolean) => string;
  readonly certificates: string;
  readonly socketDirectory: string;
  readonly logDirectory: string;
  readonly configurationFiles: string;
  /** Where Patroni's configuration is mounted, and the files in it (relative to the directory). */
  readonly patroni: {
    readonly directory: string;
    readonly clusterFile: string;
    readonly memberFile: string;
    /** PEM bundle of the certificate authorities. */
    readonly authorities: string;
    /** PEM of the member's certificate and key in one file. */
    readonly certificateAndKey: string;
  };
  /** Directory with `tls.crt`, `tls.key` and `ca.crt` for replication, readable by nobody but the database's user as libpq demands. */
  readonly replicationCertificates: string;
}

/** How the manifest's own fields are called, for messages that tell their owner what to change. */
export interface FieldPaths {
  readonly postgresImage: string;
  readonly backupImage: string;
  readonly backups: string;
  /** Relative to an instance set. */
  readonly dataVolume: string;
  /** Relative to an instance set. */
  readonly walVolume: string;
}

export interface Profile {
  /** Name of the dialect, only for messages and metrics. */
  readonly name: string;
  /** Prefix of this world's own annotations, with the slash. */
  readonly finalizer: string;
  /**
   * How members become pods. `own`: each has a StatefulSet of its own, called as the member, with one pod. `shared`: those of a set are the pods of
   * one StatefulSet; each is called as its pod, and the first ones stay when the set becomes smaller.
   */
  readonly workloads: 'own' | 'shared';
  readonly labels: LabelKeys;
  /** On everything of a cluster, and in each selector of its pods. */
  readonly commonLabels: Readonly<Record<string, string>>;
  readonly roleValues: RoleLabelValues;
  readonly names: Names;
  readonly containers: ContainerNames;
  readonly paths: Paths;
  /** What the data volume is called in a pod, and where members share a StatefulSet, at the beginning of its claims' names. */
  readonly volumes: { readonly data: string };
  /** PostgreSQL roles that the engine itself needs. */
  readonly roles: { readonly superuser: string; readonly replication: string };
  /** Statements are audited: `pgaudit` is loaded, and its extension made in every database. */
  readonly audits: boolean;
  /** Of the Services that clients use, and of the leader's Endpoints. */
  readonly portName: string;
  readonly userSecrets: {
    /** The key that holds the role's name; `password` and `verifier` are called so everywhere. */
    readonly userKey: string;
    readonly passwordLength: number;
    /** It says besides how to connect: `host`, `port`, `dbname`, `uri`, `jdbc-uri`. */
    readonly withAddresses: boolean;
    /** Its owner may make it under another name, and labels tell whose it is. */
    readonly foundByLabels: boolean;
    /** It goes when its user is no longer in the manifest; otherwise, as the role does, with the cluster. */
    readonly goesWithUser: boolean;
    /** Its owner changes the password and nothing else; otherwise a verifier of the owner's own is kept, and a blank one follows the password. */
    readonly verifierFollowsPassword: boolean;
    /** One that its owner made under the cluster's name for it, without labels, is taken with its password; otherwise it is in the way. */
    readonly takenUnlabelled: boolean;
  };
  /** Name of the pgBackRest stanza. */
  readonly stanza: string;
  /** Longest cluster name plus set name, in characters, that all derived names allow. */
  readonly maximumNameLength: number;
  /** Annotations of this world that ask for something, by meaning. */
  readonly requests: { readonly authorizeBackupRemoval: string };
  /** Without them, messages say what is meant in plain words. */
  readonly fields?: FieldPaths;
}
