import assert from 'node:assert/strict';
import { test } from 'node:test';
import { join } from 'node:path';
import { testTable } from '../testing/tables.ts';
import { atRest, conditionIn, dialect, editCertificate, editSecret, keysWritten, restedWorld } from '../testing/worlds.ts';
import { passOver } from '../world/run.ts';
import type { World } from '../world/world.ts';

const root = dialect.profile.names.rootCertificate;
const server = 'hippo-cluster-cert';

const isRenewed = (world: World): boolean => ['tls.crt', 'tls.key'].every((key) => keysWritten(world, server).includes(key));

const lifeOf = (world: World, name: string, key: string) => {
  const { notBeforeMs, notAfterMs } = world.secrets.get(name)?.certificates[key] ?? assert.fail();
  return { notBeforeMs, notAfterMs, lengthMs: notAfterMs - notBeforeMs };
};

/** Where the root was replaced a moment ago, and the fingerprint of the one before. */
const rotation = () => {
  const world = restedWorld('dev');
  const { fingerprint, notBeforeMs, notAfterMs } = world.secrets.get(root)?.certificates['root.crt'] ?? assert.fail();
  const nowMs = notBeforeMs + (notAfterMs - notBeforeMs) * 0.9;
  // Leaves that were renewed in time: only the root is due.
  const renewed = [...world.secrets].reduce(
    (next, [name, { certificates }]) =>
      Object.keys(certificates).reduce(
        (edited, key) => (name === root ? edited : editCertificate(edited, name, key, { notBeforeMs: nowMs, notAfterMs: nowMs + 1e10 })),
        next,
      ),
    world,
  );
  return { rotated: atRest({ ...renewed, nowMs }), old: fingerprint };
};

/** The symbol stays, but stands for no certificate any more. */
const unreadable = (world: World, name: string): World => {
  const secret = world.secrets.get(name) ?? assert.fail();
  return { ...world, secrets: new Map(world.secrets).set(name, { ...secret, certificates: {} }) };
};

testTable('certificates', join(import.meta.dirname, 'certificates.ts'), 1, {
  'certificate or key blank': () => {
    assert.deepEqual(keysWritten(editSecret(restedWorld('dev'), root, { 'root.crt': '' }), root), ['root.crt', 'root.key']);
    // What it signed is still shown: it stays trusted for a while.
    const withoutKey = editSecret(restedWorld('dev'), root, { 'root.key': '' });
    assert.deepEqual(keysWritten(withoutKey, root), ['root-previous.crt', 'root.crt', 'root.key']);
  },
  "no certificate, no authority, or another's key": () => {
    const world = editCertificate(restedWorld('dev'), server, 'tls.crt', { notAfterMs: 0 });
    for (const [reason, broken] of [
      ['RootUnreadable', unreadable(world, root)],
      ['RootNotAnAuthority', editCertificate(world, root, 'root.crt', { isAuthority: false })],
      ['RootKeyMismatch', editCertificate(world, root, 'root.crt', { keyMatches: false })],
    ] as const) {
      const rested = atRest(broken);
      assert.equal(conditionIn(rested, 'RootCertificateUnusable')?.reason, reason);
      assert.equal(rested.secrets.get(root), broken.secrets.get(root), 'it is not ours to replace');
      assert.equal(rested.secrets.get(server), broken.secrets.get(server), 'nothing is signed with it');
      const healed = atRest({ ...rested, secrets: new Map(rested.secrets).set(root, world.secrets.get(root) ?? assert.fail()) });
      assert.equal(conditionIn(healed, 'RootCertificateUnusable'), undefined);
      assert.notEqual(healed.secrets.get(server), broken.secrets.get(server));
    }
  },
  'the last tenth of its life has begun': () => {
    const world = restedWorld('dev');
    const { notBeforeMs, lengthMs } = lifeOf(world, root, 'root.crt');
    assert.deepEqual(keysWritten({ ...world, nowMs: notBeforeMs + lengthMs * 0.89 }, root), []);
    const before = { ...world, nowMs: notBeforeMs + lengthMs * 0.9 };
    const { world: after } = passOver(before, dialect);
    const [old, made] = [before.secrets.get(root), after.secrets.get(root)];
    assert.notEqual(made?.data['root.crt'], old?.data['root.crt']);
    assert.equal(made?.data['root-previous.crt'], old?.data['root.crt']);
  },
  'a day old, and the one before signed none of our leaves': () => {
    const { rotated, old } = rotation();
    const world = atRest({ ...rotated, nowMs: rotated.nowMs + 71 * 60_000 });
    for (const secret of world.secrets.values())
      for (const { issuerFingerprint } of Object.values(secret.certificates))
        assert.ok(issuerFingerprint !== old || secret.metadata.name === root);
    const aDayOn = { ...world, nowMs: rotated.nowMs + 24 * 60 * 60_000 };
    const left = editCertificate(aDayOn, server, 'tls.crt', { issuerFingerprint: old, notBeforeMs: aDayOn.nowMs });
    assert.deepEqual(keysWritten(left, root), [], 'one of our leaves is signed by it');
    const later = atRest(aDayOn);
    assert.equal(later.secrets.get(root)?.data['root-previous.crt'], '');
    assert.equal(later.secrets.get(server)?.data['ca.crt'], later.secrets.get(root)?.data['root.crt']);
  },
  "blank, unreadable, another's key, for other names": () => {
    const world = restedWorld('dev');
    assert.ok(isRenewed(editSecret(world, server, { 'tls.key': '' })));
    assert.ok(isRenewed(unreadable(world, server)));
    assert.ok(isRenewed(editCertificate(world, server, 'tls.crt', { keyMatches: false })));
    assert.ok(isRenewed(editCertificate(world, server, 'tls.crt', { dnsNames: ['elsewhere'] })));
    assert.ok(isRenewed(editCertificate(world, server, 'tls.crt', { commonName: 'elsewhere' })));
  },
  'signed by the root before, and the new one was made just now': () => {
    const { rotated } = rotation();
    const made = rotated.secrets.get(root)?.data;
    assert.equal(rotated.secrets.get(server)?.data['ca.crt'], `${made?.['root.crt']}+${made?.['root-previous.crt']}`);
    assert.ok(!isRenewed({ ...rotated, nowMs: rotated.nowMs + 69 * 60_000 }));
    assert.ok(isRenewed({ ...rotated, nowMs: rotated.nowMs + 70 * 60_000 }));
  },
  'not valid yet, or signed by another root': () => {
    const world = restedWorld('dev');
    assert.ok(isRenewed(editCertificate(world, server, 'tls.crt', { notBeforeMs: world.nowMs + 1 })));
    assert.ok(isRenewed(editCertificate(world, server, 'tls.crt', { issuerFingerprint: 'another root' })));
  },
  'ends with its root': () => {
    const world = restedWorld('dev');
    const { notAfterMs } = lifeOf(world, server, 'tls.crt');
    const ending = editCertificate(world, root, 'root.crt', { notBeforeMs: notAfterMs - 1e15, notAfterMs });
    assert.ok(!isRenewed({ ...ending, nowMs: notAfterMs - 1 }));
  },
  'two thirds of its life are over': () => {
    const world = restedWorld('dev');
    const { notBeforeMs, lengthMs } = lifeOf(world, server, 'tls.crt');
    assert.ok(isRenewed({ ...world, nowMs: notBeforeMs + (lengthMs * 2) / 3 }));
    assert.ok(!isRenewed({ ...world, nowMs: notBeforeMs + lengthMs * 0.66 }));
  },
});

test('certificates: a root that cannot sign does not make a new leaf in every pass', () => {
  const world = restedWorld('dev');
  const older = editCertificate(world, root, 'root.crt', { notBeforeMs: world.nowMs - 86_400_000 });
  const unsigned = (ageMs: number): World =>
    editCertificate(older, server, 'tls.crt', { issuerFingerprint: undefined, notBeforeMs: world.nowMs - ageMs });
  assert.ok(!keysWritten(unsigned(3_600_000 + 1000), server).includes('tls.crt'), 'made a second ago, and backdated by an hour');
  assert.ok(keysWritten(unsigned(3_600_000 + 600_000), server).includes('tls.crt'));
  const younger = editCertificate(unsigned(3_600_000 + 1000), root, 'root.crt', { notBeforeMs: world.nowMs - 3_600_000 });
  assert.ok(keysWritten(younger, server).includes('tls.crt'), 'the leaf is of an earlier root');
});
