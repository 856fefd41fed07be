/** Every check of a single field of PostgresCluster, before the API server. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import type { Manifest } from '../testing/manifests.ts';
import { check, complete, inVersion, specFields, typeIn, versions } from '../testing/postgres-cluster.ts';
import { created, installed, server } from '../testing/server.ts';
import { misjudged } from '../testing/misjudged.ts';
import { violations } from '../testing/violations.ts';

const api = await server();
after(() => api[Symbol.asyncDispose]());

await installed(api.client);

for (const version of versions) {
  test(`PostgresCluster ${version}: what sets every field is accepted, and nothing of it is dropped`, async () => {
    const given = inVersion(complete, version);
    const stored = await created(api.client, typeIn(version), given);
    assert.deepEqual((stored as Manifest & typeof stored).spec, given.spec);
  });
}

const singleFieldViolations = violations(specFields, complete, 'v1beta1');

test('PostgresCluster: there is something to refuse in every section', () => {
  assert.ok(singleFieldViolations.length > 500, `${singleFieldViolations.length} violations`);
});

for (const [section, all] of Map.groupBy(singleFieldViolations, ({ place }) => String(place[1]))) {
  test(`PostgresCluster: whatever breaks a check of a single field in spec.${section} is refused, and the field named`, async () => {
    assert.deepEqual(await misjudged(all, complete, (manifest) => check(api.client, manifest, 'v1beta1')), []);
  });
}
