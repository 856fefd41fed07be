/**
 * The programs of an instance, built from Go modules pinned in `binaries/` into a cache that all instances and checkouts share: one
 * folder a module, named after its version and the hash of its files.
 */
import { createHash } from 'node:crypto';
import { access, mkdir, readFile, readdir, rename, rm } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { join } from 'node:path';
import { run } from './command.ts';
import { lock } from './lock.ts';
import { checkGo } from './prerequisites.ts';
import type { Progress } from './progress.ts';

/** A Go module below `binaries/` and the commands that are built of it. */
export interface GoModule {
  /** Its folder. */
  readonly name: string;
  /** The required module whose version names the result; without it the module is our own. */
  readonly upstream?: string;
  /** Packages to build; each becomes a program named after the last part of its path. `.` becomes `name`. */
  readonly packages: readonly string[];
  /** Linker settings, `$VERSION` standing for the upstream version. */
  readonly linkerVariables?: readonly string[];
  /** How long the first build takes on 2 cores, for the progress line. */
  readonly coldBuild: string;
}

const kubernetes: GoModule = {
  name: 'kubernetes',
  upstream: 'k8s.io/kubernetes',
  packages: ['kube-apiserver', 'kube-controller-manager', 'kube-scheduler', 'kubelet', 'kube-proxy', 'kubectl'].map(
    (command) => `k8s.io/kubernetes/cmd/${command}`,
  ),
  // Without these the API server calls itself v0.0.0-master, which clients that look at versions refuse.
  linkerVariables: [
    'k8s.io/component-base/version.gitVersion=$VERSION',
    'k8s.io/component-base/version.gitMajor=$MAJOR',
    'k8s.io/component-base/version.gitMinor=$MINOR',
  ],
  coldBuild: 'about 5 minutes',
};
const etcd: GoModule = { name: 'etcd', upstream: 'go.etcd.io/etcd/server/v3', packages: ['.'], coldBuild: 'about 20 s' };
const coredns: GoModule = { name: 'coredns', upstream: 'github.com/coredns/coredns', packages: ['.'], coldBuild: 'about 90 s' };
const localPathProvisioner: GoModule = {
  name: 'local-path-provisioner',
  upstream: 'github.com/rancher/local-path-provisioner',
  packages: ['github.com/rancher/local-path-provisioner'],
  coldBuild: 'about 90 s',
};
const pause: GoModule = { name: 'pause', packages: ['.'], coldBuild: 'a second' };

/** Where the built programs are. */
export interface ControlPlaneBinaries {
  readonly kubernetes: string;
  readonly etcd: string;
}

export interface NodeBinaries {
  readonly coredns: string;
  readonly localPathProvisioner: string;
  readonly pause: string;
}

const modulesFolder = fileURLToPath(new URL('../binaries', import.meta.url));

/** The version that a go.mod requires of a module. */
export function requiredVersion(goMod: string, module: string): string {
  const line = goMod.split('\n').find((text) =>
    text
      .replace(/^require /, '')
      .trim()
      .startsWith(`${module} `),
  );
  const version = line
    ?.replace(/^require /, '')
    .trim()
    .split(' ')[1];
  if (version === undefined) throw new Error(`go.mod does not require ${module}`);
  return version;
}

/** The linker flags of a module at a version like `v1.34.4`. */
export function linkerFlags(module: GoModule, version: string): string {
  const [major = '', minor = ''] = version.replace(/^v/, '').split('.');
  const variables = (module.linkerVariables ?? []).map((variable) =>
    variable.replace('$VERSION', version).replace('$MAJOR', major).replace('$MINOR', minor),
  );
  return ['-s', '-w', ...variables.map((variable) => `-X ${variable}`)].join(' ');
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}

/** Where a module's programs are, or will be. */
async function placeOf(cache: string, module: GoModule): Promise<{ readonly folder: string; readonly version: string }> {
  const source = join(modulesFolder, module.name);
  const hash = createHash('sha256').update(JSON.stringify(module));
  for (const file of (await readdir(source)).toSorted((a, b) => (a < b ? -1 : 1)))
    hash.update(`${file}\0`).update(await readFile(join(source, file)));
  const version = module.upstream === undefined ? 'v1' : requiredVersion(await readFile(join(source, 'go.mod'), 'utf8'), module.upstream);
  return { folder: join(cache, 'bin', `${module.name}-${version}-${hash.digest('hex').slice(0, 12)}`), version };
}

/** Builds a module unless it is in the cache. @returns The folder of its programs. */
async function ensureBuilt(cache: string, module: GoModule, progress: Progress): Promise<string> {
  const { folder, version } = await placeOf(cache, module);
  if (await exists(folder)) return folder;
  await using _lock = await lock(`build ${folder}`, () => progress.note(`waiting for another run that builds ${module.name}`));
  if (await exists(folder)) return folder;
  const title = `Building ${module.name}${module.upstream === undefined ? '' : ` ${version}`} (once; ${module.coldBuild} with empty caches)`;
  await progress.step(title, async () => {
    const unfinished = `${folder}.unfinished`;
    await rm(unfinished, { recursive: true, force: true });
    await mkdir(unfinished, { recursive: true });
    await run(['go', 'build', '-trimpath', '-ldflags', linkerFlags(module, version), '-o', `${unfinished}/`, ...module.packages], {
      cwd: join(modulesFolder, module.name),
      // The version stamp of this checkout is neither wanted nor to be had in a shallow or foreign clone.
      environment: { GOFLAGS: '-buildvcs=false' },
    });
    await rename(unfinished, folder);
  });
  return folder;
}

/** Checks that what is not in the cache can be built. @throws MissingPrerequisite without a new enough Go. */
export async function checkBuilds(cache: string, withNodes: boolean): Promise<void> {
  const modules = withNodes ? [kubernetes, etcd, coredns, localPathProvisioner, pause] : [kubernetes, etcd];
  const present = await Promise.all(modules.map(async (module) => exists((await placeOf(cache, module)).folder)));
  if (!present.every(Boolean)) await checkGo();
}

/** Builds what a control plane runs. */
export async function ensureControlPlaneBinaries(cache: string, progress: Progress): Promise<ControlPlaneBinaries> {
  // One after the other: each build uses all cores itself.
  return { kubernetes: await ensureBuilt(cache, kubernetes, progress), etcd: await ensureBuilt(cache, etcd, progress) };
}

/** Builds what an instance with nodes runs besides. */
export async function ensureNodeBinaries(cache: string, progress: Progress): Promise<NodeBinaries> {
  return {
    coredns: await ensureBuilt(cache, coredns, progress),
    localPathProvisioner: await ensureBuilt(cache, localPathProvisioner, progress),
    pause: await ensureBuilt(cache, pause, progress),
  };
}
