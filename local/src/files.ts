/** Files that others read while we write them. */
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';

/**
 * Makes a file hold `content`: whole or not at all, and untouched when it already does. Some programs watch their configuration, and
 * kube-proxy ends when its file is written, even with the same content (cmd/kube-proxy/app/server.go, 1.34).
 * @param mode Permissions of a new file.
 */
export async function ensureFile(path: string, content: string, mode = 0o644): Promise<void> {
  if ((await readFile(path, 'utf8').catch(() => undefined)) === content) return;
  await mkdir(dirname(path), { recursive: true });
  await writeFile(`${path}.new`, content, { mode });
  await rename(`${path}.new`, path);
}
