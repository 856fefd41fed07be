import assert from 'node:assert/strict';
import { mkdtemp, readFile, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { contentHash, contextOf, writeContext } from './inputs.ts';

const files = [
  { name: 'Dockerfile', text: 'FROM scratch\n' },
  { name: 'node', path: '/nowhere', identity: 'node 24.0.0 x64' },
];

test('content hash: a file, its name, the identity of a binary and the base each change it', () => {
  const hashes = [
    contentHash(files, 'base'),
    contentHash(files, 'other base'),
    contentHash([{ name: 'Dockerfile', text: 'FROM debian\n' }, ...files.slice(1)], 'base'),
    contentHash([{ name: 'Containerfile', text: 'FROM scratch\n' }, ...files.slice(1)], 'base'),
    contentHash([...files.slice(0, 1), { name: 'node', path: '/nowhere', identity: 'node 24.0.1 x64' }], 'base'),
  ];
  assert.equal(new Set(hashes).size, hashes.length);
  assert.equal(
    contentHash(files, 'base'),
    contentHash([...files.slice(0, 1), { ...files[1], path: '/elsewhere' } as (typeof files)[1]], 'base'),
  );
});

test('context: the postgres image is built of all files beside its Dockerfile, and of nothing else', async () => {
  const names = (await contextOf('postgres')).map((file) => file.name);
  assert.deepEqual(names, (await readdir(join(import.meta.dirname, 'postgres'))).toSorted());
  assert.ok(names.includes('Dockerfile'));
});

test('context: its files are laid out with their content and one time', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'pgherd-context-'));
  try {
    const binary = join(folder, 'binary');
    await writeFile(binary, 'x');
    const context = [
      { name: 'a', text: 'text of a' },
      { name: 'b', path: binary, identity: 'x' },
    ];
    await writeContext(context, folder);
    assert.equal(await readFile(join(folder, 'a'), 'utf8'), 'text of a');
    assert.equal(await readFile(join(folder, 'b'), 'utf8'), 'x');
    assert.equal((await stat(join(folder, 'a'))).mtimeMs, (await stat(join(folder, 'b'))).mtimeMs);
  } finally {
    await rm(folder, { recursive: true });
  }
});
