import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtemp, readFile, readlink, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { ociArchive, tar } from './images.ts';

async function unpacked(archive: Buffer, work: (folder: string) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'pgherd-local-'));
  try {
    const untar = spawnSync('tar', ['-x', '-p', '-C', folder], { input: archive });
    assert.equal(untar.status, 0, untar.stderr.toString());
    await work(folder);
  } finally {
    await rm(folder, { recursive: true });
  }
}

test('images: the system tar reads back files, folders, links and modes', () =>
  unpacked(
    tar([
      { kind: 'directory', path: 'bin/', mode: 0o755 },
      { kind: 'file', path: 'bin/tool', mode: 0o750, content: Buffer.alloc(513, 'x') },
      { kind: 'file', path: 'empty', mode: 0o644, content: Buffer.alloc(0) },
      { kind: 'link', path: 'bin/other', target: 'tool' },
    ]),
    async (folder) => {
      assert.equal((await readFile(join(folder, 'bin/other'))).toString(), 'x'.repeat(513));
      assert.equal(await readlink(join(folder, 'bin/other')), 'tool');
      assert.equal((await stat(join(folder, 'bin/tool'))).mode & 0o777, 0o750);
      assert.equal((await stat(join(folder, 'empty'))).size, 0);
    },
  ));

test('images: an archive leads from its index to a layer whose digest is that of its content', () =>
  unpacked(
    ociArchive('example.test/a:1', [{ kind: 'file', path: 'a', mode: 0o644, content: Buffer.from('hello') }], {}),
    async (folder) => {
      const blob = async (digest: string): Promise<Buffer> => readFile(join(folder, 'blobs', digest.replace(':', '/')));
      const index = JSON.parse(await readFile(join(folder, 'index.json'), 'utf8')) as {
        readonly manifests: readonly [{ readonly digest: string; readonly annotations: Readonly<Record<string, string>> }];
      };
      assert.equal(index.manifests[0].annotations['io.containerd.image.name'], 'example.test/a:1');
      const manifest = JSON.parse((await blob(index.manifests[0].digest)).toString()) as {
        readonly config: { readonly digest: string };
        readonly layers: readonly [{ readonly digest: string; readonly size: number }];
      };
      const config = JSON.parse((await blob(manifest.config.digest)).toString()) as {
        readonly rootfs: { readonly diff_ids: readonly string[] };
      };
      assert.deepEqual(config.rootfs.diff_ids, [manifest.layers[0].digest]);
      const layer = await blob(manifest.layers[0].digest);
      assert.equal(layer.length, manifest.layers[0].size);
      const layerPath = join(folder, 'layer.tar');
      await writeFile(layerPath, layer);
      assert.equal(spawnSync('tar', ['-xO', '-f', layerPath, 'a']).stdout.toString(), 'hello');
    },
  ));

test('images: the same content gives the same archive, byte for byte', () => {
  const make = (): Buffer => ociArchive('example.test/a:1', [{ kind: 'file', path: 'a', mode: 0o644, content: Buffer.from('hello') }], {});
  assert.ok(make().equals(make()));
});
