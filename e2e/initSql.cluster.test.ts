/** SQL of the owner's own, run once when the cluster is made, and a schema for each user. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { applyPatched, askPrimary, conditionOf, devOverlay, patchCluster, readCluster, untilCondition, untilReady } from './src/cluster.ts';
import { clientConfig, query } from './src/connection.ts';
import { openEnvironment } from './src/environment.ts';
import { eventually } from './src/eventually.ts';
import { withNamespace } from './src/scenario.ts';

const environment = await openEnvironment();
after(async () => environment[Symbol.asyncDispose]());

const sql = `
CREATE TABLE IF NOT EXISTS runs (what text);
SELECT nothing FROM nowhere;
INSERT INTO runs VALUES ('première');
\\connect hippodb
CREATE TABLE IF NOT EXISTS hippo.made (what text);
INSERT INTO hippo.made VALUES ('in another database');
`;
const asking = { name: 'hippo-init', key: 'init.sql' };

test('SQL of the owner runs once, after users have what they need', { timeout: 400_000 }, async (t) => {
  await withNamespace(environment, t, 'init-sql', async (namespace, step) => {
    const ref = { namespace, name: 'hippo' };
    const { kubectl, operator } = environment;
    const runs = async (): Promise<string> =>
      askPrimary(environment, ref, `SELECT count(*) FILTER (WHERE what = 'première') || ' of ' || count(*) FROM runs`);
    const isApplied = async (): Promise<void> => {
      const cluster = await untilReady(environment, ref, 1);
      assert.equal(cluster.status?.databaseInitSQL, asking.name);
      const { reason, message = '' } = conditionOf(cluster, 'InitSQLApplied') ?? {};
      assert.equal(reason, 'StatementsFailed');
      assert.match(message, /\nstatements that failed: 1\nline 3: relation "nowhere" does not exist\n/);
    };

    await step('without its ConfigMap the cluster says what is missing', async () => {
      await applyPatched(environment, namespace, devOverlay, [
        { op: 'remove', path: '/spec/backups' },
        { op: 'add', path: '/metadata/annotations', value: { 'postgres-operator.crunchydata.com/autoCreateUserSchema': 'true' } },
        { op: 'add', path: '/spec/databaseInitSQL', value: asking },
      ]);
      await untilCondition(
        environment,
        ref,
        'Stalled',
        /spec\.databaseInitSQL has not run to its end: there is no ConfigMap hippo-init in namespace/,
      );
    });

    await step('with it, all of it runs; what fails is told, and keeps nothing from running', async () => {
      await kubectl.run(['-n', namespace, 'create', 'configmap', asking.name, `--from-literal=${asking.key}=${sql}`]);
      await isApplied();
      assert.equal(await runs(), '1 of 1');
      const asHippo = await clientConfig(environment, { namespace, cluster: ref.name });
      // The superuser made it there, so it is the superuser's.
      await assert.rejects(query(asHippo, 'SELECT what FROM hippo.made'), /permission denied for table made/);
    });

    await step('a user makes tables in the schema that is its own', async () => {
      const asHippo = await clientConfig(environment, { namespace, cluster: ref.name });
      await query(asHippo, 'CREATE TABLE of_my_own ()');
      assert.deepEqual(await query(asHippo, `SELECT schemaname FROM pg_tables WHERE tablename = 'of_my_own'`), ['hippo']);
    });

    await step('it does not run again: not for another operator, and not when the status is lost', async () => {
      await operator.kill();
      const patch = JSON.stringify([{ op: 'remove', path: '/status' }]);
      await kubectl.run(['-n', namespace, 'patch', 'postgrescluster', ref.name, '--subresource=status', '--type=json', '-p', patch]);
      await operator.start();
      await eventually('the status being there again', 60_000, isApplied);
      assert.equal(await runs(), '1 of 1');
    });

    await step('taken out and put back, it does', async () => {
      await patchCluster(environment, ref, { spec: { databaseInitSQL: null } });
      await eventually('the run being forgotten', 60_000, async () => {
        const cluster = await readCluster(environment, ref);
        assert.deepEqual([cluster.status?.databaseInitSQL, conditionOf(cluster, 'InitSQLApplied')], [undefined, undefined]);
      });
      await patchCluster(environment, ref, { spec: { databaseInitSQL: asking } });
      await isApplied();
      assert.equal(await runs(), '2 of 2');
    });
  });
});
