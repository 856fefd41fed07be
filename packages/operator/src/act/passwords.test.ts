import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isVerifierOf, newPassword, newVerifier, verifierFrom } from './passwords.ts';

test('passwords: the verifier is that of RFC 7677', async () => {
  assert.equal(
    await verifierFrom('pencil', Buffer.from('W22ZaJ0SNY7soEsUEjb6gQ==', 'base64'), 4096),
    'SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ==$WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=:wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU=',
  );
});

test('passwords: what RFC 4013 maps is mapped, and what it forbids is taken as it is', async () => {
  const salt = Buffer.from('W22ZaJ0SNY7soEsUEjb6gQ==', 'base64');
  const verifierOf = async (password: string): Promise<string> => verifierFrom(password, salt, 1);
  // The examples of RFC 4013, section 3: a soft hyphen maps to nothing, ª to a, and Ⅸ to IX.
  assert.equal(await verifierOf('I\u00ADX'), await verifierOf('IX'));
  assert.equal(await verifierOf('\u00AA'), await verifierOf('a'));
  assert.equal(await verifierOf('\u2168'), await verifierOf('IX'));
  // Control characters are forbidden, also in ASCII.
  assert.notEqual(await verifierOf('I\u0007X'), await verifierOf('IX'));
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

test('passwords: a verifier is known by its password, and nothing else is taken for one', async () => {
  const verifier = await newVerifier('correct horse');
  assert.ok(await isVerifierOf(verifier, 'correct horse'));
  for (const [other, password] of [
    [verifier, 'battery staple'],
    [`${verifier}=`, 'correct horse'],
    ['', ''],
    ['md5d41d8cd98f00b204e9800998ecf8427e', 'correct horse'],
  ] as const)
    assert.ok(!(await isVerifierOf(other, password)), other);
});
