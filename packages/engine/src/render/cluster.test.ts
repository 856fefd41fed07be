import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import type { KubernetesKind } from '@pgherd/api';
import { canonicalJson } from '../hash.ts';
import { stamps } from '../stamps.ts';
import { fixtureCluster, fixtureNames, testConfiguration } from '../testing/clusters.ts';
import { assertGolden } from '../testing/golden.ts';
import { rendered, testMember, testTargets } from '../testing/rendering.ts';
import { renderCluster } from './cluster.ts';
import { secretPlans } from './secrets.ts';

/** RFC 1123, as the API server checks names; labels of Services and of the controller-revision-hash are shorter. */
const validName = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;
const validLabelValue = /^(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?$/;

const longest = (kind: string): number => (kind === 'Service' || kind === 'Endpoints' ? 63 : kind === 'StatefulSet' ? 52 : 253);

const identityOf = ({ kind, metadata }: KubernetesKind): string => `${kind} ${metadata.namespace}/${metadata.name}`;

test('cluster: each overlay becomes the objects in its golden file', () => {
  for (const overlay of fixtureNames)
    assertGolden(
      join(import.meta.dirname, 'golden', `objects-${overlay}.yaml`),
      rendered(renderCluster, fixtureCluster(overlay).cluster).map(identityOf),
    );
});

test('cluster: names and labels are valid and unique, with the longest names that the profile allows too', () => {
  const { cluster } = fixtureCluster('qa');
  const clusterName = 'c'.repeat(cluster.profile.maximumNameLength - 'pgdb'.length);
  const long = { ...cluster, identity: { ...cluster.identity, name: clusterName } };
  for (const candidate of [cluster, long]) {
    const targets = ['b001', 'b002'].map((suffix) => ({ identity: testMember(candidate, 'pgdb', suffix), pods: 1 as const }));
    const objects = rendered(renderCluster, candidate, targets);
    const plans = secretPlans(
      candidate,
      targets.map(({ identity }) => identity),
      testConfiguration,
    );
    const all = [
      ...objects.map((object) => ({
        id: identityOf(object),
        kind: object.kind,
        name: object.metadata.name,
        labels: object.metadata.labels,
      })),
      ...plans.map((plan) => ({
        id: `Secret ${plan.reference.namespace}/${plan.reference.name}`,
        kind: 'Secret',
        name: plan.reference.name,
        labels: plan.labels,
      })),
    ];
    const ids = all.map(({ id }) => id);
    assert.deepEqual(
      ids.filter((id, index) => ids.indexOf(id) !== index),
      [],
    );
    for (const { kind, name, labels } of all) {
      assert.match(name, validName);
      assert.ok(name.length <= longest(kind), `${kind} ${name} has ${name.length} characters`);
      for (const [key, value] of Object.entries(labels ?? {}))
        assert.ok(validLabelValue.test(value) && value.length <= 63, `${kind} ${name}: ${key}=${value}`);
    }
  }
});

test('cluster: the same input gives the same bytes, in whatever order members come (I4)', () => {
  const { cluster } = fixtureCluster('qa');
  const sorted = (targets: ReturnType<typeof testTargets>) => rendered(renderCluster, cluster, targets).map(canonicalJson).toSorted();
  assert.deepEqual(sorted(testTargets(cluster)), sorted(testTargets(cluster).toReversed()));
});

test('cluster: every child says by which rendering it was made, and no field is undefined or an empty list', () => {
  for (const overlay of fixtureNames)
    for (const object of rendered(renderCluster, fixtureCluster(overlay).cluster)) {
      assert.ok(object.metadata.annotations?.[stamps.rendering], identityOf(object));
      assert.deepEqual(emptyFields(object), [], identityOf(object));
    }
});

const emptyFields = (value: unknown, path = ''): readonly string[] => {
  if (value === undefined || (Array.isArray(value) && value.length === 0)) return [path];
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, member]) => emptyFields(member, `${path}.${key}`));
};

test('cluster: no object that is applied comes near the size that the API server refuses', () => {
  for (const object of rendered(renderCluster, fixtureCluster('prod').cluster))
    assert.ok(JSON.stringify(object).length < 40_000, `${identityOf(object)}: ${JSON.stringify(object).length} bytes`);
});
