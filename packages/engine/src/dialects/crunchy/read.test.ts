import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { fixtureCluster, fixtureManifest, fixtureNames, testConfiguration, testNowMs, withSpec } from '../../testing/clusters.ts';
import { assertGolden } from '../../testing/golden.ts';
import { canonicalJson } from '../../hash.ts';
import type { Finding } from '../../model/cluster.ts';
import { read } from './read.ts';

type Spec = Readonly<Record<string, unknown>>;

const found = (findings: readonly Finding[]): readonly string[] =>
  findings.map(({ kind, reason, path, blocking }) => `${kind} ${reason} ${path}${blocking ? ' blocking' : ''}`);

const firstSet = (change: Spec) => (spec: Spec) => {
  const [set, ...others] = spec['instances'] as readonly Spec[];
  return { ...spec, instances: [{ ...set, ...change }, ...others] };
};

for (const overlay of fixtureNames) {
  test(`reading: overlay ${overlay} gives the cluster that its golden file shows`, () => {
    const { cluster, findings } = fixtureCluster(overlay);
    const { profile: _, ...rest } = cluster;
    assertGolden(join(import.meta.dirname, 'golden', `${overlay}.yaml`), { findings, cluster: rest });
  });
}

test('reading: everything in the dev overlay is carried out', () => {
  assert.deepEqual(fixtureCluster('dev').findings, []);
});

test('reading: what comes later in qa and prod is reported with its path and blocks nothing', () => {
  assert.deepEqual(found(fixtureCluster('qa').findings), [
    'unsupported NotYetSupported spec.backups.pgbackrest.repos[0].schedules',
    'unsupported NotYetSupported spec.monitoring.pgmonitor.exporter',
  ]);
  assert.deepEqual(found(fixtureCluster('prod').findings), [
    'unsupported NotYetSupported spec.backups.pgbackrest.repos[0].schedules',
    'unsupported NotYetSupported spec.monitoring.pgmonitor.exporter',
    'unsupported NotYetSupported spec.proxy.pgBouncer',
  ]);
});

test('reading: an absent spec blocks and gives a cluster all the same', () => {
  const { cluster, findings } = fixtureCluster('dev', () => undefined);
  assert.deepEqual(found(findings), [
    'invalid InvalidPostgresVersion spec.postgresVersion blocking',
    'invalid MissingInstances spec.instances blocking',
  ]);
  assert.deepEqual(cluster.sets, []);
});

test('reading: a set of a million members blocks, and nobody counts that far', () => {
  const { cluster, findings } = fixtureCluster('dev', (spec) => {
    const [set] = spec['instances'] as readonly object[];
    return { ...spec, instances: [{ ...set, replicas: 1_000_000 }] };
  });
  assert.deepEqual(found(findings), ['invalid TooManyReplicas spec.instances[0].replicas blocking']);
  assert.equal(cluster.sets[0]?.replicas, 100);
});

/** Mistakes that people make, and the one finding that each must give. */
const mistakes: readonly {
  readonly mistake: string;
  readonly change: (spec: Spec) => unknown;
  readonly finding: string;
  readonly says: RegExp;
}[] = [
  {
    mistake: 'no image is known for the version',
    change: ({ image: _image, ...spec }) => ({ ...spec, postgresVersion: 16 }),
    finding: 'invalid MissingRequiredImage spec.image blocking',
    says: /PostgreSQL 16 .*images for 15, 17.*set spec\.image/,
  },
  {
    mistake: 'a version past its end of life',
    change: (spec) => ({ ...spec, postgresVersion: 13 }),
    finding: 'warning EndOfLifePostgresVersion spec.postgresVersion',
    says: /13 .*2025-11-13/,
  },
  {
    mistake: 'an amount of memory that is none',
    change: firstSet({ resources: { limits: { memory: '1Gib' } } }),
    finding: 'invalid InvalidQuantity spec.instances[0].resources.limits.memory blocking',
    says: /"1Gib" is no possible quantity/,
  },
  {
    mistake: 'a request above its limit',
    change: firstSet({ resources: { limits: { cpu: '500m' }, requests: { cpu: 1 } } }),
    finding: 'invalid InvalidQuantity spec.instances[0].resources.requests.cpu blocking',
    says: /asks for 1, more than the limit of 500m/,
  },
  {
    mistake: 'a negative size',
    change: firstSet({ dataVolumeClaimSpec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '-1Gi' } } } }),
    finding: 'invalid InvalidQuantity spec.instances[0].dataVolumeClaimSpec.resources.requests.storage blocking',
    says: /no possible quantity/,
  },
  {
    mistake: 'a volume without a size',
    change: firstSet({ dataVolumeClaimSpec: { accessModes: ['ReadWriteOnce'] } }),
    finding: 'invalid InvalidVolumeClaim spec.instances[0].dataVolumeClaimSpec.resources.requests.storage blocking',
    says: /needs a size/,
  },
  {
    mistake: 'a volume without access modes',
    change: firstSet({ dataVolumeClaimSpec: { accessModes: [], resources: { requests: { storage: '1Gi' } } } }),
    finding: 'invalid InvalidVolumeClaim spec.instances[0].dataVolumeClaimSpec.accessModes blocking',
    says: /access mode/,
  },
  {
    mistake: 'names that are too long together',
    change: firstSet({ name: 'a'.repeat(42) }),
    finding: 'invalid NameTooLong spec.instances[0].name blocking',
    says: /"hippo" and instance set "a+" have 47 characters together, .* 46 at most/,
  },
  {
    mistake: 'a set named like no host may be',
    change: firstSet({ name: 'Primary_1' }),
    finding: 'invalid InvalidName spec.instances[0].name blocking',
    says: /"Primary_1" cannot be part of a pod's name/,
  },
  {
    mistake: 'two sets of one name',
    change: (spec) => ({ ...spec, instances: [...(spec['instances'] as readonly Spec[]), ...(spec['instances'] as readonly Spec[])] }),
    finding: 'invalid DuplicateInstanceSet spec.instances[1].name blocking',
    says: /spec\.instances\[0\] is named "pgdb", too/,
  },
  {
    mistake: 'a switchover to a member of no set',
    change: (spec) => ({ ...spec, patroni: { switchover: { enabled: false, targetInstance: 'hippo-pgbd-x2bn' } } }),
    finding: 'invalid UnknownInstance spec.patroni.switchover.targetInstance',
    says: /"hippo-pgbd-x2bn" is in none of the instance sets pgdb/,
  },
  {
    mistake: 'a volume for a container that is not there',
    change: firstSet({ volumes: { additional: [{ name: 'extra', claimName: 'claim', containers: ['databse'] }] } }),
    finding: 'warning SpecifiedContainerNotFound spec.instances[0].volumes.additional[0].containers[0]',
    says: /no container "databse".*choose of database, /,
  },
  {
    mistake: 'a container that bears the name of ours',
    change: firstSet({ containers: [{ name: 'database', image: 'mine' }] }),
    finding: 'invalid InvalidContainer spec.instances[0].containers[0].name',
    says: /already has a container "database"/,
  },
  {
    mistake: 'a disruption budget in words',
    change: firstSet({ minAvailable: 'half' }),
    finding: 'invalid InvalidMinAvailable spec.instances[0].minAvailable',
    says: /neither a number of pods nor a percentage/,
  },
  {
    mistake: 'a node port on a Service that has none',
    change: (spec) => ({ ...spec, service: { nodePort: 32000 } }),
    finding: 'invalid MisconfiguredClusterIP spec.service.nodePort',
    says: /32000 is ignored.*spec\.service\.type/,
  },
  {
    mistake: 'text where a number belongs',
    change: (spec) => ({ ...spec, port: 'postgres' }),
    finding: 'invalid InvalidValue spec.port',
    says: /"postgres" is not a whole number/,
  },
  {
    mistake: 'a repository twice',
    change: (spec) => {
      const backups = spec['backups'] as { readonly pgbackrest: { readonly repos: readonly unknown[] } };
      const repos = [...backups.pgbackrest.repos, ...backups.pgbackrest.repos];
      return { ...spec, backups: { pgbackrest: { ...backups.pgbackrest, repos } } };
    },
    finding: 'invalid InvalidBackupRepo spec.backups.pgbackrest.repos[1].name',
    says: /"repo1" is no free name/,
  },
  {
    mistake: "Patroni's log in less than two files need",
    change: (spec) => ({ ...spec, patroni: { logging: { storageLimit: '1M' } } }),
    finding: 'warning PatroniLogStorageLimitTooSmall spec.patroni.logging.storageLimit',
    says: /raised to 25M/,
  },
  {
    mistake: 'a standby cluster, which must not come up as a primary',
    change: (spec) => ({ ...spec, standby: { repoName: 'repo1' } }),
    finding: 'unsupported NotYetSupported spec.standby blocking',
    says: /would become a primary/,
  },
  {
    mistake: 'data from elsewhere, which must not become an empty database',
    change: (spec) => ({ ...spec, dataSource: { postgresCluster: { clusterName: 'elephant', repoName: 'repo1' } } }),
    finding: 'unsupported NotYetSupported spec.dataSource blocking',
    says: /an empty database would be created/,
  },
];

for (const { mistake, change, finding, says } of mistakes) {
  test(`reading: ${mistake}: reported once, with field and remedy`, () => {
    const { findings } = fixtureCluster('dev', change);
    assert.deepEqual(found(findings), [finding]);
    assert.match(findings[0]?.message ?? '', says);
    assert.ok(findings[0]?.message.startsWith(findings[0].path), 'the message names the field');
  });
}

test('reading: a cluster whose name no Service can bear is blocked', () => {
  const manifest = fixtureManifest('dev');
  const { findings } = read({ ...manifest, metadata: { ...manifest.metadata, name: '9.lives' } }, testConfiguration, testNowMs);
  assert.deepEqual(found(findings), ['invalid InvalidName metadata.name blocking']);
});

test('reading: a cluster name too long for the repository host blocks, unless there is none', () => {
  const manifest = fixtureManifest('dev');
  const named = (length: number, change: (spec: Spec) => unknown): readonly string[] => {
    const { findings } = read(
      withSpec({ ...manifest, metadata: { ...manifest.metadata, name: 'h'.repeat(length) } }, (spec) =>
        change(firstSet({ name: 'p' })(spec)),
      ),
      testConfiguration,
      testNowMs,
    );
    return found(findings);
  };
  assert.deepEqual(
    named(42, (spec) => spec),
    [],
  );
  assert.deepEqual(
    named(43, (spec) => spec),
    ['invalid NameTooLong metadata.name blocking'],
  );
  assert.deepEqual(
    named(45, (spec) => ({ ...spec, backups: undefined })),
    [],
  );
});

test('I9: no message of reading repeats what may be a password', () => {
  const { findings } = fixtureCluster('dev', (spec) => ({
    ...spec,
    users: [
      { name: 'hippo', options: "PASSWORD 'hunter2'" },
      { name: 'rhino', options: 'hunter2' },
    ],
    patroni: {
      dynamicConfiguration: {
        postgresql: { parameters: { archive_command: 'KEY=hunter2 archive', restore_command: { key: 'hunter2' } }, pg_hba: [['hunter2']] },
      },
    },
    backups: {
      pgbackrest: { ...(spec['backups'] as { readonly pgbackrest: Spec }).pgbackrest, global: { 'repo1-cipher-pass': ['hunter2'] } },
    },
    authentication: {
      rules: [
        { connection: 'host', method: 'ldap', options: { ldapbindpasswd: 'hunter2' } },
        { connection: 'host', method: 'radius', options: { radiussecrets: { secret: 'hunter2' } } },
      ],
    },
  }));
  assert.equal(findings.length, 9);
  for (const { message } of findings) assert.doesNotMatch(message, /hunter2/i);
});

test('reading: a mistake taken back leaves nothing behind', () => {
  assert.notDeepEqual(fixtureCluster('dev', firstSet({ replicas: 'many' })).findings, []);
  assert.deepEqual(fixtureCluster('dev'), fixtureCluster('dev'));
});

test('reading: where the data came from no longer matters once the cluster is there', () => {
  const manifest = withSpec(fixtureManifest('dev'), (spec) => ({ ...spec, dataSource: { volumes: { pgDataVolume: { pvcName: 'old' } } } }));
  const { findings } = read({ ...manifest, status: { patroni: { systemIdentifier: '7' } } }, testConfiguration, testNowMs);
  assert.deepEqual(findings, []);
});

test('reading: a set without a name is named after its place', () => {
  const { cluster } = fixtureCluster('dev', (spec) => {
    const [{ name: _, ...set } = {}] = spec['instances'] as readonly Spec[];
    return { ...spec, instances: [{ ...set, name: '' }, set] };
  });
  assert.deepEqual(
    cluster.sets.map(({ name, replicas }) => [name, replicas]),
    [
      ['00', 1],
      ['01', 1],
    ],
  );
});

test("reading: the set's metadata wins over the cluster's, and a Service's, too", () => {
  const { cluster } = fixtureCluster('dev', (spec) => ({
    ...firstSet({ metadata: { labels: { team: 'set', set: 'yes' } } })(spec),
    metadata: { labels: { team: 'cluster', all: 'yes' }, annotations: { note: 'all' } },
    service: { metadata: { annotations: { note: 'service' } } },
  }));
  assert.deepEqual(cluster.sets[0]?.metadata, { labels: { team: 'set', all: 'yes', set: 'yes' }, annotations: { note: 'all' } });
  assert.deepEqual(cluster.services.primary.metadata.annotations, { note: 'service' });
  assert.deepEqual(cluster.services.replicas.metadata.annotations, { note: 'all' });
});

test('reading: the default spread comes after the own one, unless the manifest wants none', () => {
  const own = { maxSkew: 2, topologyKey: 'rack', whenUnsatisfiable: 'DoNotSchedule' };
  const change = firstSet({ topologySpreadConstraints: [own] });
  const keys = (spec: (spec: Spec) => unknown): unknown =>
    fixtureCluster('dev', spec).cluster.sets[0]?.scheduling.topologySpreadConstraints.map(({ topologyKey }) => topologyKey);
  assert.deepEqual(keys(change), ['rack', 'kubernetes.io/hostname', 'topology.kubernetes.io/zone']);
  assert.deepEqual(
    keys((spec) => ({ ...change(spec), disableDefaultPodScheduling: true })),
    ['rack'],
  );
});

test('reading: a default spread gives way to the own one that Kubernetes could not tell from it', () => {
  const constraint = (topologyKey: string, whenUnsatisfiable: string) => ({ maxSkew: 2, topologyKey, whenUnsatisfiable });
  const own = [constraint('kubernetes.io/hostname', 'ScheduleAnyway'), constraint('topology.kubernetes.io/zone', 'DoNotSchedule')];
  const { cluster } = fixtureCluster('dev', (spec) => {
    const backups = spec['backups'] as { readonly pgbackrest: Spec };
    const pgbackrest = { ...backups.pgbackrest, repoHost: { topologySpreadConstraints: own } };
    return firstSet({ topologySpreadConstraints: own })({ ...spec, backups: { pgbackrest } });
  });
  for (const scheduling of [cluster.sets[0]?.scheduling, cluster.backups?.repositoryHost.scheduling]) {
    assert.deepEqual(
      scheduling?.topologySpreadConstraints.map(({ maxSkew, topologyKey, whenUnsatisfiable }) => [maxSkew, topologyKey, whenUnsatisfiable]),
      [
        [2, 'kubernetes.io/hostname', 'ScheduleAnyway'],
        [2, 'topology.kubernetes.io/zone', 'DoNotSchedule'],
        [1, 'topology.kubernetes.io/zone', 'ScheduleAnyway'],
      ],
    );
  }
});

test('reading: a disruption budget is there for more than one member, and 0 takes it away', () => {
  const budget = (set: Spec): unknown => fixtureCluster('dev', firstSet(set)).cluster.sets[0]?.disruptionBudgets[0]?.limit;
  assert.equal(budget({}), undefined);
  assert.deepEqual(budget({ replicas: 2 }), { minAvailable: 1 });
  assert.equal(budget({ replicas: 2, minAvailable: 0 }), undefined);
  assert.equal(budget({ replicas: 2, minAvailable: '0%' }), undefined);
  assert.deepEqual(budget({ replicas: 1, minAvailable: '50%' }), { minAvailable: '50%' });
});

test('reading: without a repository on a volume there are no backups, and PostgreSQL recycles its WAL', () => {
  for (const backups of [undefined, {}, { pgbackrest: {} }, { pgbackrest: { repos: [{ name: 'repo1', gcs: { bucket: 'b' } }] } }]) {
    const { cluster } = fixtureCluster('dev', (spec) => ({ ...spec, backups }));
    assert.equal(cluster.backups, undefined);
    assert.equal(cluster.postgres.parameters['archive_command'], 'true');
    assert.equal(cluster.postgres.parameters['restore_command'], undefined);
  }
});

test('reading: the limit up to which a volume may grow is no part of its claim', () => {
  const { cluster, findings } = fixtureCluster(
    'dev',
    firstSet({
      dataVolumeClaimSpec: {
        accessModes: ['ReadWriteOnce'],
        resources: { requests: { storage: '1Gi' }, limits: { storage: '5Gi' } },
        autoGrow: { trigger: 80 },
      },
    }),
  );
  assert.deepEqual(cluster.sets[0]?.dataVolume.spec, { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } });
  assert.deepEqual(found(findings), [
    'unsupported NotYetSupported spec.instances[0].dataVolumeClaimSpec.resources.limits.storage',
    'unsupported NotYetSupported spec.instances[0].dataVolumeClaimSpec.autoGrow',
  ]);
});

/** Any JSON, often below names that the schema has, so that it gets far into the reading. */
const names = [
  'accessModes',
  'additional',
  'authentication',
  'backups',
  'config',
  'containers',
  'dataVolumeClaimSpec',
  'databases',
  'dynamicConfiguration',
  'hba',
  'instances',
  'limits',
  'metadata',
  'minAvailable',
  'name',
  'options',
  'parameters',
  'patroni',
  'pg_hba',
  'pgbackrest',
  'postgresVersion',
  'postgresql',
  'replicas',
  'repos',
  'requests',
  'resources',
  'rules',
  'service',
  'sidecars',
  'storage',
  'users',
  'volume',
  'volumes',
  '__proto__',
  'constructor',
];
const { anything } = fc.letrec<{ anything: unknown }>((tie) => ({
  anything: fc.oneof(
    { depthSize: 'medium', withCrossShrink: true },
    fc.constantFrom(null, true, 0, -1, 1.5, 17, '', 'repo1', '1Gi', 'LOGIN', 'hippo', 'local', 'all'),
    fc.string(),
    fc.array(tie('anything'), { maxLength: 4 }),
    fc.dictionary(fc.oneof(fc.constantFrom(...names), fc.string()), tie('anything'), { maxKeys: 8 }),
  ),
}));

test('reading: no JSON makes it throw, and the same manifest gives the same cluster', () => {
  fc.assert(
    fc.property(anything, fc.constantFrom(...names, undefined), (value, name) => {
      const manifest = withSpec(fixtureManifest('dev'), (spec) => (name === undefined ? value : { ...spec, [name]: value }));
      const before = canonicalJson(manifest);
      const first = read(manifest, testConfiguration, testNowMs);
      const second = read(JSON.parse(JSON.stringify(manifest)) as typeof manifest, testConfiguration, testNowMs);
      assert.equal(canonicalJson(first), canonicalJson(second));
      assert.equal(canonicalJson(manifest), before, 'the manifest was changed');
    }),
    { numRuns: 300 },
  );
});
