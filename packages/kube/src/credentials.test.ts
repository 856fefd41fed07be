import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { createCredentials } from './credentials.ts';
import { CredentialError } from './errors.ts';
import type { BearerSource } from './kubeconfig.ts';
import { createManualClock } from './manualClock.ts';
import { plainConfig } from './testSupport.ts';

function scratch(): { readonly path: string } & Disposable {
  const path = mkdtempSync(join(tmpdir(), 'credentials-'));
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true }) };
}

function credentialsOf(bearer: BearerSource, clock = createManualClock()) {
  return createCredentials(plainConfig('https://a', { bearer }), clock);
}

test('credentials: a token file is read again after a minute, and at once after a refusal', async () => {
  using directory = scratch();
  const path = join(directory.path, 'token');
  const clock = createManualClock();
  const credentials = credentialsOf({ kind: 'tokenFile', path }, clock);
  writeFileSync(path, 'first\n');
  assert.equal((await credentials.current()).token, 'first');
  writeFileSync(path, 'second\n');
  clock.advance(59_999);
  assert.equal((await credentials.current()).token, 'first');
  clock.advance(1);
  assert.equal((await credentials.current()).token, 'second');
  writeFileSync(path, 'third\n');
  credentials.invalidate();
  assert.equal((await credentials.current()).token, 'third');
});

test('credentials: a token file that is gone or empty is an error that names it', async () => {
  using directory = scratch();
  const path = join(directory.path, 'token');
  const credentials = credentialsOf({ kind: 'tokenFile', path });
  await assert.rejects(credentials.current(), CredentialError);
  writeFileSync(path, '');
  await assert.rejects(credentials.current(), /token file .*\/token is empty/);
  writeFileSync(path, 'now');
  assert.equal((await credentials.current()).token, 'now');
});

/** An exec plugin that appends a line to `runs` and then does what the script says. */
function plugin(directory: string, script: string): BearerSource {
  const command = join(directory, 'plugin');
  writeFileSync(command, `#!/bin/sh\necho run >> ${directory}/runs\n${script}\n`);
  chmodSync(command, 0o755);
  return {
    kind: 'exec',
    plugin: {
      apiVersion: 'client.authentication.k8s.io/v1',
      command,
      args: [],
      env: { WHO: 'me' },
      provideClusterInfo: true,
      installHint: 'get it',
    },
  };
}

test('credentials: an exec plugin gives the token, told of the cluster, once for all who wait and until it expires', async () => {
  using directory = scratch();
  const clock = createManualClock(Date.parse('2026-01-01T00:00:00Z'));
  const source = plugin(
    directory.path,
    `printf '%s' "$KUBERNETES_EXEC_INFO" | grep -q '"server":"https://a"' || exit 9
echo "{\\"status\\":{\\"token\\":\\"$WHO-$(wc -l < ${directory.path}/runs | tr -d ' ')\\",\\"expirationTimestamp\\":\\"2026-01-01T00:10:00Z\\"}}"`,
  );
  const credentials = credentialsOf(source, clock);
  const [first, second] = await Promise.all([credentials.current(), credentials.current()]);
  assert.deepEqual([first.token, second.token], ['me-1', 'me-1']);
  clock.advance(599_000);
  assert.equal((await credentials.current()).token, 'me-1');
  clock.advance(1000);
  assert.equal((await credentials.current()).token, 'me-2');
});

test('credentials: an exec plugin may give a client certificate', async () => {
  using directory = scratch();
  const source = plugin(directory.path, `echo '{"status":{"clientCertificateData":"CERT","clientKeyData":"KEY"}}'`);
  const identity = await credentialsOf(source).current();
  assert.deepEqual(identity.clientCertificate, { certificate: 'CERT', key: 'KEY' });
});

const failures: Readonly<Record<string, readonly [script: string, message: RegExp]>> = {
  fails: ['echo hidden; exit 3', /plugin ended with exit code 3; get it$/],
  'prints no JSON': ['echo hidden', /plugin did not print JSON$/],
  'gives nothing': [`echo '{"status":{}}'`, /gave neither a token nor a certificate/],
};

for (const [name, [script, message]] of Object.entries(failures))
  test(`credentials: an exec plugin that ${name} is an error without its output`, async () => {
    using directory = scratch();
    await assert.rejects(credentialsOf(plugin(directory.path, script)).current(), (error: unknown) => {
      assert.ok(error instanceof CredentialError);
      assert.match(error.message, message);
      assert.doesNotMatch(error.message, /hidden/);
      return true;
    });
  });

test('credentials: an exec plugin that is not there is an error with its hint', async () => {
  using directory = scratch();
  const source = plugin(directory.path, 'exit 0');
  rmSync(join(directory.path, 'plugin'));
  await assert.rejects(credentialsOf(source).current(), /cannot run .*\/plugin: .*ENOENT; get it/);
});
