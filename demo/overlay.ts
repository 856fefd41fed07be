/** Kustomizations over folders of this checkout, which stay as they are. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';

/** What a kustomization says besides its one resource: `images`, `patches` and the like. */
export type Additions = Readonly<Record<string, unknown>>;

/** Gives `use` the path of a kustomization over `base`, in a folder of its own, which is there only as long. */
export const withOverlay = async <Result>(
  base: string,
  additions: Additions,
  use: (folder: string) => Promise<Result>,
): Promise<Result> => {
  const folder = await mkdtemp(join(tmpdir(), 'pgherd-overlay-'));
  try {
    // JSON is YAML.
    await writeFile(join(folder, 'kustomization.yaml'), JSON.stringify({ resources: [relative(folder, base)], ...additions }));
    return await use(folder);
  } finally {
    await rm(folder, { recursive: true });
  }
};
