/** Every CEL rule of postgresql, before the API server. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { said, withChanges } from '../testing/manifests.ts';
import { check, complete, definitions } from '../testing/postgresql.ts';
import { breaches } from '../testing/postgresql-changes.ts';
import { installed, server } from '../testing/server.ts';

const api = await server();
after(() => api[Symbol.asyncDispose]());

await installed(api.client, definitions);

for (const { message, field, changes } of breaches) {
  test(`postgresql: refuses ${JSON.stringify(changes).slice(0, 60)}: ${message}`, async () => {
    const found = await check(api.client, withChanges(complete, changes));
    assert.ok(
      found.some((refusal) => refusal.field === field && refusal.message.endsWith(message)),
      `expected ${field}: ${message}\n${said(found)}`,
    );
  });
}
