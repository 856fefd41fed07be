import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { SecretValue } from '@pgherd/engine';
import { fillSecret, SecretSourceMissingError, type SecretData, type SecretSources } from './secretValues.ts';

const sources = (secrets: Readonly<Record<string, SecretData>> = {}): SecretSources => ({
  nowMs: 0,
  newPassword: () => 'p/w&1',
  newVerifier: async (password) => `verifier of ${password}`,
  newRoot: async (commonName) => ({ certificate: `certificate ${commonName}`, privateKey: `key ${commonName}` }),
  newLeaf: async (request, root) => ({
    certificate: `leaf ${request.commonName} by ${root.privateKey}`,
    privateKey: `key ${request.commonName}`,
  }),
  readSecret: async (name) => secrets[name],
});

const text = (data: Readonly<Record<string, Buffer>>): Readonly<Record<string, string>> =>
  Object.fromEntries(Object.entries(data).map(([key, value]) => [key, value.toString()]));

const userValues: Readonly<Record<string, SecretValue>> = {
  uri: { kind: 'template', parts: [{ text: 'postgresql://hippo:' }, { valueOf: 'password', encoding: 'url' }, { text: '@host/db' }] },
  verifier: { kind: 'verifierOf', key: 'password', follows: false },
  password: { kind: 'newPassword', characters: 'ascii', length: 5 },
};

test('secret values: verifier and uri follow the password that was just made', async () => {
  assert.deepEqual(text(await fillSecret('user', userValues, {}, sources())), {
    uri: 'postgresql://hippo:p%2Fw%261@host/db',
    verifier: 'verifier of p/w&1',
    password: 'p/w&1',
  });
});

test('secret values: a kept password is what the rest follows', async () => {
  const filled = await fillSecret('user', { ...userValues, password: { kind: 'keep' } }, { password: Buffer.from('old') }, sources());
  assert.equal(filled['verifier']?.toString(), 'verifier of old');
});

test('secret values: only the keys asked for are filled; others are read', async () => {
  const { uri } = userValues;
  assert.ok(uri !== undefined);
  assert.deepEqual(text(await fillSecret('user', { uri }, { password: Buffer.from('old') }, sources())), {
    uri: 'postgresql://hippo:old@host/db',
  });
});

const leaf: Readonly<Record<string, SecretValue>> = {
  'tls.crt': {
    kind: 'newCertificate',
    privateKey: 'tls.key',
    request: {
      commonName: 'hippo',
      dnsNames: [],
      validityMs: 1,
      usages: ['serverAuth'],
      root: { secret: 'root', certificateKey: 'root.crt', privateKeyKey: 'root.key' },
    },
  },
  'tls.key': { kind: 'withCertificate' },
  'ca.crt': {
    kind: 'concatenationOf',
    parts: [
      { secret: 'root', key: 'root.crt' },
      { secret: 'root', key: 'root-previous.crt', optional: true },
    ],
  },
  both: { kind: 'concatenationOf', parts: [{ key: 'tls.crt' }, { key: 'tls.key' }] },
};

test('secret values: a certificate and its key are one pair, signed by the root that is there', async () => {
  const root = { 'root.crt': Buffer.from('R'), 'root.key': Buffer.from('K') };
  assert.deepEqual(text(await fillSecret('certificate', leaf, {}, sources({ root }))), {
    'tls.crt': 'leaf hippo by K',
    'tls.key': 'key hippo',
    'ca.crt': 'R',
    both: 'leaf hippo by K\nkey hippo',
  });
});

test('secret values: without the root nothing is made, and the error names what is missing', async () => {
  await assert.rejects(
    fillSecret('certificate', leaf, {}, sources()),
    (error) => error instanceof SecretSourceMissingError && error.retryable && /Secret root has no root\.crt yet/.test(error.message),
  );
});

test('secret values: the root before is trusted beside the new one, each on lines of its own', async () => {
  const root = { 'root.crt': Buffer.from('R'), 'root.key': Buffer.from('K'), 'root-previous.crt': Buffer.from('P\n') };
  assert.equal((await fillSecret('certificate', leaf, {}, sources({ root })))['ca.crt']?.toString(), 'R\nP\n');
  const blank = { ...root, 'root-previous.crt': Buffer.alloc(0) };
  assert.equal((await fillSecret('certificate', leaf, {}, sources({ root: blank })))['ca.crt']?.toString(), 'R');
});

test('secret values: the certificate that a new root replaces is kept beside it', async () => {
  const values: Readonly<Record<string, SecretValue>> = {
    'root.crt': { kind: 'newRoot', commonName: 'root', validityMs: 1, privateKey: 'root.key' },
    'root.key': { kind: 'withCertificate' },
    'root-previous.crt': { kind: 'replaced', key: 'root.crt' },
  };
  assert.deepEqual(
    text(await fillSecret('root', values, { 'root.crt': Buffer.from('old'), 'root.key': Buffer.from('its key') }, sources())),
    {
      'root.crt': 'certificate root',
      'root.key': 'key root',
      'root-previous.crt': 'old',
    },
  );
});
