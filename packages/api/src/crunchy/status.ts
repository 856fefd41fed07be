/**
 * `status` of a PostgresCluster: every field of the original, and `readyMembers`, `primary` and `serverVersion` of our own, which the columns
 * of `kubectl get` show. Conditions are a list by type: those of the original and those of pgherd.
 */
import { observed, remembered, time } from '../common/status.ts';
import { boolean, integer, list, listMap, map, object, required, string } from '../schema/builders.ts';

const instanceSet = object('', {
  name: required(string('Name of the set.')),
  replicas: integer('Number of pods.', { format: 'int32' }),
  readyReplicas: integer('Number of pods that are ready.', { format: 'int32' }),
  updatedReplicas: integer('Number of pods that are as the spec asks.', { format: 'int32' }),
  desiredPGDataVolume: map('Size that the data volume of each instance is to grow to.', string('')),
  desiredPGWALVolume: map('Size that the volume for write-ahead log of each instance is to grow to.', string('')),
});

const jobCounts = {
  startTime: time('When the job started.'),
  completionTime: time('When the job ended, if it succeeded.'),
  active: integer('Number of pods that run.', { format: 'int32' }),
  succeeded: integer('Number of pods that succeeded.', { format: 'int32' }),
  failed: integer('Number of pods that failed.', { format: 'int32' }),
};

const job = (description: string) =>
  object(description, {
    id: required(string('Value of the annotation that started it.')),
    finished: required(boolean('Whether it has ended, well or not.')),
    ...jobCounts,
  });

const pgbackrest = object('Backups.', {
  repoHost: object('The repository host.', {
    apiVersion: string('API version of its workload.'),
    kind: string('Kind of its workload.'),
    ready: boolean('Whether it is ready.'),
  }),
  repos: listMap(
    'The repositories.',
    ['name'],
    object('', {
      name: required(string('Name of the repository.')),
      bound: boolean('Whether its claim has a volume.'),
      volume: string('Name of the volume.'),
      stanzaCreated: boolean('Whether the stanza has been created.'),
      replicaCreateBackupComplete: boolean('Whether it has the backup that new replicas are made from.'),
      repoOptionsHash: string('Hash of the settings of a repository in the cloud: the stanza is created anew when they change.'),
      desiredRepoVolume: string('Size that the volume is to grow to.'),
    }),
  ),
  manualBackup: job('The last backup by hand.'),
  restore: job('The last restore in place.'),
  scheduledBackups: list(
    'Backups by schedule.',
    object('', {
      cronJobName: string('Name of the CronJob.'),
      repo: string('Name of the repository.'),
      type: string('Kind of backup.'),
      ...jobCounts,
    }),
  ),
});

export const status = object('What is.', {
  ...observed,
  instances: listMap('The instance sets.', ['name'], instanceSet),
  patroni: object('High availability.', {
    systemIdentifier: remembered.systemIdentifier,
    switchover: string('Value of the annotation that started the last switchover.'),
    switchoverTimeline: integer('Timeline before that switchover.', { format: 'int64' }),
  }),
  pgbackrest,
  proxy: object('Connection pooling.', {
    pgBouncer: object('PgBouncer.', {
      postgresRevision: string('Hash of the SQL that PgBouncer needs and that has been run.'),
      replicas: integer('Number of pods.', { format: 'int32' }),
      readyReplicas: integer('Number of pods that are ready.', { format: 'int32' }),
    }),
  }),
  startupInstance: remembered.startupInstance,
  startupInstanceSet: string('Set of that instance.'),
  databaseRevision: remembered.databaseRevision,
  usersRevision: remembered.usersRevision,
  databaseInitSQL: string('ConfigMap whose SQL has been run.'),
  monitoring: object('Metrics.', { exporterConfiguration: string("Hash of the exporter's SQL that has been run.") }),
  userInterface: object('User interface.', {
    pgAdmin: object('pgAdmin.', { usersRevision: string('Hash of the users that have been set up.') }),
  }),
  postgresVersion: integer('Major version after a major upgrade.', { format: 'int32' }),
});
