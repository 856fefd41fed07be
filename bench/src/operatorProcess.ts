/** The operator as a process of its own, from the bundle that ships, and what it costs. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

export interface OperatorProcess {
  readonly metrics: () => Promise<Metrics>;
  readonly cost: () => Promise<Cost>;
  /** As a kubelet does: SIGTERM, and waits for the end. */
  readonly stop: () => Promise<void>;
}

export interface Cost {
  readonly residentBytes: number;
  readonly peakResidentBytes: number;
  readonly cpuSeconds: number;
}

/** Sum over all labels of a metric that has one of the given labels' values; all without labels. */
export type Metrics = (name: string, labels?: Readonly<Record<string, string>>) => number;

/** Clock ticks a second, the unit of /proc/PID/stat; fixed on Linux (`getconf CLK_TCK`). */
const ticksPerSecond = 100;

/** Processor time that a process has used so far, in user space and in the kernel. */
export const cpuSecondsOf = async (pid: number): Promise<number> => {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
  // Fields 14 and 15, counted behind the program's name, which may hold spaces (proc(5)).
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / ticksPerSecond;
};

const readMetrics =
  (text: string): Metrics =>
  (name, labels = {}) =>
    text
      .split('\n')
      .filter((line) => line.startsWith(`${name}{`) || line.startsWith(`${name} `))
      .filter((line) => Object.entries(labels).every(([label, value]) => line.includes(`${label}="${value}"`)))
      .reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' ') + 1)), 0);

/** How the image starts Node: its environment, and options before the bundle. */
const startOfImage = async (): Promise<{ readonly env: Readonly<Record<string, string>>; readonly shippedOptions: readonly string[] }> => {
  const file = await readFile(join(import.meta.dirname, '../../images/operator/Dockerfile'), 'utf8');
  const entrypoint = /^ENTRYPOINT (\[.*\])$/m.exec(file)?.[1];
  if (entrypoint === undefined) throw new Error('images/operator/Dockerfile has no ENTRYPOINT in one line');
  const variables = [...file.matchAll(/^ENV (\w+)=(\S+)$/gm)].map(([, name = '', value = '']) => [name, value] as const);
  return { env: Object.fromEntries(variables), shippedOptions: (JSON.parse(entrypoint) as readonly string[]).slice(1, -1) };
};

/** Starts it and returns when it is ready. */
export async function startOperator(
  bundlePath: string,
  kubeconfigPath: string,
  nodeOptions: readonly string[] = [],
): Promise<OperatorProcess> {
  const { env, shippedOptions } = await startOfImage();
  const port = 20_000 + (process.pid % 20_000);
  const child = spawn(
    process.execPath,
    [
      ...shippedOptions,
      ...nodeOptions,
      bundlePath,
      `--kubeconfig=${kubeconfigPath}`,
      '--crds=apply',
      '--lease-namespace=default',
      `--listen=127.0.0.1:${port}`,
      '--log-level=warn',
      '--postgres-images=17=registry.example/postgres:17',
      '--backup-image=registry.example/postgres:17',
    ],
    // What the container has, and nothing of this process' own settings.
    { stdio: ['ignore', 'inherit', 'inherit'], env },
  );
  const ended = once(child, 'exit');
  const get = async (path: string): Promise<Response> => fetch(`http://127.0.0.1:${port}${path}`);
  const deadline = performance.now() + 60_000;
  while (
    !(await get('/readyz').then(
      ({ ok }) => ok,
      () => false,
    ))
  ) {
    if (child.exitCode !== null) throw new Error(`the operator ended with code ${child.exitCode} before it was ready`);
    if (performance.now() > deadline) throw new Error('the operator was not ready within 60 s');
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  const field = (status: string, name: string): number => Number(new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(status)?.[1]) * 1024;
  return {
    metrics: async () => readMetrics(await (await get('/metrics')).text()),
    cost: async () => {
      const status = await readFile(`/proc/${child.pid}/status`, 'utf8');
      return {
        residentBytes: field(status, 'VmRSS'),
        peakResidentBytes: field(status, 'VmHWM'),
        cpuSeconds: await cpuSecondsOf(child.pid ?? 0),
      };
    },
    stop: async () => {
      child.kill('SIGTERM');
      await ended;
    },
  };
}
