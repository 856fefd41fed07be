/**
 * A small model of a Kubernetes with PostgreSQL in it, for one cluster: what the world does with a Decision. Plans run `decide` against it until
 * nothing changes any more, tests take its turns one by one. It is pure and holds no secret: values are symbols such as
 * `verifier(password 3)`, of which only equality matters.
 *
 * It knows as much of the real thing as decisions depend on: identities and versions, defaults that come back, pods of StatefulSets, claims that
 * stay while they are used, owners, Patroni's lock, Jobs. It does not know time (a turn is a second), nodes, or data:
 * a lost node and a replica that lags are faults of pods.
 */
import type { Dialect } from '../dialects/dialect.ts';
import type { Manifest } from '../dialects/manifest.ts';
import { hashOfText } from '../hash.ts';
import type { Cluster } from '../model/cluster.ts';
import type {
  CertificateFacts,
  Children,
  CommandResult,
  EngineConfiguration,
  Observation,
  Reading,
  SecretFacts,
  WriteRefusal,
} from '../observation.ts';
import type { SecretPlan } from '../model/secrets.ts';
import { secretPlansFor } from '../decide/decide.ts';
import { symbolOf } from './secretSymbols.ts';

/** Any object; the model looks at its parts where it has to. */
export interface WorldObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace: string;
    readonly uid: string;
    readonly resourceVersion: string;
    readonly creationTimestamp: string;
    readonly deletionTimestamp?: string;
    readonly generation?: number;
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
    readonly ownerReferences?: readonly {
      readonly uid: string;
      readonly kind: string;
      readonly name?: string;
      readonly controller?: boolean;
    }[];
  };
  readonly [field: string]: unknown;
}

export interface WorldSecret {
  readonly metadata: WorldObject['metadata'];
  /** Symbols, not values. Empty: blank. */
  readonly data: Readonly<Record<string, string>>;
  /** For keys whose symbol stands for a certificate. */
  readonly certificates: Readonly<Record<string, CertificateFacts>>;
}

/** What is wrong with the world, for as long as it is. */
export interface Faults {
  readonly missingImages: ReadonlySet<string>;
  /** Pods whose required node affinity mentions this label key find no node. */
  readonly unknownNodeLabels: ReadonlySet<string>;
  /** Keys of commands that fail. */
  readonly failingCommands: ReadonlySet<string>;
  readonly failingJobs: boolean;
  /** Kinds of objects that the API server refuses to write. */
  readonly refusedKinds: ReadonlySet<string>;
  /** Somebody deleted the definition of the cluster's kind. */
  readonly deletesDefinition: boolean;
  /** Pods whose node does not answer: asked to go, they stay. */
  readonly lostPods: ReadonlySet<string>;
  /** Pods whose PostgreSQL runs and does not stream while another leads: it takes over from none. */
  readonly laggingPods: ReadonlySet<string>;
  /** Settings that do not arrive in the server's files. */
  readonly lostSettings: ReadonlySet<string>;
}

export const noFaults: Faults = {
  missingImages: new Set(),
  unknownNodeLabels: new Set(),
  failingCommands: new Set(),
  failingJobs: false,
  refusedKinds: new Set(),
  deletesDefinition: false,
  lostPods: new Set(),
  laggingPods: new Set(),
  lostSettings: new Set(),
};

export interface World {
  readonly nowMs: number;
  readonly configuration: EngineConfiguration;
  /** Undefined once it is gone. */
  readonly manifest: Manifest | undefined;
  readonly objects: ReadonlyMap<string, WorldObject>;
  /** What was applied last, by the same keys: fields that are applied no longer are removed. */
  readonly applied: ReadonlyMap<string, unknown>;
  readonly secrets: ReadonlyMap<string, WorldSecret>;
  readonly database: {
    /** Symbols of the verifiers by role. */
    readonly roles: ReadonlyMap<string, string>;
    /** Their owners by name. */
    readonly databases: ReadonlyMap<string, string>;
    readonly timeline: number;
    readonly stanza: boolean;
    /** What standbys may have no less of than their primary, as each server runs with it, by the uid of its pod. */
    readonly settings: ReadonlyMap<string, Readonly<Record<string, string>>>;
  };
  readonly readings: Readonly<Record<string, Reading>>;
  readonly commandResults: Readonly<Record<string, CommandResult>>;
  readonly refusals: readonly WriteRefusal[];
  readonly faults: Faults;
  /** Gives uids, versions and generated values. */
  readonly counter: number;
  /** Secret values generated so far, for tests that count them. */
  readonly generated: number;
}

export const newWorld = (manifest: Manifest, configuration: EngineConfiguration, nowMs: number): World => ({
  nowMs,
  configuration,
  manifest,
  objects: new Map(),
  applied: new Map(),
  secrets: new Map(),
  database: { roles: new Map(), databases: new Map([['postgres', 'postgres']]), timeline: 1, stanza: false, settings: new Map() },
  readings: {},
  commandResults: {},
  refusals: [],
  faults: noFaults,
  counter: 1,
  generated: 0,
});

export const keyOf = (kind: string, name: string): string => `${kind}/${name}`;

/** RFC 3339, whole seconds, as Kubernetes writes times. */
export const timeOf = (ms: number): string => new Date(ms).toISOString().replace(/\.\d+Z$/, 'Z');

export const clusterOf = (world: World, dialect: Dialect): Cluster | undefined =>
  world.manifest === undefined ? undefined : dialect.read(world.manifest, world.configuration, world.nowMs).cluster;

export const objectsOf = (world: World, kind: string): readonly WorldObject[] =>
  [...world.objects.values()].filter((object) => object.kind === kind);

/** Whether two values say the same; members that are undefined count as absent. */
export const isEqual = (left: unknown, right: unknown): boolean => {
  if (left === right) return true;
  if (typeof left !== 'object' || typeof right !== 'object' || left === null || right === null) return false;
  if (Array.isArray(left) !== Array.isArray(right)) return false;
  const [ofLeft, ofRight] = [left as Readonly<Record<string, unknown>>, right as Readonly<Record<string, unknown>>];
  return (
    Object.entries(ofLeft).every(([key, value]) => isEqual(value, ofRight[key])) &&
    Object.entries(ofRight).every(([key, value]) => value === undefined || ofLeft[key] !== undefined)
  );
};

/** With one object stored anew under a version of its own; the same world when nothing about it changed. */
export const store = (world: World, object: WorldObject): World => {
  const key = keyOf(object.kind, object.metadata.name);
  const before = world.objects.get(key);
  if (before !== undefined && isEqual(before, object)) return world;
  const counter = world.counter + 1;
  const stored = { ...object, metadata: { ...object.metadata, resourceVersion: String(counter) } };
  return { ...world, counter, objects: new Map(world.objects).set(key, stored) };
};

/** A new object with its identity. */
export const create = (
  world: World,
  object: {
    readonly apiVersion: string;
    readonly kind: string;
    readonly metadata: { readonly name: string };
    readonly [field: string]: unknown;
  },
  namespace: string,
): World => {
  const counter = world.counter + 1;
  return store(
    { ...world, counter },
    {
      ...object,
      metadata: {
        namespace,
        ...object.metadata,
        uid: `uid-${counter}`,
        resourceVersion: '',
        creationTimestamp: timeOf(world.nowMs),
        generation: 1,
      },
    },
  );
};

export const remove = (world: World, kind: string, name: string): World => {
  const key = keyOf(kind, name);
  if (!world.objects.has(key)) return world;
  const objects = new Map(world.objects);
  const applied = new Map(world.applied);
  objects.delete(key);
  applied.delete(key);
  return { ...world, objects, applied, counter: world.counter + 1 };
};

const childKinds: Readonly<Record<keyof Omit<Children, 'secrets'>, string>> = {
  statefulSets: 'StatefulSet',
  deployments: 'Deployment',
  pods: 'Pod',
  services: 'Service',
  endpoints: 'Endpoints',
  configMaps: 'ConfigMap',
  persistentVolumeClaims: 'PersistentVolumeClaim',
  podDisruptionBudgets: 'PodDisruptionBudget',
  serviceAccounts: 'ServiceAccount',
  roles: 'Role',
  roleBindings: 'RoleBinding',
  jobs: 'Job',
  cronJobs: 'CronJob',
};

const byName = (left: WorldObject, right: WorldObject): number => (left.metadata.name < right.metadata.name ? -1 : 1);

const factsOf = (world: World, secret: WorldSecret, plan: SecretPlan | undefined): SecretFacts => {
  const { metadata, data, certificates } = secret;
  const derivedMatches: Record<string, boolean> = {};
  for (const [key, value] of Object.entries(plan?.values ?? {})) {
    const isDerived = value.kind === 'text' || value.kind === 'template' || value.kind === 'concatenationOf';
    if (!isDerived && !(value.kind === 'verifierOf' && value.follows)) continue;
    derivedMatches[key] = symbolOf(value, data, (name) => world.secrets.get(name)?.data) === data[key];
  }
  return {
    name: metadata.name,
    namespace: metadata.namespace,
    uid: metadata.uid,
    resourceVersion: metadata.resourceVersion,
    creationTimestamp: metadata.creationTimestamp,
    labels: metadata.labels ?? {},
    annotations: metadata.annotations ?? {},
    ownerUids: (metadata.ownerReferences ?? []).map(({ uid }) => uid),
    deleting: metadata.deletionTimestamp !== undefined,
    values: Object.fromEntries(
      Object.entries(data).map(([key, symbol]) => [
        key,
        {
          empty: symbol === '',
          fingerprint: hashOfText(symbol),
          ...(certificates[key] === undefined ? {} : { certificate: certificates[key] }),
        },
      ]),
    ),
    derivedMatches,
  };
};

/** What observe would see now. */
export const observationOf = (world: World, dialect: Dialect): Observation => {
  const cluster = clusterOf(world, dialect);
  const lists = Object.entries(childKinds).map(([field, kind]) => [field, objectsOf(world, kind).toSorted(byName)] as const);
  // The model writes what the API would return: only the compiler cannot know that.
  const children = { ...Object.fromEntries(lists), secrets: [] } as unknown as Children;
  const plans = cluster === undefined ? [] : secretPlansFor(cluster, children, world.configuration);
  const planOf = ({ metadata }: WorldSecret): SecretPlan | undefined =>
    plans.find(({ reference }) => reference.name === metadata.name) ??
    plans.find(
      ({ foundByLabels }) =>
        foundByLabels !== undefined && Object.entries(foundByLabels).every(([key, value]) => metadata.labels?.[key] === value),
    );
  const facts = [...world.secrets.values()].map((secret) => factsOf(world, secret, planOf(secret)));
  const label = cluster?.profile.labels.cluster ?? '';
  const own = facts.filter(({ labels }) => labels[label] === cluster?.identity.name);
  const others = facts.filter((secret) => !own.includes(secret));
  const status = world.manifest?.status;
  return {
    nowMs: world.nowMs,
    refusals: world.refusals,
    configuration: world.configuration,
    status: typeof status === 'object' && status !== null ? (status as Readonly<Record<string, unknown>>) : {},
    children: { ...children, secrets: own },
    referencedSecrets: Object.fromEntries(others.map((secret) => [secret.name, secret])),
    readings: world.readings,
    commandResults: world.commandResults,
    definitionIsDeleting: world.faults.deletesDefinition,
    closedNodes: undefined,
  };
};
