/** An operator and the root that the clusters of a namespace share, before an API server in this process. */
import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { test } from 'node:test';
import { customResourceDefinitions } from '@pgherd/api/crds';
import { dialects } from '@pgherd/engine';
import { kinds, resourceType, systemClock, type Client, type KubernetesObject } from '@pgherd/kube';
import {
  eventually,
  loopbackClient,
  loopbackConfig,
  startApiServer,
  startFaultProxy,
  type FaultProxy,
  type Verb,
} from '@pgherd/kube/testing';
import { pino } from 'pino';
import { newRoot } from './act/certificates.ts';
import { compileConfiguration } from './configuration.ts';
import { resourceOfDialect } from './observe/caches.ts';
import { runOperator } from './operator.ts';

/** Less than what was read of a root is remembered. */
const limitMs = 10_000;
const namespace = 'postgres';
const [dialect] = dialects;
assert.ok(dialect !== undefined);
const { names, labels } = dialect.profile;
const root = { namespace, name: names.rootCertificate };

interface Secret extends KubernetesObject {
  readonly data?: Readonly<Record<string, string>>;
}
const secretType = resourceType<Secret>(kinds.secrets);

const createCluster = async (client: Client, name: string): Promise<void> => {
  const { group, version, kind } = dialect.resource;
  const dataVolumeClaimSpec = { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } };
  const spec = { postgresVersion: 17, instances: [{ name: 'pgdb', dataVolumeClaimSpec }] };
  const manifest = { apiVersion: `${group}/${version}`, kind, metadata: { name, namespace }, spec };
  await client.create(resourceOfDialect(dialect), manifest);
};

const certificatesIn = ({ data = {} }: Secret): readonly X509Certificate[] =>
  Object.values(data)
    .map((value) => Buffer.from(value, 'base64'))
    .filter((value) => value.includes('-----BEGIN CERTIFICATE-----'))
    .map((value) => new X509Certificate(value));

/** Certificates that were made for the cluster, once there is one for its pods. */
const leavesOf = async (client: Client, name: string): Promise<readonly X509Certificate[]> => {
  const selection = { namespace, labelSelector: `${labels.cluster}=${name}` };
  await eventually(`a member of ${name}`, async () => (await client.list(kinds.statefulSets, selection)).items.length > 0, limitMs);
  const { items } = await client.list(secretType, selection);
  const leaves = items.flatMap(certificatesIn).filter(({ ca }) => !ca);
  assert.ok(leaves.length > 0);
  return leaves;
};

const askedOfRoot = (proxy: FaultProxy): readonly Verb[] =>
  proxy.requests().flatMap(({ verb, name }) => (name === root.name ? [verb] : []));

/** Who observes reads it too, and who completes it. */
const assertReadOnceForAll = (asked: readonly Verb[], leaves: readonly X509Certificate[]): void => {
  const read = asked.filter((verb) => verb === 'get').length;
  assert.ok(read < leaves.length, `read ${read} times for ${leaves.length} certificates`);
};

const withOperator = async (work: (client: Client, proxy: FaultProxy) => Promise<void>, before?: (client: Client) => Promise<void>) => {
  await using server = await startApiServer({ namespaces: [namespace], customResourceDefinitions: customResourceDefinitions() });
  await using proxy = await startFaultProxy(loopbackConfig(server.url));
  const client = loopbackClient(server.url);
  await before?.(client);
  const stop = new AbortController();
  const running = runOperator(
    {
      configuration: compileConfiguration(
        [`--namespaces=${namespace}`, '--crds=off', '--leader-election=off', '--listen=127.0.0.1:0', '--postgres-images=17=some/postgres'],
        {},
      ),
      clusterConfig: loopbackConfig(proxy.url),
      log: pino({ level: 'silent' }),
      runProgram: async () => assert.fail('no pod runs'),
    },
    stop.signal,
  ).catch((error: unknown) => {
    if (!stop.signal.aborted) throw error;
  });
  try {
    await work(client, proxy);
  } finally {
    stop.abort(new Error('the test is over'));
    await running;
    await client.transport[Symbol.asyncDispose]();
  }
};

test('shared root: one that was replaced a moment ago signs nothing any more', async () => {
  await withOperator(async (client, proxy) => {
    await createCluster(client, 'one');
    await leavesOf(client, 'one');
    const replacement = newRoot('another', 3650 * 24 * 60 * 60 * 1000, systemClock.now());
    const { data = {} } = await client.get(secretType, root);
    const replaced = Object.fromEntries(
      Object.entries(data).map(([key, value]) => {
        const isCertificate = Buffer.from(value, 'base64').includes('CERTIFICATE');
        return [key, Buffer.from(isCertificate ? replacement.certificate : replacement.privateKey).toString('base64')];
      }),
    );
    await client.patch(secretType, root, { kind: 'merge', body: { data: replaced } });
    const before = askedOfRoot(proxy).length;
    await createCluster(client, 'two');
    const authority = new X509Certificate(replacement.certificate);
    const leaves = await leavesOf(client, 'two');
    for (const leaf of leaves) assert.ok(leaf.verify(authority.publicKey), `${leaf.subject} is signed by ${leaf.issuer}`);
    assertReadOnceForAll(askedOfRoot(proxy).slice(before), leaves);
  });
});

test('shared root: one that had to be completed is completed once, and signs at once', async () => {
  await withOperator(
    async (client, proxy) => {
      await createCluster(client, 'hippo');
      const leaves = await leavesOf(client, 'hippo');
      assertReadOnceForAll(askedOfRoot(proxy), leaves);
      assert.deepEqual(
        askedOfRoot(proxy).filter((verb) => verb === 'patch'),
        ['patch'],
      );
    },
    async (client) => {
      await client.create(secretType, { apiVersion: 'v1', kind: 'Secret', metadata: root });
    },
  );
});
