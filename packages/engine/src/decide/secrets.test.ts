import assert from 'node:assert/strict';
import { test } from 'node:test';
import { join } from 'node:path';
import type { Decision, SecretIntent } from '../decision.ts';
import { testTable } from '../testing/tables.ts';
import { atRest, decisionIn, dialect, editSecret, editSpec, freshWorld, namesOf, restedWorld } from '../testing/worlds.ts';
import { passOver } from '../world/run.ts';
import { observationOf, type World } from '../world/world.ts';

const user = 'hippo-pguser-hippo';
const root = dialect.profile.names.rootCertificate;
const server = 'hippo-cluster-cert';

const withoutSecret = (world: World, name: string): World => {
  const secrets = new Map(world.secrets);
  secrets.delete(name);
  return { ...world, secrets };
};

const intentFor = (decision: Decision | undefined, name: string): SecretIntent | undefined =>
  decision?.secrets.find(({ reference }) => reference.name === name);

/** Keys that are written of a Secret, in order. */
const written = (world: World, name: string): readonly string[] => Object.keys(intentFor(decisionIn(world), name)?.values ?? {}).toSorted();

const withCertificate = (world: World, name: string, key: string, change: Readonly<Record<string, unknown>>): World => {
  const secret = world.secrets.get(name) ?? assert.fail();
  const certificate = secret.certificates[key] ?? assert.fail();
  const edited = { ...secret, certificates: { ...secret.certificates, [key]: { ...certificate, ...change } } };
  return { ...world, secrets: new Map(world.secrets).set(name, edited) };
};

testTable('secrets', join(import.meta.dirname, 'secrets.ts'), 1, {
  'could not be read, or its source could not be': () => {
    const world = withCertificate(restedWorld('dev'), server, 'tls.crt', { notAfterMs: 0 });
    const observed = observationOf(world, dialect);
    const blind = { ...observed, referencedSecrets: { ...observed.referencedSecrets, [root]: 'unreadable' as const } };
    assert.deepEqual(passOver(world, dialect, { observed: blind }).decision?.secrets, []);
    assert.deepEqual(written(world, server).includes('tls.crt'), true, 'with a readable root it is renewed');
  },
  'does not exist': () => {
    const intent = intentFor(decisionIn(withoutSecret(restedWorld('dev'), user)), user);
    assert.deepEqual(intent?.write, { kind: 'create' });
    assert.equal(intent.values['password']?.kind, 'newPassword');
  },
  'password blank or missing': () => {
    for (const password of ['', undefined]) {
      const keys = written(editSecret(restedWorld('dev'), user, { password }), user);
      for (const key of ['password', 'verifier', 'uri', 'jdbc-uri']) assert.ok(keys.includes(key), `${key} in ${keys.join()}`);
      assert.ok(!keys.includes('host'));
    }
  },
  'verifier blank or missing': () => {
    assert.deepEqual(written(editSecret(restedWorld('dev'), user, { verifier: '' }), user), ['verifier']);
    assert.deepEqual(written(editSecret(restedWorld('dev'), user, { verifier: "the owner's own" }), user), []);
  },
  'certificate unreadable, due, for other names, or by another root': () => {
    const world = restedWorld('dev');
    const certificate = world.secrets.get(server)?.certificates['tls.crt'] ?? assert.fail();
    const lifeMs = certificate.notAfterMs - certificate.notBeforeMs;
    const isRenewed = (changed: World): boolean => ['tls.crt', 'tls.key'].every((key) => written(changed, server).includes(key));
    assert.ok(isRenewed(withCertificate(world, server, 'tls.crt', { dnsNames: ['elsewhere'] })));
    assert.ok(isRenewed(withCertificate(world, server, 'tls.crt', { issuerFingerprint: 'another root' })));
    assert.ok(isRenewed(withCertificate(world, server, 'tls.crt', { keyMatches: false })));
    assert.ok(isRenewed(editSecret(world, server, { 'tls.key': '' })));
    assert.ok(isRenewed({ ...world, nowMs: certificate.notBeforeMs + (lifeMs * 2) / 3 }));
    assert.ok(!isRenewed({ ...world, nowMs: certificate.notBeforeMs + lifeMs * 0.66 }));
    assert.ok(isRenewed(withCertificate(world, server, 'tls.crt', { notBeforeMs: world.nowMs + 1 })), 'not valid yet');
    const secret = world.secrets.get(server) ?? assert.fail();
    const unreadable = new Map(world.secrets).set(server, { ...secret, certificates: {} });
    assert.ok(isRenewed({ ...world, secrets: unreadable }));
  },
  'derived value differs': () =>
    assert.deepEqual(written(editSecret(restedWorld('dev'), user, { host: 'elsewhere', uri: '' }), user), ['host', 'uri']),
  'shared, and we are not among its owners': () => {
    const world = restedWorld('dev');
    const secret = world.secrets.get(root) ?? assert.fail();
    const others = { ...secret, metadata: { ...secret.metadata, ownerReferences: [{ uid: 'another cluster', kind: 'PostgresCluster' }] } };
    const shared = { ...world, secrets: new Map(world.secrets).set(root, others) };
    const { objects, secrets } = decisionIn(shared);
    const ours = objects.find(({ object }) => object.kind === 'Secret');
    assert.equal(ours?.mode, 'shared');
    assert.deepEqual(Object.keys(ours.object), ['apiVersion', 'kind', 'metadata'], 'nothing of its content');
    assert.deepEqual(secrets, []);
    assert.equal(passOver(shared, dialect).world.secrets.get(root)?.metadata.ownerReferences?.length, 2);
  },
  'all in order': () => assert.deepEqual(decisionIn(restedWorld('dev')).secrets, []),
});

test('secrets: a root is replaced before the leaves that end with it, and those are not made again and again', () => {
  const world = restedWorld('dev');
  const { notBeforeMs, notAfterMs } = world.secrets.get(root)?.certificates['root.crt'] ?? assert.fail();
  const lateMs = notBeforeMs + (notAfterMs - notBeforeMs) * 0.89;
  const dueMs = notBeforeMs + (notAfterMs - notBeforeMs) * 0.9;
  assert.ok(!written({ ...world, nowMs: lateMs }, root).includes('root.crt'));
  assert.deepEqual(written({ ...world, nowMs: dueMs }, root), ['root.crt', 'root.key']);
  // It ends with its root, so a new one would end no later.
  const clamped = withCertificate(world, server, 'tls.crt', { notBeforeMs: lateMs - 3, notAfterMs });
  const near = withCertificate(clamped, root, 'root.crt', { notBeforeMs: lateMs - 1e15, notAfterMs: lateMs + 1 });
  const ending = withCertificate(near, server, 'tls.crt', { notAfterMs: lateMs + 1 });
  assert.ok(!written({ ...ending, nowMs: lateMs }, server).includes('tls.crt'));
});

test('secrets: a root that cannot sign does not make a new leaf in every pass', () => {
  const world = restedWorld('dev');
  const older = withCertificate(world, root, 'root.crt', { notBeforeMs: world.nowMs - 86_400_000 });
  const unsigned = (ageMs: number): World =>
    withCertificate(older, server, 'tls.crt', { issuerFingerprint: undefined, notBeforeMs: world.nowMs - ageMs });
  assert.ok(!written(unsigned(3_600_000 + 1000), server).includes('tls.crt'), 'made a second ago, and backdated by an hour');
  assert.ok(written(unsigned(3_600_000 + 600_000), server).includes('tls.crt'));
  const younger = withCertificate(unsigned(3_600_000 + 1000), root, 'root.crt', { notBeforeMs: world.nowMs - 3_600_000 });
  assert.ok(written(younger, server).includes('tls.crt'), 'the leaf is of an earlier root');
});

test('secrets: deleting the root renews every certificate, and the passwords stay', () => {
  const before = restedWorld('dev');
  const after = atRest(withoutSecret(before, root));
  assert.notEqual(after.secrets.get(root)?.data['root.crt'], before.secrets.get(root)?.data['root.crt']);
  const issuer = after.secrets.get(root)?.certificates['root.crt']?.fingerprint;
  for (const [name, { certificates }] of after.secrets) {
    for (const [key, certificate] of Object.entries(certificates)) {
      if (name !== root) assert.equal(certificate.issuerFingerprint, issuer, `${name} ${key}`);
    }
  }
  assert.equal(after.secrets.get(user)?.data['password'], before.secrets.get(user)?.data['password']);
});

test('secrets: a Secret of the owner serves by its labels, whatever its name, and stays theirs', () => {
  const { labels, roleValues } = dialect.profile;
  const fresh = freshWorld('dev');
  const own = {
    metadata: {
      name: 'my-password',
      namespace: fresh.manifest?.metadata.namespace ?? '',
      uid: 'own',
      resourceVersion: '1',
      creationTimestamp: '2020-01-01T00:00:00Z',
      labels: { [labels.cluster]: 'hippo', [labels.role]: roleValues.userSecret, [labels.user]: 'hippo' },
    },
    data: { password: 'chosen' },
    certificates: {},
  };
  const world = atRest({ ...fresh, secrets: new Map([['my-password', own]]) });
  assert.equal(world.secrets.get('my-password')?.data['password'], 'chosen');
  assert.equal(world.secrets.get('my-password')?.data['verifier'], 'verifier(chosen)');
  assert.equal(world.database.roles.get('hippo'), 'verifier(chosen)');
  assert.ok(!world.secrets.has(user), 'none of ours beside it');
  const dropped = atRest(editSpec(world, (spec) => ({ ...spec, users: [] })));
  assert.ok(dropped.secrets.has('my-password'));
});

test('secrets: the Secret of a user that the manifest drops goes, its role stays', () => {
  const world = atRest(editSpec(restedWorld('dev'), (spec) => ({ ...spec, users: [] })));
  assert.ok(!world.secrets.has(user));
  assert.ok(world.database.roles.has('hippo'));
  assert.ok(namesOf(world, 'StatefulSet').length > 0);
});
