/**
 * The whole life of a cluster under an operator in this process: created, scaled up, scaled down, deleted, before an API server whose answers a
 * proxy may disturb.
 */
import type { Dialect } from '@pgherd/engine';
import type { Client, ClusterConfig, KubernetesObject } from '@pgherd/kube';
import { eventually, loopbackConfig, startFaultProxy, type FaultProxy, type ObservedWrite } from '@pgherd/kube/testing';
import { pino } from 'pino';
import { compileConfiguration } from '../configuration.ts';
import { resourceOfDialect } from '../observe/caches.ts';
import { runOperator } from '../operator.ts';
import { newDatabase } from './database.ts';
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
  };
};

interface Stage {
  readonly what: string;
  readonly change: (client: Client, dialect: Dialect, namespace: string) => Promise<unknown>;
  readonly isReached: (manifest: Status | undefined) => boolean;
}

const isReady = (manifest: Status | undefined): boolean =>
  manifest?.status?.observedGeneration === manifest?.metadata.generation &&
  manifest?.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') === true;

const changed = (what: string, bodyOf: (manifests: ReturnType<typeof manifestsOf>) => object): Stage => ({
  what,
  change: async (client, dialect, namespace) =>
    client.patch(resourceOfDialect(dialect), { namespace, name }, { kind: 'merge', body: bodyOf(manifestsOf(dialect)) }),
  isReached: isReady,
});

const scaledTo = (replicas: number): Stage => changed(`scaled to ${replicas}`, ({ scaled }) => scaled(replicas));

const stages: readonly Stage[] = [
  {
    what: 'created with two members, and backups where the kind has them',
    change: async (client, dialect, namespace) => client.create(resourceOfDialect(dialect), manifestsOf(dialect).manifest(namespace, name)),
    isReached: isReady,
  },
  changed('given new pods, the primary last and after a switchover', ({ renewed }) => renewed),
  scaledTo(3),
  scaledTo(1),
  {
    what: 'deleted',
    change: async (client, dialect, namespace) => client.delete(resourceOfDialect(dialect), { namespace, name }),
    isReached: (manifest) => manifest === undefined,
  },
];

export const isEvent = ({ plural }: { readonly plural: string }): boolean => plural === 'events';

/** Operators one after the other, as a Deployment would keep them. */
const keepOperatorRunning = (place: Place, proxy: FaultProxy): { readonly kill: () => void } & AsyncDisposable => {
  const database = newDatabase();
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
  readonly disturbance?: Disturbance;
  /** A life that this one must be like: each stage lasts until it is. */
  readonly expected?: Life;
  /** Called when the cluster has been created and is ready, before it is scaled. */
  readonly whenReady?: (surroundings: Surroundings) => Promise<void>;
}

/**
 * Leads one life.
 *
 * @throws {Error} with the differences, when a stage does not come to what was expected.
 */
export const live = async (place: Place, dialect: Dialect, { disturbance, expected, whenReady }: Course = {}): Promise<Life> => {
  const { client, namespace, collectsGarbage } = place;
  await using world = await playWorld({ client, dialect, namespace, collectsGarbage });
  await using proxy = await startFaultProxy(place.config);
  await using operator = keepOperatorRunning(place, proxy);
  const surroundings = { proxy, kill: operator.kill, changes: world.changes };
  using _disturbed = disturbance?.(surroundings);
  const reached: ReadonlyMap<string, string>[] = [];
  const stateNow = (): ReadonlyMap<string, string> => endStateOf(world.objects(), { dialect, namespace, repeatsUids: place.repeatsUids });

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
    await stage.change(client, dialect, namespace);
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
