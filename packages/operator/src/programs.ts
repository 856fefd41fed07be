/**
 * Runs what decisions ask to be run inside pods: readings (questions) and commands. They run beside the passes, so that a slow one delays
 * nobody; when one has ended, its cluster is looked at again. Results are kept in memory only: both are safe to repeat.
 */
import type { CommandRequest, CommandResult, ExecTarget, ProgramInput, Reading, ReadingRequest } from '@pgherd/engine';
import { messageOf } from '@pgherd/kube';
import type { SecretData } from './act/secretValues.ts';

export interface ProgramOutput {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a program in a container and gives its output, whatever its exit code. Rejects when it could not be run to its end. */
export type RunProgram = (
  target: ExecTarget,
  command: readonly string[],
  input: string | undefined,
  timeoutMs: number,
  signal: AbortSignal,
) => Promise<ProgramOutput>;

export interface ProgramSources {
  readonly run: RunProgram;
  readonly readSecret: (namespace: string, name: string) => Promise<SecretData | undefined>;
  /** The texts of a ConfigMap; undefined: there is none. */
  readonly readConfigMap: (namespace: string, name: string) => Promise<Readonly<Record<string, string>> | undefined>;
  /** The engine's parser of that name: text to value. Throws when the text is not what it should be. */
  readonly parse: (parser: string, output: string) => unknown;
  readonly now: () => number;
  /** Called when something of the cluster with that uid has ended. */
  readonly ended: (clusterUid: string) => void;
}

/** A program said no. Its output is shown as far as it holds no secret: standard error only, and not what went in. */
export class ProgramFailedError extends Error {
  readonly code = 'ProgramFailed';
  readonly retryable = true;

  constructor(command: readonly string[], output: ProgramOutput) {
    const said = output.stderr.trim() === '' ? output.stdout.trim() : output.stderr.trim();
    super(`${command[0] ?? ''} ended with code ${output.exitCode}: ${withoutVerifiers(said).slice(-1000)}`);
    this.name = 'ProgramFailedError';
  }
}

/** PostgreSQL quotes the statement that failed, and a statement may hold a verifier. */
const withoutVerifiers = (text: string): string => text.replaceAll(/SCRAM-SHA-256\$[^\s'"]*|md5[0-9a-f]{32}/g, '(verifier)');

/** psql reads `\set name 'value'`: inside single quotes it knows backslash escapes, and a quote is written twice. */
export const psqlVariable = (name: string, value: string): string =>
  `\\set ${name} '${value.replaceAll('\\', '\\\\').replaceAll("'", "''").replaceAll('\n', '\\n')}'`;

interface ClusterPrograms {
  readonly readings: Map<string, Reading>;
  readonly results: Map<string, CommandResult>;
  readonly running: Set<string>;
}

export interface Programs {
  readonly readingsOf: (clusterUid: string) => Readonly<Record<string, Reading>>;
  readonly resultsOf: (clusterUid: string) => Readonly<Record<string, CommandResult>>;
  /** Starts what is not running yet and has no answer for the same inputs. Returns at once. */
  readonly start: (
    clusterUid: string,
    readings: readonly ReadingRequest[],
    commands: readonly CommandRequest[],
    signal: AbortSignal,
  ) => void;
  /** The cluster is gone. */
  readonly forget: (clusterUid: string) => void;
}

export const newPrograms = (sources: ProgramSources): Programs => {
  const clusters = new Map<string, ClusterPrograms>();

  const fileText = async (namespace: string, { configMap, key, end }: NonNullable<ProgramInput['file']>): Promise<string> => {
    const texts = await sources.readConfigMap(namespace, configMap);
    if (texts === undefined) throw new Error(`there is no ConfigMap ${configMap} in namespace ${namespace}; make it`);
    const text = texts[key];
    if (text !== undefined) return `${text}\n${end}\n`;
    const keys = Object.keys(texts).toSorted().join(', ');
    throw new Error(`ConfigMap ${configMap} has no key ${key}, it has ${keys === '' ? 'none' : keys}`);
  };

  const inputText = async (namespace: string, input: ProgramInput | undefined): Promise<string | undefined> => {
    if (input === undefined) return undefined;
    const lines: string[] = [];
    for (const [name, { secret, key }] of Object.entries(input.variables)) {
      const value = (await sources.readSecret(namespace, secret))?.[key];
      if (value === undefined) throw new Error(`Secret ${secret} has no ${key} yet`);
      lines.push(psqlVariable(name, value.toString()));
    }
    const text = lines.length === 0 ? input.text : `${lines.join('\n')}\n${input.text}`;
    return input.file === undefined ? text : `${text}${await fileText(namespace, input.file)}`;
  };

  const run = async (request: ReadingRequest | CommandRequest, signal: AbortSignal): Promise<string> => {
    const input = await inputText(request.target.namespace, request.input);
    const output = await sources.run(request.target, request.command, input, request.timeoutMs, signal);
    if (output.exitCode !== 0) throw new ProgramFailedError(request.command, output);
    return output.stdout;
  };

  /** Keeps one program of a kind at a time for each cluster and key. */
  const once = (uid: string, cluster: ClusterPrograms, key: string, work: () => Promise<void>): void => {
    if (cluster.running.has(key)) return;
    cluster.running.add(key);
    void work().finally(() => {
      cluster.running.delete(key);
      if (clusters.get(uid) === cluster) sources.ended(uid);
    });
  };

  const attemptsOf = (previous: Reading | CommandResult | undefined, inputs: string): number =>
    previous?.inputs === inputs && previous.result.kind === 'failed' ? previous.result.attempts : 0;

  const take = async (cluster: ClusterPrograms, request: ReadingRequest, signal: AbortSignal): Promise<void> => {
    const { key, inputs } = request;
    const attempts = attemptsOf(cluster.readings.get(key), inputs) + 1;
    try {
      const value = sources.parse(request.parser, await run(request, signal));
      cluster.readings.set(key, { key, inputs, takenAtMs: sources.now(), result: { kind: 'taken', value } });
    } catch (error) {
      if (signal.aborted) return;
      cluster.readings.set(key, { key, inputs, takenAtMs: sources.now(), result: { kind: 'failed', message: messageOf(error), attempts } });
    }
  };

  const carryOut = async (cluster: ClusterPrograms, request: CommandRequest, signal: AbortSignal): Promise<void> => {
    const { key, inputs } = request;
    const attempts = attemptsOf(cluster.results.get(key), inputs) + 1;
    try {
      const output = await run(request, signal);
      cluster.results.set(key, { key, inputs, finishedAtMs: sources.now(), result: { kind: 'succeeded', output } });
    } catch (error) {
      if (signal.aborted) return;
      cluster.results.set(key, {
        key,
        inputs,
        finishedAtMs: sources.now(),
        result: { kind: 'failed', message: messageOf(error), attempts },
      });
    }
    // Whether it succeeded or not, what was read before it is not known to hold any more.
    for (const reading of request.invalidates) cluster.readings.delete(reading);
  };

  const clusterOf = (uid: string): ClusterPrograms => {
    const known = clusters.get(uid);
    if (known !== undefined) return known;
    const made: ClusterPrograms = { readings: new Map(), results: new Map(), running: new Set() };
    clusters.set(uid, made);
    return made;
  };

  return {
    readingsOf: (uid) => Object.fromEntries(clusters.get(uid)?.readings ?? []),
    resultsOf: (uid) => Object.fromEntries(clusters.get(uid)?.results ?? []),
    start: (uid, readings, commands, signal) => {
      if (readings.length === 0 && commands.length === 0) return;
      const cluster = clusterOf(uid);
      for (const request of readings) {
        const known = cluster.readings.get(request.key);
        const fresh =
          known?.inputs === request.inputs && known.result.kind === 'taken' && sources.now() - known.takenAtMs <= request.maximumAgeMs;
        if (!fresh) once(uid, cluster, `reading ${request.key}`, async () => take(cluster, request, signal));
      }
      for (const request of commands) {
        const known = cluster.results.get(request.key);
        const done = known?.inputs === request.inputs && known.result.kind === 'succeeded';
        if (!done) once(uid, cluster, `command ${request.key}`, async () => carryOut(cluster, request, signal));
      }
    },
    forget: (uid) => {
      clusters.delete(uid);
    },
  };
};
