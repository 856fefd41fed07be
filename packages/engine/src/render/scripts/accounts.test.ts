import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { hostileName, run, standIns, temporaryFolder } from '../../testing/programs.ts';
import { bashCommand } from '../programs.ts';
import { accounts } from './accounts.ts';

const image = 'root:x:0:0:root:/root:/bin/bash\npostgres:x:26:26::/var/lib/postgresql:/bin/bash\n';

const written = (context: TestContext, name: string, id: string): string => {
  const root = join(temporaryFolder(context), hostileName);
  mkdirSync(root);
  writeFileSync(join(root, 'passwd'), image);
  const PATH = standIns(join(root, 'bin'), { id });
  const result = run(bashCommand(accounts, 'nss-wrapper-init', 17, join(root, 'passwd'), join(root, 'accounts'), name), { PATH }, root);
  assert.equal(result.status, 0, result.errors);
  return readFileSync(join(root, 'accounts', 'passwd'), 'utf8');
};

test('accounts: a user without a name becomes postgres, before whoever else is called so', (context) => {
  const id = 'case "$1" in -un) echo "cannot find name" >&2; exit 1;; -u) echo 1000650000;; -g) echo 0;; esac';
  assert.equal(written(context, 'postgres', id), `postgres:x:1000650000:0:PostgreSQL:/tmp:/bin/bash\n${image}`);
});

test('accounts: a user of another name becomes postgres', (context) => {
  const id = 'case "$1" in -un) echo nobody;; -u) echo 65534;; -g) echo 65534;; esac';
  assert.equal(written(context, 'postgres', id), `postgres:x:65534:65534:PostgreSQL:/tmp:/bin/bash\n${image}`);
});

test('accounts: an image that knows its user as postgres keeps its own file', (context) => {
  assert.equal(written(context, 'postgres', 'if [ "$1" = -un ]; then echo postgres; fi'), image);
});

test('accounts: the real id of this machine gives a line that names it', (context) => {
  const uid = execFileSync('id', ['-u'], { encoding: 'utf8' }).trim();
  const file = written(context, 'somebody-else', 'exec /usr/bin/id "$@"');
  assert.match(file, new RegExp(`^somebody-else:x:${uid}:\\d+:`));
});
