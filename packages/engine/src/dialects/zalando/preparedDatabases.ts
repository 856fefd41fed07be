/**
 * Databases that come with roles, schemas and privileges: for each database, and for each of its schemas unless it wants none, an owner, a writer and
 * a reader that cannot log in, and users that can where they are asked for.
 *
 * | role      | may                                                        | is granted, with the right to grant it on |
 * |-----------|------------------------------------------------------------|-------------------------------------------|
 * | `_owner`  | everything in the database or schema, which belongs to it  | writer and reader; of a database also the owners of its schemas |
 * | `_writer` | change what owners make                                    | nothing, but it is a reader                |
 * | `_reader` | read what owners make                                      | nothing                                    |
 * | `_user`   | log in as one of these                                     | nothing, but it is that one                |
 * | `admin`   | make databases; every cluster has it                       | owners of databases                        |
 */
import type { DatabaseIntent, Membership, SchemaIntent, UserIntent } from '../../model/cluster.ts';
import type { Field } from '../common/fields.ts';
import { at, booleanOf, isObject, isPresent, membersOf, objectOf, report, shown, textsOf } from '../common/fields.ts';
import { templates } from './databases.ts';
import { profile } from './profile.ts';
import { isKeptByPostgres, type AskedUser, type PreparedRoles, type SharedSecret } from './users.ts';

export interface Prepared extends PreparedRoles {
  readonly users: readonly UserIntent[];
  readonly databases: readonly DatabaseIntent[];
  /** Of the databases, not of their schemas. */
  readonly owners: readonly string[];
}

const identifier = /^[a-z_][a-z0-9_]*$/i;
/** PostgreSQL cuts longer names, and two roles would silently be one. */
const longestName = 63;

/** What every database has besides its own schemas, and where extensions may be. */
const schemasOfAll = ['public', 'pg_catalog'];

/** Owner, writer and reader of a database or a schema, `prefix` being its name. */
interface Trio {
  readonly owner: string;
  readonly writer: string;
  readonly reader: string;
}

const trioOf = (prefix: string): Trio => ({ owner: `${prefix}_owner`, writer: `${prefix}_writer`, reader: `${prefix}_reader` });
const rolesIn = ({ owner, writer, reader }: Trio): readonly string[] => [owner, writer, reader];
const userOf = (role: string): string => `${role}_user`;

const role = (name: string, memberOf: readonly Membership[], settings: UserIntent['settings'], mayLogIn: boolean): UserIntent => ({
  name,
  databases: [],
  // A new role cannot log in. One that was somebody's login before goes on being it, as with the original, which only ever adds.
  options: mayLogIn ? ['LOGIN'] : [],
  passwordCharacters: mayLogIn ? 'alphanumeric' : undefined,
  memberOf,
  settings,
});

const granted = (name: string, withAdmin = false): Membership => ({ role: name, withAdmin });

/** `owned`: roles that the owner may grant besides; `loginRoles`: those of the trio that have a user. */
const rolesOf = (
  trio: Trio,
  owned: readonly string[],
  settings: UserIntent['settings'],
  loginRoles: readonly string[],
): readonly UserIntent[] => [
  role(trio.reader, [], settings, false),
  role(trio.writer, [granted(trio.reader)], settings, false),
  role(
    trio.owner,
    [trio.reader, trio.writer, ...owned].map((name) => granted(name, true)),
    settings,
    false,
  ),
  ...loginRoles.map((name) => role(userOf(name), [granted(name)], settings, true)),
];

const creatorsOf = (trio: Trio, loginRoles: readonly string[]): readonly string[] => [
  trio.owner,
  ...loginRoles.filter((name) => name === trio.owner).map(userOf),
];

const refuse = (field: Field, message: string): undefined => {
  report(field, { kind: 'invalid', reason: 'InvalidPreparedDatabase', message });
  return undefined;
};

/** What a name is for, and what to do where it cannot be. */
interface Named {
  readonly name: string;
  readonly field: Field;
  readonly remedy: string;
}

/** Whether roles can be called after `prefix`. */
const canNameRoles = ({ name, field, remedy }: Named, prefix: string): boolean => {
  const roles = rolesIn(trioOf(prefix));
  if (roles.some((candidate) => candidate.length > longestName)) {
    refuse(field, `roles called after ${shown(prefix)} would be longer than ${longestName} characters, so ${name} is not made; ${remedy}`);
    return false;
  }
  if (roles.some(isKeptByPostgres)) {
    refuse(
      field,
      `roles called after ${shown(prefix)} would begin with pg_, which PostgreSQL keeps to itself, so ${name} is not made; ${remedy}`,
    );
    return false;
  }
  return true;
};

const isIdentifier = ({ name, field, remedy }: Named): boolean => {
  if (identifier.test(name) && name.length <= longestName) return true;
  refuse(
    field,
    `${shown(name)} cannot be the name of a database or a schema, for which 1 to ${longestName} letters, digits and underscores serve, so it is not made; ${remedy}`,
  );
  return false;
};

interface Surroundings {
  readonly cluster: string;
  readonly asked: readonly AskedUser[];
}

/** The roles of a trio that have a user, and where one has none since its Secret would be another's. */
interface Logins {
  readonly roles: readonly string[];
  readonly sharedSecrets: readonly SharedSecret[];
}

const noLogins: Logins = { roles: [], sharedSecrets: [] };

/** Why users called after this prefix cannot be, and what to do. */
const obstacleTo = (prefix: string): string | undefined => {
  const users = rolesIn(trioOf(prefix)).map(userOf);
  if (users.some((name) => name.length > longestName)) {
    return `users called after ${shown(prefix)} would be longer than ${longestName} characters, so they are not made; use a shorter name`;
  }
  return /^[a-z0-9][a-z0-9_]*$/.test(prefix)
    ? undefined
    : `no Secret can be named after users of ${shown(prefix)}, so they are not made; use a name of small letters that begins with one, or grant its roles to users of spec.users`;
};

/** `field` is `defaultUsers`. */
const loginsOf = (field: Field, prefix: string, { cluster, asked }: Surroundings): Logins => {
  if (booleanOf(field) !== true) return noLogins;
  const obstacle = obstacleTo(prefix);
  if (obstacle !== undefined) {
    refuse(field, obstacle);
    return noLogins;
  }
  const roles = rolesIn(trioOf(prefix));
  const secretOf = (name: string): string => profile.names.userSecret(cluster, name);
  const sharedSecrets = roles.flatMap((name): readonly SharedSecret[] => {
    const user = userOf(name);
    const other = asked.find(
      ({ intent }) => intent.name !== user && intent.passwordCharacters !== undefined && secretOf(intent.name) === secretOf(user),
    );
    return other === undefined ? [] : [{ user, other: other.intent.name, path: field.path }];
  });
  for (const { user, other } of sharedSecrets) {
    refuse(
      field,
      `${user} and ${other} of spec.users would share Secret ${secretOf(user)}, so neither is made, and what there is stays; rename the latter`,
    );
  }
  return { roles: roles.filter((name) => !sharedSecrets.some(({ user }) => user === userOf(name))), sharedSecrets };
};

interface PreparedSchema {
  readonly name: string;
  /** `undefined`: it has no roles of its own. */
  readonly trio: Trio | undefined;
  readonly logins: Logins;
}

const schemaOf = (named: Named, database: string, surroundings: Surroundings): PreparedSchema | undefined => {
  const { name, field } = named;
  if (!isIdentifier(named)) return undefined;
  if (name.startsWith('pg_') || name === 'information_schema') {
    return refuse(
      field,
      `PostgreSQL keeps schemas that begin with pg_ to itself, and information_schema, so ${name} is not made; use another name`,
    );
  }
  const users = at(field, 'defaultUsers');
  if (booleanOf(at(field, 'defaultRoles')) === false) {
    if (booleanOf(users) === true) {
      refuse(users, `they would log in as roles that defaultRoles: false leaves out, so they are not made; remove one of the two`);
    }
    return { name, trio: undefined, logins: noLogins };
  }
  const prefix = `${database}_${name}`;
  if (!canNameRoles(named, prefix)) return undefined;
  return { name, trio: trioOf(prefix), logins: loginsOf(users, prefix, surroundings) };
};

const schemaIntent = ({ name, trio, logins }: PreparedSchema, database: Trio, databaseCreators: readonly string[]): SchemaIntent => ({
  name,
  owner: trio?.owner ?? database.owner,
  readers: [database.reader, ...(trio === undefined ? [] : [trio.reader])],
  writers: [database.writer, ...(trio === undefined ? [] : [trio.writer])],
  creators: [...databaseCreators, ...(trio === undefined ? [] : creatorsOf(trio, logins.roles))],
});

/** `schemas` are those that the database is to have. */
const extensionsOf = (field: Field, schemas: readonly string[]): DatabaseIntent['extensions'] =>
  Object.entries(textsOf(field)).flatMap(([name, schema]) => {
    const member = at(field, name);
    if (name === '' || schema === '') {
      refuse(member, `extension ${shown(name)} has no place, so it is not made; name the schema that its objects go to`);
      return [];
    }
    if (![...schemasOfAll, ...schemas].includes(schema)) {
      const place = field.path.replace(/extensions$/, 'schemas');
      refuse(
        member,
        `schema ${shown(schema)} is none that the manifest makes, so the extension waits until there is one; add it to ${place}, or choose another`,
      );
    }
    return [{ name, schema }];
  });

interface PreparedDatabase {
  readonly field: Field;
  readonly database: DatabaseIntent;
  readonly owner: string;
  readonly users: readonly UserIntent[];
  readonly sharedSecrets: readonly SharedSecret[];
}

const databaseOf = (named: Named, surroundings: Surroundings): PreparedDatabase | undefined => {
  const { name, field, remedy } = named;
  if (!isIdentifier(named)) return undefined;
  if (templates.has(name)) return refuse(field, `${name} is what new databases are copied from, so it is not prepared; ${remedy}`);
  if (!canNameRoles(named, name)) return undefined;
  const given = at(field, 'schemas');
  const members = membersOf(given);
  const wanted: readonly Named[] =
    isPresent(given) && members.length > 0
      ? members.map((member) => ({ ...member, remedy: 'use another name' }))
      : [{ name: 'data', field: { ...field, value: undefined }, remedy: 'use a shorter name, or name a schema' }];
  const trio = trioOf(name);
  const logins = loginsOf(at(field, 'defaultUsers'), name, surroundings);
  const schemas = wanted.map((schema) => schemaOf(schema, name, surroundings)).filter((schema) => schema !== undefined);
  const schemaNames = schemas.map((schema) => schema.name);
  // In the order of their names, so that the path does not hang on that of the manifest.
  const settings = { search_path: ['$user', ...schemaNames.toSorted()] };
  const creators = creatorsOf(trio, logins.roles);
  return {
    field,
    owner: trio.owner,
    users: [
      ...schemas.flatMap((schema) => (schema.trio === undefined ? [] : rolesOf(schema.trio, [], settings, schema.logins.roles))),
      ...rolesOf(
        trio,
        schemas.flatMap((schema) => schema.trio?.owner ?? []),
        settings,
        logins.roles,
      ),
    ],
    database: {
      name,
      owner: trio.owner,
      schemas: schemas.map((schema) => schemaIntent(schema, trio, creators)),
      extensions: extensionsOf(at(field, 'extensions'), schemaNames),
    },
    sharedSecrets: [logins, ...schemas.map((schema) => schema.logins)].flatMap(({ sharedSecrets }) => sharedSecrets),
  };
};

/**
 * Of two that share a role neither is left: the owner of one would get power over the other, and for good, since nothing is ever taken away.
 */
const withoutSharedRoles = (prepared: readonly PreparedDatabase[]): readonly PreparedDatabase[] =>
  prepared.filter((item) => {
    const names = new Set(item.users.map(({ name }) => name));
    for (const other of prepared) {
      const shared = other === item ? undefined : other.users.find(({ name }) => names.has(name));
      if (shared === undefined) continue;
      refuse(
        item.field,
        `${item.database.name} and ${other.database.name} would share role ${shared.name}, so neither is made, and what there is stays; rename one of them or its schema`,
      );
      return false;
    }
    return true;
  });

/** What there is to prepare; an empty map asks for one database called as the cluster. */
const wantedIn = (field: Field, cluster: string): readonly Named[] => {
  const names = Object.keys(objectOf(field) ?? {});
  if (names.length > 0) return names.map((name) => ({ name, field: at(field, name), remedy: 'use another name' }));
  return isObject(field.value) ? [{ name: cluster.replaceAll('-', '_'), field, remedy: 'name the database here' }] : [];
};

/** `asked` are the users of `spec.users`: one whose Secret would be that of a user here makes neither of them. */
export const preparedOf = (spec: Field, cluster: string, asked: readonly AskedUser[]): Prepared => {
  const plain = at(spec, 'databases');
  const found = wantedIn(at(spec, 'preparedDatabases'), cluster).flatMap((named): readonly PreparedDatabase[] => {
    const { name, field } = named;
    const otherOwner = at(plain, name).value;
    const { owner } = trioOf(name);
    // Listed there with the owner that it gets here, it is one database: so the original's users move it from the one to the other.
    if (typeof otherOwner === 'string' && otherOwner !== owner) {
      refuse(
        field,
        `database ${name} is in spec.databases, too, where its owner is ${shown(otherOwner)} and not ${owner}, so it is not prepared; take it out of one of them, or make ${owner} its owner in both`,
      );
      return [];
    }
    const database = databaseOf(named, { cluster, asked });
    return database === undefined ? [] : [database];
  });
  const prepared = withoutSharedRoles(found);
  return {
    users: prepared.flatMap(({ users }) => users),
    databases: prepared.map(({ database }) => database),
    owners: prepared.map(({ owner }) => owner),
    origins: new Map(prepared.flatMap(({ field, users }) => users.map(({ name }) => [name, field.path] as const))),
    // Also of those that are not left: their users may be there from before.
    sharedSecrets: found.flatMap(({ sharedSecrets }) => sharedSecrets),
  };
};
