/**
 * Puts together the Observation of one cluster. Nothing else looks at the world for a decision; what it sees of Secrets leaves here as facts.
 */
import { X509Certificate } from 'node:crypto';
import {
  hashOf,
  ownCertificateKeys,
  type Children,
  type Cluster,
  type Dialect,
  type EngineConfiguration,
  type Observation,
  type SecretFacts,
  type SecretPlan,
} from '@pgherd/engine';
import type { Programs } from '../programs.ts';
import type { SecretData } from '../act/secretValues.ts';
import type { Caches, ClusterKey } from './caches.ts';
import { dataOf, secretFacts, type StoredSecret } from './secretFacts.ts';

export interface ObserveSources {
  readonly caches: Caches;
  readonly programs: Programs;
  readonly configuration: EngineConfiguration;
  readonly now: () => number;
  readonly fingerprint: (value: string | Buffer) => string;
  /** Plans of the cluster's Secrets, given its other children. */
  readonly plansOf: (cluster: Cluster, children: Children) => readonly SecretPlan[];
  /** A Secret of the namespace that is no child of the cluster, read by name. */
  readonly readForeign: (namespace: string, name: string) => Promise<StoredSecret | 'missing' | 'unreadable'>;
  /** Whether the definition of the dialect's kind is being deleted; undefined where that may not be read. */
  readonly isDefinitionDeleting: (dialect: Dialect) => Promise<boolean | undefined>;
  readonly refusals: (clusterUid: string) => Observation['refusals'];
  readonly closedNodes: () => Observation['closedNodes'];
}

/** Facts are costly to establish (key derivation, signatures): they are kept until the Secret or what they depend on changes. */
export interface FactsMemory {
  readonly get: (uid: string, dependsOn: string) => SecretFacts | undefined;
  readonly set: (uid: string, dependsOn: string, facts: SecretFacts) => void;
  readonly forget: (uid: string) => void;
}

export const newFactsMemory = (): FactsMemory => {
  const memory = new Map<string, { readonly dependsOn: string; readonly facts: SecretFacts }>();
  return {
    get: (uid, dependsOn) => {
      const known = memory.get(uid);
      return known?.dependsOn === dependsOn ? known.facts : undefined;
    },
    set: (uid, dependsOn, facts) => {
      memory.set(uid, { dependsOn, facts });
    },
    forget: (uid) => {
      memory.delete(uid);
    },
  };
};

/** Names of the Secrets that stood where one was to be made, and that may be taken: no cache has them. */
const foundInPlace = (plans: readonly SecretPlan[], refusals: Observation['refusals']): readonly string[] =>
  plans.flatMap(({ reference, takenUnlabelled }) =>
    takenUnlabelled && refusals.some(({ what }) => what === `Secret ${reference.name}`) ? [reference.name] : [],
  );

/** Names of the Secrets that plans copy from or sign with, and those that several clusters share. */
export const referencedBy = (plans: readonly SecretPlan[]): ReadonlySet<string> => {
  const names = new Set<string>();
  for (const plan of plans) {
    if (plan.ownership === 'shared') names.add(plan.reference.name);
    for (const value of Object.values(plan.values)) {
      if (value.kind === 'newCertificate') names.add(value.request.root.secret);
      if (value.kind === 'concatenationOf') for (const part of value.parts) if ('secret' in part) names.add(part.secret);
    }
  }
  return names;
};

const planFor = (secret: StoredSecret, plans: readonly SecretPlan[]): SecretPlan | undefined =>
  plans.find(({ reference }) => reference.name === secret.metadata.name) ??
  plans.find(
    ({ foundByLabels }) =>
      foundByLabels !== undefined && Object.entries(foundByLabels).every(([key, value]) => secret.metadata.labels?.[key] === value),
  );

const rootsIn = (secrets: readonly StoredSecret[]): readonly X509Certificate[] =>
  secrets.flatMap((secret) =>
    Object.values(dataOf(secret)).flatMap((value) => {
      try {
        const certificate = new X509Certificate(value);
        return certificate.ca ? [certificate] : [];
      } catch {
        return [];
      }
    }),
  );

const hashInput = ({ metadata, data }: StoredSecret): string => JSON.stringify([metadata.uid, data]);

export const observe = async (
  key: ClusterKey,
  cluster: Cluster,
  status: Readonly<Record<string, unknown>>,
  sources: ObserveSources,
  memory: FactsMemory,
): Promise<Observation> => {
  const { namespace, uid } = cluster.identity;
  const raw = sources.caches.children(key);
  const stored = raw.secrets as readonly StoredSecret[];
  const withoutSecrets = { ...raw, secrets: [] } as unknown as Children;
  const plans = sources.plansOf(cluster, withoutSecrets);

  const own = new Map(stored.map((secret) => [secret.metadata.name, secret]));
  const referenced = new Map<string, StoredSecret | 'missing' | 'unreadable'>();
  const refusals = sources.refusals(uid);
  const byName = new Set([
    ...referencedBy(plans),
    ...ownCertificateKeys(cluster).map(({ secret }) => secret),
    ...foundInPlace(plans, refusals),
  ]);
  await Promise.all(
    [...byName].map(async (name) => {
      const child = own.get(name);
      referenced.set(name, child ?? (await sources.readForeign(namespace, name)));
    }),
  );
  const readable = [...referenced.values()].filter((secret) => typeof secret !== 'string');
  const roots = rootsIn(
    readable.filter((secret) => plans.some((plan) => plan.ownership === 'shared' && plan.reference.name === secret.metadata.name)),
  );
  const readSecret = async (name: string): Promise<SecretData | undefined> => {
    const secret = own.get(name) ?? referenced.get(name);
    return secret === undefined || typeof secret === 'string' ? undefined : dataOf(secret);
  };
  // By content: a shared Secret gets a new version with each cluster that becomes one of its owners, and says the same as before.
  const contents = hashOf(
    [...referenced].map(([name, secret]) => [name, typeof secret === 'string' ? secret : sources.fingerprint(hashInput(secret))]),
  );

  const factsOf = async (secret: StoredSecret): Promise<SecretFacts> => {
    const plan = planFor(secret, plans);
    const dependsOn = `${secret.metadata.resourceVersion ?? ''} ${contents} ${hashOf(plan?.values ?? {})}`;
    const known = memory.get(secret.metadata.uid ?? '', dependsOn);
    if (known !== undefined) return known;
    const facts = await secretFacts(secret, plan, { fingerprint: sources.fingerprint, roots, readSecret });
    memory.set(facts.uid, dependsOn, facts);
    return facts;
  };

  const secrets = await Promise.all(stored.map(factsOf));
  const referencedFacts = await Promise.all(
    [...referenced].map(async ([name, secret]) => [name, typeof secret === 'string' ? secret : await factsOf(secret)] as const),
  );
  return {
    nowMs: sources.now(),
    configuration: sources.configuration,
    status,
    children: { ...withoutSecrets, secrets },
    referencedSecrets: Object.fromEntries(referencedFacts),
    readings: sources.programs.readingsOf(uid),
    commandResults: sources.programs.resultsOf(uid),
    // Asked after the cluster was seen to be deleted: what was the case before that says nothing.
    definitionIsDeleting: cluster.identity.deletionTimestamp === undefined ? undefined : await sources.isDefinitionDeleting(key.dialect),
    closedNodes: sources.closedNodes(),
    refusals,
  };
};
