/** Databases of the manifest, with their owners. */
import type { DatabaseIntent, UserIntent } from '../../model/cluster.ts';
import type { Field } from '../common/fields.ts';
import { at, membersOf, report, shown, textOf } from '../common/fields.ts';

const databaseName = /^[a-z_][a-z0-9_]{0,62}$/i;

export const databasesOf = (spec: Field, users: readonly UserIntent[]): readonly DatabaseIntent[] =>
  membersOf(at(spec, 'databases')).flatMap(({ name, field }): readonly DatabaseIntent[] => {
    const refuse = (message: string): readonly DatabaseIntent[] => {
      report(field, { kind: 'invalid', reason: 'InvalidDatabase', message: `${message}; the database is left as it is until then` });
      return [];
    };
    if (!databaseName.test(name))
      return refuse(`${shown(name)} cannot be the name of a database: use 1 to 63 letters, digits and underscores`);
    const owner = textOf(field);
    if (owner === undefined) return [];
    if (!users.some((user) => user.name === owner))
      return refuse(`its owner ${shown(owner)} is no role of the manifest: add it to spec.users`);
    return [{ name, owner, schemas: [], extensions: [] }];
  });
