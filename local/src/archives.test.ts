import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { archivedImages, hasAll } from './archives.ts';
import type { ArchivedImage } from './archives.ts';
import { ociArchive, tar } from './images.ts';

async function imagesOf(archive: Buffer): Promise<readonly ArchivedImage[] | undefined> {
  const folder = await mkdtemp(join(tmpdir(), 'pgherd-local-'));
  try {
    await writeFile(join(folder, 'archive.tar'), archive);
    return await archivedImages(join(folder, 'archive.tar'));
  } finally {
    await rm(folder, { recursive: true });
  }
}

const archive = (content: string): Buffer =>
  ociArchive('example.test/a:1', [{ kind: 'file', path: 'a', mode: 0o644, content: Buffer.from(content) }], {});

test('archives: a node that has the name with this digest needs nothing, one that has it with another does', async () => {
  const images = await imagesOf(archive('new'));
  const older = await imagesOf(archive('old'));
  assert.ok(images?.[0] !== undefined && older?.[0] !== undefined);
  assert.equal(images[0].name, 'example.test/a:1');
  assert.ok(hasAll(new Map([['example.test/a:1', images[0].digest]]), images));
  assert.ok(!hasAll(new Map([['example.test/a:1', older[0].digest]]), images));
  assert.ok(!hasAll(new Map([['example.test/other:1', images[0].digest]]), images));
});

test('archives: a short name is the same as the full one that the node made of it', () => {
  const images = [{ name: 'debian:trixie', digest: 'sha256:1' }];
  assert.ok(hasAll(new Map([['docker.io/library/debian:trixie', 'sha256:1']]), images));
});

test('archives: what is no OCI archive, or names no image, is for the node to judge', async () => {
  assert.equal(await imagesOf(tar([{ kind: 'file', path: 'manifest.json', mode: 0o644, content: Buffer.from('[]') }])), undefined);
  const nameless = Buffer.from('{"manifests":[{"digest":"sha256:1"}]}');
  assert.equal(await imagesOf(tar([{ kind: 'file', path: 'index.json', mode: 0o644, content: nameless }])), undefined);
  assert.equal(await imagesOf(Buffer.from('not a tar archive')), undefined);
});
