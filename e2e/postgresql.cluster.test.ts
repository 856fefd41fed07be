/**
 * A manifest of kind `postgresql`, as it is, beside a PostgresCluster in the same namespace: created, used as its world's tools do, broken, scaled,
 * stopped, started, deleted. What is not about its names runs through the same code as the tests of the other kind.
 */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { after, test } from 'node:test';
import { kinds } from '@pgherd/kube';
import type pg from 'pg';
import {
  applyExampleFile,
  applyFilePatched,
  applyPatched,
  askPrimary,
  devOverlay,
  memberPods,
  patchCluster,
  podRef,
  primaryPod,
  readCluster,
  scale,
  untilCondition,
  untilReady,
} from './src/cluster.ts';
import type { Ref } from './src/cluster.ts';
import { createCertificate } from './src/certificates.ts';
import { clientConfig, query, secretValue } from './src/connection.ts';
import { openEnvironment } from './src/environment.ts';
import { eventually } from './src/eventually.ts';
import { runFault } from './src/faultRun.ts';
import { faultNames } from './src/faults.ts';
import { postgresql } from './src/kinds.ts';
import { withNamespace } from './src/scenario.ts';

const environment = await openEnvironment();
after(async () => environment[Symbol.asyncDispose]());
const { client, kubectl, local } = environment;

const name = 'acid-minimal-cluster';
const writer = { kind: postgresql, user: 'zalando', database: 'foo' };

/** What `kubectl get pods -l application=spilo -L spilo-role` shows: names and roles. */
const roles = async (namespace: string): Promise<readonly string[]> => {
  const path = 'jsonpath={range .items[*]}{.metadata.name} {.metadata.labels.spilo-role}{"\\n"}{end}';
  const lines = (await kubectl.run(['-n', namespace, 'get', 'pods', '-l', 'application=spilo', '-o', path])).trim().split('\n');
  return lines.toSorted();
};

/** Lends a port of this machine that leads to a pod's, as `kubectl port-forward` does. */
const withPort = async (pod: Ref, use: (port: number) => Promise<void>): Promise<void> => {
  const argv = ['--kubeconfig', local.kubeconfigPath, '-n', pod.namespace, 'port-forward', `pod/${pod.name}`, ':5432'];
  const forward = spawn(local.kubectlPath, argv, { stdio: ['ignore', 'pipe', 'inherit'] });
  try {
    const [line] = (await once(createInterface(forward.stdout), 'line')) as [string];
    const port = Number(/:(\d+) -> 5432/.exec(line)?.[1]);
    assert.ok(port > 0, line);
    await use(port);
  } finally {
    forward.kill();
  }
};

test('a postgresql as it is, beside a PostgresCluster, through its whole life', { timeout: 900_000 }, async (t) => {
  await withNamespace(environment, t, 'postgresql', async (namespace, step) => {
    const ref: Ref = { namespace, name, kind: postgresql };
    const other: Ref = { namespace, name: 'hippo' };
    const row = `written at ${new Date().toISOString()}`;
    const asUser = async (user: string, further: object = {}): Promise<pg.ClientConfig> =>
      clientConfig(environment, { namespace, cluster: name, kind: postgresql, user, ...further });

    await step('both kinds become Ready, made by the same operator', async () => {
      const { name: secret } = postgresql.userSecret(name, 'foo_user');
      await kubectl.run(['-n', namespace, 'create', 'secret', 'generic', secret, '--from-literal=password=chosen by its owner']);
      await applyExampleFile(environment, namespace, 'zalando/minimal.yaml');
      await applyPatched(environment, namespace, devOverlay, [{ op: 'remove', path: '/spec/backups' }]);
      const { status } = await untilReady(environment, ref, 2);
      assert.equal((status as { readonly PostgresClusterStatus?: string }).PostgresClusterStatus, 'Running');
      await untilReady(environment, other, 1);
      await kubectl.run([
        '-n',
        namespace,
        'wait',
        '--for=jsonpath={.status.PostgresClusterStatus}=Running',
        `postgresql/${name}`,
        '--timeout=5s',
      ]);
    });

    await step('its pods are a master and a replica, and describe tells how they came to be', async () => {
      // Patroni writes a role down at its next turn.
      await eventually('a master and a replica', 15_000, async () => {
        const shown = (await roles(namespace)).map((line) => line.split(' '));
        assert.deepEqual(
          shown.map(([pod]) => pod),
          [`${name}-0`, `${name}-1`],
        );
        assert.deepEqual(new Set(shown.map(([, role]) => role)), new Set(['master', 'replica']));
      });
      const described = await kubectl.run(['-n', namespace, 'describe', 'postgresql', name]);
      for (const reason of ['PrimaryElected', 'Ready']) assert.match(described, new RegExp(`Normal\\s+${reason}\\s`), described);
      const listed = await kubectl.run(['-n', namespace, 'get', 'postgresql', name]);
      assert.match(listed, /acid\s+15\s+2\s+1Gi\s/, listed);
    });

    await step(
      'through a forwarded port of the master the superuser of the Secret gets in with TLS, and without it is refused',
      async () => {
        const password = await secretValue(environment, namespace, postgresql.userSecret(name, 'postgres').name, 'password');
        assert.match(password, /^[A-Za-z0-9]{64}$/);
        const master = podRef(await primaryPod(environment, ref));
        const config: pg.ClientConfig = { host: '127.0.0.1', user: 'postgres', password, database: 'postgres' };
        await withPort(master, async (port) => {
          // What PGSSLMODE=require means: TLS, whoever answers.
          const secured = { ...config, port, ssl: { rejectUnauthorized: false } };
          assert.deepEqual(await query(secured, 'SELECT current_user::text, ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()'), [
            'postgres',
            true,
          ]);
        });
        await withPort(master, async (port) => {
          // The server says why and hangs up; of the two the forwarding may bring only the second.
          await assert.rejects(
            query({ ...config, port, ssl: false }, 'SELECT 1'),
            /no pg_hba\.conf entry|no encryption|terminated unexpectedly/,
          );
        });
      },
    );

    await step('a password that its owner chose is taken as it is, and followed when it changes', async () => {
      const { name: secret } = postgresql.userSecret(name, 'foo_user');
      assert.equal(await secretValue(environment, namespace, secret, 'password'), 'chosen by its owner');
      assert.deepEqual(await query(await asUser('foo_user'), 'SELECT current_user::text'), ['foo_user']);
      await kubectl.run([
        '-n',
        namespace,
        'patch',
        'secret',
        secret,
        '--patch',
        JSON.stringify({ stringData: { password: 'chosen anew' } }),
      ]);
      await eventually('a login by the new password', 30_000, async () => {
        assert.deepEqual(await query(await asUser('foo_user'), 'SELECT current_user::text'), ['foo_user']);
      });
    });

    await step('its users get in through its Service by verified TLS, and own what the manifest gives them', async () => {
      assert.deepEqual(await query(await asUser('foo_user'), 'SELECT current_user::text'), ['foo_user']);
      await assert.rejects(query(await asUser('foo_user', { tls: false }), 'SELECT 1'), /no pg_hba\.conf entry|no encryption/);
      const zalando = await asUser('zalando', { database: 'foo' });
      const facts = `SELECT rolsuper, rolcreatedb, (SELECT pg_get_userbyid(datdba)::text FROM pg_database WHERE datname = 'foo') FROM pg_roles WHERE rolname = current_user`;
      assert.deepEqual(await query(zalando, facts), [true, true, 'zalando']);
      await query(zalando, 'CREATE TABLE note (text text)');
      await query(zalando, 'INSERT INTO note VALUES ($1)', [row]);
      await query(zalando, 'CREATE SCHEMA hippo');
      const onReplica = await asUser('zalando', { database: 'foo', service: 'replicas' });
      await eventually('the row on the replica', 30_000, async () => {
        assert.deepEqual(await query(onReplica, 'SELECT text, pg_is_in_recovery() FROM note'), [row, true]);
      });
    });

    await step('kubectl exec POD -c postgres -- psql just works', async () => {
      assert.equal(await askPrimary(environment, ref, 'SELECT current_user, pg_is_in_recovery()'), 'postgres|f');
    });

    for (const fault of ['postmaster', 'container', 'pod'] as const) {
      await step(`${faultNames[fault]}, synchronous: the client writes again, nothing is lost, and the cluster heals`, async () => {
        const report = await runFault(environment, ref, { fault, synchronous: true, operatorRuns: true }, writer);
        console.log(`    gap ${report.gapMs} ms, ${report.acknowledged} rows acknowledged, ${report.lost.length} of them lost`);
        assert.ok(report.failed > 0 || report.gapMs > 0);
        assert.deepEqual(report.lost, []);
      });
    }

    await step('scaled to three, and to one while the last pod leads, it keeps its rows and the volumes', async () => {
      // With synchronous replication Patroni hands over to nobody but the one synchronous standby.
      await patchCluster(environment, ref, postgresql.synchronous(false));
      await scale(environment, ref, 3);
      await untilReady(environment, ref, 3);
      const last = `${name}-2`;
      await kubectl.run([
        '-n',
        namespace,
        'exec',
        last,
        '-c',
        'postgres',
        '--',
        'patronictl',
        'switchover',
        '--force',
        '--candidate',
        last,
      ]);
      await eventually('the last pod leading', 30_000, async () => assert.equal(podRef(await primaryPod(environment, ref)).name, last));
      await untilReady(environment, ref, 3);
      await scale(environment, ref, 1);
      await untilReady(environment, ref, 1);
      assert.deepEqual(await roles(namespace), [`${name}-0 master`]);
      assert.deepEqual(await query(await asUser('zalando', { database: 'foo' }), 'SELECT text FROM note'), [row]);
      const { items } = await client.list(kinds.persistentVolumeClaims, { namespace, labelSelector: `cluster-name=${name}` });
      assert.deepEqual(items.map(({ metadata }) => metadata.name).toSorted(), [`pgdata-${name}-0`, `pgdata-${name}-1`, `pgdata-${name}-2`]);
    });

    await step('stopped by 0 instances and started again, it has its rows', async () => {
      await scale(environment, ref, 2);
      await untilReady(environment, ref, 2);
      await scale(environment, ref, 0);
      await eventually('all pods being gone', 60_000, async () => assert.deepEqual(await memberPods(environment, ref), []));
      await scale(environment, ref, 2);
      await untilReady(environment, ref, 2);
      assert.deepEqual(await query(await asUser('zalando', { database: 'foo' }), 'SELECT text FROM note'), [row]);
    });

    await step('deleted, it leaves nothing, and the other cluster is untouched', async () => {
      await client.delete(postgresql.resource, ref);
      await eventually('the cluster going away', 60_000, async () => assert.rejects(readCluster(environment, ref), /not found/i));
      const selector = { namespace, labelSelector: `cluster-name=${name}` };
      for (const kind of [kinds.pods, kinds.persistentVolumeClaims, kinds.services, kinds.secrets, kinds.configMaps, kinds.endpoints]) {
        await eventually(`every ${kind.kind} going away`, 60_000, async () => {
          const { items } = await client.list(kind, selector);
          assert.deepEqual(
            items.map(({ metadata }) => metadata.name),
            [],
          );
        });
      }
      await untilReady(environment, other, 1);
    });
  });
});

test("every field of a pod, a prepared database, and a certificate of the team's own", { timeout: 300_000 }, async (t) => {
  await withNamespace(environment, t, 'complete', async (namespace, step) => {
    const ref: Ref = { namespace, name: 'acid-complete', kind: postgresql };
    const certificate = 'team-certificate';
    const asUser = async (user: string, database: string): Promise<pg.ClientConfig> =>
      clientConfig(environment, { namespace, cluster: ref.name, kind: postgresql, user, database, authority: certificate });

    await step("without the team's certificate it waits, and says for which Secret", async () => {
      await applyFilePatched(environment, namespace, 'zalando/complete.yaml', [
        { op: 'add', path: '/spec/tls', value: { secretName: certificate, caFile: 'ca.crt' } },
      ]);
      await untilCondition(environment, ref, 'CertificateMissing', /^Secret team-certificate, .* does not exist; make it$/m);
      const services = [postgresql.services.primary(ref.name), postgresql.services.replicas(ref.name)];
      await createCertificate(
        environment,
        namespace,
        certificate,
        services.map((service) => `${service}.${namespace}.svc`),
      );
    });

    await step('it becomes Ready with all containers, volumes and variables that it asks for, and its replica streams', async () => {
      await untilReady(environment, ref, 2);
      const { name: pod } = podRef(await primaryPod(environment, ref));
      const inContainer = async (container: string, command: string): Promise<string> =>
        (await kubectl.run(['-n', namespace, 'exec', pod, '-c', container, '--', 'sh', '-c', command])).trim();
      assert.equal(
        await inContainer('postgres', 'echo $APPLICATION $SCOPE; cat /shared/greeting; touch /scratch/file && echo writable'),
        'bar acid-complete\nhello\nwritable',
      );
      const watched =
        'echo $WATCHES $POSTGRES_USER $POD_NAME; [ -n "$POSTGRES_PASSWORD" ] && ls -d /home/postgres/pgdata; cat /shared/greeting';
      assert.equal(await inContainer('watcher', watched), `data postgres ${pod}\n/home/postgres/pgdata\nhello`);
      const settings = `SELECT current_setting('work_mem'), current_setting('log_min_duration_statement'), current_setting('shared_buffers'), datcollate FROM pg_database WHERE datname = 'bar'`;
      assert.equal(await askPrimary(environment, ref, settings), '8MB|500ms|102MB|C.UTF-8');
    });

    await step('who reads, writes and owns the prepared database is as its roles say', async () => {
      const owner = await asUser('bar_owner_user', 'bar');
      await query(owner, 'SET ROLE bar_owner');
      await query(owner, 'CREATE TABLE made_by_the_user (number int)');
      assert.deepEqual(await query(owner, "SELECT schemaname::text FROM pg_tables WHERE tablename = 'made_by_the_user'"), ['data']);
      const writer = await asUser('bar_writer_user', 'bar');
      await query(writer, 'INSERT INTO made_by_the_user VALUES (17)');
      const reader = await asUser('bar_reader_user', 'bar');
      assert.deepEqual(await query(reader, 'SELECT number FROM made_by_the_user'), [17]);
      await assert.rejects(query(reader, 'INSERT INTO made_by_the_user VALUES (18)'), /permission denied/);
      await assert.rejects(query(writer, 'CREATE TABLE data.of_the_writer (number int)'), /permission denied/);
      const facts = `SELECT pg_get_userbyid(datdba)::text, (SELECT string_agg(nspname || ':' || pg_get_userbyid(nspowner)::text, ' ' ORDER BY nspname) FROM pg_namespace WHERE nspname IN ('data', 'history')),
        (SELECT extname || ':' || nspname FROM pg_extension JOIN pg_namespace ON pg_namespace.oid = extnamespace WHERE extname = 'pg_trgm') FROM pg_database WHERE datname = 'bar'`;
      assert.deepEqual(await query(owner, facts), ['bar_owner', 'data:bar_data_owner history:bar_history_owner', 'pg_trgm:data']);
      // A user of one schema has nothing to say in the other.
      const ofHistory = await asUser('bar_history_owner_user', 'bar');
      await query(ofHistory, 'CREATE TABLE history.event (number int)');
      assert.deepEqual(await query(reader, 'SELECT count(*)::int FROM history.event'), [0]);
      await assert.rejects(query(ofHistory, 'CREATE TABLE data.other (number int)'), /permission denied/);
      assert.equal(await askPrimary(environment, ref, "SELECT rolcanlogin FROM pg_roles WHERE rolname = 'group_of_readers'"), 'f');
    });
  });
});
