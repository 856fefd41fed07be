/** Makes roots and leaf certificates: ECDSA P-256 with SHA-256, version 3, as PEM. */
import { createPrivateKey, generateKeyPairSync, type KeyObject, randomBytes, sign, X509Certificate } from 'node:crypto';
import type { CertificateRequest } from '@pgherd/engine';
import { KubeError } from '@pgherd/kube';
import { extensions, keyIdentifierOf, nameOf, readIssuerFields, signatureAlgorithms, writeCertificate } from './x509/certificate.ts';

/** A certificate and its private key (PKCS #8), both as PEM. */
export interface KeyPairPem {
  readonly certificate: string;
  readonly privateKey: string;
}

/** Clocks of nodes differ: a certificate that has just been made must not lie in somebody's future. */
const backdatedMs = 60 * 60 * 1000;

/** In this thread: it takes 0.1 ms, of another thread nearly twice the processor time. A signature takes 0.03 ms, with P-521 up to 2 ms. */
const newKeys = (): { readonly publicKey: Buffer; readonly privateKey: string } =>
  generateKeyPairSync('ec', {
    namedCurve: 'P-256',
    publicKeyEncoding: { type: 'spki', format: 'der' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  });

/** RFC 5280: positive, at most 20 octets. */
const newSerialNumber = (): Buffer => {
  const bytes = randomBytes(16);
  bytes[0] = ((bytes[0] ?? 0) & 0x7f) | 0x40;
  return bytes;
};

const pemOfCertificate = (der: Buffer): string =>
  `-----BEGIN CERTIFICATE-----\n${der.toString('base64').replaceAll(/.{64}(?=.)/g, '$&\n')}\n-----END CERTIFICATE-----\n`;

/** A self-signed root that may sign leaves. */
export const newRoot = (commonName: string, validityMs: number, nowMs: number): KeyPairPem => {
  const { publicKey, privateKey } = newKeys();
  const subject = nameOf(commonName);
  const certificate = writeCertificate(
    {
      serialNumber: newSerialNumber(),
      issuer: subject,
      subject,
      notBeforeMs: nowMs - backdatedMs,
      notAfterMs: nowMs + validityMs,
      publicKey,
      extensions: [extensions.isAuthority, extensions.signsCertificates, extensions.subjectKey(keyIdentifierOf(publicKey))],
    },
    signatureAlgorithms.ecdsaWithSha256,
    (toBeSigned) => sign('sha256', toBeSigned, privateKey),
  );
  return { certificate: pemOfCertificate(certificate), privateKey };
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

/** Nobody would trust a leaf that another key signed. */
export class RootKeyMismatchError extends KubeError {
  override readonly name = 'RootKeyMismatchError';
  readonly code = 'RootKeyMismatch';
  readonly retryable = false;

  constructor() {
    super("the root's private key does not belong to its certificate: put the two of one pair into the Secret");
  }
}

interface SigningAlgorithm {
  readonly hash: 'sha256' | 'sha384' | 'sha512';
  readonly identifier: Buffer;
}

/** By OpenSSL's names of the curves. The hash is as strong as the curve (RFC 5480, section 4). */
const curves: Readonly<Record<string, SigningAlgorithm>> = {
  prime256v1: { hash: 'sha256', identifier: signatureAlgorithms.ecdsaWithSha256 },
  secp384r1: { hash: 'sha384', identifier: signatureAlgorithms.ecdsaWithSha384 },
  secp521r1: { hash: 'sha512', identifier: signatureAlgorithms.ecdsaWithSha512 },
};

const signingAlgorithmOf = ({ asymmetricKeyType, asymmetricKeyDetails }: KeyObject): SigningAlgorithm => {
  if (asymmetricKeyType === 'rsa') return { hash: 'sha256', identifier: signatureAlgorithms.rsaWithSha256 };
  const curve = asymmetricKeyDetails?.namedCurve;
  const found = asymmetricKeyType === 'ec' ? curves[curve ?? ''] : undefined;
  if (found === undefined) throw new UnsupportedRootKeyError(curve ?? asymmetricKeyType ?? 'unknown');
  return found;
};

interface Issuer {
  readonly subject: Buffer;
  readonly keyIdentifier: Buffer;
  readonly notAfterMs: number;
  readonly signingKey: KeyObject;
  readonly signingAlgorithm: SigningAlgorithm;
}

/** A root may be somebody else's: its key comes in PKCS #8, SEC 1 (as PGO writes it) or PKCS #1. */
const readIssuer = ({ certificate, privateKey }: KeyPairPem): Issuer => {
  const [parsed, signingKey] = [new X509Certificate(certificate), createPrivateKey(privateKey)];
  const signingAlgorithm = signingAlgorithmOf(signingKey);
  if (!parsed.checkPrivateKey(signingKey)) throw new RootKeyMismatchError();
  return { ...readIssuerFields(parsed.raw), notAfterMs: parsed.validToDate.getTime(), signingKey, signingAlgorithm };
};

const rememberedIssuers = 16;

/** Reads roots and remembers the last few: a cluster has several leaves, and the clusters of a namespace have one root. */
export const newIssuers = (): ((root: KeyPairPem) => Issuer) => {
  const issuers = new Map<string, Issuer>();
  return (root) => {
    const key = root.certificate + root.privateKey;
    const issuer = issuers.get(key) ?? readIssuer(root);
    issuers.delete(key);
    issuers.set(key, issuer);
    const [oldest] = issuers.keys();
    if (issuers.size > rememberedIssuers && oldest !== undefined) issuers.delete(oldest);
    return issuer;
  };
};

/**
 * A leaf signed by `root`.
 *
 * @throws UnsupportedRootKeyError, RootKeyMismatchError, or what node:crypto throws when `root` is no certificate and no key.
 */
export const newLeaf = (
  request: Omit<CertificateRequest, 'root'>,
  root: KeyPairPem,
  nowMs: number,
  issuerOf: (root: KeyPairPem) => Issuer = readIssuer,
): KeyPairPem => {
  const issuer = issuerOf(root);
  const { publicKey, privateKey } = newKeys();
  const certificate = writeCertificate(
    {
      serialNumber: newSerialNumber(),
      issuer: issuer.subject,
      subject: nameOf(request.commonName),
      notBeforeMs: nowMs - backdatedMs,
      // A leaf that outlives its root is trusted by nobody at the end.
      notAfterMs: Math.min(nowMs + request.validityMs, issuer.notAfterMs),
      publicKey,
      extensions: [
        extensions.isNoAuthority,
        extensions.signsHandshakes,
        extensions.extendedKeyUsage(request.usages),
        ...(request.dnsNames.length > 0 ? [extensions.dnsNames(request.dnsNames)] : []),
        extensions.authorityKey(issuer.keyIdentifier),
        extensions.subjectKey(keyIdentifierOf(publicKey)),
      ],
    },
    issuer.signingAlgorithm.identifier,
    (toBeSigned) => sign(issuer.signingAlgorithm.hash, toBeSigned, issuer.signingKey),
  );
  return { certificate: pemOfCertificate(certificate), privateKey };
};
