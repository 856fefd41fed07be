import assert from 'node:assert/strict';
import { test } from 'node:test';
import { newPassword, newVerifier, verifierFrom } from './passwords.ts';

test('passwords: the verifier is that of RFC 7677', async () => {
  assert.equal(
    await verifierFrom('pencil', Buffer.from('W22ZaJ0SNY7soEsUEjb6gQ==', 'base64'), 4096),
    'SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ==$WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=:wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU=',
  );
});

test('passwords: a new verifier is that of its own password, with a salt of its own', async () => {
  const password = newPassword('ascii', 24);
  const [verifier, another] = [await newVerifier(password), await newVerifier(password)];
  const salt = /^SCRAM-SHA-256\$4096:([^$]+)\$/.exec(verifier)?.[1] ?? '';
  assert.equal(await verifierFrom(password, Buffer.from(salt, 'base64'), 4096), verifier);
  assert.notEqual(verifier, another);
});

test('passwords: a new password keeps to its alphabet and length', () => {
  assert.match(newPassword('alphanumeric', 24), /^[A-Za-z0-9]{24}$/);
  assert.match(newPassword('ascii', 24), /^[!-~]{24}$/);
  assert.doesNotMatch(newPassword('ascii', 10_000), /['"\\$%&#`~!]/);
  assert.notEqual(newPassword('ascii', 24), newPassword('ascii', 24));
});
