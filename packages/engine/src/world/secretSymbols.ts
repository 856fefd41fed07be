/** Secret values as symbols: what a placeholder would become, told by what it is made from. */
import type { CertificateFacts } from '../observation.ts';
import type { SecretValue } from '../decision.ts';
import type { World, WorldSecret } from './world.ts';

type Symbols = Readonly<Record<string, string>>;

/** The symbol of a value that derives from others; undefined: it does not, or a source is missing. */
export const symbolOf = (value: SecretValue, own: Symbols, other: (secret: string) => Symbols | undefined): string | undefined => {
  switch (value.kind) {
    case 'text':
      return value.text;
    case 'verifierOf':
      return `verifier(${own[value.key] ?? ''})`;
    case 'template':
      // Every object has a valueOf, so it is the other member that tells the parts apart.
      return value.parts.map((part) => ('text' in part ? part.text : (own[part.valueOf] ?? ''))).join('');
    case 'concatenationOf':
      return value.parts
        .map((part) => ('secret' in part ? other(part.secret)?.[part.key] : own[part.key]) ?? '')
        .filter((part) => part !== '')
        .join('+');
    case 'keep':
    case 'replaced':
    case 'newPassword':
    case 'newRoot':
    case 'newCertificate':
    case 'withCertificate':
      return undefined;
    default:
      return value satisfies never;
  }
};

export interface Filled {
  readonly world: World;
  readonly data: Symbols;
  readonly certificates: WorldSecret['certificates'];
}

/** Fills placeholders into what is there, generating what has to be. */
export const fill = (
  world: World,
  values: Readonly<Record<string, SecretValue>>,
  before: Pick<WorldSecret, 'data' | 'certificates'>,
): Filled => {
  let { counter, generated } = world;
  const data: Record<string, string> = { ...before.data };
  const certificates: Record<string, CertificateFacts> = { ...before.certificates };
  const generate = (what: string): string => {
    counter += 1;
    generated += 1;
    return `${what} ${counter}`;
  };
  for (const [key, value] of Object.entries(values)) {
    if (value.kind === 'text') delete certificates[key];
    if (value.kind === 'replaced') {
      data[key] = before.data[value.key] ?? '';
      const certificate = before.certificates[value.key];
      if (certificate !== undefined) certificates[key] = certificate;
    }
    if (value.kind === 'newPassword') data[key] = generate('password');
    if (value.kind !== 'newRoot' && value.kind !== 'newCertificate') continue;
    const isRoot = value.kind === 'newRoot';
    const { commonName, validityMs } = isRoot ? value : value.request;
    const symbol = generate(isRoot ? 'root' : 'certificate');
    const issuer = isRoot
      ? symbol
      : world.secrets.get(value.request.root.secret)?.certificates[value.request.root.certificateKey]?.fingerprint;
    data[key] = symbol;
    data[value.privateKey] = `key of ${symbol}`;
    certificates[key] = {
      commonName,
      dnsNames: isRoot ? [] : value.request.dnsNames,
      notBeforeMs: world.nowMs,
      notAfterMs: world.nowMs + validityMs,
      issuerFingerprint: issuer,
      fingerprint: symbol,
      isAuthority: isRoot,
      keyMatches: true,
    };
  }
  // Verifiers before what is put together from them.
  for (const kinds of [
    ['text', 'verifierOf'],
    ['template', 'concatenationOf'],
  ]) {
    for (const [key, value] of Object.entries(values)) {
      if (kinds.includes(value.kind)) data[key] = symbolOf(value, data, (name) => world.secrets.get(name)?.data) ?? '';
    }
  }
  return { world: { ...world, counter, generated }, data, certificates };
};
