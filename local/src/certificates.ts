/**
 * The certificates of an instance: a root of its own, one leaf a client and server, all written once and kept for the instance's life.
 * Rules on names and groups: kubernetes.io/docs/setup/best-practices/certificates (1.34).
 */
import 'reflect-metadata';
import { webcrypto } from 'node:crypto';
import { access, mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as x509 from '@peculiar/x509';

const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;
const lifetimeYears = 10;
// A clock that is set back a little must not make a new instance unusable.
const backdateMs = 60 * 60 * 1000;

/** Whom a leaf certificate names, and what for. */
export interface Leaf {
  /** Names the files: `<file>.crt` and `<file>.key`. */
  readonly file: string;
  readonly commonName: string;
  /** The user's group, for client certificates. */
  readonly organization?: string;
  /** A server's names and addresses; without any it is a client's certificate. */
  readonly serverNames?: readonly string[];
}

function subject(commonName: string, organization: string | undefined): x509.JsonName {
  return [{ CN: [commonName] }, ...(organization === undefined ? [] : [{ O: [organization] }])];
}

function validity(): { readonly notBefore: Date; readonly notAfter: Date } {
  const notBefore = new Date(Date.now() - backdateMs);
  const notAfter = new Date(notBefore);
  notAfter.setUTCFullYear(notAfter.getUTCFullYear() + lifetimeYears);
  return { notBefore, notAfter };
}

function keyPair(): Promise<webcrypto.CryptoKeyPair> {
  return webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
}

async function privateKeyPem(key: webcrypto.CryptoKey): Promise<string> {
  return x509.PemConverter.encode(await webcrypto.subtle.exportKey('pkcs8', key), 'PRIVATE KEY');
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}

/** Writes the key before the certificate, each whole: a certificate that is there always has its key. */
async function writePair(folder: string, file: string, key: string, certificate: string): Promise<void> {
  for (const [name, content] of [
    [`${file}.key`, key],
    [`${file}.crt`, certificate],
  ] as const) {
    await writeFile(join(folder, `${name}.new`), `${content}\n`, { mode: 0o600 });
    await rename(join(folder, `${name}.new`), join(folder, name));
  }
}

/** Makes the root certificate `<file>.crt` and its key if they are not there. */
export async function ensureRoot(folder: string, file: string, commonName: string): Promise<void> {
  if (await exists(join(folder, `${file}.crt`))) return;
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const keys = await keyPair();
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    name: subject(commonName, undefined),
    keys,
    signingAlgorithm: algorithm,
    ...validity(),
    extensions: [
      new x509.BasicConstraintsExtension(true, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  await writePair(folder, file, await privateKeyPem(keys.privateKey), certificate.toString('pem'));
}

/** Makes the leaf's certificate and key, signed by the root `rootFile`, if they are not there. */
export async function ensureLeaf(folder: string, rootFile: string, leaf: Leaf): Promise<void> {
  if (await exists(join(folder, `${leaf.file}.crt`))) return;
  const root = new x509.X509Certificate(await readFile(join(folder, `${rootFile}.crt`), 'utf8'));
  const rootKeyPem = await readFile(join(folder, `${rootFile}.key`), 'utf8');
  const rootKey = await webcrypto.subtle.importKey('pkcs8', x509.PemConverter.decodeFirst(rootKeyPem), algorithm, false, ['sign']);
  const keys = await keyPair();
  const names = leaf.serverNames ?? [];
  const usage = names.length === 0 ? x509.ExtendedKeyUsage.clientAuth : x509.ExtendedKeyUsage.serverAuth;
  const certificate = await x509.X509CertificateGenerator.create({
    subject: subject(leaf.commonName, leaf.organization),
    issuer: root.subjectName,
    publicKey: keys.publicKey,
    signingKey: rootKey,
    signingAlgorithm: algorithm,
    ...validity(),
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension([usage]),
      await x509.AuthorityKeyIdentifierExtension.create(root.publicKey),
      ...(names.length === 0
        ? []
        : [
            new x509.SubjectAlternativeNameExtension(
              names.map((value) => ({ type: /^[\d.]+$/.test(value) ? ('ip' as const) : ('dns' as const), value })),
            ),
          ]),
    ],
  });
  await writePair(folder, leaf.file, await privateKeyPem(keys.privateKey), certificate.toString('pem'));
}

/** Makes the key pair that signs service account tokens (`<file>.key` and `<file>.pub`) if it is not there. */
export async function ensureSigningKey(folder: string, file: string): Promise<void> {
  if (await exists(join(folder, `${file}.pub`))) return;
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const keys = await keyPair();
  await writeFile(join(folder, `${file}.key`), `${await privateKeyPem(keys.privateKey)}\n`, { mode: 0o600 });
  const publicKey = x509.PemConverter.encode(await webcrypto.subtle.exportKey('spki', keys.publicKey), 'PUBLIC KEY');
  await writeFile(join(folder, `${file}.pub`), `${publicKey}\n`);
}
