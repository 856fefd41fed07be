/** The programs that build images, behind one interface: buildah, docker and podman. */
import { createHash } from 'node:crypto';
import { access, constants } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { attempt, run } from '../local/src/command.ts';
import type { CommandOutput } from '../local/src/command.ts';
import type { Progress } from '../local/src/progress.ts';
import { InvalidImageOption, NoContainerTool } from './errors.ts';

const toolNames = ['buildah', 'docker', 'podman'] as const;
export type ContainerToolName = (typeof toolNames)[number];

/** A program run in an image as in a restricted pod: read-only root, no capability, no new privileges, no network. */
export interface ConfinedRun {
  readonly uid: number;
  readonly gid: number;
  readonly command: readonly [string, ...string[]];
  /** Folders with an empty file system in memory, writable for everyone. */
  readonly writable: readonly string[];
}

/** Builds, keeps and ships images. References are complete: `localhost/pgherd-postgres:0123456789abcdef`. */
export interface ContainerTool {
  readonly name: ContainerToolName;
  has(reference: string): Promise<boolean>;
  /** Builds the folder's Dockerfile, from layers of earlier builds where they fit. */
  build(reference: string, context: string): Promise<void>;
  /** Builds it from nothing, with the newest base and packages. */
  buildAnew(reference: string, context: string): Promise<void>;
  /** Writes an image into one file that containerd, docker and podman can load, under this reference. */
  save(reference: string, archive: string): Promise<void>;
  /** The reverse of save. */
  load(reference: string, archive: string): Promise<void>;
  tag(reference: string, other: string): Promise<void>;
  remove(reference: string): Promise<void>;
  /** Pushes to the registry that the reference names, with the credentials that the tool itself is logged in with. */
  push(reference: string): Promise<void>;
  /** Runs a program in an image that the tool has, and gives what it printed. */
  runConfined(reference: string, run: ConfinedRun): Promise<CommandOutput>;
}

/** buildah with a store of our own, so that a base made here does not pass for the published one in anyone else's. */
export interface Buildah extends ContainerTool {
  readonly name: 'buildah';
  /** Makes an image of a root file system. */
  import(reference: string, tar: string): Promise<void>;
  /** Ends the mount that the store leaves on itself. */
  close(): Promise<void>;
}

/** `cache` is the folder below which the store lies. */
export function buildah(cache: string): Buildah {
  // The state beside the store holds counts of mounts, so it must not survive the machine's next start.
  const store = join(cache, 'store');
  const volatile = process.env['XDG_RUNTIME_DIR'] ?? (process.geteuid?.() === 0 ? '/run' : tmpdir());
  const state = join(volatile, `pgherd-images-${createHash('sha256').update(store).digest('hex').slice(0, 8)}`);
  const global = ['--root', store, '--runroot', state];
  const environment = { STORAGE_DRIVER: 'overlay', BUILDAH_ISOLATION: 'chroot' };
  const call = async (...args: readonly string[]): Promise<string> => (await run(['buildah', ...global, ...args], { environment })).trim();
  const succeeds = async (...args: readonly string[]): Promise<boolean> =>
    (await attempt(['buildah', ...global, ...args], { environment })).exitCode === 0;
  return {
    name: 'buildah',
    has: (reference) => succeeds('inspect', '--type', 'image', '--format', '{{.FromImageID}}', reference),
    build: async (reference, context) => {
      await call('bud', '--quiet', '--layers', '--tag', reference, context);
    },
    buildAnew: async (reference, context) => {
      await call('bud', '--quiet', '--layers', '--no-cache', '--tag', reference, context);
    },
    // zstd halves the time of an import against gzip; containerd reads it from version 1.5.
    save: async (reference, archive) => {
      await call('push', '--quiet', '--compression-format', 'zstd', reference, `oci-archive:${archive}:${reference}`);
    },
    load: async (_reference, archive) => {
      await call('pull', '--quiet', `oci-archive:${archive}`);
    },
    tag: async (reference, other) => {
      await call('tag', reference, other);
    },
    remove: async (reference) => {
      await call('rmi', reference);
    },
    push: async (reference) => {
      await call('push', '--quiet', reference, `docker://${reference}`);
    },
    import: async (reference, tar) => {
      const container = await call('from', 'scratch');
      try {
        await call('add', '--quiet', container, tar, '/');
        await call('config', '--env', 'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', '--cmd', 'bash', container);
        await call('commit', '--quiet', container, reference);
      } finally {
        await call('rm', container);
      }
    },
    runConfined: async (reference, confined) => {
      const container = await call('from', '--pull-never', reference);
      try {
        const variables = await call('inspect', '--format', '{{range .OCIv1.Config.Env}}{{println .}}{{end}}', container);
        const root = await call('mount', container);
        const user = `${confined.uid}:${confined.gid}`;
        const script = join(import.meta.dirname, 'confined.sh');
        const namespaces = ['--mount', '--pid', '--ipc', '--net', '--fork', '--kill-child'];
        const inside = [root, user, confined.writable.join(' '), variables];
        return await attempt(['unshare', ...namespaces, 'sh', script, ...inside, ...confined.command]);
      } finally {
        await call('umount', container);
        await call('rm', container);
      }
    },
    close: async () => {
      await attempt(['umount', join(store, 'overlay')]);
    },
  };
}

function dockerLike(name: 'docker' | 'podman'): ContainerTool {
  const call = async (...args: readonly string[]): Promise<void> => {
    await run([name, ...args]);
  };
  return {
    name,
    has: async (reference) => (await attempt([name, 'image', 'inspect', reference])).exitCode === 0,
    build: (reference, context) => call('build', '--quiet', '--tag', reference, context),
    buildAnew: (reference, context) => call('build', '--quiet', '--no-cache', '--pull', '--tag', reference, context),
    save: (reference, archive) => call('save', ...(name === 'podman' ? ['--format', 'oci-archive'] : []), '--output', archive, reference),
    load: (_reference, archive) => call('load', '--input', archive),
    tag: (reference, other) => call('tag', reference, other),
    remove: (reference) => call('image', 'rm', reference),
    push: (reference) => call('push', reference),
    runConfined: (reference, { uid, gid, command: [program, ...args], writable }) => {
      const restrictions = ['--read-only', '--network=none', '--cap-drop=ALL', '--security-opt=no-new-privileges', `--user=${uid}:${gid}`];
      const folders = writable.map((folder) => `--tmpfs=${folder}:mode=1777`);
      // podman would give a user without a name one of its own making, which no pod does.
      if (name === 'podman') restrictions.push('--passwd=false');
      return attempt([name, 'run', '--rm', ...restrictions, ...folders, `--entrypoint=${program}`, reference, ...args]);
    },
  };
}

/** Whether a program is on the PATH. */
export async function isInstalled(program: string): Promise<boolean> {
  const folders = (process.env['PATH'] ?? '').split(delimiter);
  const found = await Promise.all(
    folders.map((folder) =>
      access(join(folder, program), constants.X_OK).then(
        () => true,
        () => false,
      ),
    ),
  );
  return found.includes(true);
}

/**
 * Installs Debian packages with apt-get; each is also the name of its program. Gives `false` where that cannot be: no apt, no root.
 * @throws CommandFailed if apt-get fails.
 */
export async function install(packages: readonly string[], progress: Progress): Promise<boolean> {
  const missing: string[] = [];
  for (const name of packages) if (!(await isInstalled(name))) missing.push(name);
  if (missing.length === 0) return true;
  if (process.geteuid?.() !== 0 || !(await isInstalled('apt-get'))) return false;
  await progress.step(`Installing packages: ${missing.join(' ')}`, async () => {
    const environment = { DEBIAN_FRONTEND: 'noninteractive' };
    const options = ['-o', 'DPkg::Lock::Timeout=300', '-q', '-y'];
    await run(['apt-get', ...options, 'update'], { environment });
    await run(['apt-get', ...options, 'install', '--no-install-recommends', ...missing], { environment });
  });
  return true;
}

/**
 * The tool to build with: the one asked for, else the first that is here and works (buildah, docker, podman), else buildah, installed.
 * `cache` is where buildah's store goes.
 * @throws NoContainerTool, InvalidImageOption
 */
export async function findContainerTool(asked: string | undefined, cache: string, progress: Progress): Promise<Buildah | ContainerTool> {
  if (asked !== undefined && !toolNames.some((name) => name === asked))
    throw new InvalidImageOption('IMAGE_TOOL', asked, `it is one of ${toolNames.join(', ')}`);
  const candidates = toolNames.filter((name) => asked === undefined || asked === name);
  for (const name of candidates) {
    // A docker client whose daemon does not answer is no docker, so it is asked. buildah has none, and asked would set up a store.
    if (!(await isInstalled(name)) || (await attempt([name, name === 'buildah' ? '--version' : 'info'])).exitCode !== 0) continue;
    return name === 'buildah' ? buildah(cache) : dockerLike(name);
  }
  if (candidates.includes('buildah') && (await install(['buildah'], progress))) return buildah(cache);
  throw new NoContainerTool(`tried ${candidates.join(', ')}`);
}
