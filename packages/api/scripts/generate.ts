/**
 * Writes what is made from the schemas of the custom resources: CustomResourceDefinitions and reference pages.
 *
 *   node packages/api/scripts/generate.ts
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { outputs } from './outputs.ts';

for (const [path, text] of outputs()) {
  const target = new URL(`../../../${path}`, import.meta.url);
  await mkdir(new URL('.', target), { recursive: true });
  await writeFile(target, text);
  console.log(path);
}
