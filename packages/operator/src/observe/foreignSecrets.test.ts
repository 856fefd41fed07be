import assert from 'node:assert/strict';
import { test } from 'node:test';
import { NotFoundError } from '@pgherd/kube';
import { newForeignSecrets } from './foreignSecrets.ts';
import type { StoredSecret } from './secretFacts.ts';

const secret: StoredSecret = { metadata: { name: 'root', namespace: 'postgres', uid: '1' } };

/** A server with one Secret or none, that counts what it is asked. */
const serverWith = (held: { secret: StoredSecret | undefined }) => {
  let nowMs = 0;
  let asked = 0;
  const secrets = newForeignSecrets({
    fetch: async (_namespace, name) => {
      asked += 1;
      await Promise.resolve();
      if (held.secret === undefined) throw new NotFoundError({ httpStatus: 404, status: { message: `no Secret ${name}` } });
      return held.secret;
    },
    elapsed: () => nowMs,
    rememberedMs: 1000,
  });
  return {
    read: async () => secrets.read('postgres', 'root'),
    later: (ms: number) => {
      nowMs += ms;
    },
    asked: () => asked,
  };
};

test('foreign secrets: one is asked for once while it is remembered, however many passes want it at the same time', async () => {
  const server = serverWith({ secret });
  assert.deepEqual(await Promise.all([server.read(), server.read()]), [secret, secret]);
  server.later(999);
  assert.equal(await server.read(), secret);
  assert.equal(server.asked(), 1);
  server.later(1);
  await server.read();
  assert.equal(server.asked(), 2);
});

test('foreign secrets: that one is missing is not remembered', async () => {
  const held: { secret: StoredSecret | undefined } = { secret: undefined };
  const server = serverWith(held);
  assert.equal(await server.read(), 'missing');
  held.secret = secret;
  assert.equal(await server.read(), secret);
});

test('foreign secrets: a failure is the failure of those who waited, and the next one asks again', async () => {
  let fails = true;
  const secrets = newForeignSecrets({
    fetch: async () => {
      await Promise.resolve();
      if (fails) throw new Error('connection lost');
      return secret;
    },
    elapsed: () => 0,
    rememberedMs: 1000,
  });
  await assert.rejects(secrets.read('postgres', 'root'), /connection lost/);
  fails = false;
  assert.equal(await secrets.read('postgres', 'root'), secret);
});
