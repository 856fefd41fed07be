/** From a postgresql manifest to the Cluster that it asks for, with everything in it that its owner should know of. */
import type { Cluster, Finding, Metadata } from '../../model/cluster.ts';
import type { Dialect } from '../dialect.ts';
import type { Manifest } from '../manifest.ts';
import type { Field } from '../common/fields.ts';
import { at, integerOf, isObject, report, shown, textOf, textsOf } from '../common/fields.ts';
import { identityOf } from '../common/identity.ts';
import { postgresImageOf } from '../common/images.ts';
import { checkEndOfLife } from '../common/versions.ts';
import { maintenanceOf } from '../common/maintenance.ts';
import { writableMounts } from '../common/volumes.ts';
import { databasesOf } from './databases.ts';
import { hbaOf } from './hba.ts';
import { checkName } from './names.ts';
import { parametersOf } from './parameters.ts';
import { initdbOptionsOf, patroniOf } from './patroni.ts';
import { membersOf, replicasOf } from './pods.ts';
import { preparedOf } from './preparedDatabases.ts';
import { group, profile } from './profile.ts';
import { servicesOf } from './services.ts';
import { recall } from './status.ts';
import { checkSupport } from './supported.ts';
import { serverCertificateOf } from './tls.ts';
import { askedUsersOf, systemUsers, usersOf } from './users.ts';

const majorVersionOf = (field: Field, nowMs: number): number => {
  // Without quotes YAML makes a number of it.
  const text = typeof field.value === 'number' ? String(field.value) : (textOf(field) ?? '');
  if (/^\d{2}$/.test(text)) {
    checkEndOfLife(field, Number(text), nowMs);
    return Number(text);
  }
  report(field, {
    kind: 'invalid',
    reason: 'InvalidPostgresVersion',
    message: `${shown(text)} is no major version of PostgreSQL; write for example "17"`,
    blocking: true,
  });
  return 0;
};

/**
 * The original's way to hand a cluster to one operator among several. pgherd has no name of its own there, so it is never the one that is meant,
 * and a cluster that it ran it lets be.
 */
const controllerAnnotation = `${group}/controller`;

const pausedBy = ({ metadata }: Manifest): string | undefined => {
  const controller = metadata.annotations?.[controllerAnnotation] ?? '';
  return controller === ''
    ? undefined
    : `annotation ${controllerAnnotation} names another operator, ${shown(controller)}; remove it to hand the cluster over`;
};

/** The user and the group of the original's image, so that volumes fit whoever wrote them. */
const usual = { user: 101, group: 103 } as const;

const mostId = 2_147_483_647;

/** A value that no label can have stays out of the labels. */
const teamLabel = (field: Field): Readonly<Record<string, string>> => {
  const team = textOf(field) ?? '';
  if (/^(?:[a-z0-9](?:[-\w.]{0,61}[a-z0-9])?)?$/i.test(team)) return { team };
  report(field, {
    kind: 'warning',
    reason: 'InvalidLabel',
    message: `${shown(team)} is no value of a label, so no object carries label team; use at most 63 letters, digits, dashes, dots and underscores`,
  });
  return {};
};

export const read: Dialect['read'] = (manifest, configuration, nowMs) => {
  const findings: Finding[] = [];
  const spec: Field = { path: 'spec', value: manifest.spec, findings };
  const { name } = manifest.metadata;
  const bootstrapped = isObject(manifest.status) && recall(manifest.status).systemIdentifier !== undefined;
  const metadata: Metadata = { labels: teamLabel(at(spec, 'teamId')), annotations: {} };
  const majorVersion = majorVersionOf(at(spec, 'postgresql', 'version'), nowMs);
  const replicas = replicasOf(at(spec, 'numberOfInstances'));
  checkName({ path: 'metadata.name', value: name, findings }, name);
  const podMetadata: Metadata = { labels: metadata.labels, annotations: textsOf(at(spec, 'podAnnotations')) };
  const set = membersOf(spec, { cluster: name, majorVersion, replicas, metadata: podMetadata, bootstrapped });
  const asked = askedUsersOf(spec);
  const prepared = preparedOf(spec, name, asked);
  const users = [...systemUsers(prepared.owners), ...usersOf(asked, name, prepared), ...prepared.users];
  const databases = databasesOf(spec, users, prepared.databases);
  const parameters = parametersOf(spec, {
    majorVersion,
    memoryLimit: set.resources?.limits?.['memory']?.toString(),
    logMounts: writableMounts(set, profile.containers.database),
  });
  const hba = hbaOf(spec);

  const cluster: Cluster = {
    identity: identityOf(manifest),
    profile,
    metadata,
    paused: pausedBy(manifest),
    stopped: replicas === 0,
    maintenance: maintenanceOf(manifest.metadata, findings, configuration.maintenanceWindows, at(spec, 'maintenanceWindows')),
    postgres: {
      majorVersion,
      image: postgresImageOf(at(spec, 'dockerImage'), majorVersion, 'spec.postgresql.version', configuration),
      port: 5432,
      parameters,
      hba,
      initdbOptions: initdbOptionsOf(spec),
      configurationFiles: [],
    },
    patroni: patroniOf(spec, name, parameters, hba),
    sets: [set],
    users,
    databases: [...databases, ...prepared.databases],
    initSql: undefined,
    services: servicesOf(spec),
    backups: undefined,
    certificates: { server: serverCertificateOf(at(spec, 'tls')), replication: undefined },
    pods: {
      imagePullPolicy: 'IfNotPresent',
      imagePullSecrets: [],
      supplementalGroups: [],
      openshift: configuration.openshift,
      runAsUser: integerOf(at(spec, 'spiloRunAsUser'), 1, mostId) ?? usual.user,
      runAsGroup: integerOf(at(spec, 'spiloRunAsGroup'), 0, mostId) ?? usual.group,
      fileSystemGroup: integerOf(at(spec, 'spiloFSGroup'), 0, mostId) ?? usual.group,
    },
  };
  checkSupport(spec, manifest, bootstrapped);
  return { cluster, findings };
};
