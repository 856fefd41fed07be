import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Parameters } from '../../model/cluster.ts';
import { postgresqlFixture } from '../../testing/clusters.ts';

interface Read {
  readonly parameters: Parameters;
  readonly told: readonly string[];
}

const read = (parameters: Readonly<Record<string, string>>, further: object = {}): Read => {
  const { cluster, findings } = postgresqlFixture('minimal', (spec) => ({
    ...spec,
    postgresql: { version: '15', parameters },
    ...further,
  }));
  return {
    parameters: cluster.postgres.parameters,
    told: findings.map(({ path, reason }) => `${path.replace('spec.postgresql.parameters.', '')} ${reason}`),
  };
};

test('parameters: logs go to a volume of the pod', () => {
  const { parameters, told } = read({ log_directory: '/var/log/postgresql' });
  assert.deepEqual(told, ['log_directory InvalidParameter']);
  assert.match(parameters['log_directory'] ?? '', /^\/home\/postgres\/pgdata\//);
  const additionalVolumes = [{ name: 'logs', mountPath: '/var/log', volumeSource: { emptyDir: {} } }];
  const own = read({ log_directory: '/var/log/postgresql' }, { additionalVolumes });
  assert.deepEqual([own.told, own.parameters['log_directory']], [[], '/var/log/postgresql']);
});

test("parameters: archiving is not carried out yet, and that is what is said of the original's commands", () => {
  const { parameters, told } = read({ archive_command: 'wal-g wal-push %p', archive_mode: 'on' });
  assert.deepEqual(told, ['archive_command NotYetSupported', 'archive_mode NotYetSupported']);
  assert.equal(parameters['archive_command'], 'true');
});

test('parameters: one that is there twice, in another case, counts once', () => {
  const { parameters, told } = read({ work_mem: '8MB', Work_Mem: '16MB' });
  assert.deepEqual([told, parameters['work_mem']], [['Work_Mem InvalidParameter'], '8MB']);
});

test('parameters: libraries that only the image of the original has are left out, unless the manifest names an image', () => {
  const libraries = { shared_preload_libraries: 'bg_mon, pg_stat_statements,timescaledb' };
  const { parameters, told } = read(libraries);
  assert.deepEqual([told, parameters['shared_preload_libraries']], [['shared_preload_libraries NotYetSupported'], 'pg_stat_statements']);
  const own = read(libraries, { dockerImage: 'registry.example/spilo:15' });
  assert.deepEqual([own.told, own.parameters['shared_preload_libraries']], [[], 'bg_mon,pg_stat_statements,timescaledb']);
});

test('parameters: one called as something that every object has is none that the cluster sets', () => {
  assert.deepEqual(read({ constructor: 'x' }).told, []);
});
