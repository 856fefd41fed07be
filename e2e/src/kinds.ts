/** What each kind of manifest calls the things that tests look for. The tests themselves are the same for all. */
import { resourceType } from '@pgherd/kube';
import type { Condition, JsonPatchOperation, KubernetesObject, ResourceType } from '@pgherd/kube';

/** What tests read of a cluster, whichever kind it is. */
export interface Cluster extends KubernetesObject {
  readonly spec?: Readonly<Record<string, unknown>>;
  readonly status?: {
    readonly observedGeneration?: number;
    readonly readyMembers?: string;
    readonly primary?: string;
    readonly databaseInitSQL?: string;
    readonly conditions?: readonly Condition[];
  };
}

/** Keys of a user's Secret, and where it leads. */
export interface UserSecret {
  readonly name: string;
  readonly userKey: string;
}

export interface ClusterKind {
  readonly resource: ResourceType<Cluster>;
  readonly container: string;
  /** Label selector of a cluster's member pods. */
  readonly members: (cluster: string) => string;
  readonly roleLabel: string;
  readonly services: { readonly primary: (cluster: string) => string; readonly replicas: (cluster: string) => string };
  readonly userSecret: (cluster: string, user: string) => UserSecret;
  /** The Secret with the authority that signed the server's certificate, as `ca.crt`. */
  readonly authority: (cluster: string) => string;
  /** What Patroni keeps the synchronous standbys in. */
  readonly synchronousObject: (cluster: string) => string;
  /** Where Patroni is asked for a switchover. */
  readonly failoverObject: (cluster: string) => string;
  readonly scaled: (members: number) => readonly JsonPatchOperation[];
  /** A merge patch. */
  readonly synchronous: (isOn: boolean) => object;
  /** A merge patch: these of PostgreSQL's parameters; null takes one out. */
  readonly parameters: (parameters: Readonly<Record<string, string | null>>) => object;
}

const crunchy = 'postgres-operator.crunchydata.com';

export const labels = {
  cluster: `${crunchy}/cluster`,
  instance: `${crunchy}/instance`,
  set: `${crunchy}/instance-set`,
  role: `${crunchy}/role`,
  data: `${crunchy}/data`,
  backup: `${crunchy}/pgbackrest-backup`,
} as const;

export const postgresCluster: ClusterKind = {
  resource: resourceType<Cluster>({
    group: crunchy,
    version: 'v1beta1',
    kind: 'PostgresCluster',
    plural: 'postgresclusters',
    namespaced: true,
  }),
  container: 'database',
  members: (cluster) => `${labels.cluster}=${cluster},${labels.instance}`,
  roleLabel: labels.role,
  services: { primary: (cluster) => `${cluster}-primary`, replicas: (cluster) => `${cluster}-replicas` },
  userSecret: (cluster, user) => ({ name: `${cluster}-pguser-${user}`, userKey: 'user' }),
  authority: (cluster) => `${cluster}-cluster-cert`,
  synchronousObject: (cluster) => `${cluster}-ha-sync`,
  failoverObject: (cluster) => `${cluster}-ha-failover`,
  scaled: (members) => [{ op: 'replace', path: '/spec/instances/0/replicas', value: members }],
  synchronous: (isOn) => ({ spec: { patroni: { dynamicConfiguration: { synchronous_mode: isOn } } } }),
  parameters: (parameters) => ({ spec: { config: { parameters } } }),
};

export const postgresql: ClusterKind = {
  resource: resourceType<Cluster>({ group: 'acid.zalan.do', version: 'v1', kind: 'postgresql', plural: 'postgresqls', namespaced: true }),
  container: 'postgres',
  members: (cluster) => `application=spilo,cluster-name=${cluster}`,
  roleLabel: 'spilo-role',
  services: { primary: (cluster) => cluster, replicas: (cluster) => `${cluster}-repl` },
  userSecret: (cluster, user) => ({
    name: `${user.replaceAll('_', '-')}.${cluster}.credentials.postgresql.acid.zalan.do`,
    userKey: 'username',
  }),
  authority: (cluster) => `${cluster}-server-cert`,
  synchronousObject: (cluster) => `${cluster}-sync`,
  failoverObject: (cluster) => `${cluster}-failover`,
  scaled: (members) => [{ op: 'replace', path: '/spec/numberOfInstances', value: members }],
  synchronous: (isOn) => ({ spec: { patroni: { synchronous_mode: isOn } } }),
  parameters: (parameters) => ({ spec: { postgresql: { parameters } } }),
};

export const clusterKinds: readonly ClusterKind[] = [postgresCluster, postgresql];
