/** An operator for a list of namespaces, one of which it may not read, before an API server in this process. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { customResourceDefinitions } from '@pgherd/api/crds';
import { dialects } from '@pgherd/engine';
import { kinds } from '@pgherd/kube';
import { eventually, loopbackClient, loopbackConfig, startApiServer, startFaultProxy } from '@pgherd/kube/testing';
import { pino } from 'pino';
import { compileConfiguration } from './configuration.ts';
import { resourceOfDialect } from './observe/caches.ts';
import { runOperator } from './operator.ts';

const limitMs = 10_000;

test('namespaces: one that cannot be read keeps no other waiting, and is taken up when it can be', async () => {
  const [dialect] = dialects;
  assert.ok(dialect !== undefined);
  await using server = await startApiServer({ namespaces: ['open', 'closed'], customResourceDefinitions: customResourceDefinitions() });
  await using proxy = await startFaultProxy(loopbackConfig(server.url));
  const client = loopbackClient(server.url);
  const dataVolumeClaimSpec = { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } };
  for (const namespace of ['open', 'closed']) {
    const { group, version, kind } = dialect.resource;
    const spec = { postgresVersion: 17, instances: [{ name: 'pgdb', dataVolumeClaimSpec }] };
    const manifest = { apiVersion: `${group}/${version}`, kind, metadata: { name: 'hippo', namespace }, spec };
    await client.create(resourceOfDialect(dialect), manifest);
  }
  // All but one kind: what is known of the namespace then must not be taken for all there is.
  const refusal = proxy.addRule({
    match: { namespace: 'closed', resource: 'cronjobs' },
    fault: { kind: 'answer', httpStatus: 403, reason: 'Forbidden' },
    times: Infinity,
  });
  const lines: { readonly msg: string; readonly namespace?: string; readonly level: number }[] = [];
  const log = pino({ base: null }, { write: (line: string) => void lines.push(JSON.parse(line) as (typeof lines)[number]) });
  const flags = [
    '--namespaces=open,closed',
    '--crds=off',
    '--leader-election=off',
    '--listen=127.0.0.1:0',
    '--postgres-images=17=some/postgres',
  ];
  const stop = new AbortController();
  const running = runOperator(
    {
      configuration: compileConfiguration(flags, {}),
      clusterConfig: loopbackConfig(proxy.url),
      log,
      runProgram: async () => assert.fail('no pod runs'),
    },
    stop.signal,
  ).catch((error: unknown) => {
    if (!stop.signal.aborted) throw error;
  });
  const objectsIn = async (namespace: string): Promise<number> => (await client.list(kinds.statefulSets, { namespace })).items.length;
  try {
    await eventually('a member in the namespace that can be read', async () => (await objectsIn('open')) > 0, limitMs);
    const told = lines.filter(({ namespace }) => namespace === 'closed');
    assert.equal(told.filter(({ msg }) => /its Role there/.test(msg)).length, 1, 'told once, with the remedy');
    assert.deepEqual((await client.list(kinds.secrets, { namespace: 'closed' })).items, [], 'nothing was decided there');
    refusal[Symbol.dispose]();
    await eventually('a member in the namespace that can be read now', async () => (await objectsIn('closed')) > 0, limitMs);
  } finally {
    stop.abort(new Error('the test is over'));
    await running;
    await client.transport[Symbol.asyncDispose]();
  }
});
