/** Each field that is called supported is really read: another value of it gives another cluster, and no finding. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { canonicalJson } from '../../hash.ts';
import { fixtureManifest, testConfiguration, testNowMs, withSpec } from '../../testing/clusters.ts';
import { postgresCluster } from './dialect.ts';
import { annotations as requests } from './profile.ts';
import { supported } from './supported.ts';

const claim = { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '7Gi' } } };
const resources = { limits: { memory: '128Mi' } };
const tolerations = [{ key: 'dedicated', operator: 'Exists' }];
const affinity = { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [] } } };
const spread = [{ maxSkew: 2, topologyKey: 'rack', whenUnsatisfiable: 'DoNotSchedule' }];
const projections = [{ secret: { name: 'mine' } }];
const labels = { labels: { team: 'river' } };

/** A value of each field that the dev overlay does not have. */
const values: Readonly<Record<string, unknown>> = {
  'authentication.rules': [{ connection: 'hostssl', method: 'cert' }],
  'backups.pgbackrest.configuration': projections,
  'backups.pgbackrest.global': { 'repo1-retention-full': '3' },
  'backups.pgbackrest.image': 'registry.example/pgbackrest:2',
  'backups.pgbackrest.jobs.affinity': affinity,
  'backups.pgbackrest.jobs.priorityClassName': 'high',
  'backups.pgbackrest.jobs.resources': resources,
  'backups.pgbackrest.jobs.tolerations': tolerations,
  'backups.pgbackrest.jobs.ttlSecondsAfterFinished': 600,
  'backups.pgbackrest.metadata': labels,
  'backups.pgbackrest.repoHost.affinity': affinity,
  'backups.pgbackrest.repoHost.priorityClassName': 'high',
  'backups.pgbackrest.repoHost.resources': resources,
  'backups.pgbackrest.repoHost.tolerations': tolerations,
  'backups.pgbackrest.repoHost.topologySpreadConstraints': spread,
  'backups.pgbackrest.repos[].name': 'repo2',
  'backups.pgbackrest.repos[].volume.volumeClaimSpec': claim,
  'backups.pgbackrest.sidecars.pgbackrest.resources': resources,
  'backups.pgbackrest.sidecars.pgbackrestConfig.resources': resources,
  'config.files': projections,
  'config.parameters': { work_mem: '64MB' },
  customReplicationTLSSecret: { name: 'mine' },
  customTLSSecret: { name: 'mine' },
  databaseInitSQL: { name: 'mine', key: 'init.sql' },
  disableDefaultPodScheduling: true,
  image: 'registry.example/postgres:15.14',
  imagePullPolicy: 'Always',
  imagePullSecrets: [{ name: 'registry' }],
  'instances[].affinity': affinity,
  'instances[].containers': [{ name: 'own', image: 'registry.example/own' }],
  'instances[].dataVolumeClaimSpec': claim,
  'instances[].metadata': labels,
  'instances[].minAvailable': 1,
  'instances[].name': 'other',
  'instances[].priorityClassName': 'high',
  'instances[].replicas': 3,
  'instances[].resources': resources,
  'instances[].sidecars.replicaCertCopy.resources': resources,
  'instances[].tolerations': tolerations,
  'instances[].topologySpreadConstraints': spread,
  'instances[].volumes.additional': [{ name: 'extra', claimName: 'extra' }],
  'instances[].volumes.temp': claim,
  'instances[].walVolumeClaimSpec': claim,
  metadata: labels,
  openshift: true,
  'patroni.dynamicConfiguration': { synchronous_mode: true },
  'patroni.leaderLeaseDurationSeconds': 20,
  'patroni.logging': { storageLimit: '64M' },
  'patroni.port': 8009,
  'patroni.switchover': { enabled: true },
  'patroni.syncPeriodSeconds': 5,
  paused: true,
  port: 5433,
  postgresVersion: 17,
  replicaService: { type: 'LoadBalancer' },
  service: { type: 'NodePort', nodePort: 32001 },
  shutdown: true,
  supplementalGroups: [1000],
  users: [{ name: 'rhino' }],
};

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> => typeof value === 'object' && value !== null;

/** `object` with `value` at `path`; `[]` is the first item of a list. */
const put = (object: unknown, path: readonly string[], value: unknown): unknown => {
  const [name, ...rest] = path;
  if (name === undefined) return value;
  const members = isObject(object) ? object : {};
  if (!name.endsWith('[]')) return { ...members, [name]: put(members[name], rest, value) };
  const list = name.slice(0, -2);
  const items = members[list];
  const [first, ...others]: readonly unknown[] = Array.isArray(items) ? items : [];
  return { ...members, [list]: [put(first, rest, value), ...others] };
};

test('support: the table of values has every supported field', () => {
  assert.deepEqual(Object.keys(values).toSorted(), supported.toSorted());
});

/** With the annotations that some fields need to have any effect. */
const reading = (change: Parameters<typeof withSpec>[1] = (spec) => spec) => {
  const { metadata, ...manifest } = fixtureManifest('dev');
  const annotations = { ...metadata.annotations, [requests.switchover]: 'now' };
  return postgresCluster.read(withSpec({ ...manifest, metadata: { ...metadata, annotations } }, change), testConfiguration, testNowMs);
};

const before = canonicalJson(reading().cluster);

for (const path of supported) {
  test(`support: ${path} is read`, () => {
    const { cluster, findings } = reading((spec) => put(spec, path.split('.'), values[path]));
    assert.deepEqual(findings, []);
    assert.notEqual(canonicalJson(cluster), before);
  });
}
