/** Every check of a single field of postgresql, before the API server. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import type { Manifest } from '../testing/manifests.ts';
import { misjudged } from '../testing/misjudged.ts';
import { check, complete, definitions, fields, type } from '../testing/postgresql.ts';
import { created, installed, server } from '../testing/server.ts';
import { violations } from '../testing/violations.ts';

const api = await server();
after(() => api[Symbol.asyncDispose]());

await installed(api.client, definitions);

test('postgresql: what sets every field is accepted, and nothing of it is dropped or added', async () => {
  const stored = await created(api.client, type, complete);
  assert.deepEqual((stored as Manifest & typeof stored).spec, complete.spec);
});

const specFields = fields.filter(({ path }) => path.startsWith('spec.'));
const singleFieldViolations = violations(specFields, complete, 'v1');

test('postgresql: there is something to refuse in every section', () => {
  assert.ok(singleFieldViolations.length > 200, `${singleFieldViolations.length} violations`);
});

for (const [section, all] of Map.groupBy(singleFieldViolations, ({ place }) => String(place[1]))) {
  test(`postgresql: whatever breaks a check of a single field in spec.${section} is refused, and the field named`, async () => {
    assert.deepEqual(await misjudged(all, complete, (manifest) => check(api.client, manifest)), []);
  });
}
