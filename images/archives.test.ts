import assert from 'node:assert/strict';
import { mkdtemp, readdir, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { archivePath, archiveSize, markUsed, removeUnused } from './archives.ts';

test('archives: those used longest ago go, and neither those of other images nor unfinished ones', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'pgherd-archives-'));
  try {
    const hashes = ['1', '2', '3'].map((digit) => digit.repeat(16));
    for (const [minute, hash] of hashes.entries()) {
      const path = archivePath(folder, 'postgres', hash);
      await writeFile(path, hash);
      await utimes(path, new Date(2026, 0, 1, 0, minute), new Date(2026, 0, 1, 0, minute));
    }
    await writeFile(archivePath(folder, 'operator', '4'.repeat(16)), '');
    await writeFile(`${archivePath(folder, 'postgres', '5'.repeat(16))}.123`, '');
    await markUsed(archivePath(folder, 'postgres', '1'.repeat(16)));

    assert.deepEqual(await removeUnused(folder, 'postgres', 2), ['2'.repeat(16)]);

    const left = ['operator-4444444444444444.oci.tar', 'postgres-1111111111111111.oci.tar', 'postgres-3333333333333333.oci.tar'];
    assert.deepEqual((await readdir(folder)).toSorted(), [...left, 'postgres-5555555555555555.oci.tar.123']);
    assert.equal(await archiveSize(archivePath(folder, 'postgres', '1'.repeat(16))), 16);
    assert.equal(await archiveSize(archivePath(folder, 'postgres', '2'.repeat(16))), undefined);
  } finally {
    await rm(folder, { recursive: true });
  }
});
