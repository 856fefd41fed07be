/** Roots as other operators and tools leave them, made by a library, so that our own certificates are not measured against themselves. */
import 'reflect-metadata';
import { KeyObject, webcrypto } from 'node:crypto';
import {
  BasicConstraintsExtension,
  cryptoProvider,
  type Extension,
  KeyUsageFlags,
  KeyUsagesExtension,
  Name,
  X509CertificateGenerator,
} from '@peculiar/x509';
import type { KeyPairPem } from '../act/certificates.ts';

cryptoProvider.set(webcrypto);

const day = 24 * 60 * 60 * 1000;

const ecdsa = (namedCurve: string, hash: string) => ({ name: 'ECDSA', namedCurve, hash });
const rsa = {
  name: 'RSASSA-PKCS1-v1_5',
  modulusLength: 2048,
  publicExponent: new Uint8Array([1, 0, 1]),
  hash: 'SHA-256',
} as const;

/** Every kind of key that a root may have, in each form that some tool writes it in. */
export const foreignKeys = {
  'P-256 in SEC 1, as the original operator writes it': { algorithm: ecdsa('P-256', 'SHA-256'), form: 'sec1' },
  'P-256 in PKCS #8': { algorithm: ecdsa('P-256', 'SHA-256'), form: 'pkcs8' },
  'P-384 in SEC 1': { algorithm: ecdsa('P-384', 'SHA-384'), form: 'sec1' },
  'P-384 in PKCS #8': { algorithm: ecdsa('P-384', 'SHA-384'), form: 'pkcs8' },
  'P-521 in SEC 1': { algorithm: ecdsa('P-521', 'SHA-512'), form: 'sec1' },
  'RSA in PKCS #1': { algorithm: rsa, form: 'pkcs1' },
  'RSA in PKCS #8': { algorithm: rsa, form: 'pkcs8' },
} as const;

export type ForeignKey = (typeof foreignKeys)[keyof typeof foreignKeys];

export interface ForeignRoot extends KeyPairPem {
  readonly keys: webcrypto.CryptoKeyPair;
}

export const foreignRoot = async (
  { algorithm, form }: ForeignKey,
  nowMs: number,
  name: Name = new Name('CN=foreign'),
  extensions: readonly Extension[] = [],
): Promise<ForeignRoot> => {
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
  const certificate = await X509CertificateGenerator.createSelfSigned({
    serialNumber: '01',
    name,
    notBefore: new Date(nowMs - day),
    notAfter: new Date(nowMs + 3650 * day),
    signingAlgorithm: algorithm,
    keys,
    extensions: [
      new BasicConstraintsExtension(true, undefined, true),
      new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
      ...extensions,
    ],
  });
  const privateKey = KeyObject.from(keys.privateKey).export({ type: form, format: 'pem' }).toString();
  return { certificate: certificate.toString('pem'), privateKey, keys };
};
