/** Manifests of every kind, for tests: two members and a user, with a repository where the kind has them. */
import type { Dialect } from '@pgherd/engine';
import type { KubernetesObject } from '@pgherd/kube';

type Spec = Readonly<Record<string, unknown>>;

interface Kind {
  readonly spec: Spec;
  /** A part of a spec, to be merged into one. */
  readonly members: (count: number) => Spec;
  /** A part of a spec that gives each member another pod. */
  readonly renewed: Spec;
  /** Parts of a spec that stop the cluster, and let it run again with two members. */
  readonly stopped: Spec;
  readonly started: Spec;
  /** A part of the manifest that asks for another leader, where the kind has one. */
  readonly switchedOver?: { readonly metadata: object; readonly spec: Spec };
  /** Secret of user hippo of a cluster. */
  readonly userSecret: (cluster: string) => string;
  /** How many a spec asks for. */
  readonly membersIn: (spec: Spec) => number;
}

const storage = { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } };
const instances = (replicas: number): Spec => ({ instances: [{ name: 'pgdb', replicas, dataVolumeClaimSpec: storage }] });

const specs: Readonly<Record<string, Kind>> = {
  PostgresCluster: {
    spec: {
      postgresVersion: 17,
      users: [{ name: 'hippo', databases: ['zoo'] }],
      backups: { pgbackrest: { repos: [{ name: 'repo1', volume: { volumeClaimSpec: storage } }] } },
    },
    members: instances,
    renewed: { metadata: { annotations: { renewed: 'yes' } } },
    stopped: { shutdown: true },
    started: { shutdown: false },
    switchedOver: {
      metadata: { annotations: { 'postgres-operator.crunchydata.com/trigger-switchover': 'once' } },
      spec: { patroni: { switchover: { enabled: true } } },
    },
    userSecret: (cluster) => `${cluster}-pguser-hippo`,
    membersIn: (spec) => (spec['instances'] as readonly { readonly replicas: number }[]).reduce((sum, { replicas }) => sum + replicas, 0),
  },
  postgresql: {
    spec: {
      teamId: 'zoo',
      postgresql: { version: '17' },
      volume: { size: '1Gi' },
      users: { hippo: [] },
      databases: { zoo: 'hippo' },
    },
    members: (numberOfInstances) => ({ numberOfInstances }),
    renewed: { podAnnotations: { renewed: 'yes' } },
    stopped: { numberOfInstances: 0 },
    started: { numberOfInstances: 2 },
    userSecret: (cluster) => `hippo.${cluster}.credentials.postgresql.acid.zalan.do`,
    membersIn: (spec) => spec['numberOfInstances'] as number,
  },
};

export const manifestsOf = ({ resource }: Dialect) => {
  const kind = specs[resource.kind];
  if (kind === undefined) throw new Error(`no manifest of kind ${resource.kind} is known to the tests`);
  return {
    manifest: (namespace: string, name: string): KubernetesObject & { readonly spec: Spec } => ({
      apiVersion: `${resource.group}/${resource.version}`,
      kind: resource.kind,
      metadata: { name, namespace },
      spec: { ...kind.spec, ...kind.members(2) },
    }),
    scaled: (count: number) => ({ spec: kind.members(count) }),
    renewed: { spec: kind.renewed },
    stopped: { spec: kind.stopped },
    started: { spec: kind.started },
    switchedOver: kind.switchedOver,
    userSecret: kind.userSecret,
    membersIn: kind.membersIn,
  };
};
