/** A pgBackRest repository, and what a restore from one takes. */
import { list, object, required, string } from '../schema/builders.ts';
import { growingVolumeClaim, repositoryPattern, scheduling, volumes } from './shared.ts';

const schedule = (kind: string) =>
  string(`When ${kind} backups are taken, in the five fields of cron or a word like @daily.`, { minLength: 6 });

/** One repository: exactly one of azure, gcs, s3 and volume is meant to be set. */
export const repository = (description: string) =>
  object(description, {
    name: required(string('Name of the repository: repo1 to repo4.', { pattern: repositoryPattern })),
    schedules: object('When backups to this repository are taken.', {
      full: schedule('full'),
      differential: schedule('differential'),
      incremental: schedule('incremental'),
    }),
    volume: object('A repository on a volume of the cluster, served by the repository host.', {
      volumeClaimSpec: required(growingVolumeClaim('The volume of the repository.')),
    }),
    s3: object('A repository in S3 or what speaks its protocol.', {
      bucket: required(string('Name of the bucket.')),
      endpoint: required(string('Host name of the service.')),
      region: required(string('Region of the bucket.')),
    }),
    gcs: object('A repository in Google Cloud Storage.', { bucket: required(string('Name of the bucket.')) }),
    azure: object('A repository in Azure Blob Storage.', { container: required(string('Name of the container.')) }),
  });

const restoreOptions = list('Further options of pgbackrest restore: --type=time, --target=… and so on.', string(''));

/** Where a restore within Kubernetes takes its data from. */
export const clusterSource = {
  clusterName: string('PostgresCluster whose backup is restored.', { assumed: 'this one' }),
  clusterNamespace: string('Namespace of that PostgresCluster. The operator has to watch it.', { assumed: 'that of this one' }),
  repoName: required(string('Repository with the backup: repo1 to repo4.', { pattern: repositoryPattern })),
  options: restoreOptions,
  ...scheduling('the restore job'),
  volumes: volumes('the restore job'),
};

export { restoreOptions };
