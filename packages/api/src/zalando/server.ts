/** `spec.postgresql`: the server's version and parameters. */
import { map, object, required, string } from '../schema/builders.ts';

export const server = object('PostgreSQL itself.', {
  version: required(
    string('Major version. To raise it on a cluster with data takes a major upgrade.', { enum: ['14', '15', '16', '17', '18'] }),
  ),
  parameters: map('Parameters of postgresql.conf, as text. Some restart PostgreSQL when they change.', string('')),
});
