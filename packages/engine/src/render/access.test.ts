import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { fixtureCluster } from '../testing/clusters.ts';
import { assertGolden } from '../testing/golden.ts';
import { rendered, testContext } from '../testing/rendering.ts';
import { renderAccess } from './access.ts';

test('access: that of the qa overlay is what the golden file shows', () => {
  assertGolden(join(import.meta.dirname, 'golden', 'access.yaml'), rendered(renderAccess, fixtureCluster('qa').cluster));
});

test('access: whatever reads or changes a single object is limited to names, and no right is a wildcard', () => {
  const rules = rendered(renderAccess, fixtureCluster('qa').cluster)
    .filter((object) => object.kind === 'Role')
    .flatMap((role) => role.rules ?? []);
  for (const rule of rules) {
    assert.ok(!JSON.stringify(rule).includes('*'));
    const nameable = rule.verbs.filter((verb) => ['get', 'patch', 'update', 'delete'].includes(verb));
    if (nameable.length > 0) assert.ok((rule.resourceNames ?? []).length > 0, JSON.stringify(rule));
  }
});

test('access: without backups there is nothing but the members', () => {
  const { cluster } = fixtureCluster('qa', (spec) => ({ ...spec, backups: undefined }));
  assert.deepEqual([...new Set(rendered(renderAccess, cluster).map(({ metadata }) => metadata.name))], ['hippo-instance']);
});

test('access: OpenShift gets the right that it asks for besides', () => {
  const { cluster } = fixtureCluster('qa', (spec) => ({ ...spec, openshift: true }));
  assert.match(JSON.stringify(rendered(renderAccess, cluster)), /endpoints\/restricted/);
});

test('access: a role is written before it is bound', () => {
  const { cluster } = fixtureCluster('qa');
  const stages = Map.groupBy(renderAccess(cluster, [], testContext), ({ object }) => object.kind);
  const latest = Math.max(...(stages.get('Role') ?? []).map(({ stage }) => stage));
  const bindings = stages.get('RoleBinding') ?? [];
  assert.ok(bindings.length > 0);
  for (const { stage } of bindings) assert.ok(stage > latest);
});
