import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { fixtureCluster, testConfiguration } from '../testing/clusters.ts';
import { assertGolden } from '../testing/golden.ts';
import { testTargets } from '../testing/rendering.ts';
import { secretPlans } from './secrets.ts';
import type { Cluster } from '../model/cluster.ts';

const plans = (cluster: Cluster) =>
  secretPlans(
    cluster,
    testTargets(cluster).map(({ identity }) => identity),
    testConfiguration,
  );

test('secrets: those of the dev overlay are planned as the golden file shows, and hold no secret value (I9)', () => {
  assertGolden(join(import.meta.dirname, 'golden', 'secrets.yaml'), plans(fixtureCluster('dev').cluster));
});

test('secrets: the root is shared by the clusters of a namespace and comes before what it signs', () => {
  const all = plans(fixtureCluster('dev').cluster);
  const root = all.find(({ reference }) => reference.name === 'pgo-root-cacert');
  assert.deepEqual([root?.ownership, root?.stage, root?.labels], ['shared', 0, {}]);
  for (const plan of all.filter((candidate) => candidate !== root)) assert.equal(plan.stage, 1, plan.reference.name);
});

test('secrets: common names stay within the 64 characters of X.509 with the longest names', () => {
  const { cluster } = fixtureCluster('dev');
  const long = { ...cluster, identity: { ...cluster.identity, name: 'c'.repeat(42), namespace: 'n'.repeat(63) } };
  for (const { values } of plans(long))
    for (const value of Object.values(values))
      if (value.kind === 'newCertificate') assert.ok(value.request.commonName.length <= 64, value.request.commonName);
});

test('secrets: certificates that the owner brings are not made', () => {
  const { cluster } = fixtureCluster('dev', (spec) => ({
    ...spec,
    customTLSSecret: { name: 'mine' },
    customReplicationTLSSecret: { name: 'mine-too' },
  }));
  const names = plans(cluster).map(({ reference }) => reference.name);
  assert.ok(!names.includes('hippo-cluster-cert') && !names.includes('hippo-replication-cert'));
});

test('secrets: a role without databases has no addresses to connect to', () => {
  const { cluster } = fixtureCluster('dev', (spec) => ({ ...spec, users: [{ name: 'plain' }] }));
  const plan = plans(cluster).find(({ reference }) => reference.name === 'hippo-pguser-plain');
  assert.deepEqual(Object.keys(plan?.values ?? {}), ['user', 'password', 'verifier', 'host', 'port']);
});

test('secrets: names of roles and databases are encoded in addresses', () => {
  const { cluster } = fixtureCluster('dev');
  const odd = { ...cluster, users: cluster.users.map((user) => ({ ...user, name: 'a@b:c/d', databases: ['x?y&z#é'] })) };
  const uri = plans(odd).find(({ foundByLabels }) => foundByLabels !== undefined)?.values['uri'];
  assert.ok(uri?.kind === 'template');
  assert.deepEqual(
    uri.parts.map((part) => ('text' in part ? part.text : `<${part.valueOf}>`)).join(''),
    'postgresql://a%40b%3Ac%2Fd:<password>@hippo-primary.pgherd-test.svc:5432/x%3Fy%26z%23%C3%A9'.replace(
      'pgherd-test',
      cluster.identity.namespace,
    ),
  );
});
