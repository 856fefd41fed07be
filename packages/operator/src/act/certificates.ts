/** Makes roots and leaf certificates: ECDSA P-256 with SHA-256, version 3, as PEM. */
import 'reflect-metadata';
import { createPrivateKey, type KeyObject, randomBytes, webcrypto } from 'node:crypto';
import {
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  cryptoProvider,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  KeyUsageFlags,
  KeyUsagesExtension,
  PemConverter,
  SubjectAlternativeNameExtension,
  SubjectKeyIdentifierExtension,
  X509Certificate,
  X509CertificateGenerator,
} from '@peculiar/x509';
import type { CertificateRequest } from '@pgherd/engine';
import { KubeError } from '@pgherd/kube';

cryptoProvider.set(webcrypto);

/** A certificate and its private key (PKCS #8), both as PEM. */
export interface KeyPairPem {
  readonly certificate: string;
  readonly privateKey: string;
}

const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;
/** Clocks of nodes differ: a certificate that has just been made must not lie in somebody's future. */
const backdatedMs = 60 * 60 * 1000;

const newKeys = async (): Promise<webcrypto.CryptoKeyPair> => webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);

/** RFC 5280: positive, at most 20 octets. */
const newSerialNumber = (): string => {
  const bytes = randomBytes(16);
  bytes[0] = ((bytes[0] ?? 0) & 0x7f) | 0x40;
  return bytes.toString('hex');
};

const pemOfKey = async (key: webcrypto.CryptoKey): Promise<string> =>
  `${PemConverter.encode(await webcrypto.subtle.exportKey('pkcs8', key), 'PRIVATE KEY')}\n`;

/** RFC 4514: a common name as text must not end the attribute early. */
const subjectOf = (commonName: string): string => `CN=${commonName.replaceAll(/[\\,+"<>;=#]/g, (character) => `\\${character}`)}`;

/** A self-signed root that may sign leaves. */
export const newRoot = async (commonName: string, validityMs: number, nowMs: number): Promise<KeyPairPem> => {
  const keys = await newKeys();
  const certificate = await X509CertificateGenerator.createSelfSigned({
    serialNumber: newSerialNumber(),
    name: subjectOf(commonName),
    notBefore: new Date(nowMs - backdatedMs),
    notAfter: new Date(nowMs + validityMs),
    signingAlgorithm: algorithm,
    keys,
    extensions: [
      new BasicConstraintsExtension(true, undefined, true),
      new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
      await SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  return { certificate: `${certificate.toString('pem')}\n`, privateKey: await pemOfKey(keys.privateKey) };
};

/** A root's key is of a kind that leaves are not signed with. */
export class UnsupportedRootKeyError extends KubeError {
  override readonly name = 'UnsupportedRootKeyError';
  readonly code = 'UnsupportedRootKey';
  readonly retryable = false;

  constructor(kind: string) {
    super(`the root's private key is of kind ${kind}: use ECDSA on P-256, P-384 or P-521, or RSA`);
  }
}

type SigningAlgorithm =
  | { readonly name: 'ECDSA'; readonly namedCurve: string; readonly hash: string }
  | { readonly name: 'RSASSA-PKCS1-v1_5'; readonly hash: string };

/** By OpenSSL's names of the curves. The hash is as strong as the curve (RFC 5480, section 4). */
const curves: Readonly<Record<string, SigningAlgorithm>> = {
  prime256v1: algorithm,
  secp384r1: { name: 'ECDSA', namedCurve: 'P-384', hash: 'SHA-384' },
  secp521r1: { name: 'ECDSA', namedCurve: 'P-521', hash: 'SHA-512' },
};

const signingAlgorithmOf = ({ asymmetricKeyType, asymmetricKeyDetails }: KeyObject): SigningAlgorithm => {
  if (asymmetricKeyType === 'rsa') return { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' };
  const curve = asymmetricKeyDetails?.namedCurve;
  const found = asymmetricKeyType === 'ec' ? curves[curve ?? ''] : undefined;
  if (found === undefined) throw new UnsupportedRootKeyError(curve ?? asymmetricKeyType ?? 'unknown');
  return found;
};

interface Issuer {
  readonly certificate: X509Certificate;
  readonly signingKey: webcrypto.CryptoKey;
  readonly signingAlgorithm: SigningAlgorithm;
}

/** A root may be somebody else's: its key comes in PKCS #8, SEC 1 (as PGO writes it) or PKCS #1. */
const readIssuer = async ({ certificate, privateKey }: KeyPairPem): Promise<Issuer> => {
  const key = createPrivateKey(privateKey);
  const signingAlgorithm = signingAlgorithmOf(key);
  const der = key.export({ type: 'pkcs8', format: 'der' });
  return {
    certificate: new X509Certificate(certificate),
    signingKey: await webcrypto.subtle.importKey('pkcs8', der, signingAlgorithm, false, ['sign']),
    signingAlgorithm,
  };
};

const rememberedIssuers = 16;

/** Reads roots and remembers the last few: a cluster has several leaves, and the clusters of a namespace have one root. */
export const newIssuers = (): ((root: KeyPairPem) => Promise<Issuer>) => {
  const issuers = new Map<string, Promise<Issuer>>();
  return async (root) => {
    const key = root.certificate + root.privateKey;
    const issuer = issuers.get(key) ?? readIssuer(root);
    issuers.delete(key);
    issuers.set(key, issuer);
    const [oldest] = issuers.keys();
    if (issuers.size > rememberedIssuers && oldest !== undefined) issuers.delete(oldest);
    return issuer;
  };
};

/** A leaf signed by `root`. Throws what the library throws when `root` is no certificate with its key. */
export const newLeaf = async (
  request: Omit<CertificateRequest, 'root'>,
  root: KeyPairPem,
  nowMs: number,
  issuerOf: (root: KeyPairPem) => Promise<Issuer> = readIssuer,
): Promise<KeyPairPem> => {
  const { certificate: issuer, signingKey, signingAlgorithm } = await issuerOf(root);
  const keys = await newKeys();
  const usages = { serverAuth: ExtendedKeyUsage.serverAuth, clientAuth: ExtendedKeyUsage.clientAuth } as const;
  const certificate = await X509CertificateGenerator.create({
    serialNumber: newSerialNumber(),
    subject: subjectOf(request.commonName),
    issuer: issuer.subject,
    notBefore: new Date(nowMs - backdatedMs),
    // A leaf that outlives its root is trusted by nobody at the end.
    notAfter: new Date(Math.min(nowMs + request.validityMs, issuer.notAfter.getTime())),
    signingAlgorithm,
    publicKey: keys.publicKey,
    signingKey,
    extensions: [
      new BasicConstraintsExtension(false, undefined, true),
      new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
      new ExtendedKeyUsageExtension(request.usages.map((usage) => usages[usage])),
      ...(request.dnsNames.length > 0
        ? [new SubjectAlternativeNameExtension(request.dnsNames.map((value) => ({ type: 'dns' as const, value })))]
        : []),
      await AuthorityKeyIdentifierExtension.create(issuer),
      await SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  return { certificate: `${certificate.toString('pem')}\n`, privateKey: await pemOfKey(keys.privateKey) };
};
