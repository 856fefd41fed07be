/** What the schema alone, without an API server, takes and refuses. */
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { test } from 'node:test';
import { withChanges } from '../testing/manifests.ts';
import type { Manifest } from '../testing/manifests.ts';
import { objections } from '../testing/objections.ts';
import { complete, exampleManifests, structural } from '../testing/postgresql.ts';
import { possible, refused } from '../testing/postgresql-changes.ts';

const against = ({ spec }: Manifest): readonly string[] => objections(structural, { spec });

test('postgresql: the schema takes what sets every field', () => {
  assert.deepEqual(against(complete), []);
});

for (const [name, manifest] of exampleManifests) {
  test(`postgresql: the schema takes examples/zalando/${name}.yaml`, () => {
    assert.equal(`${manifest.apiVersion} ${manifest.kind}`, 'acid.zalan.do/v1 postgresql');
    assert.deepEqual(against(manifest), []);
  });
}

test('postgresql: every manifest of examples/zalando is looked at', () => {
  const files = readdirSync(new URL('../../../../examples/zalando/', import.meta.url)).filter((file) => file.endsWith('.yaml'));
  assert.deepEqual(files.toSorted(), [...exampleManifests.keys()].map((name) => `${name}.yaml`).toSorted());
});

for (const [what, changes] of Object.entries(possible)) {
  test(`postgresql: the schema takes ${what}`, () => {
    assert.deepEqual(against(withChanges(complete, changes)), []);
  });
}

for (const [what, { field, objection, changes }] of Object.entries(refused)) {
  test(`postgresql: the schema refuses ${what}`, () => {
    const found = against(withChanges(complete, changes));
    assert.deepEqual(
      found.map((line) => line.slice(0, line.indexOf(': '))),
      [`.${field}`],
    );
    assert.match(found.join(), objection);
  });
}
