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
 */
import type { DatabaseIntent, Membership, SchemaIntent, UserIntent } from '../../model/cluster.ts';
import type { Field } from '../common/fields.ts';
import { at, booleanOf, isPresent, membersOf, objectOf, report, shown, textsOf } from '../common/fields.ts';

export interface Prepared {
  readonly users: readonly UserIntent[];
  readonly databases: readonly DatabaseIntent[];
}

const identifier = /^[a-z_][a-z0-9_]*$/i;
/** PostgreSQL cuts longer names, and two roles would silently be one. */
const longestName = 63;
const longestRole = longestName - '_writer_user'.length;

/** Owner, writer and reader of a database or a schema, `prefix` being its name. */
interface Trio {
  readonly owner: string;
  readonly writer: string;
  readonly reader: string;
}

const trioOf = (prefix: string): Trio => ({ owner: `${prefix}_owner`, writer: `${prefix}_writer`, reader: `${prefix}_reader` });
const userOf = (role: string): string => `${role}_user`;

const role = (name: string, memberOf: readonly Membership[], settings: UserIntent['settings'], mayLogIn: boolean): UserIntent => ({
  name,
  databases: [],
  options: [mayLogIn ? 'LOGIN' : 'NOLOGIN'],
  passwordCharacters: mayLogIn ? 'alphanumeric' : undefined,
  memberOf,
  settings,
});

const granted = (name: string, withAdmin = false): Membership => ({ role: name, withAdmin });

/** `owned`: roles that the owner may grant besides. */
const rolesOf = (trio: Trio, owned: readonly string[], settings: UserIntent['settings'], withUsers: boolean): readonly UserIntent[] => [
  role(trio.reader, [], settings, false),
  role(trio.writer, [granted(trio.reader)], settings, false),
  role(
    trio.owner,
    [trio.reader, trio.writer, ...owned].map((name) => granted(name, true)),
    settings,
    false,
  ),
  ...(withUsers ? Object.values(trio).map((name: string) => role(userOf(name), [granted(name)], settings, true)) : []),
];

const creatorsOf = (trio: Trio, withUsers: boolean): readonly string[] => [trio.owner, ...(withUsers ? [userOf(trio.owner)] : [])];

interface PreparedSchema {
  readonly schema: SchemaIntent;
  readonly roles: readonly UserIntent[];
  readonly owner: string;
}

const refuse = (field: Field, message: string): undefined => {
  report(field, { kind: 'invalid', reason: 'InvalidPreparedDatabase', message });
  return undefined;
};

/** No name of its roles is longer than PostgreSQL lets it be. */
const isUsable = (field: Field, name: string, prefix: string): boolean => {
  if (!identifier.test(name)) {
    refuse(field, `${shown(name)} cannot be the name of a database or a schema, so it is not made; use letters, digits and underscores`);
    return false;
  }
  if (prefix.length <= longestRole) return true;
  refuse(
    field,
    `roles called after ${shown(prefix)} would be longer than ${longestName} characters, so it is not made; use a shorter name`,
  );
  return false;
};

const schemaOf = (
  { name, field }: { readonly name: string; readonly field: Field },
  database: string,
  databaseTrio: Trio,
  databaseCreators: readonly string[],
  settings: UserIntent['settings'],
): PreparedSchema | undefined => {
  const prefix = `${database}_${name}`;
  if (!isUsable(field, name, prefix)) return undefined;
  const withUsers = booleanOf(at(field, 'defaultUsers')) === true;
  const withRoles = booleanOf(at(field, 'defaultRoles')) !== false;
  const trio = trioOf(prefix);
  const own = withRoles ? creatorsOf(trio, withUsers) : [];
  return {
    schema: {
      name,
      owner: withRoles ? trio.owner : databaseTrio.owner,
      readers: [databaseTrio.reader, ...(withRoles ? [trio.reader] : [])],
      writers: [databaseTrio.writer, ...(withRoles ? [trio.writer] : [])],
      creators: [...databaseCreators, ...own],
    },
    roles: withRoles ? rolesOf(trio, [], settings, withUsers) : [],
    owner: trio.owner,
  };
};

const databaseOf = (name: string, field: Field): Prepared | undefined => {
  if (!isUsable(field, name, name)) return undefined;
  const given = at(field, 'schemas');
  const named = membersOf(given);
  const schemas = isPresent(given) && named.length > 0 ? named : [{ name: 'data', field: at(given, 'data') }];
  // In the order of their names, so that the path does not hang on that of the manifest.
  const settings = { search_path: ['$user', ...schemas.map((schema) => schema.name).toSorted()] };
  const withUsers = booleanOf(at(field, 'defaultUsers')) === true;
  const trio = trioOf(name);
  const creators = creatorsOf(trio, withUsers);
  const prepared = schemas.map((schema) => schemaOf(schema, name, trio, creators, settings)).filter((schema) => schema !== undefined);
  const schemaOwners = prepared.filter(({ roles }) => roles.length > 0).map(({ owner }) => owner);
  return {
    users: [...prepared.flatMap(({ roles }) => roles), ...rolesOf(trio, schemaOwners, settings, withUsers)],
    databases: [
      {
        name,
        owner: trio.owner,
        schemas: prepared.map(({ schema }) => schema),
        extensions: Object.entries(textsOf(at(field, 'extensions'))).map(([extension, schema]) => ({ name: extension, schema })),
      },
    ],
  };
};

/** `taken` are the databases that the manifest has anyway; an empty map asks for one database called as the cluster. */
export const preparedOf = (spec: Field, cluster: string, taken: readonly string[]): Prepared => {
  const field = at(spec, 'preparedDatabases');
  const object = objectOf(field);
  if (object === undefined) return { users: [], databases: [] };
  const wanted = Object.keys(object).length === 0 ? [cluster.replaceAll('-', '_')] : Object.keys(object);
  const prepared = wanted.flatMap((name): readonly Prepared[] => {
    const member = at(field, name);
    if (taken.includes(name)) {
      refuse(member, `database ${name} is in spec.databases, too, and is not prepared; take it out of one of them`);
      return [];
    }
    const found = databaseOf(name, member);
    return found === undefined ? [] : [found];
  });
  return { users: prepared.flatMap(({ users }) => users), databases: prepared.flatMap(({ databases }) => databases) };
};
