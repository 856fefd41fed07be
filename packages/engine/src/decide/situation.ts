/** The facts that several processes need, gathered once from the observation. */
import type { Dialect } from '../dialects/dialect.ts';
import type { Cluster, Finding } from '../model/cluster.ts';
import type { Member, MemberIdentity } from '../model/members.ts';
import type { Recollection } from '../model/recollection.ts';
import type { Observation } from '../observation.ts';
import { withFormerPrimary } from './formerPrimary.ts';
import { chooseMembers, membersOf } from './members.ts';
import { isDeleting } from './pods.ts';
import { isRestarting } from './restartMarks.ts';

/** A cluster as its manifest asks for it, and what the dialect found on reading it. */
export interface Manifested {
  readonly cluster: Cluster;
  readonly findings: readonly Finding[];
}

export interface Situation extends Manifested {
  readonly observation: Observation;
  readonly recalled: Recollection;
  /** Every member of which something runs or could run. */
  readonly members: readonly Member[];
  readonly wanted: readonly MemberIdentity[];
  readonly surplus: readonly Member[];
  /** The member that holds Patroni's lock and whose pod says so, too. */
  readonly primary: Member | undefined;
  /** The primary, while its PostgreSQL runs: statements can be run there. Patroni says so earlier than the kubelet's probe. */
  readonly writable: Member | undefined;
  /** Patroni's word that the cluster was bootstrapped. */
  readonly systemIdentifier: string | undefined;
}

const runs = ({ podObject, ready, state }: Member): boolean =>
  podObject !== undefined && !isDeleting(podObject) && (ready || (state === 'running' && podObject.status?.phase === 'Running'));

export const situationOf = ({ cluster, findings }: Manifested, dialect: Dialect, observation: Observation): Situation => {
  const { children } = observation;
  const store = cluster.profile.names.configurationService(cluster.identity.name);
  const initialized = children.endpoints.find(({ metadata }) => metadata.name === store)?.metadata.annotations?.['initialize'];
  const systemIdentifier = initialized === '' ? undefined : initialized;
  const recalled = withFormerPrimary(dialect.recall(observation.status), cluster, children, systemIdentifier);
  const members = membersOf(cluster, children, recalled).map((member) =>
    isRestarting(member, observation) ? { ...member, ready: false } : member,
  );
  const primary = members.find((member) => member.role === 'leader');
  const { wanted, surplus } = chooseMembers(cluster, members, children, recalled);
  return {
    cluster,
    findings,
    observation,
    recalled,
    members,
    wanted,
    surplus,
    primary,
    writable: primary !== undefined && runs(primary) ? primary : undefined,
    systemIdentifier,
  };
};

/** A member as observed, by its identity. */
export const memberOf = (situation: Situation, identity: MemberIdentity): Member | undefined =>
  situation.members.find(({ name }) => name === identity.name);

/** The wanted members of which something is there, in their order. */
export const presentMembers = (situation: Situation): readonly Member[] =>
  situation.wanted.map((identity) => memberOf(situation, identity)).filter((member) => member !== undefined);
