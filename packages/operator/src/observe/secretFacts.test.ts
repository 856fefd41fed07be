import assert from 'node:assert/strict';
import { test } from 'node:test';
import { X509Certificate } from 'node:crypto';
import { newLeaf, newRoot } from '../act/certificates.ts';
import { newFingerprint, secretFacts } from './secretFacts.ts';

const nowMs = Date.parse('2026-11-21T00:00:00Z');
const dayMs = 24 * 60 * 60 * 1000;
const sources = { fingerprint: newFingerprint(), roots: [], readSecret: async () => undefined };

/** Facts of the certificates of a Secret with this text under these keys. */
const certificatesIn = async (data: Readonly<Record<string, string>>, roots: readonly string[] = []) => {
  const encoded = Object.fromEntries(Object.entries(data).map(([key, text]) => [key, Buffer.from(text).toString('base64')]));
  const facts = await secretFacts({ metadata: { name: 'some' }, data: encoded }, undefined, {
    ...sources,
    roots: roots.map((root) => new X509Certificate(root)),
  });
  return (key: string) => facts.values[key]?.certificate;
};

test('secret facts: who may sign, with which key, and who signed', async () => {
  const [root, other] = [newRoot('one', 10 * dayMs, nowMs), newRoot('other', 10 * dayMs, nowMs)];
  const leaf = newLeaf({ commonName: 'hippo', dnsNames: ['hippo'], validityMs: dayMs, usages: ['serverAuth'] }, root, nowMs);
  const ofRoot = (await certificatesIn({ crt: root.certificate, key: root.privateKey }))('crt');
  assert.deepEqual([ofRoot?.isAuthority, ofRoot?.keyMatches], [true, true]);
  assert.equal((await certificatesIn({ crt: root.certificate, key: other.privateKey }))('crt')?.keyMatches, false);
  const ofLeaf = (await certificatesIn({ crt: leaf.certificate, key: leaf.privateKey }, [other.certificate, root.certificate]))('crt');
  assert.deepEqual([ofLeaf?.isAuthority, ofLeaf?.keyMatches, ofLeaf?.issuerFingerprint], [false, true, ofRoot?.fingerprint]);
  assert.equal((await certificatesIn({ crt: 'no certificate' }))('crt'), undefined);
});
