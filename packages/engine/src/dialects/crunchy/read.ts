/** From a PostgresCluster manifest to the Cluster that it asks for, with everything in it that its owner should know of. */
import type { LocalObjectReference, VolumeProjection } from '@pgherd/api';
import type { Cluster, Finding, InitSql } from '../../model/cluster.ts';
import { archiveCommand, commonRepositoryHost, restoreCommand } from '../../render/backups/commands.ts';
import type { Dialect } from '../dialect.ts';
import { annotations, profile } from './profile.ts';
import { backupsField, backupsOf } from './backups.ts';
import type { Field } from '../common/fields.ts';
import { at, booleanOf, choiceOf, embeddedItems, integerOf, isObject, isPresent, itemsOf, textOf } from '../common/fields.ts';
import { identityOf } from '../common/identity.ts';
import { maintenanceOf } from '../common/maintenance.ts';
import { writableMounts } from '../common/volumes.ts';
import { ownCertificateOf } from './certificates.ts';
import { hbaOf } from './hba.ts';
import { imageOf, majorVersionOf } from './images.ts';
import { metadataOf } from './metadata.ts';
import { checkNames, checkSwitchoverTarget } from './names.ts';
import { mayUseHugePages, parametersOf } from './parameters.ts';
import { patroniOf } from './patroni.ts';
import { serviceOf } from './services.ts';
import { setsOf } from './sets.ts';
import { recall } from './status.ts';
import { checkSupport } from './supported.ts';
import { allDatabases, usersOf } from './users.ts';

/**
 * Mount points that can take logs: all instance sets have them, since the dynamic configuration is one for all members, and both the server and
 * the container that makes directories for it can write there.
 */
const logMounts = (sets: Cluster['sets']): readonly string[] => {
  const { database, startup } = profile.containers;
  const mountsOf = (set: Cluster['sets'][number]): readonly string[] => [
    profile.paths.dataMount,
    ...(set.walVolume === undefined ? [] : [profile.paths.walMount]),
    ...writableMounts(set, database).filter((path) => writableMounts(set, startup).includes(path)),
  ];
  const [first = [], ...others] = sets.map(mountsOf);
  return first.filter((mount) => others.every((mounts) => mounts.includes(mount)));
};

/** What several instance sets share is read for each of them; its owner is told once. */
const distinct = (findings: readonly Finding[]): readonly Finding[] => [
  ...new Map(findings.map((finding) => [`${finding.path} ${finding.reason}`, finding])).values(),
];

/** Half a reference is none: the schema asks for both. */
const initSqlOf = (field: Field): InitSql | undefined => {
  const [configMap = '', key = ''] = [textOf(at(field, 'name')), textOf(at(field, 'key'))];
  return configMap === '' || key === '' ? undefined : { path: field.path, configMap, key };
};

export const read: Dialect['read'] = (manifest, configuration, nowMs) => {
  const findings: Finding[] = [];
  const spec: Field = { path: 'spec', value: manifest.spec, findings };
  const { name } = manifest.metadata;

  const metadata = metadataOf(at(spec, 'metadata'));
  const spread = booleanOf(at(spec, 'disableDefaultPodScheduling')) !== true;
  const pgbackrest = backupsField(spec);
  const majorVersion = majorVersionOf(at(spec, 'postgresVersion'), nowMs);
  const image = imageOf(spec, majorVersion, configuration);
  const sets = setsOf(at(spec, 'instances'), { cluster: name, metadata, spread, backups: pgbackrest });
  checkNames({ path: 'metadata.name', value: name, findings }, name, sets, pgbackrest !== undefined);
  checkSwitchoverTarget(spec, name, sets);
  const users = usersOf(spec, name);
  const instances = itemsOf(at(spec, 'instances'));
  const backups = backupsOf(pgbackrest, { cluster: name, metadata, spread, operatorImage: configuration.backupImage });
  const parameters = parametersOf(spec, {
    majorVersion,
    archiving:
      backups === undefined
        ? undefined
        : {
            archiveCommand: archiveCommand(profile.stanza),
            restoreCommand: restoreCommand(profile.stanza, commonRepositoryHost(profile, name, backups.global)),
          },
    hugePages: instances.length > 0 && instances.every((set) => mayUseHugePages(at(set, 'resources'))),
    logMounts: logMounts(sets),
  });
  const hba = hbaOf(spec);

  const cluster: Cluster = {
    identity: identityOf(manifest),
    profile,
    metadata,
    paused: booleanOf(at(spec, 'paused')) === true ? 'paused' : undefined,
    stopped: booleanOf(at(spec, 'shutdown')) ?? false,
    maintenance: maintenanceOf(manifest.metadata, findings, configuration.maintenanceWindows),
    postgres: {
      majorVersion,
      image,
      port: integerOf(at(spec, 'port'), 1024, 65535) ?? 5432,
      parameters,
      hba,
      // Checksums find what a disk damages, and pg_rewind needs them.
      initdbOptions: ['allow-group-access', 'data-checksums', { encoding: 'UTF8' }],
      configurationFiles: embeddedItems<VolumeProjection>(at(spec, 'config', 'files')),
    },
    patroni: patroniOf(spec, manifest.metadata, parameters, hba),
    sets,
    users,
    databases: allDatabases(users, manifest.metadata.annotations?.[annotations.userSchemas]?.toLowerCase() === 'true'),
    initSql: initSqlOf(at(spec, 'databaseInitSQL')),
    services: { primary: serviceOf(at(spec, 'service'), metadata), replicas: serviceOf(at(spec, 'replicaService'), metadata) },
    backups,
    certificates: {
      server: ownCertificateOf(at(spec, 'customTLSSecret')),
      replication: ownCertificateOf(at(spec, 'customReplicationTLSSecret')),
    },
    pods: {
      imagePullPolicy: choiceOf(at(spec, 'imagePullPolicy'), ['Always', 'Never', 'IfNotPresent']),
      imagePullSecrets: embeddedItems<LocalObjectReference>(at(spec, 'imagePullSecrets')),
      supplementalGroups: itemsOf(at(spec, 'supplementalGroups'))
        .map((item) => integerOf(item, 1, 2147483647))
        .filter((id) => id !== undefined),
      openshift: isPresent(at(spec, 'openshift')) ? booleanOf(at(spec, 'openshift')) === true : configuration.openshift,
      runAsUser: undefined,
      runAsGroup: undefined,
      fileSystemGroup: 26,
    },
  };
  checkSupport(spec, manifest, isObject(manifest.status) && recall(manifest.status).systemIdentifier !== undefined);
  return { cluster, findings: distinct(findings) };
};
