/**
 * What a PostgreSQL cluster is, whichever manifest it came from.
 *
 * A dialect turns its manifest into this form, complete and with all defaults applied; everything after it (render, decide, world) reads
 * only this. Nothing in here is a secret: passwords and keys appear as names of Secrets.
 */
import type {
  Affinity,
  Container,
  EnvFromSource,
  EnvVar,
  LabelSelectorRequirement,
  LocalObjectReference,
  PersistentVolumeClaimSpec,
  ResourceRequirements,
  Toleration,
  TopologySpreadConstraint,
  Volume,
  VolumeMount,
  VolumeProjection,
  SecretProjection,
} from '@pgherd/api';
import type { Maintenance } from './maintenance.ts';
import type { Profile } from './profile.ts';

/** Labels and annotations that the owner wants on objects. The operator's own labels win over them. */
export interface Metadata {
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
}

export interface Identity {
  readonly apiVersion: string;
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly generation: number;
  readonly resourceVersion: string;
  readonly annotations: Readonly<Record<string, string>>;
  readonly finalizers: readonly string[];
  /** When the deletion was asked for, RFC 3339; undefined while nobody asked. */
  readonly deletionTimestamp: string | undefined;
}

/** A volume as its claim asks for it, with the limit up to which pgherd may grow it. */
export interface VolumeClaim {
  readonly spec: PersistentVolumeClaimSpec;
}

/** Where pods may run, and how they are treated there. */
export interface Scheduling {
  readonly affinity: Affinity | undefined;
  readonly tolerations: readonly Toleration[];
  /** Complete: the defaults are already appended where they apply. */
  readonly topologySpreadConstraints: readonly TopologySpreadConstraint[];
  readonly priorityClassName: string | undefined;
}

/** A group of members that are made alike. */
export interface InstanceSet {
  readonly name: string;
  /** Path of the set in the manifest, for messages: `spec.instances[0]`. */
  readonly path: string;
  readonly replicas: number;
  readonly metadata: Metadata;
  /** On its pods and on nothing else of it, over `metadata`. */
  readonly podMetadata?: Metadata;
  /** What Patroni labels a pod with while its member gets its data. */
  readonly bootstrapLabels?: Readonly<Record<string, string>>;
  /** The database container declares Patroni's port besides PostgreSQL's. Both are served in any case. */
  readonly declaresPatroniPort?: boolean;
  readonly resources: ResourceRequirements | undefined;
  readonly dataVolume: VolumeClaim;
  readonly walVolume: VolumeClaim | undefined;
  readonly scheduling: Scheduling;
  readonly disruptionBudgets: readonly DisruptionBudget[];
  /** Resources of helper containers by container name. */
  readonly helperResources: Readonly<Record<string, ResourceRequirements>>;
  readonly additionalContainers: readonly Container[];
  /** They run before ours. */
  readonly additionalInitContainers: readonly Container[];
  readonly additionalVolumes: readonly Volume[];
  /** What every container of the pod mounts besides, init containers included. */
  readonly additionalMounts: readonly VolumeMount[];
  /** What only some containers mount besides, by container name. */
  readonly mountsByContainer: Readonly<Record<string, readonly VolumeMount[]>>;
  readonly additionalEnvironment: readonly EnvVar[];
  /** ConfigMaps and Secrets that are environment of the database container as a whole. */
  readonly environmentSources: readonly EnvFromSource[];
}

/** What a container mounts besides. It may be called as something that every object has: "constructor". */
export const mountsIn = ({ additionalMounts, mountsByContainer }: InstanceSet, container: string): readonly VolumeMount[] => [
  ...additionalMounts,
  ...(Object.hasOwn(mountsByContainer, container) ? (mountsByContainer[container] ?? []) : []),
];

/** A role that the manifest owns. */
export interface UserIntent {
  readonly name: string;
  /** Databases it gets all privileges on; the first one is what its Secret connects to. */
  readonly databases: readonly string[];
  /** Role options as PostgreSQL writes them, already parsed and limited to what a role may be given: `LOGIN`, `CREATEDB`, `CONNECTION LIMIT 5`. */
  readonly options: readonly string[];
  /** Of the password that its Secret holds, with its verifier; `undefined`: it logs in with none, and has no Secret. */
  readonly passwordCharacters: 'ascii' | 'alphanumeric' | undefined;
  /** Roles of the manifest that it is granted. None is taken away. */
  readonly memberOf: readonly Membership[];
  /** Lists in force in its sessions, by parameter: `search_path`. */
  readonly settings: Readonly<Record<string, readonly string[]>>;
}

export interface Membership {
  readonly role: string;
  /** It may grant the role to others. */
  readonly withAdmin: boolean;
}

/** A schema that must exist. All roles are of the manifest. */
export interface SchemaIntent {
  readonly name: string;
  readonly owner: string;
  /** One that is there keeps the owner that it has. Default: false. */
  readonly keepsOwner?: boolean;
  readonly readers: readonly string[];
  readonly writers: readonly string[];
  /** What these make in it from now on, readers may read and writers may change. */
  readonly creators: readonly string[];
}

/** A database that must exist. */
export interface DatabaseIntent {
  readonly name: string;
  /** Role of the manifest that owns it; `undefined`: whoever does. */
  readonly owner: string | undefined;
  readonly schemas: readonly SchemaIntent[];
  /** Each with the schema that its objects are in. */
  readonly extensions: readonly { readonly name: string; readonly schema: string }[];
}

/** A PodDisruptionBudget of a set. The eviction API answers with an error where two match a pod. */
export interface DisruptionBudget {
  readonly name: string;
  readonly limit: { readonly minAvailable: number | string } | { readonly maxUnavailable: number | string };
  /** Which pods of the set, by further labels. */
  readonly labels: Readonly<Record<string, string>>;
  readonly expressions: readonly LabelSelectorRequirement[];
}

/** One line of pg_hba.conf, already rendered. */
export type HbaLine = string;

/** Parameters by name, with values as PostgreSQL reads them (before quoting). */
export type Parameters = Readonly<Record<string, string>>;

export interface PostgresSettings {
  /** Major version. */
  readonly majorVersion: number;
  /** `undefined`: the manifest names none and the operator knows none for this version. */
  readonly image: string | undefined;
  readonly port: number;
  /** Effective parameters, precedence already applied. */
  readonly parameters: Parameters;
  /** Effective pg_hba.conf, in order. */
  readonly hba: readonly HbaLine[];
  readonly initdbOptions: readonly (string | Readonly<Record<string, string>>)[];
  /** Further files at the profile's configuration path. */
  readonly configurationFiles: readonly VolumeProjection[];
}

/** A key of a Secret in the cluster's namespace. */
export interface SecretKey {
  readonly secret: string;
  readonly key: string;
}

/** A certificate that the owner brings. */
export interface OwnCertificate {
  /** Certificate and key, as `tls.crt` and `tls.key`. */
  readonly files: SecretProjection & { readonly items: NonNullable<SecretProjection['items']> };
  /** Who signed it, where the owner says so: whoever trusts this trusts the certificate. */
  readonly authority: SecretKey | undefined;
}

export interface RequestedSwitchover {
  /** Anything: a new value asks anew. */
  readonly request: string;
  /** Name of the member that shall lead; undefined: the fittest. */
  readonly target: string | undefined;
  /** The target leads whatever it lacks: what only the leader has is lost. */
  readonly forced: boolean;
}

export interface PatroniSettings {
  /** Scope: name of the cluster in Patroni and stem of its Endpoints. */
  readonly scope: string;
  readonly port: number;
  /** Seconds, Patroni's `ttl`. */
  readonly leaderLeaseDurationSeconds: number;
  /** Seconds, Patroni's `loop_wait`. */
  readonly syncPeriodSeconds: number;
  /** The whole dynamic configuration as it shall stand in Patroni's store, parameters and pg_hba included. */
  readonly dynamicConfiguration: Readonly<Record<string, unknown>>;
  /** A switchover that the owner asks for; undefined: none, and the last one is forgotten. */
  readonly switchover: RequestedSwitchover | undefined;
  readonly logging: { readonly level: string; readonly storageLimitBytes: number } | undefined;
}

export interface ServiceSettings {
  readonly type: 'ClusterIP' | 'NodePort' | 'LoadBalancer';
  readonly nodePort: number | undefined;
  readonly metadata: Metadata;
  readonly internalTrafficPolicy: 'Cluster' | 'Local' | undefined;
  readonly externalTrafficPolicy: 'Cluster' | 'Local' | undefined;
  readonly ipFamilyPolicy: 'SingleStack' | 'PreferDualStack' | 'RequireDualStack' | undefined;
  readonly ipFamilies: readonly ('IPv4' | 'IPv6')[];
  /** Networks that a load balancer lets in; empty: all. */
  readonly sourceRanges: readonly string[];
}

/** One pgBackRest repository. */
export interface Repository {
  /** `repo1` … `repo4`. */
  readonly name: string;
  readonly path: string;
  readonly volume: VolumeClaim;
}

/** Backups by pgBackRest. Repositories in object stores come later; until then a dialect reports them as not yet supported. */
export interface BackupSettings {
  readonly image: string | undefined;
  readonly repositories: readonly Repository[];
  /** Extra options of the [global] section; they win. */
  readonly global: Readonly<Record<string, string>>;
  readonly metadata: Metadata;
  readonly repositoryHost: {
    readonly resources: ResourceRequirements | undefined;
    readonly scheduling: Scheduling;
    /** Resources of its helper containers by container name. */
    readonly helperResources: Readonly<Record<string, ResourceRequirements>>;
  };
  readonly jobs: {
    readonly resources: ResourceRequirements | undefined;
    readonly scheduling: Scheduling;
    readonly ttlSecondsAfterFinished: number | undefined;
  };
  readonly configuration: readonly VolumeProjection[];
}

export interface PodSettings {
  readonly imagePullPolicy: 'Always' | 'Never' | 'IfNotPresent' | undefined;
  readonly imagePullSecrets: readonly LocalObjectReference[];
  readonly supplementalGroups: readonly number[];
  /** On OpenShift the platform chooses user and group ids. */
  readonly openshift: boolean;
  /** The user and the group that pods run as; `undefined`: what the image says. */
  readonly runAsUser: number | undefined;
  readonly runAsGroup: number | undefined;
  /** The group that volumes belong to. */
  readonly fileSystemGroup: number;
}

/** SQL that is run once, as the superuser. */
export interface InitSql {
  /** Of the field in the manifest that asks for it. */
  readonly path: string;
  readonly configMap: string;
  readonly key: string;
}

export interface Cluster {
  readonly identity: Identity;
  readonly profile: Profile;
  readonly metadata: Metadata;
  /** Why no change of the manifest is carried out for now, beginning with what asks for it; undefined: changes are carried out. */
  readonly paused: string | undefined;
  readonly stopped: boolean;
  /** Undefined: no windows are set. */
  readonly maintenance: Maintenance | undefined;
  readonly postgres: PostgresSettings;
  readonly patroni: PatroniSettings;
  readonly sets: readonly InstanceSet[];
  readonly users: readonly UserIntent[];
  /** Every database that must exist, in order of appearance. */
  readonly databases: readonly DatabaseIntent[];
  readonly initSql: InitSql | undefined;
  readonly services: { readonly primary: ServiceSettings; readonly replicas: ServiceSettings };
  readonly backups: BackupSettings | undefined;
  readonly certificates: {
    /** The owner's own server certificate instead of ours. */
    readonly server: OwnCertificate | undefined;
    /** The owner's own client certificate for replication. */
    readonly replication: OwnCertificate | undefined;
  };
  readonly pods: PodSettings;
}

/** Names of what Patroni keeps its state in (patroni/dcs/kubernetes.py, 4.0): the leader's lock, the configuration, requests, synchronous standbys. */
export const patroniObjects = ({ patroni: { scope } }: Pick<Cluster, 'patroni'>): readonly string[] => [
  scope,
  `${scope}-config`,
  `${scope}-failover`,
  `${scope}-sync`,
];

/** Something in the manifest that the owner should know of. A finding never stops the rest of the cluster, unless it is `blocking`. */
export interface Finding {
  /** `unsupported` becomes condition NotYetSupported; `invalid` and `warning` get a condition and an event of their own. */
  readonly kind: 'unsupported' | 'invalid' | 'warning';
  /** Path in the manifest: `spec.proxy.pgBouncer`. */
  readonly path: string;
  /** CamelCase, stable: the event's and the condition's reason. */
  readonly reason: string;
  /** What was asked, what is in the way, what to do. */
  readonly message: string;
  /** Nothing can be made or changed until the manifest is corrected; what runs goes on running. */
  readonly blocking: boolean;
}
