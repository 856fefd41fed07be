/**
 * Fills the placeholders of a Secret: the one place where passwords, keys and certificates come into being. What comes out goes to the API
 * server and nowhere else.
 */
import type { SecretValue } from '@pgherd/engine';
import type { KeyPairPem } from './certificates.ts';

/** The values of a Secret by key, decoded. */
export type SecretData = Readonly<Record<string, Buffer>>;

/** What filling needs from outside. */
export interface SecretSources {
  readonly nowMs: number;
  readonly newPassword: (characters: 'ascii' | 'alphanumeric', length: number) => string;
  readonly newVerifier: (password: string) => Promise<string>;
  readonly newRoot: (commonName: string, validityMs: number, nowMs: number) => Promise<KeyPairPem>;
  readonly newLeaf: (
    request: Extract<SecretValue, { kind: 'newCertificate' }>['request'],
    root: KeyPairPem,
    nowMs: number,
  ) => Promise<KeyPairPem>;
  /** Another Secret of the same namespace as it is, not as it was before this pass began to act; undefined where there is none. */
  readonly readSecret: (name: string) => Promise<SecretData | undefined>;
}

/** A placeholder cannot be filled yet, because what it refers to is not there. The next pass tries again. */
export class SecretSourceMissingError extends Error {
  readonly code = 'SecretSourceMissing';
  readonly retryable = true;

  constructor(secret: string, key: string) {
    super(`Secret ${secret} has no ${key} yet`);
    this.name = 'SecretSourceMissingError';
  }
}

/** One after the other. A PEM file of somebody else's need not end with its last line. */
const inLines = (parts: readonly Buffer[]): Buffer => {
  const filled = parts.filter(({ length }) => length > 0);
  return Buffer.concat(
    filled.flatMap((part, index) => (index < filled.length - 1 && part.at(-1) !== 0x0a ? [part, Buffer.from('\n')] : [part])),
  );
};

/** A template or a concatenation: what follows from other values without anything new. Undefined: some part is missing. */
export const derivedValue = async (
  value: Extract<SecretValue, { kind: 'text' | 'template' | 'concatenationOf' }>,
  valueOf: (key: string) => Promise<Buffer | undefined>,
  readSecret: SecretSources['readSecret'],
): Promise<Buffer | undefined> => {
  switch (value.kind) {
    case 'text':
      return Buffer.from(value.text);
    case 'template': {
      const parts = await Promise.all(
        value.parts.map(async (part) => {
          if ('text' in part) return part.text;
          const text = (await valueOf(part.valueOf))?.toString();
          return text !== undefined && part.encoding === 'url' ? encodeURIComponent(text) : text;
        }),
      );
      return parts.includes(undefined) ? undefined : Buffer.from(parts.join(''));
    }
    case 'concatenationOf': {
      const parts = await Promise.all(
        value.parts.map(async (part) => {
          if (!('secret' in part)) return valueOf(part.key);
          const found = (await readSecret(part.secret))?.[part.key];
          return part.optional === true ? (found ?? Buffer.alloc(0)) : found;
        }),
      );
      return parts.includes(undefined) ? undefined : inLines(parts.filter((part) => part !== undefined));
    }
    default:
      return value satisfies never;
  }
};

/**
 * The values that a Secret gets, all keys of `values` and nothing else; existing keys that `values` does not name are left to the caller.
 *
 * @throws SecretSourceMissingError while a root or a copied Secret is not there.
 */
export const fillSecret = async (
  secretName: string,
  values: Readonly<Record<string, SecretValue>>,
  existing: SecretData,
  sources: SecretSources,
): Promise<Record<string, Buffer>> => {
  const filled = new Map<string, Promise<Buffer>>();
  const pairs = new Map<string, Promise<KeyPairPem>>();

  const pairOf = async (key: string, value: Extract<SecretValue, { kind: 'newRoot' | 'newCertificate' }>): Promise<KeyPairPem> => {
    const made =
      pairs.get(key) ??
      (async (): Promise<KeyPairPem> => {
        if (value.kind === 'newRoot') return sources.newRoot(value.commonName, value.validityMs, sources.nowMs);
        const { secret, certificateKey, privateKeyKey } = value.request.root;
        const root = await sources.readSecret(secret);
        const [certificate, privateKey] = [root?.[certificateKey], root?.[privateKeyKey]];
        if (certificate === undefined) throw new SecretSourceMissingError(secret, certificateKey);
        if (privateKey === undefined) throw new SecretSourceMissingError(secret, privateKeyKey);
        return sources.newLeaf(value.request, { certificate: certificate.toString(), privateKey: privateKey.toString() }, sources.nowMs);
      })();
    pairs.set(key, made);
    return made;
  };

  const compute = async (key: string, value: SecretValue): Promise<Buffer> => {
    const missing = (): SecretSourceMissingError => new SecretSourceMissingError(secretName, key);
    switch (value.kind) {
      case 'keep': {
        const kept = existing[key];
        if (kept === undefined) throw missing();
        return kept;
      }
      case 'replaced': {
        const before = existing[value.key];
        if (before === undefined) throw missing();
        return before;
      }
      case 'newPassword':
        return Buffer.from(sources.newPassword(value.characters, value.length));
      case 'verifierOf':
        return Buffer.from(await sources.newVerifier((await valueOf(value.key)).toString()));
      case 'newRoot':
      case 'newCertificate':
        return Buffer.from((await pairOf(key, value)).certificate);
      case 'withCertificate': {
        const certificate = Object.entries(values).find(
          ([, candidate]) => (candidate.kind === 'newRoot' || candidate.kind === 'newCertificate') && candidate.privateKey === key,
        );
        if (certificate === undefined || (certificate[1].kind !== 'newRoot' && certificate[1].kind !== 'newCertificate')) throw missing();
        return Buffer.from((await pairOf(certificate[0], certificate[1])).privateKey);
      }
      case 'text':
      case 'template':
      case 'concatenationOf': {
        const derived = await derivedValue(value, valueOf, sources.readSecret);
        if (derived !== undefined) return derived;
        throw missing();
      }
      default:
        return value satisfies never;
    }
  };

  const valueOf = async (key: string): Promise<Buffer> => {
    const value = values[key];
    if (value === undefined) {
      const kept = existing[key];
      if (kept === undefined) throw new SecretSourceMissingError(secretName, key);
      return kept;
    }
    const known = filled.get(key) ?? compute(key, value);
    filled.set(key, known);
    return known;
  };

  return Object.fromEntries(await Promise.all(Object.keys(values).map(async (key) => [key, await valueOf(key)] as const)));
};
