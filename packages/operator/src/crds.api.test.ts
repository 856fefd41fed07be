/** Custom resource definitions at the operator's start, before a real API server. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { customResourceDefinitions } from '@pgherd/api/crds';
import { createClient, createTransport, kinds, resourceType, type Client, type KubernetesObject } from '@pgherd/kube';
import { loopbackClient, realApiServerConfig, startFaultProxy } from '@pgherd/kube/testing';
import { pino } from 'pino';
import { CrdForbiddenError, CrdMissingError, ensureCrds } from './crds.ts';
import { definitionRevisions } from './generatedRevisions.ts';

interface Definition extends KubernetesObject {
  readonly spec: { readonly versions: readonly { readonly additionalPrinterColumns?: readonly unknown[] }[] };
}

const type = resourceType<Definition>(kinds.customResourceDefinitions);
const [definition] = customResourceDefinitions();
assert.ok(definition?.metadata?.name !== undefined);
const { name } = definition.metadata;
const { signal } = new AbortController();
const config = await realApiServerConfig();
const transport = createTransport({ config, userAgent: 'pgherd-test/1' });
const client = createClient(transport);

/** What the operator says while it sees to the definitions. */
const saidWhile = async (mode: 'apply' | 'check', through: Client = client): Promise<string> => {
  const lines: string[] = [];
  const log = pino({ level: 'info', base: null }, { write: (line: string) => void lines.push(line) });
  await ensureCrds(through, mode, log, signal);
  return lines.join('');
};

const revisionOf = async (): Promise<string | undefined> =>
  (await client.get(type, { name })).metadata.annotations?.['pgherd.dev/revision'];

const patch = async (body: object): Promise<void> => {
  await client.patch(type, { name }, { kind: 'merge', body });
};

const withoutRevision = { metadata: { annotations: { 'pgherd.dev/revision': null } } };

before(async () => {
  await ensureCrds(client, 'apply', pino({ level: 'silent' }), signal);
});
after(async () => {
  await ensureCrds(client, 'apply', pino({ level: 'silent' }), signal);
  await transport[Symbol.asyncDispose]();
});

test('definitions: what is installed is left alone, and not even read', async () => {
  await using proxy = await startFaultProxy(config);
  const through = loopbackClient(proxy.url);
  assert.equal(await saidWhile('apply', through), '');
  assert.equal(proxy.requests().length, Object.keys(definitionRevisions).length);
  assert.deepEqual(proxy.writes(), []);
  await through.transport[Symbol.asyncDispose]();
});

test('definitions: installed from a file, they count for what they say', async () => {
  await patch(withoutRevision);
  assert.equal(await saidWhile('check'), '');
});

test('definitions: another version is told when checked, and replaced when applied', async () => {
  await client.patch(type, { name }, { kind: 'json', operations: [{ op: 'remove', path: '/spec/versions/0/additionalPrinterColumns' }] });
  await patch({ metadata: { annotations: { 'pgherd.dev/revision': 'older' } } });
  const said = await saidWhile('check');
  assert.match(said, /"level":40.*not the one of this build.*--crds=apply/);
  assert.match(said, /"path":"[^"]*versions/);
  assert.match(await saidWhile('apply'), /installed the definition/);
  assert.equal(await revisionOf(), definitionRevisions[definition.spec.names.plural]);
  assert.ok((await client.get(type, { name })).spec.versions[0]?.additionalPrinterColumns !== undefined);
});

test('definitions: without the right to read them, checking says so and goes on, applying says what to do', async () => {
  await using proxy = await startFaultProxy(config);
  const through = loopbackClient(proxy.url);
  const rule = { match: { resource: 'customresourcedefinitions' }, fault: { kind: 'answer', httpStatus: 403 }, times: Infinity } as const;
  proxy.addRule(rule);
  assert.match(await saidWhile('check', through), /"level":40.*not checked/);
  await assert.rejects(saidWhile('apply', through), (error) => error instanceof CrdForbiddenError && error.message.includes('--crds=off'));
  await through.transport[Symbol.asyncDispose]();
});

test('definitions: one that is missing ends the start when checked', async () => {
  await using proxy = await startFaultProxy(config);
  const through = loopbackClient(proxy.url);
  const rule = { match: { resource: 'customresourcedefinitions' }, fault: { kind: 'answer', httpStatus: 404 }, times: Infinity } as const;
  proxy.addRule(rule);
  await assert.rejects(saidWhile('check', through), (error) => error instanceof CrdMissingError && error.message.includes('--crds=apply'));
  await through.transport[Symbol.asyncDispose]();
});
