/**
 * Writes what is made from the operator's sources: roles, the chart's definitions, the table of options.
 *
 *   node packages/operator/scripts/generate.ts
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { outputs } from './outputs.ts';

for (const [path, text] of outputs()) {
  const target = new URL(`../../../${path}`, import.meta.url);
  await mkdir(new URL('.', target), { recursive: true });
  await writeFile(target, text);
  console.log(path);
}
