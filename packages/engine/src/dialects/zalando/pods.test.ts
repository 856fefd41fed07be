import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Container, KubernetesKind, PodSpec, StatefulSet } from '@pgherd/api';
import * as fc from 'fast-check';
import type { Cluster, Finding } from '../../model/cluster.ts';
import { patroniMemberFile } from '../../render/patroni.ts';
import { renderMembers } from '../../render/members.ts';
import { renderDisruptionBudgets } from '../../render/scheduling.ts';
import { postgresqlFixture, postgresqlManifest } from '../../testing/clusters.ts';
import { rendered, testContext, testMember } from '../../testing/rendering.ts';
import { ownContainers, ownVariables, ownVolumes } from './ownPod.ts';
import { membersOf } from './pods.ts';

type Spec = Readonly<Record<string, unknown>>;

const fixture = (change: Spec) => postgresqlFixture('minimal', (spec) => ({ ...spec, ...change }));

const found = (findings: readonly Finding[]): readonly string[] =>
  findings.map(({ kind, reason, path, blocking }) => `${kind} ${reason} ${path}${blocking ? ' blocking' : ''}`);

const membersIn = (cluster: Cluster): readonly KubernetesKind[] => {
  const targets = cluster.sets.map(({ name }) => ({ identity: testMember(cluster, name, '0'), pods: 1 as const }));
  return rendered(renderMembers, cluster, targets);
};

const statefulSetIn = (cluster: Cluster): StatefulSet => {
  const statefulSet = membersIn(cluster).find((object): object is StatefulSet => object.kind === 'StatefulSet');
  assert.ok(statefulSet);
  return statefulSet;
};

const podIn = (cluster: Cluster): PodSpec => statefulSetIn(cluster).spec?.template.spec ?? assert.fail('no pod');

const containersIn = (cluster: Cluster): readonly Container[] => {
  const { containers, initContainers = [] } = podIn(cluster);
  return [...containers, ...initContainers];
};

const containerIn = (cluster: Cluster, name: string): Container =>
  containersIn(cluster).find((container) => container.name === name) ?? assert.fail(`no container ${name}`);

const mountsIn = (cluster: Cluster, container: string): Readonly<Record<string, string>> =>
  Object.fromEntries((containerIn(cluster, container).volumeMounts ?? []).map(({ mountPath, name }) => [mountPath, name]));

const variablesIn = (cluster: Cluster, container: string): Readonly<Record<string, string | undefined>> =>
  Object.fromEntries((containerIn(cluster, container).env ?? []).map(({ name, value }) => [name, value]));

const emptyDir = { emptyDir: {} };
const image = 'registry.example/own:1';

test('pods: what is called their own is what is rendered of a manifest that adds nothing', () => {
  const { cluster } = fixture({});
  const pod = podIn(cluster);
  const templates = statefulSetIn(cluster).spec?.volumeClaimTemplates ?? [];
  const volumes = [...(pod.volumes ?? []), ...templates.map(({ metadata }) => ({ name: metadata?.name ?? '' }))];
  assert.deepEqual(volumes.map(({ name }) => name).toSorted(), [...ownVolumes].toSorted());
  const places = (container: Container) =>
    (container.volumeMounts ?? []).map(({ mountPath, readOnly = false }) => `${mountPath}${readOnly ? ' read-only' : ''}`).toSorted();
  assert.deepEqual(
    Object.fromEntries(containersIn(cluster).map((container) => [container.name, places(container)])),
    Object.fromEntries(
      [...ownContainers].map(([name, mounts]) => [
        name,
        mounts.map(({ path, readOnly }) => `${path}${readOnly ? ' read-only' : ''}`).toSorted(),
      ]),
    ),
  );
  const added = new Set((cluster.sets[0]?.additionalEnvironment ?? []).map(({ name }) => name));
  assert.deepEqual(
    Object.keys(variablesIn(cluster, 'postgres'))
      .filter((name) => !added.has(name))
      .toSorted(),
    ownVariables.toSorted(),
  );
});

/** What the API server asks of a pod's lists: it answers a key that comes twice, or is missing, with an error that looks like its own. */
const assertAccepted = (cluster: Cluster): void => {
  const statefulSet = statefulSetIn(cluster);
  const pod = podIn(cluster);
  const unique = (keys: readonly unknown[], what: string): void => {
    for (const key of keys) assert.ok(typeof key === 'string' && key !== '', `${what} without a key: ${JSON.stringify(key)}`);
    assert.deepEqual(
      keys.filter((key, index) => keys.indexOf(key) !== index),
      [],
      what,
    );
  };
  const label = /^[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?$/;
  const all = containersIn(cluster);
  unique(
    all.map(({ name }) => name),
    'containers',
  );
  const volumes = (pod.volumes ?? []).map(({ name }) => name);
  unique(volumes, 'volumes');
  for (const name of [...volumes, ...all.map((container) => container.name)]) assert.match(name, label);
  const mountable = new Set([...volumes, ...(statefulSet.spec?.volumeClaimTemplates ?? []).map(({ metadata }) => metadata?.name)]);
  for (const { name, env, ports, volumeMounts } of all) {
    const list = (value: unknown): readonly Spec[] => (value ?? []) as readonly Spec[];
    unique(
      list(env).map((item) => item['name']),
      `env of ${name}`,
    );
    unique(
      list(ports).map((item) => JSON.stringify([item['containerPort'], item['protocol'] ?? 'TCP'])),
      `ports of ${name}`,
    );
    unique(
      list(volumeMounts).map((item) => item['mountPath']),
      `mounts of ${name}`,
    );
    for (const mount of list(volumeMounts)) assert.ok(mountable.has(mount['name'] as string), `${name} mounts ${String(mount['name'])}`);
  }
};

/** Mistakes that people make, and the findings that each must give. What is left makes a pod that the API server takes, see the property below. */
const mistakes: readonly {
  readonly mistake: string;
  readonly change: Spec;
  readonly findings: readonly string[];
  readonly says: RegExp;
}[] = [
  ...['PGDATA', 'PGHOST', 'PGPORT', 'PATRONI_NAME', 'PATRONICTL_CONFIG_FILE', 'SCOPE', 'pgdata', 'POD_IP', 'PGPASSWORD_SUPERUSER'].map(
    (name) => ({
      mistake: `variable ${name}, which is the cluster's`,
      change: { env: [{ name, value: 'secret' }] },
      findings: ['warning VariableOverridden spec.env[0].name'],
      says: /^(?!.*secret)spec\.env\[0\]\.name: .* is for the cluster to set.*remove it/,
    }),
  ),
  {
    mistake: 'a variable twice',
    change: {
      env: [
        { name: 'MINE', value: 'first' },
        { name: 'mine', value: 'second' },
      ],
    },
    findings: ['invalid InvalidVariable spec.env[1].name'],
    says: /"mine" stands here twice.*first/,
  },
  {
    mistake: 'a variable that no container can have',
    change: { env: [{ name: 'A=B', value: 'x' }] },
    findings: ['invalid InvalidVariable spec.env[0].name'],
    says: /"A=B"/,
  },
  {
    mistake: 'a variable without a name',
    change: { env: [{ value: 'x' }] },
    findings: ['invalid InvalidVariable spec.env[0]'],
    says: /needs a name/,
  },
  {
    mistake: 'a variable twice in a sidecar, and one that every sidecar has',
    change: {
      sidecars: [
        {
          name: 'own',
          image,
          env: [
            { name: 'A', value: '1' },
            { name: 'A', value: '2' },
            { name: 'POSTGRES_USER', value: 'me' },
          ],
        },
      ],
    },
    findings: ['invalid InvalidVariable spec.sidecars[0].env[1].name', 'warning VariableOverridden spec.sidecars[0].env[2].name'],
    says: /"A" stands here twice/,
  },
  {
    mistake: 'a port twice in a sidecar',
    change: { sidecars: [{ name: 'own', image, ports: [{ containerPort: 80 }, { containerPort: 80, protocol: 'TCP' }] }] },
    findings: ['invalid InvalidValue spec.sidecars[0].ports[1]'],
    says: /port 80\/TCP stands here twice/,
  },
  {
    mistake: 'a sidecar whose name is no label',
    change: { sidecars: [{ name: 'My_Sidecar', image }] },
    findings: ['invalid InvalidContainer spec.sidecars[0].name'],
    says: /"My_Sidecar".*small letters, digits and dashes/,
  },
  {
    mistake: 'two init containers of one name',
    change: {
      initContainers: [
        { name: 'first', image },
        { name: 'first', image },
      ],
    },
    findings: ['invalid InvalidContainer spec.initContainers[1].name'],
    says: /already has a container "first"/,
  },
  {
    mistake: 'an init container without a name',
    change: { initContainers: [{ image }] },
    findings: ['invalid InvalidContainer spec.initContainers[0].name'],
    says: /needs a name/,
  },
  {
    mistake: 'an init container without an image',
    change: { initContainers: [{ name: 'first' }] },
    findings: ['invalid InvalidContainer spec.initContainers[0].image'],
    says: /needs an image/,
  },
  ...['postgres', 'own', 'postgres-startup', 'certificate-copy'].map((name) => ({
    mistake: `an init container called ${name}, as another container`,
    change: { sidecars: [{ name: 'own', image }], initContainers: [{ name, image }] },
    findings: ['invalid InvalidContainer spec.initContainers[0].name'],
    says: /already has a container/,
  })),
  {
    mistake: 'lists of an init container that are none, or hold things twice',
    change: {
      initContainers: [
        { name: 'a', image, volumeMounts: {} },
        {
          name: 'b',
          image,
          volumeMounts: [null, { name: 'pgdata' }, { name: 'pgdata', mountPath: '/x' }, { name: 'pgdata', mountPath: '/x/' }],
        },
        { name: 'c', image, env: [{ name: 'A' }, { name: 'A' }, { name: 'a' }], ports: [{ containerPort: 1 }, { containerPort: 1 }] },
      ],
    },
    findings: [
      'invalid InvalidValue spec.initContainers[2].env[1]',
      'invalid InvalidValue spec.initContainers[2].ports[1]',
      'invalid InvalidValue spec.initContainers[0].volumeMounts',
      'invalid InvalidValue spec.initContainers[1].volumeMounts[0]',
      'invalid InvalidValue spec.initContainers[1].volumeMounts[1]',
      'invalid InvalidValue spec.initContainers[1].volumeMounts[3]',
    ],
    says: /variable "A" stands here twice/,
  },
  {
    mistake: 'an init container that mounts a volume that is not there',
    change: { initContainers: [{ name: 'first', image, volumeMounts: [{ name: 'gone', mountPath: '/gone' }] }] },
    findings: ['invalid InvalidVolume spec.initContainers[0].volumeMounts[0].name'],
    says: /no volume "gone"/,
  },
  {
    mistake: 'two volumes at one place of a container',
    change: {
      additionalVolumes: [
        { name: 'one', mountPath: '/same', volumeSource: emptyDir },
        { name: 'two', mountPath: '/same/', targetContainers: ['all'], volumeSource: emptyDir },
      ],
    },
    findings: ['invalid InvalidVolume spec.additionalVolumes[1].mountPath'],
    says: /container "postgres" has something at "\/same"/,
  },
  ...['kubernetes-access', 'database-containerinfo', 'pgdata', 'tmp', 'dshm', 'cert-volume', 'patroni-config', 'postgresql-run'].map(
    (name) => ({
      mistake: `a volume called ${name}, as one of the pod's own`,
      change: { additionalVolumes: [{ name, mountPath: '/mine', volumeSource: emptyDir }] },
      findings: ['invalid InvalidVolume spec.additionalVolumes[0].name'],
      says: /already has a volume/,
    }),
  ),
  {
    mistake: 'a volume whose name is no label',
    change: { additionalVolumes: [{ name: 'My_Volume', mountPath: '/mine', volumeSource: emptyDir }] },
    findings: ['invalid InvalidVolume spec.additionalVolumes[0].name'],
    says: /"My_Volume".*small letters/,
  },
  {
    mistake: 'a name below volumeSource',
    change: { additionalVolumes: [{ name: 'mine', mountPath: '/mine', volumeSource: { name: 'pgdata', emptyDir: {} } }] },
    findings: ['invalid InvalidValue spec.additionalVolumes[0].volumeSource.name'],
    says: /is called "mine".*remove/,
  },
  ...[
    {},
    { name: 'x' },
    { emptyDir: null },
    { emptydir: {} },
    { emptyDir: {}, secret: { secretName: 'x' } },
    { emptyDir: true },
    'emptyDir',
  ].map((volumeSource) => ({
    mistake: `a volume of ${JSON.stringify(volumeSource)}`,
    change: { additionalVolumes: [{ name: 'mine', mountPath: '/mine', volumeSource }] },
    findings: [
      ...(volumeSource === 'emptyDir' ? ['invalid InvalidValue spec.additionalVolumes[0].volumeSource'] : []),
      'invalid InvalidVolume spec.additionalVolumes[0].volumeSource',
    ],
    says: /volumeSource/,
  })),
  ...['../up', 'a/../../b', '/absolute', '..'].map((subPath) => ({
    mistake: `subPath ${subPath}`,
    change: { additionalVolumes: [{ name: 'mine', mountPath: '/mine', subPath, volumeSource: emptyDir }] },
    findings: ['invalid InvalidVolume spec.additionalVolumes[0].subPath'],
    says: /directory below the volume/,
  })),
  ...[
    '/home/postgres/pgdata/',
    '/home/postgres/./pgdata',
    '/home/postgres/pgdata/pgroot',
    '/home/postgres/pgdata/pgroot/data',
    '/home/postgres/pgdata/x/../pgroot/wal',
    '/var/run/postgresql/',
    '/',
    'relative',
    '/a:b',
    '',
  ].map((mountPath) => ({
    mistake: `a volume mounted at ${JSON.stringify(mountPath)}`,
    change: {
      additionalVolumes: [{ name: 'mine', mountPath, targetContainers: ['own'], volumeSource: emptyDir }],
      sidecars: [{ name: 'own', image }],
    },
    findings: ['invalid InvalidVolume spec.additionalVolumes[0].mountPath'],
    says: /nothing can be mounted at/,
  })),
  ...[
    '/tls',
    '/tls/',
    '/tls/below',
    '/tmp',
    '/etc/patroni',
    '/dev/shm',
    '/etc/passwd',
    '/etc/database-containerinfo',
    '/var/run/secrets/kubernetes.io/serviceaccount',
  ].map((mountPath) => ({
    mistake: `a volume in the place of the container's own at ${mountPath}`,
    change: { additionalVolumes: [{ name: 'mine', mountPath, volumeSource: emptyDir }] },
    findings: ['invalid InvalidVolume spec.additionalVolumes[0].mountPath'],
    says: /container "postgres" has something at .*choose another directory/,
  })),
  {
    mistake: 'a volume for all where only one container has something',
    change: { additionalVolumes: [{ name: 'mine', mountPath: '/tmp', targetContainers: ['all'], volumeSource: emptyDir }] },
    findings: ['invalid InvalidVolume spec.additionalVolumes[0].mountPath'],
    says: /has something at "\/tmp"/,
  },
  {
    mistake: 'a constraint of spreading twice',
    change: {
      topologySpreadConstraints: [1, 2].map((maxSkew) => ({ maxSkew, topologyKey: 'zone', whenUnsatisfiable: 'DoNotSchedule' })),
    },
    findings: ['invalid InvalidValue spec.topologySpreadConstraints[1]'],
    says: /twice/,
  },
  ...[
    'WAL_S3_BUCKET',
    'WALG_S3_PREFIX',
    'WALE_S3_PREFIX',
    'BACKUP_SCHEDULE',
    'USE_WALG_BACKUP',
    'AWS_ACCESS_KEY_ID',
    'AZURE_STORAGE_ACCOUNT',
    'LOG_S3_BUCKET',
    'CRONTAB',
    'SPILO_CONFIGURATION',
    'ALLOW_NOSSL',
    'KUBERNETES_USE_CONFIGMAPS',
    'SSL_CERTIFICATE_FILE',
  ].map((name) => ({
    mistake: `variable ${name}, which only the original's image reads`,
    change: { env: [{ name, value: 'secret' }] },
    findings: ['unsupported NotYetSupported spec.env[0]'],
    says: new RegExp(`^(?!.*secret).*${name}.* is not carried out yet; the cluster runs without it`),
  })),
  ...['CLONE_SCOPE', 'CLONE_WITH_WALE', 'STANDBY_HOST'].map((name) => ({
    mistake: `variable ${name}, which tells where the data come from`,
    change: { env: [{ name, valueFrom: { secretKeyRef: { name: 'mine', key: 'x' } } }] },
    findings: ['unsupported NotYetSupported spec.env[0] blocking'],
    says: /is not carried out yet; an empty database would be created in its place, so nothing is made/,
  })),
];

for (const { mistake, change, findings, says } of mistakes) {
  test(`pods: ${mistake}: ${findings.join(', ')}`, () => {
    const result = fixture(change);
    assert.deepEqual(found(result.findings), findings);
    assert.match(result.findings[0]?.message ?? '', says);
    assertAccepted(result.cluster);
  });
}

test('pods: variables of the original that switch something off ask for nothing', () => {
  const env = ['USE_WALG_BACKUP', 'KUBERNETES_USE_CONFIGMAPS', 'CLONE_SCOPE'].flatMap((name, index) => [
    { name, value: index === 2 ? '' : 'false' },
  ]);
  assert.deepEqual(
    fixture({ env: [...env, { name: 'LOG_LEVEL', value: 'debug' }, { name: 'PATRONI_LOG_LEVEL', value: 'DEBUG' }] }).findings,
    [],
  );
});

test('pods: where the data came from matters no more once they are there', () => {
  const findings: Finding[] = [];
  const value = { ...(postgresqlManifest().spec as object), env: ['CLONE_SCOPE', 'STANDBY_HOST'].map((name) => ({ name, value: 'x' })) };
  const inputs = { cluster: 'acid', majorVersion: 15, replicas: 1, metadata: { labels: {}, annotations: {} }, bootstrapped: true };
  membersOf({ path: 'spec', value, findings }, inputs);
  assert.deepEqual(found(findings), []);
});

test('pods: a sidecar without a name, or an empty one, is called by its place', () => {
  const { cluster, findings } = fixture({ sidecars: [{ image }, { name: '', image }] });
  assert.deepEqual(findings, []);
  assert.deepEqual(
    podIn(cluster).containers.map(({ name }) => name),
    ['postgres', 'certificate-copy', 'sidecar-0', 'sidecar-1'],
  );
});

test("pods: the first of two variables counts, and the cluster's own before both", () => {
  const { cluster } = fixture({
    env: [
      { name: 'PGPORT', value: '1' },
      { name: 'MINE', value: 'first' },
      { name: 'MINE', value: 'second' },
    ],
  });
  const { PGPORT, MINE } = variablesIn(cluster, 'postgres');
  assert.deepEqual([PGPORT, MINE], ['5432', 'first']);
});

test('pods: the source of a volume does not give it another name', () => {
  const { cluster } = fixture({
    additionalVolumes: [{ name: 'mine', mountPath: '/mine', volumeSource: { name: 'pgdata', emptyDir: {} } }],
  });
  assert.deepEqual(
    podIn(cluster).volumes?.find(({ name }) => name === 'mine'),
    { emptyDir: {}, name: 'mine' },
  );
});

test('pods: a volume may be below the data mount, and its path is written plainly', () => {
  const { cluster, findings } = fixture({
    additionalVolumes: [{ name: 'mine', mountPath: '/home/postgres//pgdata/extra/', subPath: 'a..b/c', volumeSource: emptyDir }],
  });
  assert.deepEqual(findings, []);
  assert.equal(mountsIn(cluster, 'postgres')['/home/postgres/pgdata/extra'], 'mine');
});

test('pods: a sidecar may mount something where only the other containers have something of their own', () => {
  const { cluster, findings } = fixture({
    sidecars: [{ name: 'constructor', image }],
    additionalVolumes: [
      { name: 'one', mountPath: '/tls', targetContainers: ['constructor', 'constructor'], volumeSource: emptyDir },
      { name: 'two', mountPath: '/same', targetContainers: ['constructor'], volumeSource: emptyDir },
      { name: 'three', mountPath: '/same', volumeSource: emptyDir },
    ],
  });
  assert.deepEqual(findings, []);
  const mounts = mountsIn(cluster, 'constructor');
  assert.deepEqual([mounts['/tls'], mounts['/same'], mountsIn(cluster, 'postgres')['/same']], ['one', 'two', 'three']);
});

test('pods: a sidecar called as a property that every object has mounts what everybody mounts', () => {
  const { cluster } = fixture({ sidecars: [{ name: 'constructor', image }] });
  assert.deepEqual(mountsIn(cluster, 'constructor'), { '/home/postgres/pgdata': 'pgdata', '/var/run/postgresql': 'postgresql-run' });
});

test("pods: /tmp, with the key for replication in it, is pgherd's own containers' only", () => {
  const { cluster } = fixture({ sidecars: [{ name: 'own', image }], initContainers: [{ name: 'first', image }] });
  assert.deepEqual(
    containersIn(cluster)
      .filter(({ volumeMounts = [] }) => volumeMounts.some(({ mountPath }) => mountPath === '/tmp'))
      .map(({ name }) => name),
    ['postgres', 'certificate-copy', 'postgres-startup'],
  );
});

test('pods: annotations of pods are on pods and on nothing else, and a new one is another pod', () => {
  const annotation = 'example.com/owner';
  const { cluster } = fixture({ podAnnotations: { [annotation]: 'acid' } });
  const statefulSet = statefulSetIn(cluster);
  const other = statefulSetIn(fixture({}).cluster);
  const objects = [...membersIn(cluster), ...rendered(renderDisruptionBudgets, cluster)];
  assert.deepEqual(
    objects.filter(({ metadata }) => metadata.annotations?.[annotation] !== undefined).map(({ kind }) => kind),
    [],
  );
  const annotations = statefulSet.spec?.template.metadata?.annotations ?? {};
  assert.equal(annotations[annotation], 'acid');
  assert.notEqual(annotations['pgherd.dev/inputs'], other.spec?.template.metadata?.annotations?.['pgherd.dev/inputs']);
});

test("pods: PostgreSQL's container declares what it serves, PostgreSQL and Patroni", () => {
  const { cluster } = fixture({});
  assert.deepEqual(
    containerIn(cluster, 'postgres').ports?.map(({ containerPort }) => containerPort),
    [5432, cluster.patroni.port],
  );
});

test('pods: the budget of critical operations finds the pods whose member gets its data', () => {
  const { cluster } = fixture({});
  const member = testMember(cluster, cluster.sets[0]?.name ?? '', '0');
  const file = JSON.parse(patroniMemberFile(cluster, member, testContext)) as {
    readonly kubernetes: { readonly bootstrap_labels?: unknown };
  };
  assert.deepEqual(file.kubernetes.bootstrap_labels, { 'critical-operation': 'true' });
  assert.ok(cluster.sets[0]?.disruptionBudgets.some(({ labels }) => labels['critical-operation'] === 'true'));
});

test('pods: whatever is added to them, reading and rendering throw nothing, and the API server takes the lists', () => {
  const oneOf = (...values: readonly unknown[]) =>
    fc.oneof({ weight: 6, arbitrary: fc.constantFrom(...values) }, { weight: 1, arbitrary: fc.jsonValue() });
  const someOf = (fields: Readonly<Record<string, fc.Arbitrary<unknown>>>) =>
    fc.oneof({ weight: 8, arbitrary: fc.record(fields, { requiredKeys: [] }) }, { weight: 1, arbitrary: fc.jsonValue() });
  const listOf = (item: fc.Arbitrary<unknown>) =>
    fc.oneof({ weight: 8, arbitrary: fc.array(item, { maxLength: 5 }) }, { weight: 1, arbitrary: fc.jsonValue() });

  const name = oneOf('a', 'b', '', 'constructor', '__proto__', 'A_b', 'postgres', 'postgres-startup', 'sidecar-1', 'all');
  const path = oneOf('/a', '/a/', '/a/b', '/tmp', '/tls', '/home/postgres/pgdata', '/home/postgres/pgdata/pgroot/..', 'a', '/');
  const volume = oneOf('a', 'b', 'constructor', 'pgdata', 'tmp', 'A_b', '', 'kubernetes-access');
  const env = listOf(someOf({ name: oneOf('A', 'a', 'PGDATA', 'POD_NAME', '', 'CLONE_SCOPE', '='), value: oneOf('x') }));
  const ports = listOf(someOf({ containerPort: oneOf(80, 81), protocol: oneOf('TCP', 'UDP') }));
  const volumeMounts = listOf(someOf({ name: volume, mountPath: path }));
  const spec = fc.record(
    {
      env,
      sidecars: listOf(someOf({ name, image: oneOf('x', ''), env, ports })),
      initContainers: listOf(someOf({ name, image: oneOf('x', ''), env, ports, volumeMounts })),
      additionalVolumes: listOf(
        someOf({
          name: volume,
          mountPath: path,
          volumeSource: oneOf({ emptyDir: {} }, { name: 'tmp', emptyDir: {} }, {}),
          subPath: oneOf('a', '..', '/a'),
          targetContainers: listOf(name),
        }),
      ),
      podAnnotations: oneOf({ a: 'b' }),
      topologySpreadConstraints: listOf(someOf({ topologyKey: oneOf('zone'), whenUnsatisfiable: oneOf('DoNotSchedule') })),
    },
    { requiredKeys: [] },
  );
  fc.assert(
    fc.property(spec, (change) => {
      assertAccepted(fixture(change).cluster);
    }),
    { numRuns: 500 },
  );
});
