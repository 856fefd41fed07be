/**
 * The two images that an instance itself needs, written as OCI archives without an image builder: `pause`, the sandbox of every pod, and
 * `busybox`, in which the volume provisioner's helper pods run.
 */
import { createHash } from 'node:crypto';
import { access, mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { run } from './command.ts';
import { MissingPrerequisite } from './errors.ts';
import { busyboxPath } from './prerequisites.ts';

export const pauseImage = 'pgherd.local/pause:1';
export const busyboxImage = 'pgherd.local/busybox:1';

/** Something in an image's only layer. */
export type LayerEntry =
  | { readonly kind: 'file'; readonly path: string; readonly mode: number; readonly content: Buffer }
  | { readonly kind: 'directory'; readonly path: string; readonly mode: number }
  | { readonly kind: 'link'; readonly path: string; readonly target: string };

const blockBytes = 512;

function tarHeader(entry: LayerEntry): Buffer {
  const header = Buffer.alloc(blockBytes);
  const [mode, size, type, target] =
    entry.kind === 'file'
      ? [entry.mode, entry.content.length, '0', '']
      : entry.kind === 'directory'
        ? [entry.mode, 0, '5', '']
        : [0o777, 0, '2', entry.target];
  const octal = (value: number, width: number): string => `${value.toString(8).padStart(width - 1, '0')}\0`;
  header.write(entry.path, 0, 100);
  header.write(octal(mode, 8), 100);
  header.write(octal(0, 8), 108);
  header.write(octal(0, 8), 116);
  header.write(octal(size, 12), 124);
  // The time of modification is 0, so that the same content gives the same image.
  header.write(octal(0, 12), 136);
  header.write('        ', 148);
  header.write(type, 156);
  header.write(target, 157, 100);
  header.write('ustar\x0000', 257, 'latin1');
  const checksum = header.reduce((sum, byte) => sum + byte, 0);
  header.write(`${checksum.toString(8).padStart(6, '0')}\0 `, 148);
  return header;
}

/** A POSIX tar archive (ustar) of the entries, owned by root. Paths are relative and of at most 100 bytes. */
export function tar(entries: readonly LayerEntry[]): Buffer {
  const parts = entries.flatMap((entry) => {
    if (entry.kind !== 'file') return [tarHeader(entry)];
    const padding = (blockBytes - (entry.content.length % blockBytes)) % blockBytes;
    return [tarHeader(entry), entry.content, Buffer.alloc(padding)];
  });
  return Buffer.concat([...parts, Buffer.alloc(2 * blockBytes)]);
}

/** An OCI image archive (image-spec 1.0) of one layer. */
export function ociArchive(
  name: string,
  entries: readonly LayerEntry[],
  config: { readonly Entrypoint?: readonly string[]; readonly Cmd?: readonly string[]; readonly Env?: readonly string[] },
): Buffer {
  const digest = (content: Buffer): string => createHash('sha256').update(content).digest('hex');
  const layer = tar(entries);
  const architecture = process.arch === 'x64' ? 'amd64' : process.arch;
  const json = (value: unknown): Buffer => Buffer.from(JSON.stringify(value));
  const image = json({ architecture, os: 'linux', config, rootfs: { type: 'layers', diff_ids: [`sha256:${digest(layer)}`] } });
  const descriptor = (mediaType: string, content: Buffer): object => ({
    mediaType: `application/vnd.oci.image.${mediaType}`,
    digest: `sha256:${digest(content)}`,
    size: content.length,
  });
  const manifest = json({
    schemaVersion: 2,
    config: descriptor('config.v1+json', image),
    layers: [descriptor('layer.v1.tar', layer)],
  });
  const index = json({
    schemaVersion: 2,
    manifests: [{ ...descriptor('manifest.v1+json', manifest), annotations: { 'io.containerd.image.name': name } }],
  });
  const file = (path: string, content: Buffer): LayerEntry => ({ kind: 'file', path, mode: 0o644, content });
  return tar([
    file('oci-layout', json({ imageLayoutVersion: '1.0.0' })),
    file('index.json', index),
    ...[layer, image, manifest].map((content) => file(`blobs/sha256/${digest(content)}`, content)),
  ]);
}

/** Whether an ELF program needs a dynamic linker (program header PT_INTERP). Reads 64-bit little-endian files only, else says no. */
function needsLinker(program: Buffer): boolean {
  const tableOffset = Number(program.readBigUInt64LE(32));
  const entryBytes = program.readUInt16LE(54);
  const entries = program.readUInt16LE(56);
  const interpreter = 3;
  return Array.from({ length: entries }, (_, i) => program.readUInt32LE(tableOffset + i * entryBytes)).includes(interpreter);
}

const systemDirectories: readonly LayerEntry[] = [
  { kind: 'directory', path: 'bin/', mode: 0o755 },
  { kind: 'directory', path: 'etc/', mode: 0o755 },
  { kind: 'directory', path: 'tmp/', mode: 0o1777 },
];

async function ensureArchive(cache: string, image: string, inputs: string, make: () => Promise<Buffer>): Promise<string> {
  const hash = createHash('sha256').update(inputs).digest('hex').slice(0, 12);
  const path = join(cache, 'images', `${image.replaceAll(/[^a-z0-9]+/g, '-')}-${hash}.tar`);
  const isThere = await access(path).then(
    () => true,
    () => false,
  );
  if (isThere) return path;
  await mkdir(join(cache, 'images'), { recursive: true });
  // Two runs may write at once: each its own file, and the renames put the same content in place.
  const unfinished = `${path}.${process.pid}`;
  await writeFile(unfinished, await make());
  await rename(unfinished, path);
  return path;
}

/** Makes both archives unless they are in the cache. @returns Their paths. @param pauseBinary The built program. */
export async function ensureOwnImages(cache: string, pauseBinary: string): Promise<readonly string[]> {
  const pause = await readFile(pauseBinary);
  const busybox = await readFile(busyboxPath);
  if (needsLinker(busybox)) throw new MissingPrerequisite(`${busyboxPath} is not statically linked`, 'install the package busybox-static');
  const digest = (content: Buffer): string => createHash('sha256').update(content).digest('hex');
  return Promise.all([
    ensureArchive(cache, pauseImage, `1 ${digest(pause)}`, () =>
      Promise.resolve(ociArchive(pauseImage, [{ kind: 'file', path: 'pause', mode: 0o755, content: pause }], { Entrypoint: ['/pause'] })),
    ),
    ensureArchive(cache, busyboxImage, `1 ${digest(busybox)}`, async () => {
      const applets = (await run([busyboxPath, '--list']))
        .trim()
        .split('\n')
        .filter((applet) => applet !== 'busybox');
      const passwd = Buffer.from('root:x:0:0:root:/:/bin/sh\n');
      return ociArchive(
        busyboxImage,
        [
          ...systemDirectories,
          { kind: 'file', path: 'etc/passwd', mode: 0o644, content: passwd },
          { kind: 'file', path: 'bin/busybox', mode: 0o755, content: busybox },
          ...applets.map((applet): LayerEntry => ({ kind: 'link', path: `bin/${applet}`, target: 'busybox' })),
        ],
        { Cmd: ['/bin/sh'], Env: ['PATH=/bin'] },
      );
    }),
  ]);
}
