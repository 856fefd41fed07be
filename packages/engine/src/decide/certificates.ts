/**
 * When a certificate is made anew, and when it cannot be.
 *
 * | observed of the namespace's root                  | decision                                                           |
 * |---------------------------------------------------|--------------------------------------------------------------------|
 * | certificate or key blank                          | a new one                                                          |
 * | no certificate, no authority, or another's key    | it stays, nothing is signed; condition RootCertificateUnusable     |
 * | the last tenth of its life has begun              | a new one; the one before stays trusted beside it                  |
 * | a day old, and the one before signed none of our leaves | the one before goes                                          |
 *
 * | observed of a leaf                                | decision                                                           |
 * |---------------------------------------------------|--------------------------------------------------------------------|
 * | blank, unreadable, another's key, for other names | a new one                                                          |
 * | signed by the root before, and the new one was made just now | nothing: everybody is to trust the new one first        |
 * | not valid yet, or signed by another root          | a new one                                                          |
 * | ends with its root                                | nothing: the root goes first                                       |
 * | two thirds of its life are over                   | a new one                                                          |
 */
import type { SecretValue } from '../decision.ts';
import type { ConditionOutcome } from '../model/outcome.ts';
import type { SecretPlan } from '../model/secrets.ts';
import type { CertificateFacts, Observation, SecretFacts } from '../observation.ts';
import { rootKeys } from '../render/certificateKeys.ts';
import { isBlank, type Found } from './secretFacts.ts';

/** A certificate is renewed when this part of its life is over. */
const renewAfter = 2 / 3;

/** A root is replaced when this part of its life is over: of ten years the last one, which is as long as a leaf lives. */
const replaceRootAfter = 9 / 10;

/** A leaf that no root at hand signed is made anew this long after its `notBefore` at the earliest, which act sets an hour into the past. */
const unsignedPatienceMs = 70 * 60_000;

/**
 * This long after the `notBefore` of a new root everybody trusts it: act sets an hour into the past, and kubelets take about two minutes to bring a
 * changed Secret into pods.
 */
const trustedAfterMs = 70 * 60_000;

/** The root before is kept for a day at least: the clusters of a namespace renew their leaves each in its own pass. */
const previousKeptMs = 24 * 60 * 60_000;

/** The moment at which this part of a certificate's life is over. */
const partOver = ({ notBeforeMs, notAfterMs }: CertificateFacts, part: number): number => notBeforeMs + (notAfterMs - notBeforeMs) * part;

const sameNames = (left: readonly string[], right: readonly string[]): boolean =>
  left.length === right.length && left.toSorted().join('\n') === right.toSorted().join('\n');

type Root = Extract<SecretValue, { kind: 'newRoot' }>;
type Leaf = Extract<SecretValue, { kind: 'newCertificate' }>;

interface Unusable {
  readonly reason: string;
  readonly message: string;
}

/** Why nothing can be signed with the root that is there; undefined: it can, or there is none. */
const troubleOfRoot = (key: string, { privateKey }: Root, { name, values }: SecretFacts): Unusable | undefined => {
  const present = values[key];
  if (present === undefined || isBlank(present) || isBlank(values[privateKey])) return undefined;
  const { certificate } = present;
  const remedy = `put the certificate of an authority and its key there, or delete the Secret: then a new root is made, and all certificates with it`;
  const unusable = (reason: string, what: string): Unusable => ({
    reason,
    message: `Secret ${name}: ${what}, so no certificate can be signed; ${remedy}`,
  });
  if (certificate === undefined) return unusable('RootUnreadable', `${key} is no certificate`);
  if (!certificate.isAuthority) return unusable('RootNotAnAuthority', `${key} is not the certificate of an authority (CA:TRUE)`);
  return certificate.keyMatches ? undefined : unusable('RootKeyMismatch', `${privateKey} is not the key of ${key}`);
};

/** Roots that are there and cannot sign, by the names of their Secrets. Somebody brought them along: they are not replaced. */
export const unusableRoots = (plans: readonly SecretPlan[], found: (plan: SecretPlan) => Found): ReadonlyMap<string, Unusable> =>
  new Map(
    plans.flatMap((plan) =>
      Object.entries(plan.values).flatMap(([key, value]) => {
        const facts = found(plan);
        const trouble = value.kind !== 'newRoot' || typeof facts === 'string' ? undefined : troubleOfRoot(key, value, facts);
        return trouble === undefined ? [] : [[plan.reference.name, trouble] as const];
      }),
    ),
  );

export const reportRoots = (unusable: ReadonlyMap<string, Unusable>): readonly ConditionOutcome[] => {
  const [first] = unusable.values();
  return first === undefined ? [] : [{ type: 'RootCertificateUnusable', status: 'True', ...first }];
};

/** Why a value has to be written. */
export interface Complaint {
  /** In words, for the event. */
  readonly text: string;
  /** Only time or another root asks for it: no change of the manifest, and nobody's hand. */
  readonly isDue: boolean;
}

const due = (text: string): Complaint => ({ text, isDue: true });
const wrong = (text: string): Complaint => ({ text, isDue: false });

/** Why a root has to be made; undefined when it is in order, or not ours to replace. */
export const complaintOfRoot = (key: string, value: Root, facts: SecretFacts, nowMs: number): Complaint | undefined => {
  const present = facts.values[key];
  if (isBlank(present) || isBlank(facts.values[value.privateKey])) return wrong(`${key} was blank`);
  if (present?.certificate === undefined || troubleOfRoot(key, value, facts) !== undefined) return undefined;
  return partOver(present.certificate, replaceRootAfter) <= nowMs ? due(`${key} was due for renewal`) : undefined;
};

const previousIn = (authority: Found): CertificateFacts | undefined =>
  typeof authority === 'string' ? undefined : authority.values[rootKeys.previous]?.certificate;

const isSignedBy = ({ issuerFingerprint }: CertificateFacts, root: CertificateFacts | undefined): boolean =>
  root !== undefined && issuerFingerprint === root.fingerprint;

/** What becomes of the root before, given the keys that are written of the root's Secret; undefined: it stays as it is. */
export const previousRoot = (
  { values }: SecretPlan,
  facts: SecretFacts,
  writing: ReadonlySet<string>,
  { children, nowMs }: Observation,
): { readonly values: Readonly<Record<string, SecretValue>>; readonly reasons: readonly string[] } | undefined => {
  const [key] = Object.entries(values).find(([, { kind }]) => kind === 'newRoot') ?? [];
  const root = key === undefined ? undefined : facts.values[key];
  if (key === undefined || isBlank(root) || root?.certificate?.isAuthority !== true) return undefined;
  const { previous } = rootKeys;
  if (writing.has(key)) return { values: { [previous]: { kind: 'replaced', key } }, reasons: [] };
  if (isBlank(facts.values[previous]) || nowMs - root.certificate.notBeforeMs < previousKeptMs) return undefined;
  const leaves = children.secrets.flatMap((secret) => Object.values(secret.values).flatMap(({ certificate }) => certificate ?? []));
  if (leaves.some((leaf) => isSignedBy(leaf, previousIn(facts)))) return undefined;
  return { values: { [previous]: { kind: 'text', text: '' } }, reasons: [`nothing is signed by ${previous} any more`] };
};

/** Why a leaf has to be made; undefined when it is in order. */
export const complaintOfLeaf = (key: string, value: Leaf, facts: SecretFacts, authority: Found, nowMs: number): Complaint | undefined => {
  const present = facts.values[key];
  if (isBlank(present) || isBlank(facts.values[value.privateKey])) return wrong(`${key} was blank`);
  const certificate = present?.certificate;
  if (certificate === undefined || !certificate.keyMatches) return wrong(`${key} was no certificate with its key`);
  const { commonName, dnsNames, root } = value.request;
  if (certificate.commonName !== commonName || !sameNames(certificate.dnsNames, dnsNames)) return wrong(`${key} was for other names`);
  const issuer = typeof authority === 'string' ? undefined : authority.values[root.certificateKey]?.certificate;
  if (certificate.notBeforeMs > nowMs) return due(`${key} was not valid yet`);
  if (issuer !== undefined && certificate.issuerFingerprint !== issuer.fingerprint) {
    if (isSignedBy(certificate, previousIn(authority)) && nowMs - issuer.notBeforeMs < trustedAfterMs) return undefined;
    // A root that may not sign gives leaves that nothing accepts: another one in every pass would be no better.
    const isUnsigned = certificate.issuerFingerprint === undefined && certificate.notBeforeMs >= issuer.notBeforeMs;
    return isUnsigned && nowMs - certificate.notBeforeMs < unsignedPatienceMs ? undefined : due(`${key} was signed by another root`);
  }
  // A leaf that ends with its root could only be replaced by one that ends then, too: the root goes first.
  if (issuer !== undefined && certificate.notAfterMs >= issuer.notAfterMs) return undefined;
  return partOver(certificate, renewAfter) <= nowMs ? due(`${key} was due for renewal`) : undefined;
};
