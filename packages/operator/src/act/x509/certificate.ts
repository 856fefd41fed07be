/** X.509 certificates, version 3 (RFC 5280), as the bytes that they are: how one is put together, and what of an issuer goes into it. */
import { hash } from 'node:crypto';
import {
  DerError,
  derBitString,
  type DerElement,
  derExplicit,
  derImplicit,
  derInteger,
  derNull,
  derObjectIdentifier,
  derOctetString,
  derSequence,
  derSetOf,
  derText,
  derTime,
  derTrue,
  ia5Octets,
  readDer,
} from './der.ts';

/** A Name of one attribute. */
export const nameOf = (commonName: string): Buffer =>
  derSequence(derSetOf(derSequence(derObjectIdentifier('2.5.4.3'), derText(commonName))));

/** AlgorithmIdentifiers of signatures (RFC 5758, 3.2; RFC 4055, 5). */
export const signatureAlgorithms = {
  ecdsaWithSha256: derSequence(derObjectIdentifier('1.2.840.10045.4.3.2')),
  ecdsaWithSha384: derSequence(derObjectIdentifier('1.2.840.10045.4.3.3')),
  ecdsaWithSha512: derSequence(derObjectIdentifier('1.2.840.10045.4.3.4')),
  rsaWithSha256: derSequence(derObjectIdentifier('1.2.840.113549.1.1.11'), derNull),
} as const;

const subjectKeyIdentifierType = derObjectIdentifier('2.5.29.14');

const extension = (type: Buffer, value: Buffer): Buffer => derSequence(type, derOctetString(value));

/** Who does not understand a critical extension refuses the certificate. */
const criticalExtension = (type: string, value: Buffer): Buffer => derSequence(derObjectIdentifier(type), derTrue, derOctetString(value));

const extendedKeyUsages = {
  serverAuth: derObjectIdentifier('1.3.6.1.5.5.7.3.1'),
  clientAuth: derObjectIdentifier('1.3.6.1.5.5.7.3.2'),
} as const;

/** The extensions that our certificates have (RFC 5280, 4.2.1). Of the key usages, bit 0 is a signature, 5 and 6 are certificates and CRLs. */
export const extensions = {
  isAuthority: criticalExtension('2.5.29.19', derSequence(derTrue)),
  isNoAuthority: criticalExtension('2.5.29.19', derSequence()),
  signsCertificates: criticalExtension('2.5.29.15', derBitString(Buffer.of(0b0000_0110), 1)),
  signsHandshakes: criticalExtension('2.5.29.15', derBitString(Buffer.of(0b1000_0000), 7)),
  extendedKeyUsage: (usages: readonly (keyof typeof extendedKeyUsages)[]): Buffer =>
    extension(derObjectIdentifier('2.5.29.37'), derSequence(...usages.map((usage) => extendedKeyUsages[usage]))),
  dnsNames: (names: readonly string[]): Buffer =>
    extension(derObjectIdentifier('2.5.29.17'), derSequence(...names.map((name) => derImplicit(2, ia5Octets(name))))),
  authorityKey: (keyIdentifier: Buffer): Buffer => extension(derObjectIdentifier('2.5.29.35'), derSequence(derImplicit(0, keyIdentifier))),
  subjectKey: (keyIdentifier: Buffer): Buffer => extension(subjectKeyIdentifierType, derOctetString(keyIdentifier)),
} as const;

export interface CertificateFields {
  /** Positive, at most 20 octets, the first of them neither 0 nor above 0x7f. */
  readonly serialNumber: Buffer;
  /** Names as DER, see `nameOf`. */
  readonly issuer: Buffer;
  readonly subject: Buffer;
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
  /** A SubjectPublicKeyInfo as DER. */
  readonly publicKey: Buffer;
  readonly extensions: readonly Buffer[];
}

/** The certificate as DER. `sign` gets what is to be signed, and returns the signature as X.509 wants it: of ECDSA a DER sequence. */
export const writeCertificate = (fields: CertificateFields, signatureAlgorithm: Buffer, sign: (toBeSigned: Buffer) => Buffer): Buffer => {
  const version3 = derExplicit(0, derInteger(Buffer.of(2)));
  const toBeSigned = derSequence(
    version3,
    derInteger(fields.serialNumber),
    signatureAlgorithm,
    fields.issuer,
    derSequence(derTime(fields.notBeforeMs), derTime(fields.notAfterMs)),
    fields.subject,
    fields.publicKey,
    derExplicit(3, derSequence(...fields.extensions)),
  );
  return derSequence(toBeSigned, signatureAlgorithm, derBitString(sign(toBeSigned)));
};

const required = (element: DerElement | undefined): DerElement => {
  if (element === undefined) throw new DerError('the certificate ends too early');
  return element;
};

const childrenOf = (der: Buffer): readonly DerElement[] => readDer(required(readDer(der)[0]).content);

/** SHA-1 of the key's bits (RFC 5280, 4.2.1.2, method 1). `publicKey` is a SubjectPublicKeyInfo as DER. */
export const keyIdentifierOf = (publicKey: Buffer): Buffer => {
  const [, bits] = childrenOf(publicKey);
  // The first octet of a bit string counts unused bits.
  return hash('sha1', required(bits).content.subarray(1), 'buffer');
};

/** What of an issuer's certificate goes into those that it issues, byte for byte. */
export interface IssuerFields {
  /** A Name as DER. */
  readonly subject: Buffer;
  /** As its certificate has it, which is for each authority to choose; computed only where it has none. */
  readonly keyIdentifier: Buffer;
}

/** @throws DerError if `certificate` is no certificate as DER. */
export const readIssuerFields = (certificate: Buffer): IssuerFields => {
  const [toBeSigned] = childrenOf(certificate);
  const fields = readDer(required(toBeSigned).content);
  // Version 1 is not written down.
  const [, , , , subject, publicKey, ...rest] = fields[0]?.tag === 0xa0 ? fields.slice(1) : fields;
  const wrapped = rest.find(({ tag }) => tag === 0xa3)?.content;
  const keyIdentifier = (wrapped === undefined ? [] : childrenOf(wrapped))
    .map(({ content }) => readDer(content))
    .find(([type]) => type?.whole.equals(subjectKeyIdentifierType))
    ?.at(-1);
  return {
    // Copies: the rest of the certificate need not stay in memory.
    subject: Buffer.from(required(subject).whole),
    keyIdentifier:
      keyIdentifier === undefined
        ? keyIdentifierOf(required(publicKey).whole)
        : Buffer.from(required(readDer(keyIdentifier.content)[0]).content),
  };
};
