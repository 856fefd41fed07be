import assert from 'node:assert/strict';
import { test } from 'node:test';
import { join } from 'node:path';
import type { Decision, SecretIntent } from '../decision.ts';
import { testTable } from '../testing/tables.ts';
import {
  atRest,
  conditionIn,
  decisionIn,
  dialect,
  editCertificate,
  editSecret,
  editSpec,
  freshWorld,
  keysWritten,
  namesOf,
  restedSharedWorld,
  restedWorld,
  withoutSecret,
} from '../testing/worlds.ts';
import { passOver } from '../world/run.ts';
import { observationOf, type World } from '../world/world.ts';

const user = 'hippo-pguser-hippo';
const root = dialect.profile.names.rootCertificate;
const server = 'hippo-cluster-cert';

const intentFor = (decision: Decision | undefined, name: string): SecretIntent | undefined =>
  decision?.secrets.find(({ reference }) => reference.name === name);

testTable('secrets', join(import.meta.dirname, 'secrets.ts'), 1, {
  'could not be read, or its source could not be': () => {
    const world = editCertificate(restedWorld('dev'), server, 'tls.crt', { notAfterMs: 0 });
    const observed = observationOf(world, dialect);
    const blind = { ...observed, referencedSecrets: { ...observed.referencedSecrets, [root]: 'unreadable' as const } };
    assert.deepEqual(passOver(world, dialect, { observed: blind }).decision?.secrets, []);
    assert.deepEqual(keysWritten(world, server).includes('tls.crt'), true, 'with a readable root it is renewed');
  },
  'its root cannot sign': () => {
    const world = editCertificate(withoutSecret(restedWorld('dev'), server), root, 'root.crt', { isAuthority: false });
    const due = editCertificate(world, 'hippo-replication-cert', 'tls.crt', { notAfterMs: world.nowMs });
    assert.deepEqual(decisionIn(due).secrets, []);
  },
  'verifier of another password, which it follows': () => {
    const secret = 'foo-user.acid-minimal-cluster.credentials.postgresql.acid.zalan.do';
    const changed = editSecret(restedSharedWorld(), secret, { password: 'correct horse' });
    assert.deepEqual(keysWritten(changed, secret), ['verifier']);
    const { password, verifier } = atRest(changed).secrets.get(secret)?.data ?? {};
    assert.deepEqual([password, verifier], ['correct horse', 'verifier(correct horse)']);
    // There the verifier is the owner's to choose.
    assert.ok(!keysWritten(editSecret(restedWorld('dev'), user, { password: 'correct horse' }), user).includes('verifier'));
  },
  "is another user's": () => {
    // One user goes, and its Secret stays; another comes whose Secret has the same name.
    const asked =
      (...names: readonly string[]) =>
      (world: World): World =>
        editSpec(world, (spec) => ({ ...spec, users: Object.fromEntries(names.map((name) => [name, []])), databases: {} }));
    const without = atRest(asked('zalando')(restedSharedWorld()));
    const other = atRest(asked('foo-user')(without));
    const secret = 'foo-user.acid-minimal-cluster.credentials.postgresql.acid.zalan.do';
    assert.deepEqual(other.secrets.get(secret)?.data, restedSharedWorld().secrets.get(secret)?.data);
    assert.match(conditionIn(other, 'UsersApplied')?.message ?? '', /user foo-user waits: Secret foo-user\..* is that of user foo_user/);
    assert.equal(conditionIn(atRest(asked('foo_user')(other)), 'UsersApplied'), undefined);
  },
  'does not exist': () => {
    const intent = intentFor(decisionIn(withoutSecret(restedWorld('dev'), user)), user);
    assert.deepEqual(intent?.write, { kind: 'create' });
    assert.equal(intent.values['password']?.kind, 'newPassword');
  },
  'password blank or missing': () => {
    for (const password of ['', undefined]) {
      const keys = keysWritten(editSecret(restedWorld('dev'), user, { password }), user);
      for (const key of ['password', 'verifier', 'uri', 'jdbc-uri']) assert.ok(keys.includes(key), `${key} in ${keys.join()}`);
      assert.ok(!keys.includes('host'));
    }
  },
  'verifier blank or missing': () => {
    assert.deepEqual(keysWritten(editSecret(restedWorld('dev'), user, { verifier: '' }), user), ['verifier']);
    assert.deepEqual(keysWritten(editSecret(restedWorld('dev'), user, { verifier: "the owner's own" }), user), []);
  },
  'a certificate is to be made anew': () => {
    const unsigned = editCertificate(restedWorld('dev'), server, 'tls.crt', { issuerFingerprint: 'another root' });
    assert.deepEqual(keysWritten(unsigned, server), ['tls.crt', 'tls.key']);
  },
  'derived value differs': () =>
    assert.deepEqual(keysWritten(editSecret(restedWorld('dev'), user, { host: 'elsewhere', uri: '' }), user), ['host', 'uri']),
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

test("secrets: one that its owner made for a user, without labels, is taken with its password, and no other's is", () => {
  const secret = 'foo-user.acid-minimal-cluster.credentials.postgresql.acid.zalan.do';
  const made = restedSharedWorld().secrets.get(secret) ?? assert.fail();
  const given = (metadata: object): World => ({
    ...restedSharedWorld(),
    secrets: new Map(restedSharedWorld().secrets).set(secret, {
      ...made,
      metadata: { ...made.metadata, labels: {}, ownerReferences: [], ...metadata },
      data: { password: 'correct horse' },
    }),
  });
  const intent = intentFor(decisionIn(given({})), secret);
  assert.equal(intent?.write.kind, 'fill');
  assert.deepEqual(Object.keys(intent.values).toSorted(), ['username', 'verifier']);
  const taken = atRest(given({})).secrets.get(secret);
  assert.equal(taken?.data['password'], 'correct horse');
  assert.equal(taken.metadata.ownerReferences?.length, 1, 'it goes with the cluster');
  for (const others of [
    { labels: { 'cluster-name': 'other' } },
    { ownerReferences: [{ apiVersion: 'v1', kind: 'Other', name: 'other', uid: 'other' }] },
  ])
    assert.equal(intentFor(decisionIn(given(others)), secret)?.write.kind, 'create', 'which finds it in the way');
});
