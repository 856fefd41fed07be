/** The writer is held to a library: for the same fields it writes the same bytes, and what it writes is read back as what was meant. */
import 'reflect-metadata';
import assert from 'node:assert/strict';
import { generateKeyPairSync, KeyObject, sign, webcrypto, X509Certificate } from 'node:crypto';
import { test } from 'node:test';
import {
  BasicConstraintsExtension,
  cryptoProvider,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  X509Certificate as LibraryCertificate,
  KeyUsageFlags,
  KeyUsagesExtension,
  Name,
  SubjectAlternativeNameExtension,
  SubjectKeyIdentifierExtension,
  X509CertificateGenerator,
} from '@peculiar/x509';
import * as fc from 'fast-check';
import {
  type CertificateFields,
  extensions,
  keyIdentifierOf,
  nameOf,
  readIssuerFields,
  signatureAlgorithms,
  writeCertificate,
} from './certificate.ts';
import { DerError } from './der.ts';

cryptoProvider.set(webcrypto);

const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
const publicKey = generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey.export({ type: 'spki', format: 'der' });

interface Wanted {
  readonly serialNumber: Buffer;
  readonly commonName: string;
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
  readonly dnsNames: readonly string[];
}

/** Signed with RSA, whose signatures hold nothing random: the same content makes the same bytes. */
const written = ({ serialNumber, commonName, notBeforeMs, notAfterMs, dnsNames }: Wanted): Buffer => {
  const fields: CertificateFields = {
    serialNumber,
    issuer: nameOf('issuer'),
    subject: nameOf(commonName),
    notBeforeMs,
    notAfterMs,
    publicKey,
    extensions: [
      extensions.isNoAuthority,
      extensions.signsHandshakes,
      extensions.extendedKeyUsage(['serverAuth', 'clientAuth']),
      extensions.dnsNames(dnsNames),
      extensions.subjectKey(keyIdentifierOf(publicKey)),
    ],
  };
  return writeCertificate(fields, signatureAlgorithms.rsaWithSha256, (toBeSigned) => sign('sha256', toBeSigned, rsa.privateKey));
};

const wholeSecond = (timeMs: number): Date => new Date(Math.floor(timeMs / 1000) * 1000);

const rsaAlgorithm = { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' } as const;
const rsaPrivateKey = await webcrypto.subtle.importKey(
  'pkcs8',
  rsa.privateKey.export({ type: 'pkcs8', format: 'der' }),
  rsaAlgorithm,
  false,
  ['sign'],
);

const writtenByLibrary = async ({ serialNumber, commonName, notBeforeMs, notAfterMs, dnsNames }: Wanted): Promise<Buffer> => {
  const isPrintable = /^[A-Za-z0-9 '()+,\-./:=?]*$/.test(commonName);
  const certificate = await X509CertificateGenerator.create({
    serialNumber: serialNumber.toString('hex'),
    subject: new Name([{ CN: [isPrintable ? { printableString: commonName } : { utf8String: commonName }] }]),
    issuer: 'CN=issuer',
    notBefore: new Date(notBeforeMs),
    notAfter: new Date(notAfterMs),
    signingAlgorithm: rsaAlgorithm,
    signingKey: rsaPrivateKey,
    publicKey,
    extensions: [
      new BasicConstraintsExtension(false, undefined, true),
      new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
      new ExtendedKeyUsageExtension([ExtendedKeyUsage.serverAuth, ExtendedKeyUsage.clientAuth]),
      new SubjectAlternativeNameExtension(dnsNames.map((value) => ({ type: 'dns' as const, value }))),
      await SubjectKeyIdentifierExtension.create(publicKey),
    ],
  });
  return Buffer.from(certificate.rawData);
};

const serialNumber = fc
  .tuple(fc.integer({ min: 1, max: 0x7f }), fc.uint8Array({ maxLength: 19 }))
  .map(([first, rest]) => Buffer.from([first, ...rest]));

const borders = [63, 64, 65, 115, 116, 117, 118, 126, 127, 128, 242, 243, 244, 245, 254, 255, 256, 65_500, 65_535, 65_536];
const commonName = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.string({ unit: 'grapheme' }),
  fc.constantFrom('', ' ', '#00', '"quoted"', 'a,O=b+CN=c', 'back\\slash', 'CN=x', 'ends in space '),
  fc.tuple(fc.constantFrom('x', '_', 'ö'), fc.constantFrom(...borders)).map(([character, length]) => character.repeat(length)),
);

const time = fc.oneof(
  fc.integer({ min: 0, max: Date.UTC(9999, 11, 31, 23, 59, 59) }),
  fc.integer({ min: -2500, max: 2500 }).map((offsetMs) => Date.UTC(2050, 0, 1) + offsetMs),
);

const dnsLabel = fc.stringMatching(/^[a-z0-9]([a-z0-9-]{0,30}[a-z0-9])?$/);
const dnsName = fc.oneof(
  fc.array(dnsLabel, { minLength: 1, maxLength: 6 }).map((labels) => labels.join('.')),
  dnsLabel.map((label) => `*.${label}.svc.cluster.local.`),
  fc.constantFrom(126, 127, 128, 253).map((length) => 'd'.repeat(length)),
);
const wanted: fc.Arbitrary<Wanted> = fc.record({
  serialNumber,
  commonName,
  notBeforeMs: time,
  notAfterMs: time,
  dnsNames: fc.array(dnsName, { minLength: 1, maxLength: 20 }),
});

/** Their lengths add up to 22 octets each: fewer than 65536 in all, and more. */
const manyNames: readonly Wanted[] = [2978, 2979].map((count) => ({
  serialNumber: Buffer.of(1),
  commonName: 'many',
  notBeforeMs: 0,
  notAfterMs: 1000,
  dnsNames: Array.from({ length: count }, (_, index) => `member-${String(index).padStart(5, '0')}.example`),
}));

test('certificates: the writer writes what the library writes, byte for byte', async () => {
  await fc.assert(
    fc.asyncProperty(wanted, async (fields) => {
      assert.equal(written(fields).toString('hex'), (await writtenByLibrary(fields)).toString('hex'));
    }),
    { numRuns: 100, examples: manyNames.map((many) => [many] as [Wanted]) },
  );
});

test('certificates: OpenSSL and the library read back every field that was written', () => {
  fc.assert(
    fc.property(wanted, (fields) => {
      const certificate = written(fields);
      const [byNode, byLibrary] = [new X509Certificate(certificate), new LibraryCertificate(certificate)];
      const serial = fields.serialNumber.toString('hex');
      assert.equal(byNode.serialNumber.toLowerCase(), serial);
      assert.equal(byLibrary.serialNumber, serial);
      // Node ends a text at its first NUL.
      if (!fields.commonName.includes('\0')) assert.deepEqual({ ...byNode.toLegacyObject().subject }, { CN: fields.commonName });
      assert.deepEqual(byLibrary.subjectName.getField('CN'), [fields.commonName]);
      for (const { from, until } of [
        { from: byNode.validFromDate, until: byNode.validToDate },
        { from: byLibrary.notBefore, until: byLibrary.notAfter },
      ]) {
        assert.deepEqual([from, until], [wholeSecond(fields.notBeforeMs), wholeSecond(fields.notAfterMs)]);
      }
      assert.equal(byNode.subjectAltName, fields.dnsNames.map((name) => `DNS:${name}`).join(', '));
      assert.deepEqual(
        byLibrary.getExtension(SubjectAlternativeNameExtension)?.names.toJSON(),
        fields.dnsNames.map((value) => ({ type: 'dns', value })),
      );
      assert.equal(byNode.verify(rsa.publicKey), true);
      assert.deepEqual(byNode.publicKey.export({ type: 'spki', format: 'der' }), publicKey);
    }),
    { numRuns: 100, examples: manyNames.map((many) => [many] as [Wanted]) },
  );
});

/** `cut` is a position in the certificate, as a fraction of its length. */
const everyPosition = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });

test('certificates: a certificate that is cut off or overwritten is refused or read, and never ends otherwise', () => {
  const certificate = written({ serialNumber: Buffer.of(1), commonName: 'x', notBeforeMs: 0, notAfterMs: 1, dnsNames: ['x'] });
  const readOrRefused = (bytes: Buffer): void => {
    try {
      readIssuerFields(bytes);
    } catch (error) {
      assert.ok(error instanceof DerError, String(error));
    }
  };
  fc.assert(
    fc.property(everyPosition, fc.nat(255), (cut, octet) => {
      const position = Math.floor(cut * certificate.length);
      assert.throws(() => readIssuerFields(certificate.subarray(0, position)), DerError);
      const changed = Buffer.from(certificate);
      changed[position] = octet;
      readOrRefused(changed);
    }),
    { numRuns: 500 },
  );
});

test('certificates: the key identifier is the one that the library computes, for keys of every kind', async () => {
  for (const key of [
    rsa.publicKey,
    generateKeyPairSync('ec', { namedCurve: 'P-384' }).publicKey,
    generateKeyPairSync('ec', { namedCurve: 'P-521' }).publicKey,
  ]) {
    assert.ok(key instanceof KeyObject);
    const spki = key.export({ type: 'spki', format: 'der' });
    const { keyId } = await SubjectKeyIdentifierExtension.create(spki);
    assert.equal(keyIdentifierOf(spki).toString('hex'), keyId);
  }
});
