/**
 * Builds the images of this project, each at most once for the same content.
 *
 * What is built lies as one archive an image in the cache, under a name made of its content: `postgres-0123456789abcdef.oci.tar`, and the
 * archive holds the image as `localhost/pgherd-postgres:0123456789abcdef`. Whoever loads it gives it the other names that it shall have.
 */
import { mkdir, mkdtemp, readFile, rename, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { CommandOutput } from '../local/src/command.ts';
import { lock } from '../local/src/lock.ts';
import { cacheRoot } from '../local/src/paths.ts';
import { silentProgress } from '../local/src/progress.ts';
import type { Progress } from '../local/src/progress.ts';
import { archivePath, archiveSize, markUsed, removeUnused } from './archives.ts';
import { findContainerTool, install } from './container-tool.ts';
import type { Buildah, ConfinedRun, ContainerTool } from './container-tool.ts';
import { baseRecipe, baseReference, bootstrapBase } from './debian-base.ts';
import type { BaseRecipe } from './debian-base.ts';
import { InvalidImageOption } from './errors.ts';
import { contentHash, contextOf, imageNames, writeContext } from './inputs.ts';
import type { ContextFile, ImageName } from './inputs.ts';

export type { ImageName } from './inputs.ts';

export interface ImageOptions {
  /** Which images. Default: all. */
  readonly only?: readonly ImageName[];
  /** What their names begin with: registry, path, and the first part of the name. Default: `localhost/pgherd`. */
  readonly prefix?: string;
  /** Default: the version in package.json. */
  readonly tag?: string;
  /** Where the archives go. Default: `images` in the cache. */
  readonly archiveFolder?: string;
  /** Builds again, base and packages included, even where an image of the same content is there. Default: false. */
  readonly refresh?: boolean;
  /** Which tool builds. Default: environment variable IMAGE_TOOL, else what is here. */
  readonly tool?: string;
  readonly progress?: Progress;
}

export interface BuiltImage {
  readonly name: ImageName;
  /** `PREFIX-NAME:TAG`. */
  readonly reference: string;
  /** The name under which the archive holds the image; it differs when the content does. */
  readonly contentReference: string;
  /** Path of the archive. `ctr images import`, `docker load` and `podman load` take it. */
  readonly archive: string;
  readonly archiveBytes: number;
  /** Whether this call built it, rather than finding it in the cache. */
  readonly built: boolean;
}

interface Compiled {
  readonly only: readonly ImageName[];
  readonly prefix: string;
  readonly tag: string;
  readonly cache: string;
  readonly archiveFolder: string;
  readonly refresh: boolean;
  readonly tool: string | undefined;
  readonly progress: Progress;
}

async function compile(options: ImageOptions): Promise<Compiled> {
  const cache = join(cacheRoot(process.env), 'images');
  const manifest = JSON.parse(await readFile(join(import.meta.dirname, '../package.json'), 'utf8')) as { readonly version: string };
  const { prefix = 'localhost/pgherd', tag = manifest.version } = options;
  if (!/^[a-z0-9.-]+(:\d+)?(\/[a-z0-9]+([._-]+[a-z0-9]+)*)+$/.test(prefix))
    throw new InvalidImageOption('IMAGE_PREFIX', prefix, 'it is a registry and a path in lower case, such as registry.example/team/pgherd');
  if (!/^\w[\w.-]{0,127}$/.test(tag)) throw new InvalidImageOption('IMAGE_TAG', tag, 'it is up to 128 letters, digits, ".", "_" and "-"');
  return {
    only: options.only ?? imageNames,
    prefix,
    tag,
    cache,
    archiveFolder: resolve(options.archiveFolder ?? cache),
    refresh: options.refresh ?? false,
    tool: options.tool ?? process.env['IMAGE_TOOL'],
    progress: options.progress ?? silentProgress,
  };
}

/** How many archives of each image are kept: the one in use, and those of the last changes and of other checkouts. */
const archivesKept = 4;

const contentReference = (name: ImageName, hash: string): string => `localhost/pgherd-${name}:${hash}`;

const megabytes = (bytes: number): string => `${Math.round(bytes / 1e6)} MB`;

/** Makes sure that the base which the Dockerfiles name is in buildah's store; elsewhere it is pulled while building. */
async function ensureBase(tool: Buildah | ContainerTool, recipe: BaseRecipe | undefined, compiled: Compiled): Promise<void> {
  if (!('import' in tool) || recipe === undefined) return;
  const reference = `localhost/pgherd-base:${recipe.hash}`;
  if (compiled.refresh || !(await tool.has(reference))) {
    if (!(await install(['mmdebstrap'], compiled.progress))) return;
    await compiled.progress.step(`Making ${baseReference} from this machine's package mirror`, async () => {
      const folder = await mkdtemp(join(tmpdir(), 'pgherd-base-'));
      try {
        const tar = join(folder, 'base.tar');
        await bootstrapBase(recipe, tar);
        await tool.import(reference, tar);
      } finally {
        await rm(folder, { recursive: true });
      }
    });
  }
  await tool.tag(reference, baseReference);
}

async function buildArchive(tool: ContainerTool, image: BuiltImage, files: readonly ContextFile[], compiled: Compiled): Promise<void> {
  const { progress, refresh } = compiled;
  const build = refresh
    ? (folder: string): Promise<void> => tool.buildAnew(image.contentReference, folder)
    : (folder: string): Promise<void> => tool.build(image.contentReference, folder);
  const folder = await mkdtemp(join(tmpdir(), 'pgherd-context-'));
  try {
    await writeContext(files, folder);
    await progress.step(`Building image ${image.name} with ${tool.name}`, () => build(folder));
    // Written beside and renamed, so that an archive is whole or not there.
    const unfinished = join(folder, 'image.tar');
    await progress.step(`Writing the archive of image ${image.name}`, async () => {
      await tool.save(image.contentReference, unfinished);
      const beside = `${image.archive}.${process.pid}`;
      await rename(unfinished, beside).catch(async (error: NodeJS.ErrnoException) => {
        if (error.code !== 'EXDEV') throw error;
        await tool.save(image.contentReference, beside);
      });
      await rename(beside, image.archive);
    });
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** Runs `use` with the tool, while no other process of this machine builds. */
async function withTool<T>(compiled: Compiled, use: (tool: Buildah | ContainerTool) => Promise<T>): Promise<T> {
  await using _held = await lock(`images ${compiled.cache}`, () => compiled.progress.note('waiting for another build of images to end'));
  const tool = await findContainerTool(compiled.tool, compiled.cache, compiled.progress);
  try {
    return await use(tool);
  } finally {
    if ('close' in tool) await tool.close();
  }
}

async function buildUnlessThere(
  image: BuiltImage,
  files: readonly ContextFile[],
  recipe: BaseRecipe | undefined,
  compiled: Compiled,
): Promise<void> {
  await withTool(compiled, async (tool) => {
    // Another process may have built it while this one waited for the lock.
    if (!compiled.refresh && (await archiveSize(image.archive)) !== undefined) return;
    await ensureBase(tool, recipe, compiled);
    await buildArchive(tool, image, files, compiled);
    for (const hash of await removeUnused(compiled.archiveFolder, image.name, archivesKept)) {
      const reference = contentReference(image.name, hash);
      if (await tool.has(reference)) await tool.remove(reference);
    }
  });
}

async function ensureLoaded(tool: ContainerTool, image: BuiltImage): Promise<void> {
  if (!(await tool.has(image.contentReference))) await tool.load(image.contentReference, image.archive);
}

/** Who builds with docker or podman looks for the images under their references there; buildah's store is ours alone. */
async function nameInSharedStore(images: readonly BuiltImage[], compiled: Compiled): Promise<void> {
  const tool = await findContainerTool(compiled.tool, compiled.cache, compiled.progress);
  if (tool.name === 'buildah') return;
  for (const image of images) {
    await ensureLoaded(tool, image);
    await tool.tag(image.contentReference, image.reference);
  }
}

/**
 * Builds the images that are not in the cache, and says where each is.
 * @throws ImageError, or CommandFailed with the end of what the building program printed.
 */
export async function buildImages(options: ImageOptions = {}): Promise<readonly BuiltImage[]> {
  const compiled = await compile(options);
  await mkdir(compiled.archiveFolder, { recursive: true });
  const recipe = await baseRecipe();
  const planned = await Promise.all(
    compiled.only.map(async (name) => {
      const files = await contextOf(name);
      const hash = contentHash(files, recipe?.hash ?? baseReference);
      const archive = archivePath(compiled.archiveFolder, name, hash);
      const reference = `${compiled.prefix}-${name}:${compiled.tag}`;
      return {
        files,
        image: { name, reference, contentReference: contentReference(name, hash), archive, archiveBytes: 0, built: false },
      };
    }),
  );
  const finished: BuiltImage[] = [];
  for (const { files, image } of planned) {
    const before = compiled.refresh ? undefined : await archiveSize(image.archive);
    if (before === undefined) await buildUnlessThere(image, files, recipe, compiled);
    else await markUsed(image.archive);
    const archiveBytes = before ?? (await archiveSize(image.archive)) ?? 0;
    compiled.progress.note(
      `image ${image.name}: ${image.archive} (${megabytes(archiveBytes)}${before === undefined ? '' : ', was there'})`,
    );
    finished.push({ ...image, archiveBytes, built: before === undefined });
  }
  await nameInSharedStore(finished, compiled);
  return finished;
}

/** Builds the images that are missing and pushes each under its reference, with the credentials of the tool. */
export async function pushImages(options: ImageOptions): Promise<readonly BuiltImage[]> {
  const compiled = await compile(options);
  if (compiled.prefix.startsWith('localhost/'))
    throw new InvalidImageOption('IMAGE_PREFIX', compiled.prefix, 'to push, name a registry, such as registry.example/team/pgherd');
  const images = await buildImages(options);
  await withTool(compiled, async (tool) => {
    for (const image of images) {
      await ensureLoaded(tool, image);
      await tool.tag(image.contentReference, image.reference);
      await compiled.progress.step(`Pushing ${image.reference}`, () => tool.push(image.reference));
      if (tool.name === 'buildah') await tool.remove(image.reference);
    }
  });
  return images;
}

/** Runs a program in a built image as in a restricted pod, and gives what it printed. With buildah this needs root. */
export async function runInImage(image: BuiltImage, run: ConfinedRun, options: ImageOptions = {}): Promise<CommandOutput> {
  return withTool(await compile(options), async (tool) => {
    await ensureLoaded(tool, image);
    return tool.runConfined(image.contentReference, run);
  });
}
