import 'reflect-metadata';
import assert from 'node:assert/strict';
import { createPrivateKey, generateKeyPairSync, X509Certificate } from 'node:crypto';
import { test } from 'node:test';
import {
  AsnEcSignatureFormatter,
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  type JsonNameParams,
  KeyUsageFlags,
  KeyUsagesExtension,
  X509Certificate as LibraryCertificate,
  Name,
  SubjectAlternativeNameExtension,
  SubjectKeyIdentifierExtension,
  X509CertificateGenerator,
} from '@peculiar/x509';
import { type ForeignKey, foreignKeys, foreignRoot } from '../testing/foreignRoots.ts';
import { newIssuers, newLeaf, newRoot, RootKeyMismatchError, UnsupportedRootKeyError } from './certificates.ts';

const now = Date.parse('2026-11-21T00:00:00Z');
const day = 24 * 60 * 60 * 1000;

test('certificates: a leaf is signed by its root and answers for its names', () => {
  const root = newRoot('test root', 3650 * day, now);
  const leaf = newLeaf(
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

test('certificates: a leaf never outlives its root', () => {
  const root = newRoot('test root', 10 * day, now);
  const leaf = newLeaf({ commonName: 'x', dnsNames: [], validityMs: 365 * day, usages: ['clientAuth'] }, root, now);
  assert.equal(new X509Certificate(leaf.certificate).validToDate.getTime(), now + 10 * day);
});

test('certificates: a hostile common name stays one attribute', () => {
  const root = newRoot('test root', 10 * day, now);
  const leaf = newLeaf({ commonName: 'a,O=b+CN=c"', dnsNames: [], validityMs: day, usages: ['clientAuth'] }, root, now);
  assert.deepEqual({ ...new X509Certificate(leaf.certificate).toLegacyObject().subject }, { CN: 'a,O=b+CN=c"' });
});

const request = {
  commonName: 'hippo-primary',
  dnsNames: ['hippo-primary', 'hippo-primary.ns.svc'],
  validityMs: day,
  usages: ['serverAuth', 'clientAuth'],
} as const;

/** The signature that a certificate has, in the form that the library takes to put it into another. */
const signatureOf = (certificate: LibraryCertificate, algorithm: ForeignKey['algorithm']): ArrayBuffer =>
  new AsnEcSignatureFormatter().toWebSignature(algorithm, certificate.signature) ?? certificate.signature;

for (const [what, key] of Object.entries(foreignKeys)) {
  test(`certificates: a root's key may be ${what}`, async () => {
    const root = await foreignRoot(key, now);
    const leaf = new X509Certificate(newLeaf(request, root, now).certificate);
    const parsedRoot = new X509Certificate(root.certificate);
    assert.equal(leaf.verify(parsedRoot.publicKey), true);
    assert.equal(leaf.checkIssued(parsedRoot), true);
  });

  test(`certificates: the library makes the same bytes of a leaf's fields, signed with ${what}`, async () => {
    const root = await foreignRoot(key, now);
    const leaf = new LibraryCertificate(newLeaf(request, root, now).certificate);
    const rebuilt = await X509CertificateGenerator.create({
      serialNumber: leaf.serialNumber,
      subject: 'CN=hippo-primary',
      issuer: 'CN=foreign',
      notBefore: new Date(now - day / 24),
      notAfter: new Date(now + day),
      signingAlgorithm: key.algorithm,
      signature: signatureOf(leaf, key.algorithm),
      publicKey: leaf.publicKey,
      extensions: [
        new BasicConstraintsExtension(false, undefined, true),
        new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
        new ExtendedKeyUsageExtension([ExtendedKeyUsage.serverAuth, ExtendedKeyUsage.clientAuth]),
        new SubjectAlternativeNameExtension(request.dnsNames.map((value) => ({ type: 'dns', value }))),
        await AuthorityKeyIdentifierExtension.create(root.keys.publicKey),
        await SubjectKeyIdentifierExtension.create(leaf.publicKey),
      ],
    });
    assert.equal(leaf.toString('hex'), rebuilt.toString('hex'));
  });
}

test("certificates: the library makes the same bytes of a root's fields", async () => {
  const validityMs = 30 * 365 * day;
  const { algorithm } = foreignKeys['P-256 in PKCS #8'];
  const root = new LibraryCertificate(newRoot('pgherd-root', validityMs, now).certificate);
  const rebuilt = await X509CertificateGenerator.create({
    serialNumber: root.serialNumber,
    subject: 'CN=pgherd-root',
    issuer: 'CN=pgherd-root',
    notBefore: new Date(now - day / 24),
    notAfter: new Date(now + validityMs),
    signingAlgorithm: algorithm,
    signature: signatureOf(root, algorithm),
    publicKey: root.publicKey,
    extensions: [
      new BasicConstraintsExtension(true, undefined, true),
      new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
      await SubjectKeyIdentifierExtension.create(root.publicKey),
    ],
  });
  assert.equal(root.toString('hex'), rebuilt.toString('hex'));
});

test('certificates: no names and one usage are written as such', () => {
  const root = newRoot('test root', day, now);
  const { certificate } = newLeaf({ ...request, dnsNames: [], usages: ['clientAuth'] }, root, now);
  const leaf = new LibraryCertificate(certificate);
  assert.equal(leaf.getExtension(SubjectAlternativeNameExtension), null);
  assert.deepEqual([...(leaf.getExtension(ExtendedKeyUsageExtension)?.usages ?? [])], [ExtendedKeyUsage.clientAuth]);
});

test('certificates: a private key is what OpenSSL writes in PKCS #8, and every one is another', () => {
  const root = newRoot('test root', day, now);
  const keys = Array.from({ length: 20 }, () => newLeaf(request, root, now).privateKey);
  for (const key of keys) assert.equal(createPrivateKey(key).export({ type: 'pkcs8', format: 'pem' }), key);
  assert.equal(new Set(keys).size, keys.length);
});

test('certificates: serial numbers are positive, of 16 octets, and every one is another', () => {
  const root = newRoot('test root', day, now);
  const serials = Array.from({ length: 200 }, () => new X509Certificate(newLeaf(request, root, now).certificate).serialNumber);
  for (const serial of serials) assert.match(serial, /^[4-7][\dA-F]{31}$/);
  assert.equal(new Set(serials).size, serials.length);
});

const oddNames: Readonly<Record<string, JsonNameParams>> = {
  'a text type of its own': [{ CN: [{ utf8String: 'plain' }] }],
  'wide characters': [{ CN: [{ bmpString: 'größe' }] }, { O: [{ universalString: 'größe' }] }],
  'several attributes, some of them in one set': [{ C: ['DE'] }, { O: ['Ex, Ample'], OU: ['a+b'] }, { CN: ['x'] }, { CN: ['y'] }],
  'attributes that we have no word for': [{ '1.2.3.4.5': ['x'] }, { DC: ['example'] }, { E: ['ca@example.org'] }],
  'no attribute': [],
  'more than 65535 octets': [{ CN: ['x'.repeat(65_536)] }],
};

for (const [what, json] of Object.entries(oddNames)) {
  test(`certificates: a leaf names its issuer byte for byte, here a root whose name has ${what}`, async () => {
    const name = new Name(json);
    const root = await foreignRoot(foreignKeys['P-256 in SEC 1, as the original operator writes it'], now, name);
    const leaf = new X509Certificate(newLeaf(request, root, now).certificate);
    assert.notEqual(leaf.raw.indexOf(Buffer.from(name.toArrayBuffer())), -1);
    assert.equal(leaf.checkIssued(new X509Certificate(root.certificate)), true);
  });
}

for (const [what, extensions, keyId] of [
  ['the one that it chose itself', [new SubjectKeyIdentifierExtension('0102030405')], '0102030405'],
  ['the one that it marks critical', [new SubjectKeyIdentifierExtension('0102030405', true)], '0102030405'],
] as const) {
  test(`certificates: a leaf names its root's key by ${what}`, async () => {
    const root = await foreignRoot(foreignKeys['P-384 in SEC 1'], now, undefined, extensions);
    const { certificate } = newLeaf(request, root, now);
    assert.equal(new LibraryCertificate(certificate).getExtension(AuthorityKeyIdentifierExtension)?.keyId, keyId);
    assert.equal(new X509Certificate(certificate).checkIssued(new X509Certificate(root.certificate)), true);
  });
}

test('certificates: a root with a key of another kind is refused', () => {
  const { certificate } = newRoot('test root', day, now);
  for (const [kind, { privateKey }] of [
    ['ed25519', generateKeyPairSync('ed25519')],
    ['secp256k1', generateKeyPairSync('ec', { namedCurve: 'secp256k1' })],
  ] as const) {
    const root = { certificate, privateKey: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString() };
    assert.throws(
      () => newLeaf(request, root, now),
      (error) => error instanceof UnsupportedRootKeyError && error.message.includes(kind),
    );
  }
});

test("certificates: a root with another root's key is refused", async () => {
  const { certificate } = newRoot('test root', day, now);
  const others = [newRoot('test root', day, now), await foreignRoot(foreignKeys['RSA in PKCS #8'], now)];
  for (const { privateKey } of others) {
    assert.throws(() => newLeaf(request, { certificate, privateKey }, now), RootKeyMismatchError);
  }
});

test('certificates: a root is read once while it is remembered', () => {
  const issuerOf = newIssuers();
  const [root, ...others] = Array.from({ length: 17 }, (_, index) => newRoot(`root ${index}`, day, now));
  assert.ok(root !== undefined);
  const first = issuerOf(root);
  assert.equal(issuerOf({ ...root }), first);
  for (const other of others) issuerOf(other);
  assert.notEqual(issuerOf(root), first);
});
