import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fixtureCluster } from '../../testing/clusters.ts';
import type { Finding, Parameters } from '../../model/cluster.ts';

type Values = Readonly<Record<string, unknown>>;

const parametersWith = (given: {
  readonly dynamic?: unknown;
  readonly config?: Values;
  readonly spec?: Values;
}): { readonly parameters: Parameters; readonly findings: readonly Finding[] } => {
  const { cluster, findings } = fixtureCluster('dev', (spec) => ({
    ...spec,
    patroni: { dynamicConfiguration: { postgresql: { parameters: given.dynamic ?? {} } } },
    config: { parameters: given.config ?? {} },
    ...given.spec,
  }));
  return { parameters: cluster.postgres.parameters, findings };
};

test('parameters: config wins over the dynamic configuration, which wins over the defaults', () => {
  const { parameters, findings } = parametersWith({
    dynamic: { archive_timeout: 600, jit: 'on', work_mem: '5MB' },
    config: { JIT: 'off', work_mem: '6MB' },
  });
  assert.deepEqual(findings, []);
  assert.equal(parameters['archive_timeout'], '600');
  assert.equal(parameters['jit'], 'off');
  assert.equal(parameters['work_mem'], '6MB');
  assert.equal(parameters['password_encryption'], 'scram-sha-256');
});

test('parameters: files are made safe after a crash in one call, where PostgreSQL knows how and the manifest says nothing else', () => {
  const method = (postgresVersion: number, config?: Values): string | undefined =>
    parametersWith({ spec: { postgresVersion }, ...(config !== undefined && { config }) }).parameters['recovery_init_sync_method'];
  assert.deepEqual([method(13), method(14), method(17)], [undefined, 'syncfs', 'syncfs']);
  assert.equal(method(17, { recovery_init_sync_method: 'fsync' }), 'fsync');
});

test('parameters: what the cluster cannot run without wins over everything', () => {
  const dynamic = { ssl: false, archive_mode: 'off', unix_socket_directories: '/run', log_file_mode: '0600', wal_level: 'minimal' };
  const { parameters, findings } = parametersWith({ dynamic });
  assert.deepEqual(
    { ...parameters, ...parametersWith({}).parameters },
    parameters,
    'the mandatory values are the same with and without the manifest',
  );
  assert.deepEqual(
    findings.map(({ kind, reason, path }) => [kind, reason, path]),
    Object.keys(dynamic).map((name) => [
      'warning',
      'ParameterOverridden',
      `spec.patroni.dynamicConfiguration.postgresql.parameters.${name}`,
    ]),
  );
});

test('parameters: a mandatory value that the manifest asks for, too, is no finding', () => {
  assert.deepEqual(parametersWith({ dynamic: { wal_level: 'logical', ssl: true }, config: { wal_level: 'logical' } }).findings, []);
});

test('parameters: every JSON value becomes what PostgreSQL reads, or a finding', () => {
  const { parameters, findings } = parametersWith({
    dynamic: {
      'auto_explain.log_analyze': true,
      jit: false,
      random_page_cost: 1.1,
      max_connections: 200,
      search_path: ['"$user"', 'public'],
      application_name: "o'hippo",
      work_mem: null,
      temp_tablespaces: { name: 'fast' },
      shared_buffers: '1GB\nssl = off',
    },
  });
  assert.equal(parameters['auto_explain.log_analyze'], 'on');
  assert.equal(parameters['jit'], 'off');
  assert.equal(parameters['random_page_cost'], '1.1');
  assert.equal(parameters['max_connections'], '200');
  assert.equal(parameters['search_path'], '"$user", public');
  assert.equal(parameters['application_name'], "o'hippo");
  for (const name of ['work_mem', 'temp_tablespaces', 'shared_buffers']) assert.equal(parameters[name], undefined, name);
  assert.deepEqual(
    findings.map(({ reason, path }) => [reason, path.split('.').at(-1)]),
    [
      ['InvalidParameter', 'temp_tablespaces'],
      ['InvalidParameter', 'shared_buffers'],
    ],
  );
});

test('parameters: preloaded libraries are merged, each once, citus first', () => {
  const libraries = (dynamic: unknown, config?: string): string | undefined =>
    parametersWith({
      dynamic: { shared_preload_libraries: dynamic },
      ...(config !== undefined && { config: { shared_preload_libraries: config } }),
    }).parameters['shared_preload_libraries'];
  assert.equal(libraries(null), 'pgaudit');
  assert.equal(libraries('pg_cron, pgaudit ,timescaledb'), 'pgaudit,pg_cron,timescaledb');
  assert.equal(libraries(['pg_cron', 'citus']), 'citus,pgaudit,pg_cron');
  assert.equal(libraries('pg_cron', 'set_user'), 'pgaudit,set_user');
});

test('parameters: config refuses what the CRD refuses, and only that', () => {
  const refused = [
    'archive_command',
    'cluster_name',
    'data_directory',
    'hot_standby',
    'listen_addresses',
    'log_file_mode',
    'logging_collector',
    'Port',
    'primary_conninfo',
    'recovery_target',
    'recovery_target_time',
    'ssl',
    'ssl_min_protocol_version',
    'synchronous_standby_names',
    'unix_socket_directories',
    'wal_level',
    'wal_log_hints',
  ];
  const { findings } = parametersWith({ config: Object.fromEntries(refused.map((name) => [name, 'x'])) });
  assert.deepEqual(
    findings.map(({ reason, path }) => [reason, path]),
    refused.map((name) => ['InvalidParameter', `spec.config.parameters.${name}`]),
  );
  assert.deepEqual(
    parametersWith({ config: { ssl_ecdh_curve: 'prime256v1', synchronous_commit: 'on', log_min_messages: 'info' } }).findings,
    [],
  );
});

test('parameters: ssl_groups needs version 18', () => {
  const config = { ssl_groups: 'X25519' };
  assert.deepEqual(
    parametersWith({ config, spec: { postgresVersion: 17 } }).findings.map(({ path }) => path),
    ['spec.config.parameters.ssl_groups'],
  );
  assert.deepEqual(parametersWith({ config, spec: { postgresVersion: 18 } }).findings, []);
});

test('parameters: logs go only where every set has a volume', () => {
  const claim = { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } };
  const withWal = { name: 'a', dataVolumeClaimSpec: claim, walVolumeClaimSpec: claim };
  const logs = { additional: [{ name: 'logs', claimName: 'logs' }], temp: claim };
  const directoryFor = (log_directory: string, instances: readonly unknown[]): readonly unknown[] => {
    const { parameters, findings } = parametersWith({ config: { log_directory }, spec: { instances } });
    return [parameters['log_directory'], findings.map(({ reason, path }) => `${reason} ${path}`)];
  };
  const refused = ['/pgdata/logs/postgres', ['InvalidParameter spec.config.parameters.log_directory']];
  assert.deepEqual(directoryFor('log', [withWal]), ['log', []]);
  assert.deepEqual(directoryFor('/pgwal/logs/postgres', [withWal]), ['/pgwal/logs/postgres', []]);
  assert.deepEqual(directoryFor('/pgwal/logs/postgres', [withWal, { name: 'b', dataVolumeClaimSpec: claim }]), refused);
  assert.deepEqual(directoryFor('/pgtmp/logs/postgres', [withWal]), refused);
  assert.deepEqual(directoryFor('/pgtmp/logs/postgres', [{ ...withWal, volumes: logs }]), ['/pgtmp/logs/postgres', []]);
  assert.deepEqual(directoryFor('/volumes/logs/postgres', [{ ...withWal, volumes: logs }]), ['/volumes/logs/postgres', []]);
  for (const unfit of [{ readOnly: true }, { containers: ['database'] }]) {
    const volumes = { additional: [{ name: 'logs', claimName: 'logs', ...unfit }] };
    assert.deepEqual(directoryFor('/volumes/logs/postgres', [{ ...withWal, volumes }]), refused);
  }
  assert.deepEqual(directoryFor('/pgdata/../etc', [withWal]), refused);
  assert.deepEqual(directoryFor('/etc', [withWal]), refused);
});

test('parameters: huge pages are tried only where every database container may use them', () => {
  const claim = { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } };
  const huge = { name: 'a', dataVolumeClaimSpec: claim, resources: { limits: { 'hugepages-2Mi': '16Mi' } } };
  const value = (instances: readonly unknown[]): string | undefined => parametersWith({ spec: { instances } }).parameters['huge_pages'];
  assert.equal(value([huge]), 'try');
  assert.equal(value([huge, { name: 'b', dataVolumeClaimSpec: claim }]), 'off');
});

test('parameters: Patroni gets the very same parameters', () => {
  const { cluster } = fixtureCluster('prod');
  const { postgresql } = cluster.patroni.dynamicConfiguration as {
    readonly postgresql: { readonly parameters: unknown; readonly pg_hba: unknown };
  };
  assert.deepEqual(postgresql.parameters, cluster.postgres.parameters);
  assert.deepEqual(postgresql.pg_hba, cluster.postgres.hba);
});
