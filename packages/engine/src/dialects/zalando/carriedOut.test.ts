/** Each field that is called supported is really read: another value of it gives another cluster, and no finding. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { canonicalJson } from '../../hash.ts';
import { postgresqlFixture } from '../../testing/clusters.ts';
import { supported } from './supported.ts';

const annotations = { example: 'value' };

/** Fields by value that the minimal manifest does not have, whole or below a field that is there. */
const values: Readonly<Record<string, object>> = {
  additionalVolumes: { additionalVolumes: [{ name: 'extra', mountPath: '/extra', volumeSource: { emptyDir: {} } }] },
  allowedSourceRanges: { enableMasterLoadBalancer: true, allowedSourceRanges: ['192.0.2.0/24'] },
  databases: { databases: { foo: 'foo_user' } },
  dockerImage: { dockerImage: 'registry.example/other:15' },
  enableMasterLoadBalancer: { enableMasterLoadBalancer: true },
  enableMasterNodePort: { enableMasterNodePort: true },
  enableReplicaLoadBalancer: { enableReplicaLoadBalancer: true },
  enableReplicaNodePort: { enableReplicaNodePort: true },
  env: { env: [{ name: 'MINE', value: 'x' }] },
  envFrom: { envFrom: [{ secretRef: { name: 'mine' } }] },
  initContainers: { initContainers: [{ name: 'first', image: 'registry.example/first' }] },
  masterNodePort: { enableMasterNodePort: true, masterNodePort: 30000 },
  masterServiceAnnotations: { masterServiceAnnotations: annotations },
  maintenanceWindows: { maintenanceWindows: ['Sat:01:00-04:00'] },
  nodeAffinity: { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [] } } },
  numberOfInstances: { numberOfInstances: 3 },
  patroni: { patroni: { ttl: 60 } },
  podAnnotations: { podAnnotations: annotations },
  podPriorityClassName: { podPriorityClassName: 'high' },
  postgresql: { postgresql: { version: '17' } },
  preparedDatabases: { preparedDatabases: { bar: {} } },
  replicaNodePort: { enableReplicaNodePort: true, replicaNodePort: 30001 },
  replicaServiceAnnotations: { replicaServiceAnnotations: annotations },
  resources: { resources: { limits: { memory: '1Gi' } } },
  serviceAnnotations: { serviceAnnotations: annotations },
  sidecars: { sidecars: [{ name: 'own', image: 'registry.example/own' }] },
  spiloFSGroup: { spiloFSGroup: 7 },
  spiloRunAsGroup: { spiloRunAsGroup: 7 },
  spiloRunAsUser: { spiloRunAsUser: 7 },
  teamId: { teamId: 'other' },
  'tls.caFile': { tls: { secretName: 'mine', caFile: 'other.crt' } },
  'tls.caSecretName': { tls: { secretName: 'mine', caFile: 'ca.crt', caSecretName: 'other' } },
  'tls.certificateFile': { tls: { secretName: 'mine', certificateFile: 'other.crt' } },
  'tls.privateKeyFile': { tls: { secretName: 'mine', privateKeyFile: 'other.key' } },
  'tls.secretName': { tls: { secretName: 'mine' } },
  tolerations: { tolerations: [{ key: 'dedicated', operator: 'Exists' }] },
  topologySpreadConstraints: { topologySpreadConstraints: [] },
  users: { users: { zalando: [] } },
  'volume.selector': { volume: { size: '1Gi', selector: { matchLabels: { disk: 'fast' } } } },
  'volume.size': { volume: { size: '2Gi' } },
  'volume.storageClass': { volume: { size: '1Gi', storageClass: 'fast' } },
};

/**
 * Every pod has shared memory as large as its memory allows, whatever the manifest says: so has the original, which honours no `false`. How to read a
 * path below the volume matters with one alone, and that is reported.
 */
const asAlways: ReadonlySet<string> = new Set(['enableShmVolume', 'volume.isSubPathExpr']);

test('carried out: every field that is called supported is tried here', () => {
  assert.deepEqual(
    supported.filter((path) => !asAlways.has(path)),
    Object.keys(values).toSorted((left, right) => supported.indexOf(left) - supported.indexOf(right)),
  );
});

const before = canonicalJson(postgresqlFixture().cluster);

for (const [path, change] of Object.entries(values)) {
  test(`carried out: ${path} changes what is asked for`, () => {
    const { cluster, findings } = postgresqlFixture('minimal', (spec) => ({ ...spec, ...change }));
    assert.deepEqual(
      findings.filter(({ kind }) => kind === 'unsupported'),
      [],
    );
    assert.notEqual(canonicalJson(cluster), before);
  });
}
