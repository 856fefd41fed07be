import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ForbiddenError, NotFoundError } from '@pgherd/kube';
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
    fromNow: () => secrets.fromNow('postgres'),
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

const another: StoredSecret = { metadata: { name: 'root', namespace: 'postgres', uid: '2' } };

test('foreign secrets: a pass that acts asks anew, once for all that it makes, and the others learn of it', async () => {
  const held: { secret: StoredSecret | undefined } = { secret };
  const server = serverWith(held);
  await server.read();
  held.secret = another;
  server.later(1);
  const live = server.fromNow();
  assert.deepEqual(await Promise.all([live.read('root'), live.read('root')]), [another, another]);
  server.later(1);
  assert.equal(await live.read('root'), another);
  assert.equal(await server.read(), another);
  assert.equal(server.asked(), 2);
});

test('foreign secrets: a pass that acts does not take what was asked for before it began to', async () => {
  const server = serverWith({ secret });
  const before = server.read();
  server.later(1);
  await Promise.all([before, server.fromNow().read('root')]);
  assert.equal(server.asked(), 2);
});

test('foreign secrets: what a write was answered with is known to this pass and to the others, and not to one that begins to act later', async () => {
  const held: { secret: StoredSecret | undefined } = { secret };
  const server = serverWith(held);
  await server.read();
  const live = server.fromNow();
  held.secret = another;
  live.changed('root', another);
  assert.deepEqual([await live.read('root'), await server.read(), server.asked()], [another, another, 1]);
  server.later(1);
  await server.fromNow().read('root');
  assert.equal(server.asked(), 2);
});

test('foreign secrets: after a write that was refused each asks anew', async () => {
  const held: { secret: StoredSecret | undefined } = { secret };
  const server = serverWith(held);
  const live = server.fromNow();
  await live.read('root');
  held.secret = another;
  live.changed('root', undefined);
  assert.deepEqual([await server.read(), await live.read('root'), server.asked()], [another, another, 2]);
});

test('foreign secrets: an answer that a write has overtaken is not remembered', async () => {
  const server = serverWith({ secret });
  const live = server.fromNow();
  const before = server.read();
  live.changed('root', another);
  assert.equal(await before, secret);
  assert.equal(await server.read(), another);
});

test('foreign secrets: what may not be read is a fact to who observes and an error to who acts', async () => {
  const secrets = newForeignSecrets({
    fetch: async () => {
      await Promise.resolve();
      throw new ForbiddenError({ httpStatus: 403, status: { message: 'no' } });
    },
    elapsed: () => 0,
    rememberedMs: 1000,
  });
  assert.equal(await secrets.read('postgres', 'root'), 'unreadable');
  await assert.rejects(secrets.fromNow('postgres').read('root'), ForbiddenError);
});
