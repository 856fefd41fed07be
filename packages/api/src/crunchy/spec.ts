/** `spec` of a PostgresCluster. */
import { secretProjection } from '../kubernetes/embedded.ts';
import { boolean, integer, list, object, required, string } from '../schema/builders.ts';
import type { Rule } from '../schema/node.ts';
import { authentication } from './authentication.ts';
import { backups } from './backups.ts';
import { config } from './config.ts';
import { dataSource } from './data-source.ts';
import { instances } from './instances.ts';
import { instrumentation } from './instrumentation.ts';
import { monitoring } from './monitoring.ts';
import { patroni } from './patroni.ts';
import { proxy } from './proxy.ts';
import { imagePullSecrets, metadata, repositoryPattern, service, strict } from './shared.ts';
import { userInterface } from './user-interface.ts';
import { users } from './users.ts';

/** A directory for log files that only some volume of every instance set provides. */
const logDirectoryNeeds = (directory: string, condition: string, what: string): Rule => ({
  rule: `self.?config.parameters.log_directory.optMap(d, type(d) != string || !d.startsWith('${directory}') || self.instances.all(i, ${condition})).orValue(true)`,
  message: `log_directory in ${directory} needs ${what} in every instance set`,
  fieldPath: '.config.parameters.log_directory',
  versions: strict,
});

const volumeOf = (path: string): string =>
  `i.?volumes.additional.hasValue() && i.volumes.additional.exists(v, ${path}.startsWith('/volumes/' + v.name))`;

const rules: readonly Rule[] = [
  {
    rule: '!self.?config.parameters.ssl_groups.hasValue() || self.postgresVersion > 17',
    message: 'ssl_groups needs PostgreSQL 18 or later',
    fieldPath: '.config.parameters.ssl_groups',
  },
  logDirectoryNeeds('/pgtmp/logs/postgres', 'i.?volumes.temp.hasValue()', 'volumes.temp'),
  logDirectoryNeeds('/pgwal/logs/postgres', 'i.?walVolumeClaimSpec.hasValue()', 'walVolumeClaimSpec'),
  logDirectoryNeeds('/volumes', volumeOf('d'), 'that additional volume'),
  {
    rule: `self.?backups.pgbackrest.log.path.optMap(d, !d.startsWith('/volumes') || self.instances.all(i, ${volumeOf('d')})).orValue(true)`,
    message: 'backups.pgbackrest.log.path in /volumes needs that additional volume in every instance set',
    fieldPath: '.backups.pgbackrest.log.path',
    versions: strict,
  },
];

const standby = object('Run the cluster as a read-only copy of another, from its repository, its server, or both.', {
  enabled: boolean('False: the cluster is promoted and accepts writes.', { default: true }),
  repoName: string('Repository of this cluster that the write-ahead log is read from: repo1 to repo4.', { pattern: repositoryPattern }),
  host: string('Host name of the server to stream from.'),
  port: integer('Port of that server.', { format: 'int32', minimum: 1024 }),
});

export const spec = object(
  'What is asked for.',
  {
    postgresVersion: required(
      integer('Major version of PostgreSQL. To raise it on a cluster with data takes a major upgrade.', {
        format: 'int32',
        minimum: 11,
        maximum: 18,
      }),
    ),
    postGISVersion: string('Version of PostGIS: picks an image that has it, and creates the extensions.'),
    instances: required(instances),
    users,
    backups,
    dataSource,
    standby,
    patroni,
    config,
    authentication,
    databaseInitSQL: object('SQL that is run once, in database postgres, after the cluster has been created.', {
      name: required(string('ConfigMap with the SQL.')),
      key: required(string('Key in the ConfigMap.')),
    }),
    proxy,
    service: service('Service CLUSTER-ha, which leads to the primary.'),
    replicaService: service('Service CLUSTER-replicas, which leads to the replicas.'),
    port: integer('Port that PostgreSQL listens on. A change restarts it.', { format: 'int32', minimum: 1024, default: 5432 }),
    customTLSSecret: secretProjection(
      'Certificate of the server, with its key and CA (tls.crt, tls.key, ca.crt). Needs customReplicationTLSSecret with the same CA. Absent: certificates of the operator.',
      { mapType: 'atomic' },
    ),
    customReplicationTLSSecret: secretProjection(
      'Certificate that replicas identify themselves with, with its key and CA (tls.crt, tls.key, ca.crt). Its common name has to be _crunchyrepl.',
      { mapType: 'atomic' },
    ),
    image: string('Image of PostgreSQL.', { assumed: "the operator's for the version" }),
    imagePullPolicy: string('When images are pulled.', { enum: ['Always', 'Never', 'IfNotPresent'] }),
    imagePullSecrets,
    metadata: metadata('everything that belongs to the cluster'),
    disableDefaultPodScheduling: boolean("True: the operator's own topology spread constraints are left out.", { assumed: 'false' }),
    supplementalGroups: list(
      'Groups that the processes belong to as well, for shared file systems.',
      integer('', { format: 'int64', minimum: 1, maximum: 2147483647 }),
    ),
    monitoring,
    instrumentation,
    userInterface,
    paused: boolean('True: changes are not carried out until it is false again. Deletion is.', { assumed: 'false' }),
    shutdown: boolean('True: everything is stopped in order. Data, Services and Secrets stay.', { assumed: 'false' }),
    openshift: boolean('Whether this is OpenShift.', { assumed: 'found out' }),
  },
  { rules },
);
