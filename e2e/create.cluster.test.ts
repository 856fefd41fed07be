/** A team's own manifest, as it is, through its life: created, used, scaled, changed by hand, deleted. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { kinds } from '@pgherd/kube';
import {
  applyExample,
  applyPatched,
  conditionOf,
  devOverlay,
  jobs,
  memberPods,
  patchCluster,
  podRef,
  pods,
  primaryPod,
  readCluster,
  scale,
  untilReady,
} from './src/cluster.ts';
import type { Pod } from './src/cluster.ts';
import { clientConfig, query, secretValue } from './src/connection.ts';
import { openEnvironment } from './src/environment.ts';
import { eventually } from './src/eventually.ts';
import { labels, postgresCluster } from './src/kinds.ts';
import { withNamespace } from './src/scenario.ts';

const environment = await openEnvironment();
after(async () => environment[Symbol.asyncDispose]());
const { client, kubectl } = environment;

const containersOf = (pod: Pod): readonly string[] => pod.spec.containers.map(({ name }) => name);

const readyContainers = ({ status }: Pod): string => {
  const statuses = status?.containerStatuses ?? [];
  return `${statuses.filter(({ ready }) => ready).length}/${statuses.length}`;
};

const memberContainers = ['database', 'replication-cert-copy', 'pgbackrest', 'pgbackrest-config'];

test('the dev overlay of a team, as it is, through its whole life', { timeout: 480_000 }, async (t) => {
  await withNamespace(environment, t, 'create', async (namespace, step) => {
    const ref = { namespace, name: 'hippo' };
    const row = `written at ${new Date().toISOString()}`;

    await step('kubectl wait --for=condition=Ready returns when the primary takes writes, with 4/4 containers', async () => {
      await applyExample(environment, namespace, devOverlay);
      await kubectl.run(['-n', namespace, 'wait', '--for=condition=Ready', 'postgrescluster/hippo', '--timeout=120s']);
      const config = await clientConfig(environment, { namespace, cluster: 'hippo' });
      await query(config, 'CREATE SCHEMA hippo');
      await query(config, 'CREATE TABLE hippo.note (text text)');
      await query(config, 'INSERT INTO hippo.note VALUES ($1)', [row]);
      const [pod] = await memberPods(environment, ref);
      assert.ok(pod !== undefined);
      assert.match(pod.metadata.name, /^hippo-pgdb-[a-z0-9]{4}-0$/);
      assert.equal(readyContainers(pod), '4/4');
      assert.deepEqual(containersOf(pod), memberContainers);
    });

    await step('the repository host gets to 2/2 and the first backup is completed', async () => {
      await eventually('the first backup ending', 120_000, async () => {
        const { items } = await client.list(jobs, { namespace, labelSelector: `${labels.cluster}=hippo,${labels.backup}` });
        assert.deepEqual(
          items.map(({ status }) => status?.succeeded),
          [1],
        );
        assert.match(items[0]?.metadata.name ?? '', /^hippo-backup-/);
      });
      const host = await client.get(pods, { namespace, name: 'hippo-repo-host-0' });
      assert.deepEqual(containersOf(host), ['pgbackrest', 'pgbackrest-config']);
      assert.equal(readyContainers(host), '2/2');
    });

    await step('kubectl exec POD -c database -- psql just works', async () => {
      const { name } = podRef(await primaryPod(environment, ref));
      const answer = await kubectl.run([
        '-n',
        namespace,
        'exec',
        name,
        '-c',
        'database',
        '--',
        'psql',
        '-XAtc',
        'SELECT current_user, pg_is_in_recovery()',
      ]);
      assert.equal(answer.trim(), 'postgres|f');
    });

    await step('a client with the uri of the Secret gets TLS that it can verify, and without TLS it is refused', async () => {
      const config = await clientConfig(environment, { namespace, cluster: 'hippo' });
      assert.deepEqual(await query(config, 'SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()'), [true]);
      const plain = await clientConfig(environment, { namespace, cluster: 'hippo', tls: false });
      await assert.rejects(query(plain, 'SELECT 1'), /no pg_hba\.conf entry|no encryption/);
      const otherAuthority = await secretValue(environment, namespace, 'hippo-cluster-cert', 'tls.crt');
      await assert.rejects(query({ ...config, ssl: { ca: otherAuthority } }, 'SELECT 1'), /certificate/);
    });

    await step('scaled to two, the row is read on the replica through Service -replicas', async () => {
      const before = podRef(await primaryPod(environment, ref));
      await scale(environment, ref, 2);
      await untilReady(environment, ref, 2);
      assert.deepEqual(podRef(await primaryPod(environment, ref)), before);
      const config = await clientConfig(environment, { namespace, cluster: 'hippo', service: 'replicas' });
      await eventually('the row on the replica', 30_000, async () => {
        assert.deepEqual(await query(config, 'SELECT text, pg_is_in_recovery() FROM hippo.note'), [row, true]);
      });
    });

    await step('what is deleted or changed by hand is put right within seconds', async () => {
      const services = kinds.services;
      const primaryService = { namespace, name: 'hippo-primary' };
      const { metadata } = await client.get(services, primaryService);
      const configuration = (): Promise<string> =>
        kubectl.run(['-n', namespace, 'get', 'configmap', 'hippo-config', '-o', 'jsonpath={.data.patroni\\.yaml}']);
      const configured = await configuration();
      await client.delete(services, primaryService);
      await client.delete(kinds.podDisruptionBudgets, { namespace, name: 'hippo-set-pgdb' });
      await client.patch(
        kinds.configMaps,
        { namespace, name: 'hippo-config' },
        { kind: 'merge', body: { data: { 'patroni.yaml': 'broken' } } },
      );
      await eventually('the children being as they should be', 10_000, async () => {
        const service = await client.get(services, primaryService);
        assert.notEqual(service.metadata.uid, metadata.uid);
        await client.get(kinds.podDisruptionBudgets, { namespace, name: 'hippo-set-pgdb' });
        assert.equal(await configuration(), configured);
      });
    });

    await step('a password that is made blank is replaced by a new one, which is in force', async () => {
      const password = (): Promise<string> => secretValue(environment, namespace, 'hippo-pguser-hippo', 'password');
      const old = await clientConfig(environment, { namespace, cluster: 'hippo' });
      const before = await password();
      // The admin folder names no namespace and no labels: as a team's tool applies it.
      await applyExample(environment, namespace, 'gitops/admin/reset-password');
      await eventually('a new password being in force', 60_000, async () => {
        assert.notEqual(await password(), before);
        assert.notEqual(await password(), '');
        assert.deepEqual(await query(await clientConfig(environment, { namespace, cluster: 'hippo' }), 'SELECT current_user::text'), [
          'hippo',
        ]);
      });
      await assert.rejects(query(old, 'SELECT 1'), /password authentication failed/);
      await untilReady(environment, ref, 2);
    });

    await step("a user's own verifier is kept, and its password works", async () => {
      const own = 'own password';
      const verifier = await query(await clientConfig(environment, { namespace, cluster: 'hippo' }), 'SHOW password_encryption');
      assert.deepEqual(verifier, ['scram-sha-256']);
      // PostgreSQL itself makes the verifier, so that ours is not tested against ours.
      const leader = podRef(await primaryPod(environment, ref));
      const sql = `CREATE ROLE verifier_maker PASSWORD '${own}'; SELECT rolpassword FROM pg_authid WHERE rolname = 'verifier_maker'; DROP ROLE verifier_maker;`;
      const made = (await kubectl.run(['-n', namespace, 'exec', '-i', leader.name, '-c', 'database', '--', 'psql', '-XAtq'], sql)).trim();
      assert.match(made, /^SCRAM-SHA-256\$/);
      const encode = (text: string): string => Buffer.from(text).toString('base64');
      const secret = { namespace, name: 'hippo-pguser-hippo' };
      await client.patch(kinds.secrets, secret, { kind: 'merge', body: { data: { password: encode(own), verifier: encode(made) } } });
      await eventually('the own password being in force', 60_000, async () => {
        const config = await clientConfig(environment, { namespace, cluster: 'hippo' });
        assert.equal(new URL(config.connectionString ?? '').password, encodeURIComponent(own));
        assert.deepEqual(await query(config, 'SELECT 1'), [1]);
      });
      assert.equal(await secretValue(environment, namespace, 'hippo-pguser-hippo', 'verifier'), made);
    });

    await step("scaled down to one, the primary's pod stays", async () => {
      const before = await primaryPod(environment, ref);
      await scale(environment, ref, 1);
      await untilReady(environment, ref, 1);
      await eventually('one pod being left', 60_000, async () => {
        const left = await memberPods(environment, ref);
        assert.deepEqual(
          left.map(({ metadata }) => metadata.uid),
          [before.metadata.uid],
        );
      });
      assert.deepEqual(await query(await clientConfig(environment, { namespace, cluster: 'hippo' }), 'SELECT text FROM hippo.note'), [row]);
    });

    await step('deleted, it leaves no pod, no claim and no Service', async () => {
      await client.delete(postgresCluster.resource, ref);
      await eventually('everything of the cluster being gone', 90_000, async () => {
        const selector = { namespace, labelSelector: `${labels.cluster}=hippo` };
        for (const kind of [
          postgresCluster.resource,
          kinds.pods,
          kinds.statefulSets,
          kinds.jobs,
          kinds.persistentVolumeClaims,
          kinds.services,
          kinds.endpoints,
          kinds.secrets,
          kinds.configMaps,
        ]) {
          const { items } = await client.list(kind, kind === postgresCluster.resource ? { namespace } : selector);
          assert.deepEqual(
            items.map(({ metadata }) => `${kind.kind} ${metadata.name}`),
            [],
          );
        }
      });
    });
  });
});

test(
  'without backups a member has two containers, and pgherd.dev/retain keeps its claims when the cluster goes',
  { timeout: 240_000 },
  async (t) => {
    await withNamespace(environment, t, 'plain', async (namespace) => {
      const ref = { namespace, name: 'hippo' };
      await applyPatched(environment, namespace, devOverlay, [{ op: 'remove', path: '/spec/backups' }]);
      const ready = await untilReady(environment, ref, 1);
      assert.equal(conditionOf(ready, 'Stalled'), undefined);
      const members = await memberPods(environment, ref);
      assert.deepEqual(members.map(containersOf), [['database', 'replication-cert-copy']]);
      const { items: all } = await client.list(pods, { namespace });
      assert.deepEqual(
        all.map(({ metadata }) => metadata.name),
        members.map(({ metadata }) => metadata.name),
      );
      const config = await clientConfig(environment, { namespace, cluster: 'hippo' });
      await query(config, 'CREATE SCHEMA hippo');
      await query(config, 'CREATE TABLE hippo.kept AS SELECT 42 AS answer');

      await patchCluster(environment, ref, { metadata: { annotations: { 'pgherd.dev/retain': 'data' } } });
      const claims = async (): Promise<readonly string[]> =>
        (await client.list(kinds.persistentVolumeClaims, { namespace })).items.map(({ metadata }) => metadata.uid ?? '');
      const before = await claims();
      assert.equal(before.length, 1);
      await client.delete(postgresCluster.resource, ref);
      await eventually('the cluster going away', 90_000, async () => {
        await assert.rejects(readCluster(environment, ref), /not found/i);
        assert.deepEqual((await client.list(pods, { namespace })).items, []);
      });
      assert.deepEqual(await claims(), before);
    });
  },
);
