/** Roles: the three that every cluster has, and those of `users` with their flags. */
import type { Membership, UserIntent } from '../../model/cluster.ts';
import type { Field } from '../common/fields.ts';
import { at, itemsOf, objectOf, report, shown, textOf } from '../common/fields.ts';
import { profile } from './profile.ts';

const attributes = ['SUPERUSER', 'INHERIT', 'LOGIN', 'CREATEROLE', 'CREATEDB', 'REPLICATION', 'BYPASSRLS'];

/** PostgreSQL cuts longer names, and two roles would silently be one. */
const longestNameBytes = 63;
const part = '[a-z0-9](?:[-_a-z0-9]*[a-z0-9])?';
const roleName = new RegExp(`^${part}(?:\\.${part})*$`);

/** It cannot log in: who is given it hands on what owners of prepared databases may do, and makes databases. */
const administrator = 'admin';

const ownRoles: ReadonlySet<string> = new Set([profile.roles.superuser, profile.roles.replication, administrator]);

/** The original refuses them, as it does its own: its jobs and its pooler work as these. */
const originalsRoles: ReadonlySet<string> = new Set(['cron_admin', 'pooler']);

/** PostgreSQL makes no role by such a name, quoted or not (CreateRole, and RoleSpec in gram.y). */
export const isKeptByPostgres = (role: string): boolean => role.startsWith('pg_') || role === 'public' || role === 'none';

/** An entry of `users`, and what it asks for. */
export interface AskedUser {
  readonly field: Field;
  readonly intent: UserIntent;
}

/** Two users whose Secrets would be one: `user` comes with what is at `path`, `other` is in `users`. */
export interface SharedSecret {
  readonly user: string;
  readonly other: string;
  readonly path: string;
}

/** What roles of prepared databases leave of `users`. */
export interface PreparedRoles {
  /** By name, the path of the prepared database that a role comes with. */
  readonly origins: ReadonlyMap<string, string>;
  readonly sharedSecrets: readonly SharedSecret[];
}

const system = (
  name: string,
  options: readonly string[],
  memberOf: readonly Membership[],
  passwordCharacters: UserIntent['passwordCharacters'],
): UserIntent => ({ name, databases: [], options, passwordCharacters, memberOf, settings: {} });

/** Original and engine work as the first; members stream as the second; the third is for people. `owners`: of prepared databases. */
export const systemUsers = (owners: readonly string[]): readonly UserIntent[] => [
  system(profile.roles.superuser, ['LOGIN', 'SUPERUSER'], [], 'alphanumeric'),
  system(profile.roles.replication, ['LOGIN', 'REPLICATION'], [], 'alphanumeric'),
  system(
    administrator,
    ['CREATEDB'],
    owners.map((role) => ({ role, withAdmin: true })),
    undefined,
  ),
];

/** Options as PostgreSQL writes them; a role may log in unless its flags say otherwise. */
const optionsOf = (field: Field): readonly string[] => {
  const options = new Map<string, string>();
  for (const item of itemsOf(field)) {
    const flag = textOf(item)?.toUpperCase();
    if (flag === undefined) continue;
    const attribute = attributes.find((name) => flag === name || flag === `NO${name}`);
    if (attribute === undefined) {
      report(item, {
        kind: 'invalid',
        reason: 'InvalidUserFlag',
        message: `${shown(flag)} is no flag of a role, so it is left out; choose of ${attributes.map((name) => name.toLowerCase()).join(', ')}, each also with "no" before it`,
      });
    } else if ((options.get(attribute) ?? flag) === flag) {
      options.set(attribute, flag);
    } else {
      report(item, {
        kind: 'invalid',
        reason: 'InvalidUserFlag',
        message: `the role has ${attribute} both ways, and the first flag counts; remove one of them`,
      });
    }
  }
  return [...(options.has('LOGIN') ? [] : ['LOGIN']), ...options.values()];
};

const refuse = (field: Field, message: string): undefined => {
  report(field, { kind: 'invalid', reason: 'InvalidUser', message });
  return undefined;
};

const userOf = (name: string, field: Field): UserIntent | undefined => {
  if (!roleName.test(name) || name.length > longestNameBytes) {
    return refuse(
      field,
      `${shown(name)} cannot be the name of a user, so it is not made; use 1 to 63 small letters, digits, dashes and underscores`,
    );
  }
  if (ownRoles.has(name)) return refuse(field, `role ${name} is the cluster's own, so the entry has no effect; remove it`);
  if (originalsRoles.has(name)) {
    return refuse(field, `the name ${name} is reserved for the original's own use, so no user is made of it; rename it`);
  }
  if (isKeptByPostgres(name)) {
    return refuse(field, `PostgreSQL keeps names that begin with pg_ to itself, and public and none, so ${name} is not made; rename it`);
  }
  if (name.includes('.')) {
    report(field, {
      kind: 'unsupported',
      reason: 'NotYetSupported',
      message: `a user with a Secret in another namespace is not carried out yet; the cluster runs without ${name}`,
    });
    return undefined;
  }
  const options = optionsOf(field);
  return {
    name,
    databases: [],
    options,
    passwordCharacters: options.includes('NOLOGIN') ? undefined : 'alphanumeric',
    memberOf: [],
    settings: {},
  };
};

/** What `users` asks for, in the order of the manifest. A user without flags may be null, which other maps have no use for. */
export const askedUsersOf = (spec: Field): readonly AskedUser[] => {
  const users = at(spec, 'users');
  return Object.keys(objectOf(users) ?? {}).flatMap((name) => {
    const field = at(users, name);
    const intent = userOf(name, field);
    return intent === undefined ? [] : [{ field, intent }];
  });
};

/** Why a user is not made, and what to do. */
const obstacleTo = (
  { name, passwordCharacters }: UserIntent,
  asked: readonly AskedUser[],
  cluster: string,
  { origins, sharedSecrets }: PreparedRoles,
): string | undefined => {
  const origin = origins.get(name);
  if (origin !== undefined) return `role ${name} comes with ${origin}, so the entry has no effect; rename it, or remove it`;
  const secretOf = (user: string): string => profile.names.userSecret(cluster, user);
  const sharing = asked.filter(({ intent }) => intent.passwordCharacters !== undefined && secretOf(intent.name) === secretOf(name));
  const others = [
    ...sharedSecrets.flatMap(({ user, other, path }) => (other === name ? [`${user} of ${path}`] : [])),
    ...(passwordCharacters === undefined ? [] : sharing.flatMap(({ intent }) => (intent.name === name ? [] : [intent.name]))),
  ];
  return others[0] === undefined
    ? undefined
    : `${name} and ${others[0]} would share Secret ${secretOf(name)}, so neither is made, and what there is stays; rename one of them`;
};

/**
 * The users that are made. The original lets roles of prepared databases go before those of the manifest. Of two whose Secrets would be one
 * neither is made: nothing says which of them was there first, and the other one would take its Secret, with the password in it.
 */
export const usersOf = (asked: readonly AskedUser[], cluster: string, prepared: PreparedRoles): readonly UserIntent[] =>
  asked.flatMap(({ field, intent }) => {
    const obstacle = obstacleTo(intent, asked, cluster, prepared);
    if (obstacle === undefined) return [intent];
    refuse(field, obstacle);
    return [];
  });
