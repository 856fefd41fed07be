/** `spec.databases` and `spec.preparedDatabases`: databases with an owner, and databases with roles, schemas and extensions. */
import { boolean, map, object, string } from '../schema/builders.ts';

export const databases = map(
  'Databases to create: name → role that owns it, which has to be one of the users. An owner can be changed; no database is ever dropped.',
  string(''),
);

const preparedSchema = object('', {
  defaultRoles: boolean('Whether the schema has roles of its own: DATABASE_SCHEMA_owner, _reader and _writer, which cannot log in.', {
    assumed: 'true',
  }),
  defaultUsers: boolean('Whether each of those roles has a user that can log in: DATABASE_SCHEMA_owner_user and so on.', {
    assumed: 'false',
  }),
});

const preparedDatabase = object('', {
  defaultUsers: boolean(
    'Whether the roles DATABASE_owner, _reader and _writer each have a user that can log in: DATABASE_owner_user and so on.',
    {
      assumed: 'false',
    },
  ),
  extensions: map('Extensions: name → schema.', string('')),
  secretNamespace: string("Namespace of the users' Secrets, where the operator may write into other namespaces.", {
    assumed: "the cluster's",
  }),
  schemas: map('Schemas to create, with their roles. Absent: one, data.', preparedSchema),
});

export const preparedDatabases = map(
  'Databases with roles to own, read and write them, and default privileges that make these fit. An empty object: one database, named after the cluster.',
  preparedDatabase,
);
