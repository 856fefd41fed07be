import 'reflect-metadata';
import assert from 'node:assert/strict';
import { createPrivateKey, KeyObject, webcrypto, X509Certificate } from 'node:crypto';
import { test } from 'node:test';
import { BasicConstraintsExtension, X509CertificateGenerator } from '@peculiar/x509';
import { newLeaf, newRoot } from './certificates.ts';

const now = Date.parse('2026-11-21T00:00:00Z');
const day = 24 * 60 * 60 * 1000;

test('certificates: a leaf is signed by its root and answers for its names', async () => {
  const root = await newRoot('test root', 3650 * day, now);
  const leaf = await newLeaf(
    {
      commonName: 'hippo-primary',
      dnsNames: ['hippo-primary', 'hippo-primary.default.svc'],
      validityMs: 365 * day,
      usages: ['serverAuth'],
    },
    root,
    now,
  );
  const [rootCertificate, certificate] = [new X509Certificate(root.certificate), new X509Certificate(leaf.certificate)];
  assert.equal(rootCertificate.ca, true);
  assert.equal(certificate.ca, false);
  assert.equal(certificate.checkIssued(rootCertificate), true);
  assert.equal(certificate.verify(rootCertificate.publicKey), true);
  assert.equal(certificate.checkHost('hippo-primary.default.svc'), 'hippo-primary.default.svc');
  assert.equal(certificate.checkHost('other'), undefined);
  assert.equal(certificate.checkPrivateKey(createPrivateKey(leaf.privateKey)), true);
  assert.equal(certificate.validToDate.getTime(), now + 365 * day);
});

test('certificates: a leaf never outlives its root', async () => {
  const root = await newRoot('test root', 10 * day, now);
  const leaf = await newLeaf({ commonName: 'x', dnsNames: [], validityMs: 365 * day, usages: ['clientAuth'] }, root, now);
  assert.equal(new X509Certificate(leaf.certificate).validToDate.getTime(), now + 10 * day);
});

test('certificates: a hostile common name stays one attribute', async () => {
  const root = await newRoot('test root', 10 * day, now);
  const leaf = await newLeaf({ commonName: 'a,O=b+CN=c"', dnsNames: [], validityMs: day, usages: ['clientAuth'] }, root, now);
  assert.deepEqual({ ...new X509Certificate(leaf.certificate).toLegacyObject().subject }, { CN: 'a,O=b+CN=c"' });
});

/** A self-signed root as other operators and tools leave it, its key in the form and of the kind asked for. */
const foreignRoot = async (
  keys: webcrypto.CryptoKeyPair,
  signingAlgorithm: webcrypto.EcdsaParams | webcrypto.Algorithm,
  form: 'sec1' | 'pkcs1' | 'pkcs8',
) => {
  const certificate = await X509CertificateGenerator.createSelfSigned({
    serialNumber: '01',
    name: 'CN=foreign',
    notBefore: new Date(now - day),
    notAfter: new Date(now + 3650 * day),
    signingAlgorithm,
    keys,
    extensions: [new BasicConstraintsExtension(true, undefined, true)],
  });
  const privateKey = KeyObject.from(keys.privateKey).export({ type: form, format: 'pem' }).toString();
  return { certificate: certificate.toString('pem'), privateKey };
};

const ecdsa = (namedCurve: string, hash: string) => ({ name: 'ECDSA', namedCurve, hash });
const rsa = {
  name: 'RSASSA-PKCS1-v1_5',
  modulusLength: 2048,
  publicExponent: new Uint8Array([1, 0, 1]),
  hash: 'SHA-256',
} as const;

for (const [what, algorithm, form] of [
  ['P-256 in SEC 1, as the original operator writes it', ecdsa('P-256', 'SHA-256'), 'sec1'],
  ['P-384 in SEC 1', ecdsa('P-384', 'SHA-384'), 'sec1'],
  ['P-384 in PKCS #8', ecdsa('P-384', 'SHA-384'), 'pkcs8'],
  ['RSA in PKCS #1', rsa, 'pkcs1'],
] as const) {
  test(`certificates: a root's key may be ${what}`, async () => {
    const keys = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
    const root = await foreignRoot(keys, algorithm, form);
    const request = { commonName: 'hippo-primary', dnsNames: ['hippo-primary'], validityMs: day, usages: ['serverAuth'] } as const;
    const leaf = new X509Certificate((await newLeaf(request, root, now)).certificate);
    assert.equal(leaf.verify(new X509Certificate(root.certificate).publicKey), true);
  });
}
