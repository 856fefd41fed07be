/**
 * The real Helm, for tests of the chart: built from the Go module pinned in deploy/helm-tool, once, into the cache where the programs of local
 * instances are. Two minutes on 2 cores with empty caches.
 */
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { attempt, run } from '../../../local/src/command.ts';
import { lock } from '../../../local/src/lock.ts';
import { cacheRoot } from '../../../local/src/paths.ts';

const moduleFolder = fileURLToPath(new URL('../../../deploy/helm-tool', import.meta.url));
export const chart = fileURLToPath(new URL('../../../charts/pgherd', import.meta.url));

/** Without these Helm takes itself for a development version, and for a client of Kubernetes 1.20 while it renders without a server. */
const linkerFlags = (helmVersion: string, kubernetesMinor: string): string =>
  [
    '-s -w',
    `-X helm.sh/helm/v3/internal/version.version=${helmVersion}`,
    '-X helm.sh/helm/v3/pkg/chartutil.k8sVersionMajor=1',
    `-X helm.sh/helm/v3/pkg/chartutil.k8sVersionMinor=${kubernetesMinor}`,
  ].join(' ');

const required = (goMod: string, pattern: RegExp): string => {
  const found = pattern.exec(goMod)?.[1];
  if (found === undefined) throw new Error(`deploy/helm-tool/go.mod has nothing like ${pattern.source}`);
  return found;
};

/** Builds Helm unless it is in the cache. Gives the path of the program. */
export const ensureHelm = async (): Promise<string> => {
  const hash = createHash('sha256');
  for (const file of (await readdir(moduleFolder)).toSorted()) hash.update(`${file}\0`).update(await readFile(join(moduleFolder, file)));
  const goMod = await readFile(join(moduleFolder, 'go.mod'), 'utf8');
  const version = required(goMod, /helm\.sh\/helm\/v3 (v\S+)/);
  const flags = linkerFlags(version, required(goMod, /k8s\.io\/client-go v0\.(\d+)\./));
  const folder = join(cacheRoot(process.env), 'bin', `helm-${version}-${hash.update(flags).digest('hex').slice(0, 12)}`);
  const program = join(folder, 'helm');
  if (existsSync(program)) return program;
  await using _lock = await lock(`build ${folder}`);
  if (existsSync(program)) return program;
  const unfinished = `${folder}.unfinished`;
  await rm(unfinished, { recursive: true, force: true });
  await mkdir(unfinished, { recursive: true });
  await run(['go', 'build', '-trimpath', '-ldflags', flags, '-o', `${unfinished}/`, 'helm.sh/helm/v3/cmd/helm'], {
    cwd: moduleFolder,
    environment: { GOFLAGS: '-buildvcs=false' },
  });
  await rename(unfinished, folder);
  return program;
};

/** What Helm makes of the chart with these values, as YAML, or what it says against them. */
export const renderChart = async (
  values: Readonly<Record<string, unknown>>,
  release: { readonly name: string; readonly namespace: string } = { name: 'pgherd', namespace: 'pgherd' },
): Promise<{ readonly exitCode: number; readonly stdout: string; readonly stderr: string }> =>
  attempt([await ensureHelm(), 'template', release.name, chart, '--namespace', release.namespace, '--values', '-'], {
    input: JSON.stringify(values),
  });
