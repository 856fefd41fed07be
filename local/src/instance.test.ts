import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { addressPlan } from './addresses.ts';
import { InstanceConflict, InvalidOption } from './errors.ts';
import { allocateInstance, apiServerPort, etcdClientPort, findInstance, listInstances, requireInstance } from './instance.ts';

async function withRoot(work: (root: string) => Promise<void>): Promise<void> {
  const root = await mkdtemp(join(tmpdir(), 'pgherd-local-'));
  try {
    await work(root);
  } finally {
    await rm(root, { recursive: true });
  }
}

const bare = { nodes: 0, controllers: false, apiServerArguments: [] };

test('register: instances allocated at the same time get different indexes', () =>
  withRoot(async (root) => {
    const allocated = await Promise.all(['a', 'b', 'c', 'd'].map((name) => allocateInstance(root, { name, ...bare })));
    assert.equal(new Set(allocated.map(({ record }) => record.index)).size, 4);
    assert.deepEqual(
      (await listInstances(root)).map(({ record }) => record.name),
      ['a', 'b', 'c', 'd'],
    );
  }));

test('register: an index whose etcd or API server address is in use elsewhere is passed over', async () => {
  for (const port of [etcdClientPort, apiServerPort]) {
    await withRoot(async (root) => {
      const free = (await allocateInstance(root, { name: 'first', ...bare })).record.index;
      await rm(join(root, 'first'), { recursive: true });
      await using server = createServer();
      await new Promise<void>((listening) => server.listen(port, addressPlan(free).loopbackAddress, listening));
      assert.notEqual((await allocateInstance(root, { name: 'second', ...bare })).record.index, free);
    });
  }
});

test('register: what is found is what was written; a folder without a record is no instance', () =>
  withRoot(async (root) => {
    const { record } = await allocateInstance(root, { name: 'kept', nodes: 2, controllers: true, apiServerArguments: ['--v=1'] });
    assert.deepEqual((await findInstance(root, 'kept'))?.record, record);
    await writeFile(join(root, 'stray'), '');
    assert.equal((await listInstances(root)).length, 1);
    await assert.rejects(
      requireInstance(root, 'missing'),
      (error: Error) => error instanceof InstanceConflict && error.message.includes('local up --name missing'),
    );
  }));

test('register: a state folder too deep for sockets is refused before anything is started', async () => {
  const deep = join(tmpdir(), 'x'.repeat(90));
  await assert.rejects(allocateInstance(deep, { name: 'a', ...bare }), InvalidOption);
});

test('register: a name that could leave its folder or break a file name is refused', async () => {
  for (const name of ['', '..', 'a/b', 'UPPER', '-a', 'a-', 'a'.repeat(31)])
    await assert.rejects(findInstance('/nonexistent', name), InvalidOption, name);
});
