/** Backups: repositories on volumes. What lies in object stores comes as a finding (see supported.ts). */
import type { VolumeProjection } from '@pgherd/api';
import type { BackupSettings, Metadata, Repository } from '../../model/cluster.ts';
import { profile } from './profile.ts';
import type { Field } from '../common/fields.ts';
import { at, embeddedItems, integerOf, isObject, isPresent, itemsOf, report, shown, textOf, textsOf } from '../common/fields.ts';
import { backupImageOf } from './images.ts';
import { mergedMetadata, metadataOf } from './metadata.ts';
import { resourcesOf } from '../common/amounts.ts';
import { volumeClaimOf } from './volumeClaims.ts';
import { plainSchedulingOf, spreadSchedulingOf } from './scheduling.ts';

/**
 * `backups.pgbackrest`, or undefined when there is nothing to back up to: the section is absent or empty, or no repository in it is on a
 * volume. An archiver without a repository would keep all WAL until the disk is full.
 */
export const backupsField = (spec: Field): Field | undefined => {
  const field = at(spec, 'backups', 'pgbackrest');
  const repositories = at(field, 'repos').value;
  return Array.isArray(repositories) && repositories.some((repository) => isObject(repository) && isObject(repository['volume']))
    ? field
    : undefined;
};

const repositoriesOf = (field: Field): readonly Repository[] => {
  const repositories = new Map<string, Repository>();
  for (const item of itemsOf(field)) {
    const name = textOf(at(item, 'name')) ?? '';
    if (!/^repo[1-4]$/.test(name) || repositories.has(name)) {
      report(at(item, 'name'), {
        kind: 'invalid',
        reason: 'InvalidBackupRepo',
        message: `${shown(name)} is no free name of a repository, so it is left out; use each of repo1 to repo4 once`,
      });
      continue;
    }
    if (!isPresent(at(item, 'volume'))) continue;
    repositories.set(name, { name, path: item.path, volume: volumeClaimOf(at(item, 'volume', 'volumeClaimSpec')) });
  }
  return [...repositories.values()];
};

export const backupsOf = (
  field: Field | undefined,
  inputs: { readonly cluster: string; readonly metadata: Metadata; readonly spread: boolean; readonly operatorImage: string | undefined },
): BackupSettings | undefined => {
  if (field === undefined) return undefined;
  const host = at(field, 'repoHost');
  const jobs = at(field, 'jobs');
  const configurationResources = resourcesOf(at(field, 'sidecars', 'pgbackrestConfig', 'resources'));
  return {
    image: backupImageOf(field, inputs.operatorImage),
    repositories: repositoriesOf(at(field, 'repos')),
    global: textsOf(at(field, 'global')),
    metadata: mergedMetadata(inputs.metadata, metadataOf(at(field, 'metadata'))),
    repositoryHost: {
      resources: resourcesOf(at(host, 'resources')),
      scheduling: spreadSchedulingOf(host, inputs.cluster, inputs.spread),
      helperResources: configurationResources === undefined ? {} : { [profile.containers.backupConfiguration]: configurationResources },
    },
    jobs: {
      resources: resourcesOf(at(jobs, 'resources')),
      scheduling: plainSchedulingOf(jobs),
      ttlSecondsAfterFinished: integerOf(at(jobs, 'ttlSecondsAfterFinished'), 60),
    },
    configuration: embeddedItems<VolumeProjection>(at(field, 'configuration')),
  };
};
