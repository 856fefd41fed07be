/** Results as files: JSON for machines, Markdown for people, both with the machine that they were measured on. */
import { execFile } from 'node:child_process';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { cpus, release, totalmem } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

export interface Figure {
  readonly what: string;
  readonly value: number;
  readonly unit: string;
  /** What it has to be, where something is promised: at most this. */
  readonly atMost?: number;
}

export interface Results {
  readonly title: string;
  /** What was done, in a few sentences. */
  readonly method: string;
  readonly figures: readonly Figure[];
  /** Counts that explain a figure. */
  readonly details: Readonly<Record<string, Readonly<Record<string, number>>>>;
}

/** The value below which the given share of all values lies; 0.5 is the median. */
export const quantile = (values: readonly number[], share: number): number => {
  const sorted = values.toSorted((left, right) => left - right);
  return sorted[Math.min(sorted.length - 1, Math.ceil(share * sorted.length) - 1)] ?? Number.NaN;
};

const machine = async (): Promise<Readonly<Record<string, string>>> => {
  const processors = cpus();
  const { stdout } = await promisify(execFile)('git', ['rev-parse', '--short', 'HEAD'], { cwd: import.meta.dirname });
  const load = await readFile('/proc/loadavg', 'utf8');
  return {
    date: new Date().toISOString().slice(0, 10),
    commit: stdout.trim(),
    processor: `${processors.length} × ${processors[0]?.model ?? 'unknown'}`,
    memory: `${(totalmem() / 2 ** 30).toFixed(0)} GiB`,
    kernel: release(),
    node: process.version,
    'load before': load.split(' ')[0] ?? '',
  };
};

const table = (head: readonly string[], rows: readonly (readonly string[])[]): string =>
  [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');

const rounded = (value: number): string => String(Number(value.toPrecision(3)));

const markdownOf = ({ title, method, figures, details }: Results, on: Readonly<Record<string, string>>): string => {
  const rows = figures.map(({ what, value, unit, atMost }) => [
    what,
    `${rounded(value)} ${unit}`,
    atMost === undefined ? '' : `≤ ${atMost} ${unit}${value <= atMost ? '' : ' **missed**'}`,
  ]);
  const counts = Object.entries(details).map(
    ([what, values]) =>
      `## ${what}\n\n${table(
        ['', ''],
        Object.entries(values).map(([name, count]) => [name, rounded(count)]),
      )}`,
  );
  const where = table(
    ['', ''],
    Object.entries(on).map(([name, value]) => [name, value]),
  );
  return [`# ${title}`, method, table(['measured', 'value', 'promised'], rows), ...counts, '## Machine', where, ''].join('\n\n');
};

const resultsFolder = join(import.meta.dirname, '../results');

/** What a report of that name holds now; undefined: there is none. */
export const readReport = async (name: string): Promise<Pick<Results, 'figures' | 'details'> | undefined> => {
  try {
    return JSON.parse(await readFile(join(resultsFolder, `${name}.json`), 'utf8')) as Results;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
};

/** Starts a report: what the machine was like before the work began. */
export const startReport = async (name: string): Promise<(results: Results) => Promise<string>> => {
  const on = await machine();
  return async (results) => {
    await mkdir(resultsFolder, { recursive: true });
    const markdown = markdownOf(results, on);
    await writeFile(join(resultsFolder, `${name}.json`), `${JSON.stringify({ machine: on, ...results }, undefined, 2)}\n`);
    await writeFile(join(resultsFolder, `${name}.md`), `${markdown.trimEnd()}\n`);
    return markdown;
  };
};
