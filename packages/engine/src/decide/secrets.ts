/**
 * Secrets: what is missing is made, what is blank is filled, what does not follow from its sources any more is written again.
 *
 * | observed                                        | decision                                                   |
 * |-------------------------------------------------|------------------------------------------------------------|
 * | could not be read, or its source could not be   | nothing: a read that fails never regenerates anything      |
 * | its root cannot sign                            | nothing, and a condition (see certificates.ts)             |
 * | is another user's                               | nothing: that user keeps it (see userSecrets.ts)           |
 * | does not exist                                  | create (finding it there after all ends the pass)          |
 * | password blank or missing                       | fill: a new one, and all that derives from it              |
 * | verifier blank or missing                       | fill: from the password; any other verifier is the owner's |
 * | verifier of another password, which it follows  | fill: from the password                                    |
 * | a certificate is to be made anew                | fill: a new one with its key (see certificates.ts)         |
 * | derived value differs                           | fill: that value                                           |
 * | shared, and we are not among its owners         | become one of them                                         |
 * | all in order                                    | nothing                                                    |
 */
import type { DesiredObject, SecretIntent, SecretValue } from '../decision.ts';
import type { Cluster, Identity } from '../model/cluster.ts';
import type { SecretPlan } from '../model/secrets.ts';
import type { Observation, SecretFacts } from '../observation.ts';
import { complaintOfLeaf, complaintOfRoot, previousRoot, reportRoots, unusableRoots, type Complaint } from './certificates.ts';
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
    takenOf(plan, observation.referencedSecrets[name]) ??
    'missing'
  );
};

/** Neither owned nor labelled as one of ours would be: whoever made it left it to the cluster. */
export const isUnclaimed = (
  planned: Pick<SecretPlan, 'labels'>,
  { labels, ownerUids }: { readonly labels: Readonly<Record<string, string>>; readonly ownerUids: readonly string[] },
): boolean => ownerUids.length === 0 && Object.keys(planned.labels).every((label) => labels[label] === undefined);

/** What was read by its name, if it is this plan's: shared, or made by its owner for it. */
const takenOf = (plan: SecretPlan, found: Found | undefined): Found | undefined => {
  if (plan.ownership === 'shared' || found === undefined || typeof found === 'string') return found;
  return plan.takenUnlabelled && isUnclaimed(plan, found) ? found : undefined;
};

/** A Secret of the namespace by its name, the cluster's or another one that it refers to. */
export const secretNamed = (name: string, observation: Observation): Found =>
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

/** Why a value has to be written; undefined when it is in order. */
const complaintOf = (key: string, value: SecretValue, facts: SecretFacts, observation: Observation): Complaint | undefined => {
  const present = facts.values[key];
  switch (value.kind) {
    case 'keep':
    case 'replaced':
    case 'withCertificate':
      return undefined;
    case 'text':
    case 'template':
    case 'concatenationOf':
      if (isBlank(present)) return { text: `${key} was blank`, isDue: false };
      // Certificates are put together, and nothing else is.
      return facts.derivedMatches[key] === false ? { text: `${key} was out of date`, isDue: value.kind === 'concatenationOf' } : undefined;
    case 'verifierOf':
      if (isBlank(present)) return { text: `${key} was blank`, isDue: false };
      return facts.derivedMatches[key] === false ? { text: `${value.key} was changed`, isDue: false } : undefined;
    case 'newPassword':
      return isBlank(present) ? { text: `${key} was blank`, isDue: false } : undefined;
    case 'newRoot':
      return complaintOfRoot(key, value, facts, observation.nowMs);
    case 'newCertificate':
      return complaintOfLeaf(key, value, facts, secretNamed(value.request.root.secret, observation), observation.nowMs);
    default:
      return value satisfies never;
  }
};

/** Whether what is made from this Secret can be made now: it can be read, and its root, if it is one, can sign. */
type MayBeMadeFrom = (secret: string) => boolean;

interface Filling {
  readonly values: Readonly<Record<string, SecretValue>>;
  readonly reasons: readonly string[];
}

/** The keys to write of a Secret that exists, with the reasons, beginning with those that `counts`. */
const fillingOf = (
  plan: SecretPlan,
  facts: SecretFacts,
  observation: Observation,
  mayBeMadeFrom: MayBeMadeFrom,
  counts: (complaint: Complaint) => boolean,
): Filling => {
  const reasons: string[] = [];
  const writing = new Set<string>();
  for (const [key, value] of Object.entries(plan.values)) {
    if (!sourcesOf(value).every(mayBeMadeFrom)) continue;
    const complaint = complaintOf(key, value, facts, observation);
    if (complaint === undefined || !counts(complaint)) continue;
    writing.add(key);
    reasons.push(complaint.text);
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
const owned = ({ apiVersion, kind, name, uid }: Identity, { reference, stage }: SecretPlan): DesiredObject => ({
  object: {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: reference.name, namespace: reference.namespace, ownerReferences: [{ apiVersion, kind, name, uid }] },
  },
  mode: 'shared',
  stage,
});

const fill = (plan: SecretPlan, { name, uid, resourceVersion, ownerUids }: SecretFacts, { values, reasons }: Filling): SecretIntent => ({
  // A Secret that its owner made under a name of their own stays theirs.
  ...(name === plan.reference.name ? { labels: plan.labels, annotations: plan.annotations } : { labels: {}, annotations: {} }),
  ownership: plan.ownership,
  stage: plan.stage,
  reference: { ...plan.reference, name },
  // One that is taken goes with the cluster, as those that are made do.
  write: { kind: 'fill', uid, resourceVersion, ...(plan.takenUnlabelled && ownerUids.length === 0 && { adopts: true }) },
  values,
  reason: reasons.length === 0 ? 'its labels were missing' : reasons.join(', '),
});

const madeFrom = (plans: readonly SecretPlan[], observation: Observation) => {
  const unusable = unusableRoots(plans, (plan) => secretFor(plan, observation));
  const mayBeMadeFrom: MayBeMadeFrom = (source) => !unusable.has(source) && secretNamed(source, observation) !== 'unreadable';
  return { unusable, mayBeMadeFrom };
};

/** Renews certificates whose time has come, and nothing else: for clusters of which nothing else is carried out. */
export const renewCertificates = (plans: readonly SecretPlan[], observation: Observation): readonly SecretIntent[] => {
  const { mayBeMadeFrom } = madeFrom(plans, observation);
  return plans.flatMap((plan) => {
    const found = secretFor(plan, observation);
    if (typeof found === 'string' || found.deleting) return [];
    const filling = fillingOf(plan, found, observation, mayBeMadeFrom, ({ isDue }) => isDue);
    return Object.keys(filling.values).length === 0 ? [] : [fill(plan, found, filling)];
  });
};

/** Whose Secret it is, where its name fits the plan and it is another user's: two users may have one name for theirs, one after the other. */
export const userOfAnother = (plan: SecretPlan, facts: SecretFacts, userLabel: string): string | undefined => {
  const [user, found] = [plan.labels[userLabel], facts.labels[userLabel]];
  return user === undefined || found === undefined || found === user ? undefined : found;
};

/** The intents that bring every planned Secret in order. */
export const secretIntents = ({ identity, profile }: Cluster, plans: readonly SecretPlan[], observation: Observation): Contribution => {
  const planned = new Set(plans.map(({ reference }) => reference.name));
  const { unusable, mayBeMadeFrom } = madeFrom(plans, observation);
  const secrets: SecretIntent[] = [];
  const objects: DesiredObject[] = [];
  for (const plan of plans) {
    const found = secretFor(plan, observation);
    if (found === 'unreadable') continue;
    const sources = Object.values(plan.values).flatMap(sourcesOf);
    if (found === 'missing') {
      // A source that is neither there nor about to be made by us is its owner's to bring.
      const lacking = sources.some(
        (source) => !mayBeMadeFrom(source) || (secretNamed(source, observation) === 'missing' && !planned.has(source)),
      );
      if (lacking) continue;
      const { reference, labels, annotations, ownership, stage, values, takenUnlabelled } = plan;
      const write = { kind: 'create', ...(takenUnlabelled && { takenUnlabelled }) } as const;
      secrets.push({ reference, labels, annotations, ownership, stage, values, write, reason: 'it did not exist' });
      continue;
    }
    if (found.deleting || userOfAnother(plan, found, profile.labels.user) !== undefined) continue;
    const filling = fillingOf(plan, found, observation, mayBeMadeFrom, () => true);
    if (plan.ownership === 'shared' && !found.ownerUids.includes(identity.uid)) objects.push(owned(identity, plan));
    const unlabelled =
      found.name === plan.reference.name && Object.entries(plan.labels).some(([key, value]) => found.labels[key] !== value);
    if (Object.keys(filling.values).length > 0 || unlabelled) secrets.push(fill(plan, found, filling));
  }
  return { secrets, objects, conditions: reportRoots(unusable) };
};
