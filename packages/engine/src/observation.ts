/**
 * One immutable snapshot of everything that a decision may look at. `observe` (in the operator) makes it; nothing else may look at the
 * world. It holds no secret value: Secrets appear as facts and keyed fingerprints.
 */
import type {
  ConfigMap,
  CronJob,
  Deployment,
  Endpoints,
  Job,
  PersistentVolumeClaim,
  Pod,
  PodDisruptionBudget,
  Role,
  RoleBinding,
  Service,
  ServiceAccount,
  StatefulSet,
} from '@pgherd/api';

/** A certificate as far as a decision needs it. Times in milliseconds since 1970. */
export interface CertificateFacts {
  readonly commonName: string;
  readonly dnsNames: readonly string[];
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
  /** Fingerprint of the root that signed it, as observed by checking the signature against the roots at hand; undefined: none of them. */
  readonly issuerFingerprint: string | undefined;
  readonly fingerprint: string;
  /** It may sign others (basicConstraints CA). */
  readonly isAuthority: boolean;
  /** Its private key is there and belongs to it. */
  readonly keyMatches: boolean;
}

/** One key of a Secret: never its value. */
export interface SecretValueFacts {
  readonly empty: boolean;
  /** Keyed with a key that lives as long as the operator process: equal values have equal fingerprints, nothing else can be learnt. */
  readonly fingerprint: string;
  readonly certificate?: CertificateFacts;
}

export interface SecretFacts {
  readonly name: string;
  readonly namespace: string;
  readonly uid: string;
  readonly resourceVersion: string;
  readonly creationTimestamp: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly ownerUids: readonly string[];
  readonly deleting: boolean;
  readonly values: Readonly<Record<string, SecretValueFacts>>;
  /** For each derived value that decide asked for (see SecretTemplate): it holds what its template gives. */
  readonly derivedMatches: Readonly<Record<string, boolean>>;
}

/** The objects that belong to one cluster, as the caches hold them (projected; Patroni's heartbeats cut out). */
export interface Children {
  readonly statefulSets: readonly StatefulSet[];
  readonly deployments: readonly Deployment[];
  readonly pods: readonly Pod[];
  readonly services: readonly Service[];
  readonly endpoints: readonly Endpoints[];
  readonly configMaps: readonly ConfigMap[];
  readonly secrets: readonly SecretFacts[];
  readonly persistentVolumeClaims: readonly PersistentVolumeClaim[];
  readonly podDisruptionBudgets: readonly PodDisruptionBudget[];
  readonly serviceAccounts: readonly ServiceAccount[];
  readonly roles: readonly Role[];
  readonly roleBindings: readonly RoleBinding[];
  readonly jobs: readonly Job[];
  readonly cronJobs: readonly CronJob[];
}

/** What a reading found, or why it could not be taken. */
export interface Reading {
  /** The key under which decide asked for it. */
  readonly key: string;
  readonly takenAtMs: number;
  /** `inputs` of the request that it answers: a reading taken for other inputs is no answer. */
  readonly inputs: string;
  readonly result:
    { readonly kind: 'taken'; readonly value: unknown } | { readonly kind: 'failed'; readonly message: string; readonly attempts: number };
}

/** How a command ended that an earlier decision asked for. Kept in memory only: commands are safe to repeat. */
export interface CommandResult {
  readonly key: string;
  readonly inputs: string;
  readonly finishedAtMs: number;
  readonly result:
    | { readonly kind: 'succeeded'; readonly output: string }
    | { readonly kind: 'failed'; readonly message: string; readonly attempts: number };
}

/** What the administrator configured, compiled: the only form of configuration that the engine sees. */
export interface EngineConfiguration {
  /** Image by PostgreSQL major version. */
  readonly postgresImages: Readonly<Record<string, string>>;
  readonly backupImage: string | undefined;
  readonly clusterDomain: string;
  readonly openshift: boolean;
  /** For clusters that set none of their own; undefined: none. */
  readonly maintenanceWindows: string | undefined;
}

/** Something that the API server did not let act do, in the last pass. Gone once it went through. */
export interface WriteRefusal {
  /** Kind and name of what was to be written, or what was to be done. */
  readonly what: string;
  /** Stable: the API server's reason, or the error's code. */
  readonly code: string;
  /** Says what was in the way; holds no secret. */
  readonly message: string;
  /** Trying the same again may help. */
  readonly retryable: boolean;
}

export interface Observation {
  readonly nowMs: number;
  readonly refusals: readonly WriteRefusal[];
  readonly configuration: EngineConfiguration;
  /** The status as it stands, as the dialect wrote it. */
  readonly status: Readonly<Record<string, unknown>>;
  readonly children: Children;
  /** Roots of the namespace, and other Secrets that the manifest refers to, by name. */
  readonly referencedSecrets: Readonly<Record<string, SecretFacts | 'missing' | 'unreadable'>>;
  readonly readings: Readonly<Record<string, Reading>>;
  readonly commandResults: Readonly<Record<string, CommandResult>>;
  /**
   * The definition of the cluster's kind is being deleted, which deletes every cluster of it. Undefined where it may not be read, or was not: only
   * who takes a cluster down has to know.
   */
  readonly definitionIsDeleting: boolean | undefined;
  /** Nodes that take no more pods, by name; undefined where nodes may not be watched. */
  readonly closedNodes: ReadonlySet<string> | undefined;
}
