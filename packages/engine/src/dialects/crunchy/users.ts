/** Roles and databases: `users` as given, or one of each named like the cluster when the manifest says nothing of users at all. */
import type { DatabaseIntent, UserIntent } from '../../model/cluster.ts';
import { profile } from './profile.ts';
import type { Field } from '../common/fields.ts';
import { at, choiceOf, isPresent, itemsOf, report, shown, textOf } from '../common/fields.ts';
import { parseRoleOptions } from './roleOptions.ts';

/** PostgreSQL cuts longer names, and two databases would silently be one. */
const longestIdentifierBytes = 63;

const identifierBytes = (name: string): number => new TextEncoder().encode(name).length;

/** A role's name is also part of a Secret's name and a label's value, so it follows Kubernetes' rules for labels of DNS (RFC 1123). */
const isUserName = (name: string): boolean => /^[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?$/.test(name);

const databasesOf = (field: Field): readonly string[] => {
  const databases = itemsOf(field).flatMap((item) => {
    const name = textOf(item);
    if (name === undefined) return [];
    if (name !== '' && identifierBytes(name) <= longestIdentifierBytes && !name.includes('\0')) return [name];
    report(item, {
      kind: 'invalid',
      reason: 'InvalidDatabase',
      message: `${shown(name)} cannot be the name of a database, so it is not made; use 1 to ${longestIdentifierBytes} bytes`,
    });
    return [];
  });
  return [...new Set(databases)];
};

/** The text stays out of the message: it may hold a password. */
const optionsOf = (field: Field): readonly string[] => {
  const parsed = parseRoleOptions(textOf(field) ?? '');
  if (parsed.kind === 'options') return parsed.options;
  report(field, {
    kind: 'invalid',
    reason: 'InvalidUserOptions',
    message: `refused: ${parsed.reason}; the role gets LOGIN only until this is corrected`,
  });
  return ['LOGIN'];
};

const userOf = (field: Field): UserIntent | undefined => {
  const name = textOf(at(field, 'name')) ?? '';
  if (!isUserName(name)) {
    report(at(field, 'name'), {
      kind: 'invalid',
      reason: 'InvalidUser',
      message: `${shown(name)} cannot be the name of a user, so it is not made; use 1 to 63 small letters, digits and dashes`,
    });
    return undefined;
  }
  const options = optionsOf(at(field, 'options'));
  const databases = databasesOf(at(field, 'databases'));
  const isSuperuser = name === profile.roles.superuser;
  return {
    name,
    // The engine itself works as this role: it must be able to log in and do everything, and its Secret leads where it always may go.
    databases: isSuperuser ? ['postgres'] : databases,
    options: isSuperuser ? ['LOGIN', 'SUPERUSER'] : options,
    passwordCharacters: choiceOf(at(field, 'password', 'type'), ['ASCII', 'AlphaNumeric']) === 'AlphaNumeric' ? 'alphanumeric' : 'ascii',
    memberOf: [],
    settings: {},
  };
};

/** `cluster` is the cluster's name. */
export const usersOf = (spec: Field, cluster: string): readonly UserIntent[] => {
  const field = at(spec, 'users');
  if (!isPresent(field)) {
    if (isUserName(cluster))
      return [{ name: cluster, databases: [cluster], options: ['LOGIN'], passwordCharacters: 'ascii', memberOf: [], settings: {} }];
    report(field, {
      kind: 'invalid',
      reason: 'InvalidUser',
      message: `no user is given, and ${shown(cluster)} cannot be the name of one; list the users, or [] for none`,
    });
    return [];
  }
  const users = new Map<string, UserIntent>();
  for (const item of itemsOf(field)) {
    const user = userOf(item);
    if (user === undefined) continue;
    if (users.has(user.name)) {
      report(item, { kind: 'invalid', reason: 'InvalidUser', message: `user ${user.name} is listed twice; the first entry counts` });
      continue;
    }
    users.set(user.name, user);
  }
  return [...users.values()];
};

/** Schemas that are not any user's, whatever the user is called. */
const takenSchemas: ReadonlySet<string> = new Set(['monitor', 'pgbouncer', 'public']);

/**
 * Every database that a user has, in order of appearance; the one that is always there only where something has to be in it. `ownSchemas`: each
 * user has a schema of its name in each of its databases, since nobody but the owner of a database may make things in its schema `public`.
 */
export const allDatabases = (users: readonly UserIntent[], ownSchemas: boolean): readonly DatabaseIntent[] =>
  [...new Set(users.flatMap((user) => user.databases))]
    .map((name) => ({
      name,
      owner: undefined,
      schemas: users
        .filter(
          (user) => ownSchemas && user.name !== profile.roles.superuser && !takenSchemas.has(user.name) && user.databases.includes(name),
        )
        .map((user) => ({ name: user.name, owner: user.name, keepsOwner: true, readers: [], writers: [], creators: [] })),
      extensions: [],
    }))
    .filter(({ name, schemas }) => name !== 'postgres' || schemas.length > 0);
