/** Databases of the manifest, with their owners. */
import type { DatabaseIntent, UserIntent } from '../../model/cluster.ts';
import type { Field } from '../common/fields.ts';
import { at, isObject, membersOf, report, shown, textOf } from '../common/fields.ts';
import { profile } from './profile.ts';

const databaseName = /^[a-z_][a-z0-9_]{0,62}$/i;

/** New databases are copies of the second one; nobody can connect to the first. Whose they are is not for a manifest to say. */
export const templates: ReadonlySet<string> = new Set(['template0', 'template1']);

/** `users` are all roles that are made; `prepared` are databases with an owner of their own, which the manifest may list here, too. */
export const databasesOf = (spec: Field, users: readonly UserIntent[], prepared: readonly DatabaseIntent[]): readonly DatabaseIntent[] => {
  const asked = at(spec, 'users');
  return membersOf(at(spec, 'databases')).flatMap(({ name, field }): readonly DatabaseIntent[] => {
    const refuse = (message: string): readonly DatabaseIntent[] => {
      report(field, { kind: 'invalid', reason: 'InvalidDatabase', message: `${message}; the database is left as it is until then` });
      return [];
    };
    if (!databaseName.test(name))
      return refuse(`${shown(name)} cannot be the name of a database: use 1 to 63 letters, digits and underscores`);
    if (templates.has(name)) return refuse(`${name} is what new databases are copied from: use another name`);
    const owner = textOf(field);
    if (owner === undefined) return [];
    if (prepared.some((database) => database.name === name && database.owner === owner)) return [];
    if (owner === profile.roles.replication)
      return refuse(`its owner ${owner} is the role that members stream with, and nobody else can log in as it: name another owner`);
    if (users.some((user) => user.name === owner)) return [{ name, owner, schemas: [], extensions: [] }];
    if (isObject(asked.value) && Object.hasOwn(asked.value, owner))
      return refuse(`its owner ${shown(owner)} is not made: see what is said of ${at(asked, owner).path}`);
    return refuse(`its owner ${shown(owner)} is no role of the manifest: add it to spec.users`);
  });
};
