/** `spec.backups`: repositories, schedules, and restore in place. */
import { configMapProjection, secretProjection, volumeProjection } from '../kubernetes/embedded.ts';
import { boolean, integer, list, listMap, map, object, required, string } from '../schema/builders.ts';
import type { Rule } from '../schema/node.ts';
import { clusterSource, repository } from './repository.ts';
import { logPath, metadata, repositoryPattern, scheduling, sidecar, strict, topologySpreadConstraints, volumes } from './shared.ts';

const repoHost = object(
  'The repository host: a pod that serves repositories on volumes. It exists if there is at least one such repository.',
  {
    ...scheduling('the repository host'),
    topologySpreadConstraints: topologySpreadConstraints('the repository host'),
    volumes: volumes('the repository host'),
    log: logPath(
      'Log files of the repository host.',
      'Directory of the log files. In API version v1 it has to be in one of volumes.additional.',
    ),
    sshConfigMap: configMapProjection('', { mapType: 'atomic', deprecated: 'without effect, since TLS took the place of SSH.' }),
    sshSecret: secretProjection('', { mapType: 'atomic', deprecated: 'without effect, since TLS took the place of SSH.' }),
  },
);

const jobs = object('The jobs that take backups.', {
  ...scheduling('a backup job'),
  ttlSecondsAfterFinished: integer('Seconds for which a finished job is kept.', { format: 'int32', minimum: 60 }),
  volumes: volumes('a backup job'),
  log: logPath('Log files of backup jobs.', 'Directory of the log files. In API version v1 it has to be in one of volumes.additional.'),
});

const manual = object(
  'A backup by hand. The annotation postgres-operator.crunchydata.com/pgbackrest-backup starts it, anew with each new value.',
  {
    repoName: required(string('Repository the backup goes to: repo1 to repo4.', { pattern: repositoryPattern })),
    options: list('Further options of pgbackrest backup, for example --type=full. --repo is not one of them.', string('')),
  },
);

const restore = object(
  'Restore in place. The annotation postgres-operator.crunchydata.com/pgbackrest-restore starts it, anew with each new value.',
  {
    enabled: boolean('Whether the annotation starts a restore.', { default: false }),
    ...clusterSource,
  },
);

/** Where `log.path` of a part of pgBackRest lies below none of the part's own volumes. */
const logWithinVolumes = (part: string, name: string): Rule => ({
  rule: `!self.?${part}.log.path.hasValue() || (self.?${part}.volumes.additional.hasValue() && self.${part}.volumes.additional.exists(v, self.${part}.log.path.startsWith('/volumes/' + v.name)))`,
  message: `the log path of ${name} has to be in one of its additional volumes: /volumes/NAME/…`,
  fieldPath: `.${part}.log.path`,
  versions: strict,
});

const pgbackrest = object(
  'Backups with pgBackRest.',
  {
    repos: required(
      listMap(
        'Where backups and write-ahead log go. The first repository is the one that new replicas are made from.',
        ['name'],
        repository(''),
        {
          minItems: 1,
        },
      ),
    ),
    image: string('Image of pgBackRest.', { assumed: "the operator's" }),
    global: map(
      'Settings of the section [global] of pgbackrest.conf: retention, compression, encryption, process-max and so on.',
      string(''),
    ),
    configuration: list(
      'Further configuration from Secrets and ConfigMaps, in /etc/pgbackrest/conf.d: credentials above all.',
      volumeProjection(),
    ),
    metadata: metadata('everything that belongs to backups'),
    manual,
    restore,
    jobs,
    repoHost,
    log: logPath(
      'Log files of pgBackRest beside PostgreSQL.',
      'Directory of the log files. In API version v1 it has to be below /volumes.',
    ),
    sidecars: object("The operator's helper containers.", {
      pgbackrest: sidecar('The pgBackRest server in the pods of PostgreSQL.'),
      pgbackrestConfig: sidecar('The container that reloads the configuration of that server.'),
    }),
  },
  {
    rules: [
      {
        rule: "!self.?log.path.hasValue() || self.log.path.startsWith('/volumes/')",
        message: 'the log path has to be in an additional volume: /volumes/NAME/…',
        fieldPath: '.log.path',
        versions: strict,
      },
      logWithinVolumes('repoHost', 'the repository host'),
      logWithinVolumes('jobs', 'backup jobs'),
      {
        rule: "!self.?global['log-path'].hasValue()",
        message: 'set log.path, repoHost.log.path or jobs.log.path instead of log-path',
        fieldPath: '.global',
        reason: 'FieldValueForbidden',
        versions: strict,
      },
    ],
  },
);

export const backups = object('Backups. Absent or empty: none are taken.', {
  pgbackrest,
  snapshots: object('Backups as VolumeSnapshots, beside those of pgBackRest.', {
    volumeSnapshotClassName: required(string('VolumeSnapshotClass of the snapshots.', { minLength: 1 })),
  }),
});
