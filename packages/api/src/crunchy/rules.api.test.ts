/** Every CEL rule of PostgresCluster, before the API server. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { accepted, said, withChanges } from '../testing/manifests.ts';
import { check, complete, inVersion, versions as all } from '../testing/postgres-cluster.ts';
import { installed, server } from '../testing/server.ts';
import { breaches } from '../testing/breaches.ts';
import { ruleMessages } from '../testing/rules.ts';
import { postgresCluster } from './postgres-cluster.ts';

const api = await server();
after(() => api[Symbol.asyncDispose]());

await installed(api.client);

for (const version of all) {
  for (const { message, field, changes, versions } of breaches) {
    const what = Object.entries(changes).map(
      ([name, value]) => `${name} = ${value === undefined ? 'absent' : JSON.stringify(value).slice(0, 60)}`,
    );
    if (version === 'v1' && field.startsWith('spec.userInterface.')) continue;
    if (versions?.includes(version) ?? true) {
      test(`PostgresCluster ${version}: refuses ${what.join(', ')}: ${message}`, async () => {
        const found = await check(api.client, withChanges(inVersion(complete, version), changes), version);
        assert.ok(
          found.some((refusal) => refusal.field === field && refusal.message.endsWith(message)),
          `expected ${field}: ${message}\n${said(found)}`,
        );
      });
    } else {
      test(`PostgresCluster ${version}: accepts ${what.join(', ')}`, async () => {
        assert.equal(said(await check(api.client, withChanges(inVersion(complete, version), changes), version)), accepted);
      });
    }
  }
}

test('PostgresCluster: no rule is without an example that breaks it', () => {
  const broken = new Set(breaches.map(({ message }) => message));
  const messages = ruleMessages(postgresCluster.schema);
  assert.ok(messages.size > 40);
  assert.deepEqual(
    [...messages].filter((message) => !broken.has(message)),
    [],
  );
});
