/**
 * The life of a cluster under an operator in this process, from its creation to its deletion, or a chapter of it, before an API server whose answers
 * a proxy may disturb.
 */
import type { Dialect } from '@pgherd/engine';
import { compareResourceVersions, kinds, type Client, type ClusterConfig, type KubernetesObject } from '@pgherd/kube';
import { eventually, loopbackConfig, startFaultProxy, type FaultProxy, type ObservedWrite } from '@pgherd/kube/testing';
import { pino } from 'pino';
import { compileConfiguration } from '../configuration.ts';
import { resourceOfDialect } from '../observe/caches.ts';
import { runOperator } from '../operator.ts';
import { newDatabase, type Database } from './database.ts';
import { differencesBetween, endStateOf } from './endState.ts';
import { manifestsOf } from './manifests.ts';
import { playWorld, type PlayedWorld } from './playedWorld.ts';

/** Where a life is led: a namespace that nobody else uses. */
export interface Place extends AsyncDisposable {
  readonly config: ClusterConfig;
  readonly client: Client;
  readonly namespace: string;
  /** Whether the world has to do what no controller of the server does. */
  readonly collectsGarbage: boolean;
  readonly repeatsUids: boolean;
}

/** What can be done to an operator from outside. */
export interface Surroundings {
  readonly proxy: FaultProxy;
  /** The process ends at once: not one more of its requests gets through. Another one starts. */
  readonly kill: () => void;
  /** Changes so far, whoever made them. */
  readonly changes: () => number;
}

/** Arranges for something to go wrong; disposed when the life is over. */
export type Disturbance = (surroundings: Surroundings) => Disposable;

/** What is compared of a life. */
export interface Life {
  /** What each stage came to. */
  readonly stages: readonly ReadonlyMap<string, string>[];
  /** Of the operator, without events: these are a comfort, and may be lost or told twice. */
  readonly writes: readonly ObservedWrite[];
  readonly alteredSecrets: readonly string[];
}

const name = 'hippo';
const quietMs = 300;
const limitMs = 30_000;
type Status = KubernetesObject & {
  readonly status?: {
    readonly observedGeneration?: number;
    readonly conditions?: readonly {
      readonly type: string;
      readonly status: string;
      readonly reason?: string;
      readonly message?: string;
    }[];
    readonly patroni?: { readonly switchover?: string };
  };
};

/** Something that an owner does, and what it comes to. */
export interface Stage {
  readonly what: string;
  /** Gives the object as it is by then; undefined: it is to go. */
  readonly change: (client: Client, dialect: Dialect, namespace: string) => Promise<KubernetesObject | undefined>;
  readonly isReached: (manifest: Status | undefined) => boolean;
}

const isReadyBecause = (manifest: Status | undefined, reason: string): boolean =>
  manifest?.status?.observedGeneration === manifest?.metadata.generation &&
  manifest?.status?.conditions?.some(
    (condition) => condition.type === 'Ready' && condition.status === 'True' && condition.reason === reason,
  ) === true;

const runs = (manifest: Status | undefined): boolean => isReadyBecause(manifest, 'Ready');

const changed = (what: string, body: object, isReached: Stage['isReached'] = runs): Stage => ({
  what,
  change: async (client, dialect, namespace) => client.patch(resourceOfDialect(dialect), { namespace, name }, { kind: 'merge', body }),
  isReached,
});

/** In this order. */
export const stagesOf = (dialect: Dialect): readonly Stage[] => {
  const { manifest, renewed, scaled, stopped, started, switchedOver, userSecret } = manifestsOf(dialect);
  return [
    {
      what: 'created with two members, and backups where the kind has them',
      change: async (client, _, namespace) => client.create(resourceOfDialect(dialect), manifest(namespace, name)),
      isReached: runs,
    },
    changed('given new pods, the primary last and after a switchover', renewed),
    ...(switchedOver === undefined
      ? []
      : [
          changed(
            'led by another, as asked',
            switchedOver,
            (manifested) => runs(manifested) && (manifested?.status?.patroni?.switchover ?? '') !== '',
          ),
        ]),
    {
      what: 'given a new password, since somebody blanked it',
      change: async (client, _, namespace) =>
        client.patch(kinds.secrets, { namespace, name: userSecret(name) }, { kind: 'merge', body: { data: { password: '' } } }),
      isReached: runs,
    },
    changed('stopped', stopped, (manifested) => isReadyBecause(manifested, 'Stopped')),
    changed('started again', started),
    changed('scaled to 3', scaled(3)),
    changed('scaled to 1', scaled(1)),
    {
      what: 'deleted',
      change: async (client, _, namespace) => {
        await client.delete(resourceOfDialect(dialect), { namespace, name });
        return undefined;
      },
      isReached: (manifested) => manifested === undefined,
    },
  ];
};

export const isEvent = ({ plural }: { readonly plural: string }): boolean => plural === 'events';

/** Operators one after the other, as a Deployment would keep them. */
const keepOperatorRunning = (place: Place, proxy: FaultProxy, database: Database): { readonly kill: () => void } & AsyncDisposable => {
  const configuration = compileConfiguration(
    [
      `--namespaces=${place.namespace}`,
      '--crds=off',
      '--leader-election=off',
      '--listen=127.0.0.1:0',
      '--postgres-images=17=registry.example/postgres:17',
      '--backup-image=registry.example/postgres:17',
    ],
    {},
  );
  const log = pino({ level: process.env['PGHERD_TEST_LOG'] ?? 'silent' });
  const start = () => {
    const stop = new AbortController();
    const clusterConfig = loopbackConfig(proxy.url);
    const ended = runOperator({ configuration, clusterConfig, log, runProgram: database.run }, stop.signal).catch((error: unknown) => {
      if (!stop.signal.aborted) throw error;
    });
    return { stop, ended };
  };
  let current = start();
  let restarted: Promise<void> = Promise.resolve();
  return {
    kill: () => {
      const killed = current;
      const rule = proxy.addRule({ fault: { kind: 'drop' }, times: Infinity });
      killed.stop.abort(new Error('killed'));
      proxy.cutConnections();
      restarted = (async () => {
        await killed.ended;
        rule[Symbol.dispose]();
        current = start();
      })();
    },
    [Symbol.asyncDispose]: async () => {
      await restarted;
      current.stop.abort(new Error('the test is over'));
      await current.ended;
    },
  };
};

const manifestOf = (world: PlayedWorld, dialect: Dialect): Status | undefined =>
  world.objects().find(({ kind }) => kind === dialect.resource.kind);

const isSeen = (world: PlayedWorld, { kind, metadata }: KubernetesObject): boolean =>
  world
    .objects()
    .some(
      (seen) =>
        seen.kind === kind &&
        seen.metadata.name === metadata.name &&
        compareResourceVersions(seen.metadata.resourceVersion ?? '', metadata.resourceVersion ?? '') >= 0,
    );

/** Waits until the stage is reached and nothing has moved for a while: only where nothing is known of what it comes to. */
const quiet = async (world: PlayedWorld, proxy: FaultProxy, dialect: Dialect, stage: Stage): Promise<void> => {
  const seen = { changes: -1, writes: -1, atMs: 0 };
  const moved = (): boolean => seen.changes !== world.changes() || seen.writes !== proxy.writes().length;
  await eventually(
    `the cluster ${stage.what}, and nothing moving`,
    () => {
      if (moved()) Object.assign(seen, { changes: world.changes(), writes: proxy.writes().length, atMs: performance.now() });
      return stage.isReached(manifestOf(world, dialect)) && performance.now() - seen.atMs > quietMs;
    },
    limitMs,
  );
};

/** How a life is led. */
export interface Course {
  /** Default: all. */
  readonly stages?: readonly Stage[];
  /** Default: an empty one. */
  readonly database?: Database;
  readonly disturbance?: Disturbance;
  /** A life that this one must be like: each stage lasts until it is. */
  readonly expected?: Life;
  /** Called when the first stage is reached. */
  readonly whenReady?: (surroundings: Surroundings) => Promise<void>;
}

/**
 * Leads one life.
 *
 * @throws {Error} with the differences, when a stage does not come to what was expected.
 */
export const live = async (
  place: Place,
  dialect: Dialect,
  { stages = stagesOf(dialect), database = newDatabase(), disturbance, expected, whenReady }: Course = {},
): Promise<Life> => {
  const { client, namespace, collectsGarbage } = place;
  await using world = await playWorld({ client, dialect, namespace, collectsGarbage });
  await using proxy = await startFaultProxy(place.config);
  await using operator = keepOperatorRunning(place, proxy, database);
  const surroundings = { proxy, kill: operator.kill, changes: world.changes };
  using _disturbed = disturbance?.(surroundings);
  const reached: ReadonlyMap<string, string>[] = [];
  const stateNow = (): ReadonlyMap<string, string> => {
    const objects = world.objects();
    const secret = objects.find(({ kind, metadata }) => kind === 'Secret' && metadata.name === manifestsOf(dialect).userSecret(name)) as
      { readonly data?: Readonly<Record<string, string>> } | undefined;
    const verifier = Buffer.from(secret?.data?.['verifier'] ?? '', 'base64').toString();
    const agrees = verifier !== '' && verifier === database.verifierOf('hippo');
    return new Map([...endStateOf(objects, { dialect, namespace, repeatsUids: place.repeatsUids }), ['password in force', String(agrees)]]);
  };

  const likeExpected = async (stage: Stage, wanted: ReadonlyMap<string, string>): Promise<void> => {
    let seen = -1;
    const isLike = (): boolean => {
      if (seen === world.changes() || !stage.isReached(manifestOf(world, dialect))) return false;
      seen = world.changes();
      return differencesBetween(wanted, stateNow()).length === 0;
    };
    await eventually('the state that an undisturbed cluster comes to', isLike, limitMs).catch((error: unknown) => {
      const seenBy = manifestOf(world, dialect)?.status?.conditions?.map(
        ({ type, status, message }) => `${type}=${status} ${message ?? ''}`,
      );
      throw new Error(`${stage.what}: ${[...differencesBetween(wanted, stateNow()), ...(seenBy ?? [])].join('\n')}`, { cause: error });
    });
  };

  for (const [index, stage] of stages.entries()) {
    const changed = await stage.change(client, dialect, namespace);
    // What stood before must not be taken for what the change comes to.
    await eventually('the change being seen', () => changed === undefined || isSeen(world, changed), limitMs);
    const wanted = expected?.stages[index];
    await (wanted === undefined ? quiet(world, proxy, dialect, stage) : likeExpected(stage, wanted));
    reached.push(stateNow());
    if (index === 0 && whenReady !== undefined) {
      // What was expected may be reached one write before the last, since hashes do not count.
      await quiet(world, proxy, dialect, stage);
      await whenReady(surroundings);
    }
  }
  return {
    stages: reached,
    writes: proxy.writes().filter((write) => !isEvent(write)),
    alteredSecrets: world.alteredSecrets(),
  };
};
