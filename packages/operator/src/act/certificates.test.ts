import assert from 'node:assert/strict';
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { test } from 'node:test';
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
