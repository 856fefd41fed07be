/**
 * Turns a Secret into facts: what of it may enter an Observation. Values stay here; out go keyed fingerprints, certificates' dates and names,
 * and whether what is derived still follows from what it derives from.
 */
import { createHmac, createPrivateKey, randomBytes, X509Certificate } from 'node:crypto';
import type { CertificateFacts, SecretFacts, SecretPlan, SecretValueFacts } from '@pgherd/engine';
import { isVerifierOf } from '../act/passwords.ts';
import { derivedValue, type SecretData, type SecretSources } from '../act/secretValues.ts';

/** A Secret as the API gives it, as far as facts need it. */
export interface StoredSecret {
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly uid?: string;
    readonly resourceVersion?: string;
    readonly creationTimestamp?: string;
    readonly deletionTimestamp?: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
    readonly ownerReferences?: readonly { readonly uid: string }[];
  };
  readonly data?: Readonly<Record<string, string>>;
}

/** Keyed so that a fingerprint tells equality within this process and nothing else to anybody. */
export const newFingerprint = (): ((value: string | Buffer) => string) => {
  const key = randomBytes(32);
  return (value) => createHmac('sha256', key).update(value).digest('hex').slice(0, 32);
};

/** Decodes `data` of a Secret. */
export const dataOf = (secret: StoredSecret): SecretData =>
  Object.fromEntries(Object.entries(secret.data ?? {}).map(([key, value]) => [key, Buffer.from(value ?? '', 'base64')]));

const certificateIn = (value: Buffer): X509Certificate | undefined => {
  if (!value.includes('-----BEGIN CERTIFICATE-----')) return undefined;
  try {
    return new X509Certificate(value);
  } catch {
    // Something that only looks like a certificate is none: decide sees a value without certificate and makes a new one.
    return undefined;
  }
};

const keyBelongs = (certificate: X509Certificate, data: SecretData): boolean =>
  Object.values(data).some((value) => {
    const pem = /-----BEGIN [A-Z ]*PRIVATE KEY-----[^-]+-----END [A-Z ]*PRIVATE KEY-----/.exec(value.toString('latin1'))?.[0];
    if (pem === undefined) return false;
    try {
      return certificate.checkPrivateKey(createPrivateKey(pem));
    } catch {
      return false;
    }
  });

const commonNameOf = (certificate: X509Certificate): string => /(?:^|\n)CN=(.*)/.exec(certificate.subject)?.[1] ?? '';

const dnsNamesOf = (certificate: X509Certificate): readonly string[] =>
  [...(certificate.subjectAltName ?? '').matchAll(/DNS:([^,\s]+)/g)].map((match) => match[1] ?? '');

const certificateFacts = (certificate: X509Certificate, data: SecretData, roots: readonly X509Certificate[]): CertificateFacts => ({
  commonName: commonNameOf(certificate),
  dnsNames: dnsNamesOf(certificate),
  notBeforeMs: certificate.validFromDate.getTime(),
  notAfterMs: certificate.validToDate.getTime(),
  issuerFingerprint: roots.find((root) => certificate.checkIssued(root) && certificate.verify(root.publicKey))?.fingerprint256,
  fingerprint: certificate.fingerprint256,
  isAuthority: certificate.ca,
  keyMatches: keyBelongs(certificate, data),
});

export interface FactSources {
  readonly fingerprint: (value: string | Buffer) => string;
  /** Certificates of the namespace's roots. */
  readonly roots: readonly X509Certificate[];
  /** Other Secrets of the namespace, from the caches. */
  readonly readSecret: SecretSources['readSecret'];
}

/** The facts of one Secret; `plan` says which values are derived and from what. */
export const secretFacts = async (secret: StoredSecret, plan: SecretPlan | undefined, sources: FactSources): Promise<SecretFacts> => {
  const data = dataOf(secret);
  const values: Record<string, SecretValueFacts> = {};
  for (const [key, value] of Object.entries(data)) {
    const certificate = certificateIn(value);
    values[key] = {
      empty: value.length === 0,
      fingerprint: sources.fingerprint(value),
      ...(certificate === undefined ? {} : { certificate: certificateFacts(certificate, data, sources.roots) }),
    };
  }
  const derivedMatches: Record<string, boolean> = {};
  for (const [key, value] of Object.entries(plan?.values ?? {})) {
    if (value.kind === 'verifierOf' && value.follows) {
      derivedMatches[key] = await isVerifierOf(data[key]?.toString() ?? '', data[value.key]?.toString() ?? '');
      continue;
    }
    if (value.kind !== 'text' && value.kind !== 'template' && value.kind !== 'concatenationOf') continue;
    const wanted = await derivedValue(value, async (other) => data[other], sources.readSecret);
    derivedMatches[key] = wanted !== undefined && data[key]?.equals(wanted) === true;
  }
  return {
    name: secret.metadata.name,
    namespace: secret.metadata.namespace ?? '',
    uid: secret.metadata.uid ?? '',
    resourceVersion: secret.metadata.resourceVersion ?? '',
    creationTimestamp: secret.metadata.creationTimestamp ?? '',
    labels: secret.metadata.labels ?? {},
    annotations: secret.metadata.annotations ?? {},
    ownerUids: (secret.metadata.ownerReferences ?? []).map((reference) => reference.uid),
    deleting: secret.metadata.deletionTimestamp !== undefined,
    values,
    derivedMatches,
  };
};
