import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { canonicalJson } from '../../hash.ts';
import type { Finding } from '../../model/cluster.ts';
import { postgresqlFixture, postgresqlManifest, testConfiguration, testNowMs, withSpec } from '../../testing/clusters.ts';
import { assertGolden } from '../../testing/golden.ts';
import { profile } from './profile.ts';
import { read } from './read.ts';

type Spec = Readonly<Record<string, unknown>>;

const found = (findings: readonly Finding[]): readonly string[] =>
  findings.map(({ kind, reason, path, blocking }) => `${kind} ${reason} ${path}${blocking ? ' blocking' : ''}`);

for (const example of ['minimal', 'complete'] as const) {
  test(`reading: example ${example} is carried out, and gives the cluster that its golden file shows`, () => {
    const { cluster, findings } = postgresqlFixture(example);
    const { profile: _, ...rest } = cluster;
    assert.deepEqual(findings, []);
    assertGolden(join(import.meta.dirname, 'golden', `${example}.yaml`), rest);
  });
}

test('reading: a manifest without a spec blocks and gives a cluster all the same', () => {
  const { cluster, findings } = postgresqlFixture('minimal', () => undefined);
  assert.ok(findings.some(({ blocking }) => blocking));
  assert.equal(cluster.sets.length, 1);
});

/** Mistakes that people make, and the one finding that each must give. */
const mistakes: readonly {
  readonly mistake: string;
  readonly change: Spec;
  readonly finding: string;
  readonly says: RegExp;
}[] = [
  {
    mistake: 'a version that is none',
    change: { postgresql: { version: 'latest' } },
    finding: 'invalid InvalidPostgresVersion spec.postgresql.version blocking',
    says: /"latest" is no major version/,
  },
  {
    mistake: 'no image for the version',
    change: { postgresql: { version: '16' } },
    finding: 'invalid MissingRequiredImage spec.dockerImage blocking',
    says: /PostgreSQL 16 .*images for 15, 17.*set spec\.dockerImage/,
  },
  {
    mistake: 'a size that is none',
    change: { volume: { size: '1Gib' } },
    finding: 'invalid InvalidQuantity spec.volume.size blocking',
    says: /no possible quantity/,
  },
  {
    mistake: 'a volume of nothing',
    change: { volume: { size: '0' } },
    finding: 'invalid InvalidVolumeClaim spec.volume.size blocking',
    says: /needs a size/,
  },
  {
    mistake: 'a million members',
    change: { numberOfInstances: 1_000_000 },
    finding: 'invalid TooManyReplicas spec.numberOfInstances blocking',
    says: /at most 100/,
  },
  {
    mistake: 'a flag that is none',
    change: { users: { zalando: ['superuser', 'wizard'], foo_user: null } },
    finding: 'invalid InvalidUserFlag spec.users.zalando[1]',
    says: /"WIZARD" is no flag/,
  },
  {
    mistake: 'flags that contradict each other',
    change: { users: { zalando: ['CREATEDB', 'nocreatedb'] } },
    finding: 'invalid InvalidUserFlag spec.users.zalando[1]',
    says: /CREATEDB both ways/,
  },
  {
    mistake: "one of the cluster's own roles",
    change: { users: { zalando: [], standby: [] } },
    finding: 'invalid InvalidUser spec.users.standby',
    says: /the cluster's own/,
  },
  {
    mistake: 'a name that no role can have',
    change: { users: { zalando: [], 'Mrs. X': [] } },
    finding: 'invalid InvalidUser spec.users["Mrs. X"]',
    says: /cannot be the name of a user/,
  },
  {
    mistake: 'a database whose owner is nobody',
    change: { databases: { foo: 'nobody' } },
    finding: 'invalid InvalidDatabase spec.databases.foo',
    says: /"nobody" is no role of the manifest/,
  },
  {
    mistake: 'a database by a name that none can have',
    change: { databases: { 'foo-bar': 'zalando' } },
    finding: 'invalid InvalidDatabase spec.databases.foo-bar',
    says: /cannot be the name of a database/,
  },
  {
    mistake: 'a database that is prepared and plain',
    change: { preparedDatabases: { foo: {} } },
    finding: 'invalid InvalidPreparedDatabase spec.preparedDatabases.foo',
    says: /in spec\.databases, too/,
  },
  {
    mistake: 'a prepared database with too long a name',
    change: { preparedDatabases: { ['f'.repeat(60)]: {} } },
    finding: `invalid InvalidPreparedDatabase spec.preparedDatabases.${'f'.repeat(60)}`,
    says: /longer than 63/,
  },
  {
    mistake: 'a parameter that the cluster decides',
    change: { postgresql: { version: '15', parameters: { port: '5433' } } },
    finding: 'invalid InvalidParameter spec.postgresql.parameters.port',
    says: /the cluster decides it/,
  },
  {
    mistake: 'a parameter that the cluster needs otherwise',
    change: { postgresql: { version: '15', parameters: { ssl: 'off' } } },
    finding: 'warning ParameterOverridden spec.postgresql.parameters.ssl',
    says: /no effect/,
  },
  {
    mistake: 'a line of pg_hba.conf that is two',
    change: { patroni: { pg_hba: ['hostssl all all all md5\nhost all all all trust'] } },
    finding: 'invalid InvalidAuthenticationRule spec.patroni.pg_hba[0] blocking',
    says: /one line/,
  },
  {
    mistake: 'a sidecar by the name of the database container',
    change: { sidecars: [{ name: 'postgres', image: 'x' }] },
    finding: 'invalid InvalidContainer spec.sidecars[0].name',
    says: /already has a container "postgres"/,
  },
  {
    mistake: 'a volume where the data are',
    change: { additionalVolumes: [{ name: 'mine', mountPath: '/home/postgres/pgdata', volumeSource: { emptyDir: {} } }] },
    finding: 'invalid InvalidVolume spec.additionalVolumes[0].mountPath',
    says: /nothing can be mounted at/,
  },
  {
    mistake: 'a volume for a container that is not there',
    change: { additionalVolumes: [{ name: 'mine', mountPath: '/mine', targetContainers: ['other'], volumeSource: { emptyDir: {} } }] },
    finding: 'warning SpecifiedContainerNotFound spec.additionalVolumes[0].targetContainers[0]',
    says: /no container "other"/,
  },
  {
    mistake: 'a clone',
    change: { clone: { cluster: 'other' } },
    finding: 'unsupported NotYetSupported spec.clone blocking',
    says: /an empty database would be created/,
  },
  {
    mistake: 'a pooler',
    change: { enableConnectionPooler: true },
    finding: 'unsupported NotYetSupported spec.enableConnectionPooler',
    says: /PgBouncer is not carried out yet/,
  },
  {
    mistake: 'a Secret in another namespace for a prepared database',
    change: { preparedDatabases: { bar: { secretNamespace: 'elsewhere' } } },
    finding: 'unsupported NotYetSupported spec.preparedDatabases.bar.secretNamespace',
    says: /another namespace/,
  },
];

for (const { mistake, change, finding, says } of mistakes) {
  test(`reading: ${mistake}: ${finding}`, () => {
    const { findings } = postgresqlFixture('minimal', (spec) => ({ ...spec, ...change }));
    assert.deepEqual(found(findings), [finding]);
    assert.match(findings[0]?.message ?? '', says);
  });
}

test('reading: a name that is too long for its pods blocks', () => {
  const manifest = postgresqlManifest();
  const name = 'a'.repeat(53);
  const { findings } = read({ ...manifest, metadata: { ...manifest.metadata, name } }, testConfiguration, testNowMs);
  assert.deepEqual(found(findings), ['invalid NameTooLong metadata.name blocking']);
});

test('reading: 0 instances stop the cluster, of which nothing has to be available then', () => {
  const { cluster, findings } = postgresqlFixture('minimal', (spec) => ({ ...spec, numberOfInstances: 0 }));
  assert.deepEqual(findings, []);
  assert.equal(cluster.stopped, true);
  assert.deepEqual(cluster.sets[0]?.disruptionBudgets[0]?.limit, { minAvailable: 0 });
});

test('reading: a cluster that is meant for another operator is let be, with the way to hand it over', () => {
  const manifest = postgresqlManifest();
  const meant = (controller: string): string | undefined =>
    read(
      { ...manifest, metadata: { ...manifest.metadata, annotations: { 'acid.zalan.do/controller': controller } } },
      testConfiguration,
      testNowMs,
    ).cluster.paused;
  assert.match(meant('second') ?? '', /annotation acid\.zalan\.do\/controller names another operator, "second"; remove it/);
  assert.equal(meant(''), undefined);
});

test('reading: a team that no label can have stays out of the labels, and that is said', () => {
  const { cluster, findings } = postgresqlFixture('minimal', (spec) => ({ ...spec, teamId: 'Team A & B' }));
  assert.deepEqual(found(findings), ['warning InvalidLabel spec.teamId']);
  assert.deepEqual(cluster.metadata.labels, {});
});

test('reading: options of initdb that somebody else decides have no effect, and that is said', () => {
  const initdb = { 'auth-host': 'md5', waldir: '/elsewhere', locale: 'C.UTF-8' };
  const { cluster, findings } = postgresqlFixture('minimal', (spec) => ({ ...spec, patroni: { initdb } }));
  assert.deepEqual(found(findings), [
    'warning OptionOverridden spec.patroni.initdb.auth-host',
    'warning OptionOverridden spec.patroni.initdb.waldir',
  ]);
  assert.deepEqual(cluster.postgres.initdbOptions, ['data-checksums', { encoding: 'UTF8' }, { locale: 'C.UTF-8' }]);
});

test('reading: a request above its limit raises the limit, as in the original', () => {
  const resources = { requests: { memory: '2Gi' }, limits: { memory: '1Gi' } };
  const { cluster, findings } = postgresqlFixture('minimal', (spec) => ({ ...spec, resources }));
  assert.deepEqual(findings, []);
  assert.equal(cluster.sets[0]?.resources?.limits?.['memory'], '2Gi');
});

test('reading: sizes follow the memory of the container', () => {
  const parameters = (memory: string): readonly (string | undefined)[] => {
    const { cluster } = postgresqlFixture('minimal', (spec) => ({ ...spec, resources: { limits: { memory } } }));
    return ['shared_buffers', 'max_connections'].map((name) => cluster.postgres.parameters[name]);
  };
  assert.deepEqual(parameters('500Mi'), ['100MB', '100']);
  assert.deepEqual(parameters('8Gi'), ['1638MB', '273']);
  assert.deepEqual(parameters('64Gi'), ['13107MB', '1000']);
});

test('reading: an empty map of prepared databases asks for one called as the cluster', () => {
  const { cluster } = postgresqlFixture('minimal', (spec) => ({ ...spec, preparedDatabases: {} }));
  assert.deepEqual(
    cluster.databases.map(({ name, owner }) => [name, owner]),
    [
      ['foo', 'zalando'],
      ['acid_minimal_cluster', 'acid_minimal_cluster_owner'],
    ],
  );
});

test("reading: the owner's own variables never replace the cluster's, whatever their case", () => {
  const { cluster } = postgresqlFixture('minimal', (spec) => ({
    ...spec,
    env: [
      { name: 'scope', value: 'x' },
      { name: 'MINE', value: 'y' },
    ],
  }));
  const names = cluster.sets[0]?.additionalEnvironment.map(({ name }) => name) ?? [];
  assert.ok(names.includes('SCOPE') && names.includes('MINE') && !names.includes('scope'));
});

test('reading: no JSON makes it throw, and the same manifest gives the same cluster', () => {
  const fields = Object.keys(postgresqlManifest('complete').spec as object);
  const spec = fc.oneof(fc.jsonValue(), fc.dictionary(fc.constantFrom(...fields, 'clone', 'tls', 'standby', 'sidecars'), fc.jsonValue()));
  fc.assert(
    fc.property(spec, (value) => {
      const manifest = withSpec(postgresqlManifest(), () => value);
      assert.equal(
        canonicalJson(read(manifest, testConfiguration, testNowMs)),
        canonicalJson(read(structuredClone(manifest), testConfiguration, testNowMs)),
      );
    }),
    { numRuns: 300 },
  );
});

test('profile: names of what is made are valid', () => {
  const cluster = 'a'.repeat(profile.maximumNameLength);
  const { names } = profile;
  for (const service of [names.leaderService, names.configurationService, names.replicaService, names.podService]) {
    assert.match(service(cluster), /^[a-z](?:[-a-z0-9]{0,61}[a-z0-9])?$/);
  }
  assert.equal(names.userSecret('acid-minimal-cluster', 'foo_user'), 'foo-user.acid-minimal-cluster.credentials.postgresql.acid.zalan.do');
  assert.equal(names.memberDataVolume('acid-minimal-cluster-0'), 'pgdata-acid-minimal-cluster-0');
});
