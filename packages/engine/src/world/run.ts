/** Passes against the model: each observes, decides and acts; between them the world takes its turns. */
import { decide } from '../decide/decide.ts';
import type { CommandRequest, Decision, ReadingRequest } from '../decision.ts';
import type { Dialect } from '../dialects/dialect.ts';
import { hashOfText } from '../hash.ts';
import type { CommandResult, Observation, Reading } from '../observation.ts';
import type { ReadSetting, RolesReading } from '../readings.ts';
import { runControllers } from './controllers.ts';
import { runPatroni, startServer } from './patroni.ts';
import { clusterOf, keyOf, observationOf, type World } from './world.ts';
import { perform, writesOf, type Write } from './writes.ts';

/** Changes that come sooner than this are waited for, in milliseconds; later ones are the business of a cluster at rest. */
const patienceMs = 10 * 60_000;

/** One turn of everything that is not pgherd; a second goes by. */
export const turn = (world: World, dialect: Dialect): World => {
  const cluster = clusterOf(world, dialect) ?? lastKnown(world, dialect);
  if (cluster === undefined) return world;
  const next = runPatroni(runControllers(world, cluster), cluster);
  return { ...next, nowMs: world.nowMs + 1000 };
};

/** Garbage is collected after the manifest is gone, too; only names matter then, and those come from any manifest of the dialect. */
const lastKnown = (world: World, dialect: Dialect) =>
  dialect.read(
    { apiVersion: '', kind: dialect.resource.kind, metadata: { name: 'gone', namespace: '', uid: '' }, spec: {} },
    world.configuration,
    world.nowMs,
  ).cluster;

const attemptsOf = (known: Reading | CommandResult | undefined, inputs: string): number =>
  known?.inputs === inputs && known.result.kind === 'failed' ? known.result.attempts : 0;

const runCommand = (world: World, request: CommandRequest, dialect: Dialect): World => {
  const { key, inputs, invalidates } = request;
  const known = world.commandResults[key];
  if (known?.inputs === inputs && known.result.kind === 'succeeded') return world;
  const cluster = clusterOf(world, dialect);
  const fails = world.faults.failingCommands.has(key) || cluster === undefined;
  const result = fails
    ? ({ kind: 'failed', message: `${key} failed`, attempts: attemptsOf(known, inputs) + 1 } as const)
    : ({ kind: 'succeeded', output: '' } as const);
  const readings = Object.fromEntries(Object.entries(world.readings).filter(([reading]) => !invalidates.includes(reading)));
  const after = {
    ...world,
    readings,
    commandResults: { ...world.commandResults, [key]: { key, inputs, finishedAtMs: world.nowMs, result } },
  };
  if (fails) return after;
  if (key.startsWith('restart ')) {
    const pod = world.objects.get(keyOf('Pod', request.target.pod));
    return pod?.metadata.uid === request.target.podUid ? startServer(after, cluster, pod) : after;
  }
  if (key.endsWith(' checkpoint') || key.endsWith('nitSql')) return after;
  if (key === 'stanza') return { ...after, database: { ...after.database, stanza: true } };
  const roles = new Map(world.database.roles);
  for (const { secret, key: verifier } of Object.values(request.input?.variables ?? {})) {
    const { metadata, data } = world.secrets.get(secret) ?? {};
    const user = metadata?.labels?.[cluster.profile.labels.user];
    if (user !== undefined) roles.set(user, data?.[verifier] ?? '');
  }
  const databases = new Map(world.database.databases);
  for (const { name, owner } of cluster.databases) databases.set(name, owner ?? databases.get(name) ?? 'postgres');
  for (const { name, passwordCharacters } of cluster.users) if (passwordCharacters === undefined) roles.set(name, '');
  return { ...after, database: { ...after.database, roles, databases } };
};

const takeReading = (world: World, { key, inputs, maximumAgeMs }: ReadingRequest, dialect: Dialect): World => {
  const known = world.readings[key];
  if (known?.inputs === inputs && known.result.kind === 'taken' && world.nowMs - known.takenAtMs < maximumAgeMs) return world;
  const cluster = clusterOf(world, dialect);
  const taken = (value: unknown): World => ({
    ...world,
    readings: { ...world.readings, [key]: { key, inputs, takenAtMs: world.nowMs, result: { kind: 'taken', value } } },
  });
  if (key === 'settings') {
    return taken(
      Object.entries(cluster?.postgres.parameters ?? {}).map(([name, value]): ReadSetting => {
        const written = world.faults.lostSettings.has(name) ? undefined : value;
        return { name, written, isByHand: false, hasError: false, isPending: false, unit: undefined, inForce: value };
      }),
    );
  }
  const value: RolesReading = {
    serverVersion: `${cluster?.postgres.majorVersion ?? 0}.1`,
    recovering: false,
    roles: [...world.database.roles].map(([name, symbol]) => {
      const options = cluster?.users.find((user) => user.name === name)?.options ?? [];
      const is = (attribute: string): boolean => options.includes(attribute);
      return {
        name,
        verifierFingerprint: hashOfText(symbol),
        attributes: {
          SUPERUSER: is('SUPERUSER'),
          CREATEROLE: is('CREATEROLE'),
          CREATEDB: is('CREATEDB'),
          LOGIN: is('LOGIN'),
          REPLICATION: is('REPLICATION'),
          BYPASSRLS: is('BYPASSRLS'),
          INHERIT: !is('NOINHERIT'),
        },
        connectionLimit: Number(options.find((option) => option.startsWith('CONNECTION LIMIT '))?.slice('CONNECTION LIMIT '.length) ?? -1),
      };
    }),
    databases: [...world.database.databases].map(([name, owner]) => ({ name, owner })),
    grants: (cluster?.users ?? []).flatMap(({ name, databases }) => databases.map((database) => ({ role: name, database }))),
    remaining: [],
  };
  return taken(value);
};

export interface PassOptions {
  /** What the pass believes to be there; the world as it is by default. */
  readonly observed?: Observation;
  /** It ends after so many writes; the process forgets what it held in memory. */
  readonly crashAfter?: number;
}

export interface Pass {
  readonly world: World;
  readonly decision: Decision | undefined;
  /** Those that changed something. */
  readonly writes: readonly Write[];
}

/** One pass of pgherd. */
export const passOver = (world: World, dialect: Dialect, { observed, crashAfter }: PassOptions = {}): Pass => {
  const { manifest } = world;
  if (manifest === undefined) return { world, decision: undefined, writes: [] };
  const manifested = dialect.read(manifest, world.configuration, world.nowMs);
  const decision = decide(manifested, dialect, observed ?? observationOf(world, dialect));
  let next: World = { ...world, refusals: [] };
  const writes: Write[] = [];
  for (const write of writesOf(decision)) {
    if (crashAfter !== undefined && writes.length >= crashAfter)
      return { world: { ...next, readings: {}, commandResults: {} }, decision, writes };
    const { world: after, result } = perform(next, write, manifested.cluster);
    next = after;
    if (result === 'written') writes.push(write);
    if (result === 'stale') return { world: next, decision, writes };
    if (result === 'refused' && write.kind === 'apply') {
      const { kind, metadata } = write.desired.object;
      const refusal = { what: `${kind} ${metadata?.name ?? ''}`, code: 'Invalid', message: 'refused', retryable: false };
      next = { ...next, refusals: [...next.refusals, refusal] };
    }
  }
  for (const command of decision.commands) next = runCommand(next, command, dialect);
  for (const reading of decision.readings) next = takeReading(next, reading, dialect);
  return { world: next, decision, writes };
};

/** The world does not differ but for its clock. */
const isSame = (left: World, right: World): boolean =>
  left.counter === right.counter &&
  left.manifest === right.manifest &&
  left.secrets === right.secrets &&
  left.database === right.database &&
  left.readings === right.readings &&
  left.commandResults === right.commandResults;

export interface Settled {
  readonly world: World;
  readonly passes: readonly Pass[];
  /** Undefined once the manifest is gone. */
  readonly last: Decision | undefined;
}

/** Passes and turns until nothing changes any more. Throws when that does not come to pass within `limit` passes. */
export const settle = (world: World, dialect: Dialect, limit = 100): Settled => {
  const passes: Pass[] = [];
  let current = world;
  while (passes.length < limit) {
    const pass = passOver(current, dialect);
    passes.push(pass);
    const next = turn(pass.world, dialect);
    if (!isSame(next, current)) {
      current = next;
      continue;
    }
    const waitMs = pass.decision?.lookAgainAfterMs;
    if (waitMs === undefined || waitMs > patienceMs) return { world: next, passes, last: pass.decision };
    current = { ...next, nowMs: next.nowMs + waitMs };
  }
  throw new Error(
    `nothing settled within ${limit} passes; the last one wrote ${JSON.stringify(passes.at(-1)?.writes.map(({ kind }) => kind))}`,
  );
};
