/** What postgresql has to accept and refuse beyond the checks of single fields, and what the API server makes of it. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { accepted, said, withChanges } from '../testing/manifests.ts';
import type { Manifest } from '../testing/manifests.ts';
import { check, complete, definitions, exampleManifests, type } from '../testing/postgresql.ts';
import { possible, refused } from '../testing/postgresql-changes.ts';
import { created, installed, server } from '../testing/server.ts';

const api = await server();
after(() => api[Symbol.asyncDispose]());

await installed(api.client, definitions);

for (const [what, changes] of Object.entries(possible)) {
  test(`postgresql: the API server accepts ${what}`, async () => {
    assert.equal(said(await check(api.client, withChanges(complete, changes))), accepted);
  });
}

for (const [what, { field, changes }] of Object.entries(refused)) {
  test(`postgresql: the API server refuses ${what}`, async () => {
    const found = await check(api.client, withChanges(complete, changes));
    assert.ok(
      found.some((refusal) => refusal.field === field),
      `expected ${field}\n${said(found)}`,
    );
  });
}

for (const [name, manifest] of exampleManifests) {
  test(`examples: zalando/${name}.yaml is accepted, and nothing of it is dropped or added`, async () => {
    const stored = await created(api.client, type, manifest);
    assert.deepEqual((stored as Manifest & typeof stored).spec, manifest.spec);
  });
}

for (const field of ['teamId', 'numberOfInstances', 'postgresql', 'volume']) {
  test(`postgresql: the API server refuses a spec without ${field}`, async () => {
    const found = await check(api.client, withChanges(complete, { [`spec.${field}`]: undefined }));
    assert.ok(
      found.some((refusal) => refusal.field === `spec.${field}` && /Required value/.test(refusal.message)),
      said(found),
    );
  });
}

test('postgresql: an object without a spec is refused, as by the original', async () => {
  const found = await check(api.client, { ...complete, spec: undefined } as unknown as Manifest);
  assert.ok(
    found.some(({ field, message }) => field === 'spec' && /Required value/.test(message)),
    said(found),
  );
});
