/**
 * Secrets: what is missing is made, what is blank is filled, what does not follow from its sources any more is written again.
 *
 * | observed                                        | decision                                                   |
 * |-------------------------------------------------|------------------------------------------------------------|
 * | could not be read, or its source could not be   | nothing: a read that fails never regenerates anything      |
 * | its root cannot sign                            | nothing, and a condition (see certificates.ts)             |
 * | does not exist                                  | create (finding it there after all ends the pass)          |
 * | password blank or missing                       | fill: a new one, and all that derives from it              |
 * | verifier blank or missing                       | fill: from the password; any other verifier is the owner's |
 * | a certificate is to be made anew                | fill: a new one with its key (see certificates.ts)         |
 * | derived value differs                           | fill: that value                                           |
 * | shared, and we are not among its owners         | become one of them                                         |
 * | all in order                                    | nothing                                                    |
 */
import type { DesiredObject, SecretIntent, SecretValue } from '../decision.ts';
import type { Identity } from '../model/cluster.ts';
import type { SecretPlan } from '../model/secrets.ts';
import type { Observation, SecretFacts } from '../observation.ts';
import { complaintOfLeaf, complaintOfRoot, previousRoot, reportRoots, unusableRoots } from './certificates.ts';
import type { Contribution } from './contribution.ts';
import { isBlank, type Found } from './secretFacts.ts';

const oldestFirst = (left: SecretFacts, right: SecretFacts): number =>
  left.creationTimestamp === right.creationTimestamp
    ? left.name < right.name
      ? -1
      : 1
    : left.creationTimestamp < right.creationTimestamp
      ? -1
      : 1;

/** The Secret that serves a plan: by labels where its owner may have made it, else by name. */
export const secretFor = (plan: SecretPlan, observation: Observation): Found => {
  const { name } = plan.reference;
  const labels = Object.entries(plan.foundByLabels ?? {});
  const candidates =
    labels.length === 0
      ? []
      : observation.children.secrets.filter((facts) => !facts.deleting && labels.every(([key, value]) => facts.labels[key] === value));
  return (
    candidates.find((facts) => facts.name === name) ??
    candidates.toSorted(oldestFirst)[0] ??
    observation.children.secrets.find((facts) => facts.name === name) ??
    observation.referencedSecrets[name] ??
    'missing'
  );
};

const named = (name: string, observation: Observation): Found =>
  observation.children.secrets.find((facts) => facts.name === name) ?? observation.referencedSecrets[name] ?? 'missing';

/** Names of other Secrets that a value is made from. */
const sourcesOf = (value: SecretValue): readonly string[] => {
  switch (value.kind) {
    case 'newCertificate':
      return [value.request.root.secret];
    case 'concatenationOf':
      return value.parts.flatMap((part) => ('secret' in part ? [part.secret] : []));
    case 'text':
    case 'keep':
    case 'replaced':
    case 'newPassword':
    case 'verifierOf':
    case 'template':
    case 'newRoot':
    case 'withCertificate':
      return [];
    default:
      return value satisfies never;
  }
};

/** Keys of the same Secret that a value is made from. */
const ownSourcesOf = (value: SecretValue): readonly string[] => {
  switch (value.kind) {
    case 'verifierOf':
      return [value.key];
    case 'template':
      // Every object has a valueOf, so it is the other member that tells them apart.
      return value.parts.flatMap((part) => ('text' in part ? [] : [part.valueOf]));
    case 'concatenationOf':
      return value.parts.flatMap((part) => ('secret' in part ? [] : [part.key]));
    case 'text':
    case 'keep':
    case 'replaced':
    case 'newPassword':
    case 'newRoot':
    case 'newCertificate':
    case 'withCertificate':
      return [];
    default:
      return value satisfies never;
  }
};

/** Why a value has to be written, in words; undefined when it is in order. */
const complaintOf = (key: string, value: SecretValue, facts: SecretFacts, observation: Observation): string | undefined => {
  const present = facts.values[key];
  switch (value.kind) {
    case 'keep':
    case 'replaced':
    case 'withCertificate':
      return undefined;
    case 'text':
    case 'template':
    case 'concatenationOf':
      return isBlank(present) ? `${key} was blank` : facts.derivedMatches[key] === false ? `${key} was out of date` : undefined;
    case 'newPassword':
    case 'verifierOf':
      return isBlank(present) ? `${key} was blank` : undefined;
    case 'newRoot':
      return complaintOfRoot(key, value, facts, observation.nowMs);
    case 'newCertificate':
      return complaintOfLeaf(key, value, facts, named(value.request.root.secret, observation), observation.nowMs);
    default:
      return value satisfies never;
  }
};

/** The keys to write of a Secret that exists, with the reasons. */
const fillingOf = (
  plan: SecretPlan,
  facts: SecretFacts,
  observation: Observation,
  mayBeMadeFrom: (secret: string) => boolean,
): { readonly values: Readonly<Record<string, SecretValue>>; readonly reasons: readonly string[] } => {
  const reasons: string[] = [];
  const writing = new Set<string>();
  for (const [key, value] of Object.entries(plan.values)) {
    if (!sourcesOf(value).every(mayBeMadeFrom)) continue;
    const complaint = complaintOf(key, value, facts, observation);
    if (complaint === undefined) continue;
    writing.add(key);
    reasons.push(complaint);
  }
  for (let before = -1; before !== writing.size;) {
    before = writing.size;
    for (const [key, value] of Object.entries(plan.values)) {
      if (ownSourcesOf(value).some((source) => writing.has(source))) writing.add(key);
      if ((value.kind === 'newRoot' || value.kind === 'newCertificate') && writing.has(key)) writing.add(value.privateKey);
    }
  }
  const values = Object.fromEntries(Object.entries(plan.values).filter(([key]) => writing.has(key)));
  const previous = previousRoot(plan, facts, writing, observation);
  return previous === undefined
    ? { values, reasons }
    : { values: { ...values, ...previous.values }, reasons: [...reasons, ...previous.reasons] };
};

/** One owner more of a Secret that several clusters share, and nothing else of it. */
const ownership = ({ apiVersion, kind, name, uid }: Identity, { reference, stage }: SecretPlan): DesiredObject => ({
  object: {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: reference.name, namespace: reference.namespace, ownerReferences: [{ apiVersion, kind, name, uid }] },
  },
  mode: 'shared',
  stage,
});

/** The intents that bring every planned Secret in order. */
export const secretIntents = (identity: Identity, plans: readonly SecretPlan[], observation: Observation): Contribution => {
  const planned = new Set(plans.map(({ reference }) => reference.name));
  const unusable = unusableRoots(plans, (plan) => secretFor(plan, observation));
  const mayBeMadeFrom = (source: string): boolean => !unusable.has(source) && named(source, observation) !== 'unreadable';
  const secrets: SecretIntent[] = [];
  const objects: DesiredObject[] = [];
  for (const plan of plans) {
    const found = secretFor(plan, observation);
    if (found === 'unreadable') continue;
    const sources = Object.values(plan.values).flatMap(sourcesOf);
    const base = {
      labels: plan.labels,
      annotations: plan.annotations,
      ownership: plan.ownership,
      stage: plan.stage,
    };
    if (found === 'missing') {
      // A source that is neither there nor about to be made by us is its owner's to bring.
      const lacking = sources.some(
        (source) => !mayBeMadeFrom(source) || (named(source, observation) === 'missing' && !planned.has(source)),
      );
      if (lacking) continue;
      secrets.push({ ...base, reference: plan.reference, write: { kind: 'create' }, values: plan.values, reason: 'it did not exist' });
      continue;
    }
    if (found.deleting) continue;
    const { values, reasons } = fillingOf(plan, found, observation, mayBeMadeFrom);
    if (plan.ownership === 'shared' && !found.ownerUids.includes(identity.uid)) objects.push(ownership(identity, plan));
    // A Secret that its owner made under a name of their own stays theirs.
    const ours = found.name === plan.reference.name;
    const unlabelled = ours && Object.entries(plan.labels).some(([key, value]) => found.labels[key] !== value);
    if (Object.keys(values).length === 0 && !unlabelled) continue;
    secrets.push({
      ...base,
      ...(ours ? {} : { labels: {}, annotations: {} }),
      reference: { ...plan.reference, name: found.name },
      write: { kind: 'fill', uid: found.uid, resourceVersion: found.resourceVersion },
      values,
      reason: reasons.length === 0 ? 'its labels were missing' : reasons.join(', '),
    });
  }
  return { secrets, objects, conditions: reportRoots(unusable) };
};
