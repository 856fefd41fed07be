import assert from 'node:assert/strict';
import { join } from 'node:path';
import type { SecretFacts } from '../observation.ts';
import { postgresqlFixture } from '../testing/clusters.ts';
import { testTable } from '../testing/tables.ts';
import { conditionIn, editSpec, observedIn, passIn, restedSharedWorld } from '../testing/worlds.ts';
import { reportOwnCertificates } from './ownCertificates.ts';

const tls = { secretName: 'mine', caFile: 'authority.pem', caSecretName: 'authorities' };
const { cluster } = postgresqlFixture('minimal', (spec) => ({ ...spec, tls }));

/** What is said where the two Secrets are as given. */
const said = (mine: SecretFacts | 'missing' | 'unreadable', authorities: SecretFacts | 'missing' | 'unreadable') => {
  const observation = { ...observedIn(restedSharedWorld()), referencedSecrets: { mine, authorities } };
  const { conditions, lookAgainAfterMs } = reportOwnCertificates(cluster, observation);
  return { reason: conditions?.[0]?.reason, message: conditions?.[0]?.message, looksAgain: lookAgainAfterMs !== undefined };
};

const secret = (name: string, ...keys: readonly string[]): SecretFacts => ({
  name,
  namespace: 'default',
  uid: name,
  resourceVersion: '1',
  creationTimestamp: '2026-01-01T00:00:00Z',
  labels: {},
  annotations: {},
  ownerUids: [],
  deleting: false,
  values: Object.fromEntries(keys.map((key) => [key, { fingerprint: key, empty: key === 'empty.pem' }])),
  derivedMatches: {},
});

testTable('own certificates', join(import.meta.dirname, 'ownCertificates.ts'), 1, {
  'a Secret is not there': () => {
    const { reason, message, looksAgain } = said('missing', secret('authorities', 'authority.pem'));
    assert.equal(reason, 'SecretMissing');
    assert.match(message ?? '', /^Secret mine, .* does not exist; make it$/);
    assert.ok(looksAgain);
    const { decision, world } = passIn(editSpec(restedSharedWorld(), (spec) => ({ ...spec, tls })));
    assert.ok(decision?.lookAgainAfterMs !== undefined);
    assert.equal(conditionIn(world, 'CertificateMissing')?.status, 'True');
  },
  'a key of it is not there, or empty': () => {
    const { reason, message, looksAgain } = said(secret('mine', 'tls.crt'), secret('authorities', 'other.pem'));
    assert.equal(reason, 'KeyMissing');
    assert.match(message ?? '', /Secret mine, .* has no key tls\.key; add it\nSecret authorities, .* has no key authority\.pem; add it/);
    assert.ok(looksAgain);
  },
  'all is there, or it cannot be read': () => {
    const nothing = { reason: undefined, message: undefined, looksAgain: false };
    assert.deepEqual(said(secret('mine', 'tls.crt', 'tls.key'), secret('authorities', 'authority.pem')), nothing);
    assert.deepEqual(said('unreadable', 'unreadable'), nothing);
  },
});
