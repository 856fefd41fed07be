import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fixtureCluster } from '../testing/clusters.ts';
import { rendered } from '../testing/rendering.ts';
import { renderDisruptionBudgets } from './scheduling.ts';
import { yamlOf } from '../testing/golden.ts';

test('disruption budgets: two members get one that keeps one of them', () => {
  assert.equal(
    yamlOf(
      rendered(renderDisruptionBudgets, fixtureCluster('qa').cluster).map(({ metadata, ...rest }) => ({ name: metadata.name, ...rest })),
    ),
    `- name: hippo-set-pgdb
  apiVersion: policy/v1
  kind: PodDisruptionBudget
  spec:
    minAvailable: 1
    selector:
      matchLabels:
        postgres-operator.crunchydata.com/cluster: hippo
        postgres-operator.crunchydata.com/instance-set: pgdb
`,
  );
});

test('disruption budgets: a single member gets none, so that its node can be drained', () => {
  assert.deepEqual(rendered(renderDisruptionBudgets, fixtureCluster('dev').cluster), []);
});
