/**
 * Which members there are, which there should be, and which go.
 *
 * A member's name is its identity, so nothing here is random: names of members that exist are kept, names of data volumes that lost their
 * member come next (so that deleted StatefulSets come back with their data), and only then new ones are made up, from the cluster's uid,
 * the set and a number. Whatever was interrupted, the next pass chooses the same.
 */
import type { PersistentVolumeClaim, Pod, StatefulSet } from '@pgherd/api';
import { suffixFrom } from '../hash.ts';
import type { Cluster } from '../model/cluster.ts';
import { isAskedFor, memberIdentity, podOf, type Member, type MemberIdentity } from '../model/members.ts';
import { nothingRecalled, type Recollection } from '../model/recollection.ts';
import type { Children } from '../observation.ts';
import { claimsOf, memberVolumeOf } from './claims.ts';
import { isReady, patroniStateOf } from './pods.ts';

/** The annotation of Patroni's leader object that names the pod holding the lock. */
const leaderPodOf = (cluster: Cluster, children: Children): string | undefined =>
  children.endpoints.find((endpoints) => endpoints.metadata.name === cluster.patroni.scope)?.metadata.annotations?.['leader'];

const isDeleting = (object: { readonly metadata: { readonly deletionTimestamp?: string } } | undefined): boolean =>
  object?.metadata.deletionTimestamp !== undefined;

/** The data volumes of members, by member name. */
const dataClaims = (cluster: Cluster, children: Children): ReadonlyMap<string, PersistentVolumeClaim> =>
  new Map(
    [...claimsOf(cluster, children).values()].flatMap((claim) => {
      const volume = memberVolumeOf(cluster, claim);
      return volume?.kind === 'data' ? [[volume.member, claim] as const] : [];
    }),
  );

const byName = (left: { readonly name: string }, right: { readonly name: string }): number =>
  left.name < right.name ? -1 : left.name > right.name ? 1 : 0;

/** A StatefulSet that bears the labels of those that members share, and has not the name of one, is somebody else's. */
const isOfMembers = ({ identity, profile }: Cluster, { metadata }: StatefulSet): boolean => {
  if (profile.workloads === 'own') return true;
  const set = metadata.labels?.[profile.labels.instanceSet];
  return set !== undefined && metadata.name === profile.names.workload(identity.name, set);
};

/** The member whose pod it is. Jobs of a member, and what others have made beside it, may carry its labels, too: name and owner tell. */
const memberIn = (cluster: Cluster, { metadata }: Pod): MemberIdentity | undefined => {
  const { labels, workloads } = cluster.profile;
  const { [labels.instance]: name, [labels.instanceSet]: set } = metadata.labels ?? {};
  if (name === undefined || set === undefined) return undefined;
  const identity = memberIdentity(cluster, set, name);
  if (metadata.name !== podOf(identity.workload, identity.ordinal)) return undefined;
  const owner = metadata.ownerReferences?.find(({ controller }) => controller === true);
  const isOwn = workloads === 'own' || owner === undefined || (owner.kind === 'StatefulSet' && owner.name === identity.workload);
  return isOwn ? identity : undefined;
};

/**
 * Members that share a StatefulSet are told by how many it is to have. One whose number is beyond, and which is to lead before any other, is one of
 * them nevertheless, for as long as its data are there.
 */
const notedMember = (
  cluster: Cluster,
  claims: ReadonlyMap<string, PersistentVolumeClaim>,
  { startupMember }: Pick<Recollection, 'startupMember'>,
): MemberIdentity | undefined => {
  const claim = claims.get(startupMember?.name ?? '');
  if (cluster.profile.workloads === 'own' || startupMember === undefined || claim === undefined || isDeleting(claim)) return undefined;
  const identity = memberIdentity(cluster, startupMember.set, startupMember.name);
  const replicas = cluster.sets.find(({ name }) => name === identity.set)?.replicas ?? 0;
  return identity.pod === podOf(identity.workload, identity.ordinal) && identity.ordinal >= replicas ? identity : undefined;
};

/** The members whose pods a StatefulSet makes now; its own one also while it makes none. */
const membersIn = ({ profile }: Cluster, { metadata, spec }: StatefulSet): readonly Pick<MemberIdentity, 'name' | 'set'>[] => {
  const { [profile.labels.instanceSet]: set, [profile.labels.instance]: name } = metadata.labels ?? {};
  if (set === undefined) return [];
  if (profile.workloads === 'own') return name === undefined ? [] : [{ name, set }];
  return Array.from({ length: spec?.replicas ?? 1 }, (_, ordinal) => ({ name: podOf(metadata.name, ordinal), set }));
};

/** Every member of which a StatefulSet or a pod exists, or that an earlier pass noted, ordered by name. */
export const membersOf = (
  cluster: Cluster,
  children: Children,
  remembered: Pick<Recollection, 'startupMember'> = nothingRecalled,
): readonly Member[] => {
  const { roleValues, labels } = cluster.profile;
  const claims = dataClaims(cluster, children);
  const leaderPod = leaderPodOf(cluster, children);
  const parts = new Map<string, { readonly set: string; readonly pod?: Pod }>();
  for (const pod of children.pods) {
    const identity = memberIn(cluster, pod);
    if (identity !== undefined) parts.set(identity.name, { set: identity.set, pod });
  }
  const statefulSets = children.statefulSets.filter((statefulSet) => isOfMembers(cluster, statefulSet));
  const noted = notedMember(cluster, claims, remembered);
  for (const { set, name } of [...statefulSets.flatMap((each) => membersIn(cluster, each)), ...(noted === undefined ? [] : [noted])]) {
    if (!parts.has(name)) parts.set(name, { set });
  }
  // The StatefulSet that members share is also that of pods that it wants no longer.
  const workloads = new Map(statefulSets.map((statefulSet) => [statefulSet.metadata.name, statefulSet]));
  const members = [...parts].map(([name, { set, pod }]): Member => {
    const identity = memberIdentity(cluster, set, name);
    const statefulSet = workloads.get(identity.workload);
    const podName = identity.pod;
    const patroni = patroniStateOf(pod);
    const label = pod?.metadata.labels?.[labels.role];
    // The label of a pod on a lost node is never taken back: only the holder of the lock leads.
    const leads = label === roleValues.leader && (leaderPod === undefined || leaderPod === podName);
    return {
      ...identity,
      statefulSet,
      podObject: pod,
      dataClaim: claims.get(name),
      role: leads ? 'leader' : label === roleValues.leader || label === roleValues.replica ? 'replica' : undefined,
      ready: isReady(pod),
      state: patroni?.state,
      timeline: patroni?.timeline,
      pendingRestart: patroni?.pendingRestart ?? false,
      pendingSettings: patroni?.pendingSettings ?? {},
    };
  });
  return members.toSorted(byName);
};

/** Its data volume is on its way out, so it cannot be kept whatever else speaks for it. */
export const isDoomed = (member: Member): boolean => isDeleting(member.dataClaim);

/** What an earlier pass knew of who holds the newest data. */
type Remembered = Pick<Recollection, 'startupMember' | 'primary'>;

/** The first `merits` in which two differ decides, then the name. */
const byMerits =
  <Item extends { readonly name: string }>(merits: (item: Item) => readonly boolean[]) =>
  (left: Item, right: Item): number => {
    const ofRight = merits(right);
    for (const [index, merit] of merits(left).entries()) {
      if (merit !== ofRight[index]) return merit ? -1 : 1;
    }
    return byName(left, right);
  };

/** Led when a leader was last seen. Nothing to go by while one leads: memory may be older than what is seen. */
const ledLast = (members: readonly Member[], { startupMember, primary }: Remembered): ((name: string) => readonly boolean[]) => {
  const isLed = members.some(({ role }) => role === 'leader');
  return (name) => (isLed ? [] : [name === startupMember?.name, name === primary]);
};

/** Kept first: what has a future, leads or led last, serves, has data, runs; among equals the name decides. */
const keepingOrder = (members: readonly Member[], remembered: Remembered): ((left: Member, right: Member) => number) => {
  const led = ledLast(members, remembered);
  return byMerits((member) => [
    !isDoomed(member),
    member.role === 'leader',
    ...led(member.name),
    member.ready,
    member.dataClaim !== undefined,
    member.podObject !== undefined,
    isAskedFor(member),
  ]);
};

/** There are some 500,000 names: whoever asks for more waits for ever. */
const mostTries = 10_000;

export interface MemberChoice {
  /** Ordered by set as in the manifest, then by name. */
  readonly wanted: readonly MemberIdentity[];
  /** Members that exist and are wanted no longer. */
  readonly surplus: readonly Member[];
}

export const chooseMembers = (
  cluster: Cluster,
  members: readonly Member[],
  children: Children,
  remembered: Remembered = nothingRecalled,
): MemberChoice => {
  const { labels, names } = cluster.profile;
  const keepFirst = keepingOrder(members, remembered);
  const led = ledLast(members, remembered);
  const claims = dataClaims(cluster, children);
  const existing = new Set(members.map((member) => member.name));
  const taken = new Set([...existing, ...claims.keys()]);
  const wanted: MemberIdentity[] = [];
  for (const set of cluster.sets) {
    if (cluster.profile.workloads === 'shared') {
      const workload = names.workload(cluster.identity.name, set.name);
      for (let ordinal = 0; ordinal < set.replicas; ordinal++) wanted.push(memberIdentity(cluster, set.name, podOf(workload, ordinal)));
      continue;
    }
    const kept = members
      .filter((member) => member.set === set.name && !isDoomed(member))
      .toSorted(keepFirst)
      .slice(0, set.replicas);
    const orphans = [...claims]
      .filter(([name, claim]) => claim.metadata.labels?.[labels.instanceSet] === set.name && !isDeleting(claim) && !existing.has(name))
      .map(([name]) => ({ name }))
      .toSorted(byMerits(({ name }) => led(name)))
      .map(({ name }) => name);
    const chosen = [...kept.map((member) => member.name), ...orphans.slice(0, Math.max(0, set.replicas - kept.length))];
    for (let number = 0; chosen.length < set.replicas && number < mostTries; number++) {
      const name = names.member(cluster.identity.name, set.name, suffixFrom(`${cluster.identity.uid}/${set.name}/${number}`));
      if (taken.has(name)) continue;
      taken.add(name);
      chosen.push(name);
    }
    for (const name of chosen.toSorted()) {
      wanted.push(memberIdentity(cluster, set.name, name));
    }
  }
  const wantedNames = new Set(wanted.map(({ name }) => name));
  return { wanted, surplus: members.filter((member) => !wantedNames.has(member.name)) };
};

/** Those that go and are not gone: they have a pod, or their StatefulSet makes them one. */
export const leavingMembers = ({ surplus }: Pick<MemberChoice, 'surplus'>): readonly Member[] =>
  surplus.filter((member) => member.podObject !== undefined || isAskedFor(member));

/** All that need rights, certificates and a place in the backups: one that goes serves until its pod ends. */
export const attendedMembers = (choice: MemberChoice): readonly MemberIdentity[] => [...choice.wanted, ...leavingMembers(choice)];
