/** The operator as a process of this host, run from source against the instance. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { resolve } from 'node:path';
import { eventually } from './eventually.ts';

const program = resolve(import.meta.dirname, '../../packages/operator/src/main.ts');
const startLimitMs = 60_000;
const keptLines = 200;

/** Values by series, as `name{label="value"}`. */
export type Metrics = ReadonlyMap<string, number>;

export interface Operator {
  /** Starts it unless it runs, and waits until it answers as ready. */
  readonly start: () => Promise<void>;
  /** Ends it and waits until it is gone. */
  readonly stop: (signal?: 'SIGTERM' | 'SIGKILL') => Promise<void>;
  readonly metrics: () => Promise<Metrics>;
  /** The last lines that it wrote. */
  readonly logTail: () => Promise<string>;
}

/** The sum of all series of a metric, whatever their labels. */
export const total = (metrics: Metrics, name: string): number =>
  [...metrics].filter(([series]) => series === name || series.startsWith(`${name}{`)).reduce((sum, [, value]) => sum + value, 0);

const parseMetrics = (text: string): Metrics =>
  new Map(
    text
      .split('\n')
      .filter((line) => line !== '' && !line.startsWith('#'))
      .map((line): [string, number] => {
        const space = line.lastIndexOf(' ');
        return [line.slice(0, space), Number(line.slice(space + 1))];
      }),
  );

const freePort = async (): Promise<number> => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
};

/** @param kubeconfigPath The administrator's, so that rights are not in question here. */
export const operatorProcess = async (kubeconfigPath: string): Promise<Operator> => {
  const address = `127.0.0.1:${await freePort()}`;
  const lines: string[] = [];
  let child: ReturnType<typeof spawn> | undefined;

  const keep = (chunk: Buffer): void => {
    lines.push(...chunk.toString().trimEnd().split('\n'));
    lines.splice(0, Math.max(0, lines.length - keptLines));
  };
  const ask = async (path: string): Promise<string> => {
    const response = await fetch(`http://${address}${path}`, { signal: AbortSignal.timeout(5000) });
    const text = await response.text();
    if (!response.ok) throw new Error(`${path}: ${response.status} ${text}`);
    return text;
  };
  const logTail = async (): Promise<string> => lines.join('\n');

  return {
    logTail,
    metrics: async () => parseMetrics(await ask('/metrics')),
    start: async () => {
      if (child !== undefined) return;
      const argv = [program, `--kubeconfig=${kubeconfigPath}`, '--leader-election=off', '--crds=apply', `--listen=${address}`];
      const started = spawn(process.execPath, argv, { stdio: ['ignore', 'pipe', 'pipe'] });
      child = started;
      started.stdout.on('data', keep);
      started.stderr.on('data', keep);
      await eventually('the operator becoming ready', startLimitMs, async () => {
        if (started.exitCode !== null) throw new Error(`it ended with code ${started.exitCode}: ${await logTail()}`);
        await ask('/readyz');
      });
    },
    stop: async (signal = 'SIGTERM') => {
      const ending = child;
      child = undefined;
      if (ending === undefined || ending.exitCode !== null || ending.signalCode !== null) return;
      ending.kill(signal);
      await once(ending, 'exit');
    },
  };
};
