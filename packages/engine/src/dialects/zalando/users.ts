/** Roles: the two that every cluster has, then those of `users` with their flags. */
import type { UserIntent } from '../../model/cluster.ts';
import type { Field } from '../common/fields.ts';
import { at, itemsOf, objectOf, report, shown, textOf } from '../common/fields.ts';
import { profile } from './profile.ts';

const attributes = ['SUPERUSER', 'INHERIT', 'LOGIN', 'CREATEROLE', 'CREATEDB', 'REPLICATION', 'BYPASSRLS'];

/** PostgreSQL cuts longer names, and two roles would silently be one. */
const longestNameBytes = 63;
const part = '[a-z0-9](?:[-_a-z0-9]*[a-z0-9])?';
const roleName = new RegExp(`^${part}(?:\\.${part})*$`);

/** They have a meaning of their own: the engine's, and roles that the original's images bring. */
const reserved: ReadonlySet<string> = new Set([profile.roles.superuser, profile.roles.replication, 'admin', 'cron_admin', 'pooler']);

/** Original and engine work as the first; members stream as the second. */
const systemUsers: readonly UserIntent[] = [
  {
    name: profile.roles.superuser,
    databases: [],
    options: ['LOGIN', 'SUPERUSER'],
    passwordCharacters: 'alphanumeric',
    memberOf: [],
    settings: {},
  },
  {
    name: profile.roles.replication,
    databases: [],
    options: ['LOGIN', 'REPLICATION'],
    passwordCharacters: 'alphanumeric',
    memberOf: [],
    settings: {},
  },
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
  if (reserved.has(name)) return refuse(field, `role ${name} is the cluster's own, so the entry has no effect; remove it`);
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

/** In the order of the manifest. A user without flags may be null, which other maps have no use for. */
export const usersOf = (spec: Field): readonly UserIntent[] => {
  const field = at(spec, 'users');
  return [...systemUsers, ...Object.keys(objectOf(field) ?? {}).flatMap((name) => userOf(name, at(field, name)) ?? [])];
};

/** Each role once, and each Secret for one role: the first counts. */
export const distinctUsers = (field: Field, cluster: string, users: readonly UserIntent[]): readonly UserIntent[] => {
  const roles = new Set<string>();
  const secrets = new Map<string, string>();
  return users.filter(({ name, passwordCharacters }) => {
    const secret = profile.names.userSecret(cluster, name);
    const other = passwordCharacters === undefined ? undefined : secrets.get(secret);
    if (roles.has(name) || other !== undefined) {
      const reason = roles.has(name) ? `role ${name} is asked for twice` : `users ${other} and ${name} would share Secret ${secret}`;
      refuse(field, `${reason}, so the second one is not made; rename it`);
      return false;
    }
    roles.add(name);
    if (passwordCharacters !== undefined) secrets.set(secret, name);
    return true;
  });
};
