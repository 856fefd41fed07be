/** `spec.users`: roles and their databases. */
import { listMap, object, required, set, string } from '../schema/builders.ts';
import { identifier } from './shared.ts';

const user = object('', {
  name: required(
    string('Name of the role. Its password and connection strings are in Secret CLUSTER-pguser-NAME.', {
      pattern: '^[a-z0-9]([-a-z0-9]*[a-z0-9])?$',
      minLength: 1,
      maxLength: 63,
    }),
  ),
  databases: set(
    'Databases that the role may use; those that are missing are created. None is ever dropped, and no right is taken back. Without effect for postgres.',
    identifier,
  ),
  options: string(
    'Attributes of the role in the words of ALTER ROLE: CREATEDB, CONNECTION LIMIT 5 and so on. Without effect for postgres.',
    {
      pattern: '^[^;]*$',
      maxLength: 200,
      rules: [
        { rule: "!self.matches('(?i:PASSWORD)')", message: 'the password is in the Secret of the role, not here' },
        { rule: "!self.matches('(?:--|/[*]|[*]/)')", message: 'SQL comments are not allowed' },
      ],
    },
  ),
  password: object('How the password is made.', {
    type: string('Characters of a generated password: letters, digits and symbols (ASCII), or only letters and digits (AlphaNumeric).', {
      enum: ['ASCII', 'AlphaNumeric'],
      default: 'ASCII',
    }),
  }),
});

export const users = listMap(
  'Roles to create. Absent: one role and one database, both named after the cluster; an empty list: none. A role that is taken out of the list stays in PostgreSQL.',
  ['name'],
  user,
  { maxItems: 64 },
);
