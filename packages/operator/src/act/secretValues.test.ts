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
  verifier: { kind: 'verifierOf', key: 'password' },
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
  'ca.crt': { kind: 'copyOf', secret: 'root', key: 'root.crt' },
  both: { kind: 'concatenationOf', parts: [{ key: 'tls.crt' }, { key: 'tls.key' }] },
};

test('secret values: a certificate and its key are one pair, signed by the root that is there', async () => {
  const root = { 'root.crt': Buffer.from('R'), 'root.key': Buffer.from('K') };
  assert.deepEqual(text(await fillSecret('certificate', leaf, {}, sources({ root }))), {
    'tls.crt': 'leaf hippo by K',
    'tls.key': 'key hippo',
    'ca.crt': 'R',
    both: 'leaf hippo by Kkey hippo',
  });
});

test('secret values: without the root nothing is made, and the error names what is missing', async () => {
  await assert.rejects(
    fillSecret('certificate', leaf, {}, sources()),
    (error) => error instanceof SecretSourceMissingError && error.retryable && /Secret root has no root\.crt yet/.test(error.message),
  );
});
