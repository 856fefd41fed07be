/**
 * `spec` of a postgresql. No field has a default that the API server would write into the object: what is absent is the operator's to decide,
 * and stays so when its configuration changes.
 */
import { integer, list, object, required, string } from '../schema/builders.ts';
import { logicalBackups } from './backups.ts';
import { databases, preparedDatabases } from './databases.ts';
import { clone, standby } from './origin.ts';
import { patroni } from './patroni.ts';
import { pods } from './pods.ts';
import { pooling } from './pooler.ts';
import { server } from './server.ts';
import { services } from './services.ts';
import { streams } from './streams.ts';
import { tls } from './tls.ts';
import { secretRotation, users } from './users.ts';
import { additionalVolumes, volume } from './volume.ts';

const clockTime = '(2[0-3]|[01]?\\d):[0-5]?\\d';

export const spec = object('What is asked for.', {
  teamId: required(string('Team that the cluster belongs to. Any text.')),
  numberOfInstances: required(
    integer('Number of instances, one of which is the primary. 0 stops the cluster; data, Services and Secrets stay.', {
      format: 'int32',
      minimum: 0,
    }),
  ),
  postgresql: required(server),
  dockerImage: string('Image of PostgreSQL.', { assumed: "the operator's for the version" }),
  volume: required(volume),
  additionalVolumes,
  patroni,
  users,
  ...secretRotation,
  databases,
  preparedDatabases,
  ...pooling,
  ...services,
  ...pods,
  ...logicalBackups,
  maintenanceWindows: list(
    'When the operator may do what disturbs clients, in UTC: 01:00-06:00 for every day, Sat:00:00-04:00 for one. No window goes past midnight.',
    string('', { pattern: `^ *((Mon|Tue|Wed|Thu|Fri|Sat|Sun):)?${clockTime}-${clockTime} *$` }),
  ),
  clone,
  standby,
  tls,
  streams,
});
