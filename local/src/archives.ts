/** Looks into image archives, without unpacking them: a node that has what is in one need not be given it again. */
import { open } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';

/** An image of an archive: the name it is imported under and the digest of its manifest. */
export interface ArchivedImage {
  readonly name: string;
  readonly digest: string;
}

const blockBytes = 512;
const nameAnnotations = ['io.containerd.image.name', 'org.opencontainers.image.ref.name'] as const;

interface Index {
  readonly manifests: readonly { readonly digest: string; readonly annotations?: Readonly<Record<string, string>> }[];
}

async function readMember(file: FileHandle, member: string): Promise<string | undefined> {
  const header = Buffer.alloc(blockBytes);
  for (let position = 0; ;) {
    const { bytesRead } = await file.read(header, 0, blockBytes, position);
    // An archive ends with blocks of zeros.
    if (bytesRead < blockBytes || header[0] === 0) return undefined;
    const text = (start: number, length: number): string => header.toString('latin1', start, start + length).split('\0')[0] ?? '';
    const size = Number.parseInt(text(124, 12).trim(), 8);
    if (!Number.isSafeInteger(size)) return undefined;
    if (text(0, 100).replace(/^\.\//, '') === member) {
      const content = Buffer.alloc(size);
      await file.read(content, 0, size, position + blockBytes);
      return content.toString();
    }
    position += blockBytes + Math.ceil(size / blockBytes) * blockBytes;
  }
}

/** The images of an OCI archive; undefined for any other kind of archive, and for an image without a name. */
export async function archivedImages(path: string): Promise<readonly ArchivedImage[] | undefined> {
  await using file = await open(path);
  const index = await readMember(file, 'index.json');
  if (index === undefined) return undefined;
  const images = (JSON.parse(index) as Index).manifests.map(({ digest, annotations }) => {
    const name = nameAnnotations.map((annotation) => annotations?.[annotation]).find((value) => value !== undefined);
    return name === undefined ? undefined : { name, digest };
  });
  const named = images.filter((image) => image !== undefined);
  return named.length === images.length && named.length > 0 ? named : undefined;
}

/**
 * Whether a node has all images of an archive.
 * @param present `NAME DIGEST` of the images that the node has. A short name of an archive matches the full one of the node.
 */
export function hasAll(present: ReadonlyMap<string, string>, images: readonly ArchivedImage[]): boolean {
  return images.every(({ name, digest }) =>
    [...present].some(([ref, held]) => held === digest && (ref === name || ref.endsWith(`/${name}`))),
  );
}
