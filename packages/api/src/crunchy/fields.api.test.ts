/** Every check of a single field of PostgresCluster, before the API server. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { changed, placeName } from '../testing/objects.ts';
import type { Place } from '../testing/objects.ts';
import { check, complete, inVersion, said, specFields, typeIn, versions } from '../testing/postgres-cluster.ts';
import type { Manifest } from '../testing/postgres-cluster.ts';
import { created, installed, server } from '../testing/server.ts';
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
const sectionOf = (place: Place): string => String(place[1]);

test('PostgresCluster: there is something to refuse in every section', () => {
  assert.ok(singleFieldViolations.length > 500, `${singleFieldViolations.length} violations`);
});

for (const [section, all] of Map.groupBy(singleFieldViolations, ({ place }) => sectionOf(place))) {
  test(`PostgresCluster: whatever breaks a check of a single field in spec.${section} is refused, and the field named`, async () => {
    const judged = all.map(async ({ name, place, value, blamed, message }) => {
      const found = await check(api.client, changed(complete, place, value), 'v1beta1');
      // What is wrong in one way may be wrong in others too; the field has to be among those named.
      const named = found.some((refusal) => refusal.field === placeName(blamed) && message.test(refusal.message));
      return named ? [] : [`${name}: expected ${placeName(blamed)}: ${String(message)}, got ${said(found)}`];
    });
    const wrong = (await Promise.all(judged)).flat();
    assert.deepEqual(wrong, []);
  });
}
