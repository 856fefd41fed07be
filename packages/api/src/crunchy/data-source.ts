/** `spec.dataSource`: what a new cluster's data come from. */
import { volumeProjection } from '../kubernetes/embedded.ts';
import { list, map, object, required, string } from '../schema/builders.ts';
import { clusterSource, repository, restoreOptions } from './repository.ts';
import { scheduling, volumes } from './shared.ts';

const existingVolume = (description: string) =>
  object(description, {
    pvcName: required(string('Name of the PersistentVolumeClaim.')),
    directory: string('Directory of the data in the volume. It is moved to where it is expected; absent: nothing is moved.'),
  });

const pgbackrest = object(
  'Restore from a repository that no PostgresCluster here describes.',
  {
    repo: required(repository('The repository. One on a volume cannot be used.')),
    stanza: string('Stanza in the repository.', { default: 'db' }),
    global: map('Settings of the section [global] of pgbackrest.conf for the restore, for example repo1-path.', string('')),
    configuration: list('Further configuration from Secrets and ConfigMaps: credentials above all.', volumeProjection()),
    options: restoreOptions,
    ...scheduling('the restore job'),
    volumes: volumes('the restore job'),
  },
  {
    rules: [
      {
        rule: '!has(self.repo.volume)',
        message: 'only a repository in s3, gcs or azure can be a data source',
        fieldPath: '.repo.volume',
        reason: 'FieldValueForbidden',
      },
    ],
  },
);

export const dataSource = object('What the data of a new cluster come from. Without effect once there are data.', {
  postgresCluster: object('Restore a backup of another PostgresCluster, or of this one.', clusterSource),
  pgbackrest,
  volumes: object('Volumes that exist already, to be taken over.', {
    pgDataVolume: existingVolume('The volume of the data directory.'),
    pgWALVolume: existingVolume('The volume of the write-ahead log.'),
    pgBackRestVolume: existingVolume('The volume of repository repo1.'),
  }),
});
