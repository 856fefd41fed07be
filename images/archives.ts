/** The archives of built images in a folder that checkouts share: `postgres-0123456789abcdef.oci.tar`. */
import { readdir, rm, stat, utimes } from 'node:fs/promises';
import { join } from 'node:path';

/** Where the archive of an image with this content hash lies. */
export function archivePath(folder: string, image: string, hash: string): string {
  return join(folder, `${image}-${hash}.oci.tar`);
}

/** Size in bytes; `undefined` if there is no such archive. */
export async function archiveSize(path: string): Promise<number | undefined> {
  return stat(path).then(
    (found) => found.size,
    () => undefined,
  );
}

/** Notes that an archive was of use now, which keeps it from being removed as unused. */
export async function markUsed(path: string): Promise<void> {
  const now = new Date();
  await utimes(path, now, now);
}

/** Removes the archives of an image but the `kept` ones that were used last. Gives the content hashes of those removed. */
export async function removeUnused(folder: string, image: string, kept: number): Promise<readonly string[]> {
  const pattern = new RegExp(`^${image}-([0-9a-f]{16})\\.oci\\.tar$`);
  const hashes = (await readdir(folder)).flatMap((file) => pattern.exec(file)?.[1] ?? []);
  const dated = await Promise.all(hashes.map(async (hash) => ({ hash, usedMs: (await stat(archivePath(folder, image, hash))).mtimeMs })));
  const unused = dated.toSorted((left, right) => right.usedMs - left.usedMs).slice(kept);
  for (const { hash } of unused) await rm(archivePath(folder, image, hash), { force: true });
  return unused.map(({ hash }) => hash);
}
