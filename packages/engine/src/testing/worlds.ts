/** Worlds for tests: where a cluster has come to rest, and the hands that change something in it. */
import { decide } from '../decide/decide.ts';
import { situationOf, type Situation } from '../decide/situation.ts';
import type { Decision } from '../decision.ts';
import { postgresCluster } from '../dialects/crunchy/dialect.ts';
import type { Dialect } from '../dialects/dialect.ts';
import type { Manifest } from '../dialects/manifest.ts';
import { dialects } from '../dialects/index.ts';
import type { Member } from '../model/members.ts';
import type { CertificateFacts, Observation } from '../observation.ts';
import { stamps } from '../stamps.ts';
import { passOver, settle, turn, type Pass, type PassOptions } from '../world/run.ts';
import {
  create,
  keyOf,
  newWorld,
  observationOf,
  remove,
  store,
  type Faults,
  type World,
  type WorldObject,
  type WorldSecret,
} from '../world/world.ts';
import { fixtureManifest, postgresqlManifest, testConfiguration, testNowMs, withSpec, type fixtureNames } from './clusters.ts';

export const dialect = postgresCluster;

/** The one that reads the world's manifest. Of a world whose cluster is gone nothing is read any more. */
export const dialectOf = ({ manifest }: World): Dialect =>
  dialects.find(({ resource }) => resource.kind === (manifest?.kind ?? postgresCluster.resource.kind)) ?? postgresCluster;

type Overlay = (typeof fixtureNames)[number];
export type Spec = Readonly<Record<string, unknown>>;

/** A world in which only the manifest is there yet. */
export const freshWorld = (overlay: Overlay = 'dev', change: (spec: Spec) => unknown = (spec) => spec): World =>
  newWorld(withSpec(fixtureManifest(overlay), change), testConfiguration, testNowMs);

/** The same of a postgresql: two members that share a StatefulSet. */
export const freshSharedWorld = (change: (spec: Spec) => unknown = (spec) => spec): World =>
  newWorld(withSpec(postgresqlManifest(), change), testConfiguration, testNowMs);

let restedShared: World | undefined;

/** It created and at rest. */
export const restedSharedWorld = (): World => (restedShared ??= atRest(freshSharedWorld()));

/** As `kubectl scale` would. */
export const withInstances =
  (numberOfInstances: number) =>
  (world: World): World =>
    editSpec(world, (spec) => ({ ...spec, numberOfInstances }));

const rested = new Map<Overlay, World>();

/** The overlay's cluster, created and at rest. Worlds are never changed in place, so tests share them. */
export const restedWorld = (overlay: Overlay = 'dev'): World => {
  const known = rested.get(overlay);
  if (known !== undefined) return known;
  const { world } = settle(freshWorld(overlay), dialect);
  rested.set(overlay, world);
  return world;
};

/** Makes a world at its first use and lends it from then on. */
export const lent = (make: () => World): (() => World) => {
  let made: World | undefined;
  return () => (made ??= make());
};

export const settled = (world: World): ReturnType<typeof settle> => settle(world, dialectOf(world));
export const atRest = (world: World): World => settled(world).world;
export const passIn = (world: World, options?: PassOptions): Pass => passOver(world, dialectOf(world), options);
export const turned = (world: World): World => turn(world, dialectOf(world));
export const observedIn = (world: World): Observation => observationOf(world, dialectOf(world));

/** As an owner would who edits the parameters of a PostgresCluster. */
export const withParameters = (world: World, parameters: Spec): World =>
  editSpec(world, (spec) => ({
    ...spec,
    config: { parameters: { ...(spec['config'] as { parameters?: Spec })?.parameters, ...parameters } },
  }));

/** Who leads, and one that does not. */
export const pairIn = (world: World): { readonly primary: Member; readonly replica: Member } => {
  const { primary, members } = situationIn(world);
  const replica = members.find(({ name }) => name !== primary?.name);
  if (primary === undefined || replica === undefined) throw new Error('no member leads, or none follows');
  return { primary, replica };
};

/** Pods of members, in no order. */
export const memberPodsIn = (world: World): readonly WorldObject[] =>
  [...world.objects.values()].filter(
    ({ kind, metadata }) => kind === 'Pod' && metadata.labels?.[dialectOf(world).profile.labels.instance] !== undefined,
  );

const editManifest = (world: World, change: (manifest: Manifest) => Manifest): World => {
  if (world.manifest === undefined) throw new Error('the manifest is gone');
  const changed = change(world.manifest);
  return { ...world, counter: world.counter + 1, manifest: changed };
};

/** As kubectl apply would: another spec, the next generation. */
export const editSpec = (world: World, change: (spec: Spec) => unknown): World =>
  editManifest(world, (manifest) => ({
    ...withSpec(manifest, change),
    metadata: { ...manifest.metadata, generation: (manifest.metadata.generation ?? 1) + 1 },
  }));

/** The first instance set with these fields changed. */
export const editSet = (world: World, fields: Spec): World =>
  editSpec(world, (spec) => ({
    ...spec,
    instances: (spec['instances'] as readonly Spec[]).map((set, index) => (index === 0 ? { ...set, ...fields } : set)),
  }));

export const annotateCluster = (world: World, annotations: Readonly<Record<string, string>>): World =>
  editManifest(world, (manifest) => ({
    ...manifest,
    metadata: { ...manifest.metadata, annotations: { ...manifest.metadata.annotations, ...annotations } },
  }));

/** What the world's clocks show so many minutes later, in UTC. */
export const clockIn = (world: World, laterMinutes: number): string =>
  new Date(world.nowMs + laterMinutes * 60_000).toISOString().slice(11, 16);

/** With a maintenance window of an hour that opens in so many minutes; it has opened where that is less than none. */
export const withWindow = (world: World, opensInMinutes: number, scope: 'own' | 'all' = 'own'): World =>
  annotateCluster(world, {
    [stamps.maintenanceWindows]: `${clockIn(world, opensInMinutes)}-${clockIn(world, opensInMinutes + 60)}`,
    [stamps.maintenanceScope]: scope,
  });

export const deleteCluster = (world: World): World =>
  editManifest(world, (manifest) => ({
    ...manifest,
    metadata: { ...manifest.metadata, deletionTimestamp: new Date(world.nowMs).toISOString() },
  }));

/** The manifest applied anew after the cluster of before is gone: the same name and another identity, with so many members in the first set. */
export const madeAgain = (world: World, overlay: Overlay, replicas: number): World => {
  const { metadata, ...manifest } = fixtureManifest(overlay);
  return editSet({ ...world, manifest: { ...manifest, metadata: { ...metadata, uid: 'another' } } }, { replicas });
};

/** The same of a postgresql. */
export const sharedMadeAgain = (world: World, instances: number): World => {
  const { metadata, ...manifest } = postgresqlManifest();
  return withInstances(instances)({ ...world, manifest: { ...manifest, metadata: { ...metadata, uid: 'another' } } });
};

export const withFaults = (world: World, faults: Partial<Faults>): World => ({ ...world, faults: { ...world.faults, ...faults } });

/** These pods' PostgreSQL streams no longer. */
export const lagging = (world: World, ...pods: readonly string[]): World => turned(withFaults(world, { laggingPods: new Set(pods) }));

/** Asked to go now, by whatever hand. */
export const going = (world: World, kind: string, name: string, atMs = world.nowMs): World =>
  editObject(world, kind, name, (object) => ({
    ...object,
    metadata: { ...object.metadata, deletionTimestamp: new Date(atMs).toISOString() },
  }));

/** As `kubectl delete statefulset --cascade=orphan` would. */
export const orphaned = (world: World, statefulSet: string): World =>
  memberPodsIn(world).reduce(
    (next, { metadata: { name } }) =>
      editObject(next, 'Pod', name, ({ metadata, ...pod }) => ({
        ...pod,
        kind: 'Pod',
        apiVersion: 'v1',
        metadata: { ...metadata, ownerReferences: [] },
      })),
    remove(world, 'StatefulSet', statefulSet),
  );

/** What somebody else has beside a postgresql, with the labels that its members bear. */
export const withNeighbour = (world: World, name: string): World => {
  const labels = { application: 'spilo', 'cluster-name': world.manifest?.metadata.name ?? '' };
  const spec = {
    replicas: 1,
    selector: { matchLabels: labels },
    template: { metadata: { labels }, spec: { containers: [{ name: 'exporter', image: 'registry.example/exporter:1' }] } },
  };
  const metadata = { name, labels };
  return create(world, { apiVersion: 'apps/v1', kind: 'StatefulSet', metadata, spec }, 'postgres');
};

/** Patroni's lock in the hands of this pod. */
export const ledBy = (world: World, pod: string): World =>
  editObject(world, 'Endpoints', dialectOf(world).profile.names.scope(world.manifest?.metadata.name ?? ''), (object) => ({
    ...object,
    metadata: { ...object.metadata, annotations: { ...object.metadata.annotations, leader: pod } },
  }));

/** As `patronictl pause` would. */
export const pausedInPatroni = (world: World): World =>
  editObject(
    world,
    'Endpoints',
    dialectOf(world).profile.names.configurationService(world.manifest?.metadata.name ?? ''),
    ({ metadata, ...object }) => {
      const { config = '{}' } = metadata.annotations ?? {};
      const paused = JSON.stringify({ ...(JSON.parse(config) as object), pause: true });
      return {
        ...object,
        kind: 'Endpoints',
        apiVersion: 'v1',
        metadata: { ...metadata, annotations: { ...metadata.annotations, config: paused } },
      };
    },
  );

/** One object by another hand than ours. Fails when it is not there. */
export const editObject = (world: World, kind: string, name: string, change: (object: WorldObject) => WorldObject): World => {
  const object = world.objects.get(keyOf(kind, name));
  if (object === undefined) throw new Error(`no ${kind} ${name}; there are ${[...world.objects.keys()].join(', ')}`);
  return store(world, change(object));
};

export const editSecret = (world: World, name: string, data: Readonly<Record<string, string | undefined>>): World => {
  const secret = world.secrets.get(name);
  if (secret === undefined) throw new Error(`no Secret ${name}; there are ${[...world.secrets.keys()].join(', ')}`);
  const counter = world.counter + 1;
  const edited: WorldSecret = {
    ...secret,
    metadata: { ...secret.metadata, resourceVersion: String(counter) },
    data: Object.fromEntries(
      Object.entries({ ...secret.data, ...data }).flatMap(([key, value]) => (value === undefined ? [] : [[key, value]])),
    ),
  };
  return { ...world, counter, secrets: new Map(world.secrets).set(name, edited) };
};

/** What a certificate in a Secret says, changed. Fails when it is not there. */
export const editCertificate = (world: World, name: string, key: string, change: Partial<CertificateFacts>): World => {
  const secret = world.secrets.get(name);
  const certificate = secret?.certificates[key];
  if (secret === undefined || certificate === undefined) throw new Error(`no certificate ${key} in Secret ${name}`);
  const edited = { ...secret, certificates: { ...secret.certificates, [key]: { ...certificate, ...change } } };
  return { ...world, secrets: new Map(world.secrets).set(name, edited) };
};

export const withoutSecret = (world: World, name: string): World => {
  const secrets = new Map(world.secrets);
  secrets.delete(name);
  return { ...world, secrets };
};

/** Keys that the next pass writes of a Secret, in order. */
export const keysWritten = (world: World, name: string): readonly string[] =>
  Object.keys(decisionIn(world).secrets.find(({ reference }) => reference.name === name)?.values ?? {}).toSorted();

const manifestIn = ({ manifest }: World): Manifest => {
  if (manifest === undefined) throw new Error('the manifest is gone');
  return manifest;
};

export const situationIn = (world: World): Situation => {
  const reader = dialectOf(world);
  return situationOf(reader.read(manifestIn(world), world.configuration, world.nowMs), reader, observationOf(world, reader));
};

export const decisionIn = (world: World): Decision => {
  const reader = dialectOf(world);
  return decide(reader.read(manifestIn(world), world.configuration, world.nowMs), reader, observationOf(world, reader));
};

/** Names of the objects of a kind, in order. */
export const namesOf = (world: World, kind: string): readonly string[] =>
  [...world.objects.values()]
    .filter((object) => object.kind === kind)
    .map(({ metadata }) => metadata.name)
    .toSorted();

/** Status, reason and message of a condition in the status. */
export const conditionIn = (
  world: World,
  type: string,
): { readonly status: string; readonly reason: string; readonly message: string } | undefined => {
  const { conditions } = (world.manifest?.status ?? {}) as {
    conditions?: readonly { type: string; status: string; reason: string; message: string }[];
  };
  return conditions?.find((condition) => condition.type === type);
};
