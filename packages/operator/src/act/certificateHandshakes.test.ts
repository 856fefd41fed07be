/** What certificates are for: both ends of a TLS connection know each other by them. */
import 'reflect-metadata';
import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { connect, createServer } from 'node:tls';
import { SubjectKeyIdentifierExtension } from '@peculiar/x509';
import { foreignKeys, foreignRoot } from '../testing/foreignRoots.ts';
import { type KeyPairPem, newLeaf, newRoot } from './certificates.ts';

const nowMs = Date.now();
const day = 24 * 60 * 60 * 1000;
const serverName = 'hippo-primary.ns.svc';

const serverLeaf = (root: KeyPairPem): KeyPairPem =>
  newLeaf({ commonName: 'hippo-primary', dnsNames: ['hippo-primary', serverName], validityMs: day, usages: ['serverAuth'] }, root, nowMs);

const clientLeaf = (root: KeyPairPem): KeyPairPem =>
  newLeaf({ commonName: '_replication', dnsNames: [], validityMs: day, usages: ['clientAuth'] }, root, nowMs);

interface Ends {
  readonly root: KeyPairPem;
  readonly server: KeyPairPem;
  readonly client: KeyPairPem;
  readonly servername?: string;
}

/** What each end makes of the other: the common name that it knows it by, or the code of its error. */
interface Outcome {
  readonly server: string;
  readonly client: string;
}

const codeOf = (error: unknown): string => (error instanceof Error && 'code' in error ? String(error.code) : String(error));

/** Each end verifies the other in full: the chain, the purpose, and the client the server's name. */
const handshake = async ({ root, server: serverPair, client: clientPair, servername = serverName }: Ends): Promise<Outcome> => {
  const common = { ca: root.certificate, minVersion: 'TLSv1.2' } as const;
  const server = createServer({
    ...common,
    cert: serverPair.certificate,
    key: serverPair.privateKey,
    requestCert: true,
    // The server's own verdict says more than the end of the connection does.
    rejectUnauthorized: false,
  });
  // With TLS 1.3 the client's handshake is done before the server has looked at its certificate, so each end is asked.
  const atServer = new Promise<string>((resolve) => {
    server.on('tlsClientError', (error) => resolve(codeOf(error)));
    server.on('secureConnection', (socket) => {
      socket.on('error', () => undefined);
      resolve(socket.authorized ? socket.getPeerCertificate().subject.CN : String(socket.authorizationError));
      socket.end('hello');
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const socket = connect({ ...common, host: '127.0.0.1', port, servername, cert: clientPair.certificate, key: clientPair.privateKey });
  const atClient = new Promise<string>((resolve) => {
    socket.on('data', () => resolve(socket.getPeerCertificate().subject.CN));
    socket.on('error', (error) => resolve(codeOf(error)));
    socket.on('close', () => resolve('closed by the server'));
  });
  try {
    const [client, seenByServer] = await Promise.all([atClient, atServer]);
    return { client, server: seenByServer };
  } finally {
    socket.destroy();
    server.close();
    await once(server, 'close');
  }
};

const bothTrust: Outcome = { client: 'hippo-primary', server: '_replication' };

test('certificates: both ends of a connection verify each other under our own root', async () => {
  const root = newRoot('pgherd-root', 3650 * day, nowMs);
  assert.deepEqual(await handshake({ root, server: serverLeaf(root), client: clientLeaf(root) }), bothTrust);
});

for (const [what, key] of Object.entries(foreignKeys)) {
  test(`certificates: both ends of a connection verify each other under a root with a key that is ${what}`, async () => {
    const root = await foreignRoot(key, nowMs);
    assert.deepEqual(await handshake({ root, server: serverLeaf(root), client: clientLeaf(root) }), bothTrust);
  });
}

test('certificates: both ends of a connection verify each other under a root that chose its key identifier itself', async () => {
  const chosen = new SubjectKeyIdentifierExtension('0102030405');
  const root = await foreignRoot(foreignKeys['P-256 in PKCS #8'], nowMs, undefined, [chosen]);
  assert.deepEqual(await handshake({ root, server: serverLeaf(root), client: clientLeaf(root) }), bothTrust);
});

test('certificates: a server under another name is refused', async () => {
  const root = newRoot('pgherd-root', 3650 * day, nowMs);
  const { client } = await handshake({ root, server: serverLeaf(root), client: clientLeaf(root), servername: 'hippo-replicas.ns.svc' });
  assert.equal(client, 'ERR_TLS_CERT_ALTNAME_INVALID');
});

test('certificates: a server or client under another root of the same name is refused', async () => {
  const [root, other] = [newRoot('pgherd-root', 3650 * day, nowMs), newRoot('pgherd-root', 3650 * day, nowMs)];
  assert.equal((await handshake({ root, server: serverLeaf(other), client: clientLeaf(root) })).client, 'UNABLE_TO_VERIFY_LEAF_SIGNATURE');
  assert.equal((await handshake({ root, server: serverLeaf(root), client: clientLeaf(other) })).server, 'UNABLE_TO_VERIFY_LEAF_SIGNATURE');
});

test('certificates: a leaf made for clients serves nobody, and one made for servers is no client', async () => {
  const root = newRoot('pgherd-root', 3650 * day, nowMs);
  assert.equal((await handshake({ root, server: clientLeaf(root), client: clientLeaf(root) })).client, 'INVALID_PURPOSE');
  assert.equal((await handshake({ root, server: serverLeaf(root), client: serverLeaf(root) })).server, 'INVALID_PURPOSE');
});
