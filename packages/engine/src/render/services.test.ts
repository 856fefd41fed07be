import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { fixtureCluster } from '../testing/clusters.ts';
import { assertGolden } from '../testing/golden.ts';
import { rendered, testContext, testTargets } from '../testing/rendering.ts';
import { renderServices } from './services.ts';

test('services: those of the qa overlay are the ones in the golden file', () => {
  assertGolden(join(import.meta.dirname, 'golden', 'services.yaml'), rendered(renderServices, fixtureCluster('qa').cluster));
});

test('services: the Endpoints of the primary wait for the address of the leader Service', () => {
  const { cluster } = fixtureCluster('qa');
  const kinds = (leaderServiceIp: string | undefined) =>
    rendered(renderServices, cluster, testTargets(cluster), { ...testContext, leaderServiceIp }).map(({ kind }) => kind);
  assert.ok(!kinds(undefined).includes('Endpoints'));
  assert.ok(kinds('10.0.0.1').includes('Endpoints'));
});

test('services: a node port and the policies of the outside are left out where the Service has no outside', () => {
  const { cluster } = fixtureCluster('dev');
  const settings = { ...cluster.services.primary, nodePort: 31000, externalTrafficPolicy: 'Local' } as const;
  const spec = (type: 'ClusterIP' | 'NodePort') => {
    const altered = { ...cluster, services: { ...cluster.services, primary: { ...settings, type } } };
    const service = rendered(renderServices, altered).find(({ metadata }) => metadata.name === 'hippo-ha');
    assert.ok(service?.kind === 'Service' && service.spec !== undefined);
    return service.spec;
  };
  assert.deepEqual([spec('ClusterIP').ports?.[0]?.nodePort, spec('ClusterIP').externalTrafficPolicy], [undefined, undefined]);
  assert.deepEqual([spec('NodePort').ports?.[0]?.nodePort, spec('NodePort').externalTrafficPolicy], [31000, 'Local']);
});

test("services: the owner's labels never win over those that select", () => {
  const { cluster } = fixtureCluster('dev', (spec) => ({
    ...spec,
    metadata: { labels: { team: 'a', 'postgres-operator.crunchydata.com/cluster': 'stolen' } },
  }));
  for (const { metadata } of rendered(renderServices, cluster)) {
    assert.equal(metadata.labels?.['postgres-operator.crunchydata.com/cluster'], 'hippo');
    assert.equal(metadata.labels?.['team'], 'a');
  }
});
