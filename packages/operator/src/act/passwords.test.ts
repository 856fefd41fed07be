import assert from 'node:assert/strict';
import { test } from 'node:test';
import { newPassword, newVerifier, verifierMatches } from './passwords.ts';

test('passwords: the verifier of RFC 7677 matches its password and no other', async () => {
  const verifier =
    'SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ==$WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=:wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU=';
  assert.equal(await verifierMatches('pencil', verifier), true);
  assert.equal(await verifierMatches('pencils', verifier), false);
});

test('passwords: a new verifier matches its own password', async () => {
  const password = newPassword('ascii', 24);
  assert.equal(await verifierMatches(password, await newVerifier(password)), true);
});

test('passwords: what is no SCRAM verifier matches nothing', async () => {
  for (const verifier of ['', 'md5deadbeef', 'SCRAM-SHA-256$999999999:AA==$AA==:AA==']) {
    assert.equal(await verifierMatches('pencil', verifier), false, verifier);
  }
});

test('passwords: a new password keeps to its alphabet and length', () => {
  assert.match(newPassword('alphanumeric', 24), /^[A-Za-z0-9]{24}$/);
  assert.match(newPassword('ascii', 24), /^[!-~]{24}$/);
  assert.doesNotMatch(newPassword('ascii', 10_000), /['"\\$%&#`~!]/);
  assert.notEqual(newPassword('ascii', 24), newPassword('ascii', 24));
});
