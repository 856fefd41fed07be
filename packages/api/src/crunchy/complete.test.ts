import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { parse } from 'yaml';
import { allPaths } from '../schema/paths.ts';
import { firstPlace } from '../testing/objects.ts';
import { postgresCluster } from './postgres-cluster.ts';

test('PostgresCluster: the complete example sets every field of the spec', () => {
  const complete: unknown = parse(readFileSync(new URL('golden/complete.yaml', import.meta.url), 'utf8'));
  const missing = allPaths(postgresCluster.schema)
    .map(({ path }) => path)
    // A repository on a volume cannot be a data source.
    .filter((path) => path.startsWith('spec') && !path.startsWith('spec.dataSource.pgbackrest.repo.'))
    .filter((path) => firstPlace(complete, path) === undefined);
  assert.deepEqual(missing, []);
});
