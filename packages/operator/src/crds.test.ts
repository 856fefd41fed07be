import assert from 'node:assert/strict';
import { test } from 'node:test';
import { apiErrorOf, type Client } from '@pgherd/kube';
import { pino } from 'pino';
import { ensureCrds, isDefinitionDeleting } from './crds.ts';

const resource = { group: 'example.com', plural: 'things' };
const { signal } = new AbortController();

const answering = (answer: () => unknown): { readonly client: Client; readonly asked: string[] } => {
  const asked: string[] = [];
  const raw = async ({ path, verb, accept = '' }: { readonly path: string; readonly verb: string; readonly accept?: string }) => {
    asked.push(`${verb} ${path} ${/PartialObjectMetadata/.test(accept)}`);
    return { body: Buffer.from(JSON.stringify(answer())) };
  };
  return { client: { raw } as unknown as Client, asked };
};

const refusing = (httpStatus: number, reason: string) => () => {
  throw apiErrorOf({ httpStatus, status: { kind: 'Status', apiVersion: 'v1', reason, message: reason } });
};

test('definitions: whether one is being deleted is read from its metadata alone, and anew each time', async () => {
  const metadata = { name: 'things.example.com', deletionTimestamp: '2026-01-01T00:00:00Z' };
  const { client, asked } = answering(() => ({ metadata }));
  assert.equal(await isDefinitionDeleting(client, resource, signal), true);
  assert.equal(await isDefinitionDeleting(client, resource, signal), true);
  const request = 'get /apis/apiextensions.k8s.io/v1/customresourcedefinitions/things.example.com true';
  assert.deepEqual(asked, [request, request]);
  assert.equal(await isDefinitionDeleting(answering(() => ({ metadata: { name: 'x' } })).client, resource, signal), false);
});

test('definitions: who may not read them goes on without knowing; any other failure ends the pass', async () => {
  assert.equal(await isDefinitionDeleting(answering(refusing(403, 'Forbidden')).client, resource, signal), undefined);
  assert.equal(await isDefinitionDeleting(answering(refusing(404, 'NotFound')).client, resource, signal), undefined);
  await assert.rejects(isDefinitionDeleting(answering(refusing(500, 'InternalError')).client, resource, signal));
});

/** What the operator says at its start. */
const saidAtStart = async (mode: 'check' | 'off', answer: () => unknown): Promise<string> => {
  const lines: string[] = [];
  const log = pino({ level: 'info', base: null }, { write: (line: string) => void lines.push(line) });
  await ensureCrds(answering(answer).client, mode, log, signal);
  return lines.join('');
};

for (const mode of ['check', 'off'] as const) {
  test(`definitions: who may not read them is warned of what that costs, and told what to do, with crds=${mode}`, async () => {
    const said = await saidAtStart(mode, refusing(403, 'Forbidden'));
    assert.match(said, /"level":40.*"code":"Forbidden".*takes their volumes along.*deploy\/components\/read-crds/);
    assert.equal(said.trim().split('\n').length, 1);
  });
}

test('definitions: with crds=off nothing else about them is said, and nothing else about them ends the start', async () => {
  for (const answer of [() => ({ metadata: { name: 'x' } }), refusing(404, 'NotFound'), refusing(500, 'InternalError')])
    assert.equal(await saidAtStart('off', answer), '');
});
