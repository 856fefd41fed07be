/** What goes into each image: the files of its build context, and a hash that differs when any of them does. */
import { createHash } from 'node:crypto';
import { copyFile, readFile, readdir, utimes, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { bundle } from './bundle.ts';
import { MissingInput } from './errors.ts';

export const imageNames = ['postgres', 'operator'] as const;
export type ImageName = (typeof imageNames)[number];

/** One file of a build context: text, or a file of this machine with what tells its content apart. */
export type ContextFile =
  { readonly name: string; readonly text: string } | { readonly name: string; readonly path: string; readonly identity: string };

const checkout = resolve(import.meta.dirname, '..');

async function filesOf(image: ImageName): Promise<readonly ContextFile[]> {
  const folder = join(import.meta.dirname, image);
  const names = (await readdir(folder)).toSorted();
  return Promise.all(names.map(async (name) => ({ name, text: await readFile(join(folder, name), 'utf8') })));
}

/** The Node of the checkout's own lock file, so that image and development run the same one. */
async function nodeBinary(): Promise<ContextFile> {
  const folder = join(checkout, 'node_modules/node');
  if (process.platform !== 'linux')
    throw new MissingInput(
      `the Node in node_modules is for ${process.platform}`,
      'build the operator image on Linux, or in a Linux container',
    );
  const text = await readFile(join(folder, 'package.json'), 'utf8').catch((error: unknown) => {
    throw new MissingInput('node_modules/node is not there', 'run npm ci', error);
  });
  const { version } = JSON.parse(text) as { readonly version: string };
  return { name: 'node', path: join(folder, 'bin/node'), identity: `node ${version} ${process.arch}` };
}

/** The build context of an image. @throws MissingInput, BundleFailed */
export async function contextOf(image: ImageName): Promise<readonly ContextFile[]> {
  switch (image) {
    case 'postgres':
      return filesOf('postgres');
    case 'operator': {
      const program = { name: 'operator.mjs', text: await bundle(join(checkout, 'packages/operator/src/main.ts')) };
      return [...(await filesOf('operator')), program, await nodeBinary()];
    }
    default:
      return image satisfies never;
  }
}

/** Names the content of an image: 16 hexadecimal digits over its context and what it is built upon. */
export function contentHash(files: readonly ContextFile[], base: string): string {
  const described = files.map((file) => [file.name, 'text' in file ? file.text : file.identity]);
  return createHash('sha256')
    .update(JSON.stringify([base, ...described]))
    .digest('hex')
    .slice(0, 16);
}

/** Lays a context out as files. All carry one time, since builders take a changed time for a changed file. */
export async function writeContext(files: readonly ContextFile[], folder: string): Promise<void> {
  const time = new Date('2000-01-01T00:00:00Z');
  for (const file of files) {
    const target = join(folder, file.name);
    await ('text' in file ? writeFile(target, file.text) : copyFile(file.path, target));
    await utimes(target, time, time);
  }
}
