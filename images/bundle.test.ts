import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
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

test('bundle: a file that a package reads from beside itself is part of it', async () => {
  const files = { 'main.ts': "import { table } from 'reader';\nconsole.log(table.length, table[0]);\n" };
  await withSources(files, async (folder) => {
    const reader = join(folder, 'node_modules/reader');
    await mkdir(join(reader, 'lib'), { recursive: true });
    await writeFile(join(reader, 'package.json'), '{"name":"reader","main":"lib/index.js"}');
    await writeFile(
      join(reader, 'lib/index.js'),
      "const fs = require('fs');\nconst path = require('path');\nexports.table = fs.readFileSync(path.resolve(__dirname, '../table.bin'));\n",
    );
    await writeFile(join(reader, 'table.bin'), Uint8Array.of(200, 1, 2));
    const text = await bundle(join(folder, 'main.ts'));
    await rm(join(folder, 'node_modules'), { recursive: true });
    await writeFile(join(folder, 'bundle.mjs'), text);
    const { stdout } = await promisify(execFile)(process.execPath, [join(folder, 'bundle.mjs')]);
    assert.equal(stdout, '3 200\n');
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
