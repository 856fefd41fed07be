/**
 * Builds the images, or builds and pushes them, and prints one line an image: its reference and the path of its archive.
 *
 *     node images/build.ts [--prefix PREFIX] [--tag TAG] [--only postgres,operator] [--archive-dir FOLDER] [--refresh] [--push]
 */
import { parseArgs } from 'node:util';
import { LocalError } from '../local/src/errors.ts';
import { linesProgress } from '../local/src/progress.ts';
import { ImageError, InvalidImageOption } from './errors.ts';
import { buildImages, pushImages } from './index.ts';
import type { ImageOptions } from './index.ts';
import { imageNames } from './inputs.ts';
import type { ImageName } from './inputs.ts';

function readImageNames(text: string): readonly ImageName[] {
  return text.split(',').map((word) => {
    const name = imageNames.find((known) => known === word.trim());
    if (name === undefined) throw new InvalidImageOption('--only', word, `the images are ${imageNames.join(', ')}`);
    return name;
  });
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      prefix: { type: 'string' },
      tag: { type: 'string' },
      only: { type: 'string' },
      'archive-dir': { type: 'string' },
      refresh: { type: 'boolean', default: false },
      push: { type: 'boolean', default: false },
    },
  });
  const options: ImageOptions = {
    refresh: values.refresh,
    progress: linesProgress((line) => console.error(line)),
    ...(values.prefix === undefined ? {} : { prefix: values.prefix }),
    ...(values.tag === undefined ? {} : { tag: values.tag }),
    ...(values.only === undefined ? {} : { only: readImageNames(values.only) }),
    ...(values['archive-dir'] === undefined ? {} : { archiveFolder: values['archive-dir'] }),
  };
  const images = values.push ? await pushImages(options) : await buildImages(options);
  for (const image of images) console.log(`${image.reference}\t${image.archive}`);
}

try {
  await main();
} catch (error) {
  const isForTheUser = error instanceof ImageError || error instanceof LocalError || (error instanceof TypeError && 'code' in error);
  console.error(isForTheUser ? error.message : error);
  process.exitCode = 1;
}
