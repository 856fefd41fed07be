import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { bundle } from './bundle.ts';

async function withSources(files: Readonly<Record<string, string>>, use: (folder: string) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'pgherd-bundle-'));
  try {
    for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text);
    await use(folder);
  } finally {
    await rm(folder, { recursive: true });
  }
}

test('bundle: TypeScript, a CommonJS module that requires a Node module, and top-level await become one file that runs alone', async () => {
  const files = {
    'main.ts': "import { size } from './size.cjs';\nconst one: number = await Promise.resolve(1);\nconsole.log(one + size);\n",
    'size.cjs': "exports.size = require('node:path').join('a', 'b').length;\n",
  };
  await withSources(files, async (folder) => {
    const text = await bundle(join(folder, 'main.ts'));
    await rm(join(folder, 'main.ts'));
    await rm(join(folder, 'size.cjs'));
    await writeFile(join(folder, 'bundle.mjs'), text);
    const { stdout } = await promisify(execFile)(process.execPath, [join(folder, 'bundle.mjs')]);
    assert.equal(stdout, '4\n');
  });
});

test('bundle: the same sources give the same bytes', async () => {
  await withSources({ 'main.ts': "console.log('x' satisfies string);\n" }, async (folder) => {
    assert.equal(await bundle(join(folder, 'main.ts')), await bundle(join(folder, 'main.ts')));
  });
});

test('bundle: a missing entry and an import that leads nowhere are told by name', async () => {
  await withSources({ 'main.ts': "import { x } from './nowhere.ts';\nconsole.log(x);\n" }, async (folder) => {
    await assert.rejects(bundle(join(folder, 'absent.ts')), { code: 'MissingInput', message: /absent\.ts is not there/ });
    await assert.rejects(bundle(join(folder, 'main.ts')), { code: 'BundleFailed', message: /nowhere\.ts/ });
  });
});
