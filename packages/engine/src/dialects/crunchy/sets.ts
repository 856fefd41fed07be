/** Instance sets: groups of members made alike. */
import type { Container, ResourceRequirements } from '@pgherd/api';
import type { DisruptionBudget, InstanceSet, Metadata } from '../../model/cluster.ts';
import { profile } from './profile.ts';
import type { Field } from '../common/fields.ts';
import { at, integerOf, isPresent, itemsOf, objectOf, report, shown, textOf } from '../common/fields.ts';
import { mergedMetadata, metadataOf } from './metadata.ts';
import { resourcesOf } from '../common/amounts.ts';
import { volumeClaimOf } from './volumeClaims.ts';
import { spreadSchedulingOf } from './scheduling.ts';
import { additionalVolumesOf } from './volumes.ts';

/** What the sets share. */
export interface SetInputs {
  readonly cluster: string;
  readonly metadata: Metadata;
  readonly spread: boolean;
  /** `backups.pgbackrest`, when there are backups. */
  readonly backups: Field | undefined;
}

const { containers: containerNames } = profile;

const ownContainers = (backups: boolean): readonly string[] => [
  containerNames.database,
  containerNames.certificateCopy,
  ...(backups ? [containerNames.backupServer, containerNames.backupConfiguration] : []),
];

/** A manifest may name the second one, too: the first does its work. */
const initContainers: readonly string[] = [containerNames.startup, 'nss-wrapper-init'];

/** The owner's own containers. One that bears the name of ours would replace it, so it is left out. */
const additionalContainersOf = (field: Field, own: readonly string[]): readonly Container[] => {
  const taken = new Set([...own, ...initContainers]);
  return itemsOf(field).flatMap((item) => {
    const container = objectOf(item);
    if (container === undefined) return [];
    const name = textOf(at(item, 'name')) ?? '';
    if (name !== '' && !taken.has(name)) {
      taken.add(name);
      return [container as unknown as Container];
    }
    report(at(item, 'name'), {
      kind: 'invalid',
      reason: 'InvalidContainer',
      message: `the pod already has a container ${shown(name)}, or the name is empty; the container is left out, choose another name`,
    });
    return [];
  });
};

/** How many pods of the set an eviction must leave. Nothing to leave: no PodDisruptionBudget. */
const minAvailableOf = (field: Field, replicas: number): number | string | undefined => {
  const usual = replicas > 1 ? 1 : undefined;
  const { value } = field;
  if (!isPresent(field)) return usual;
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) return value === 0 ? undefined : value;
  if (typeof value === 'string' && /^\d{1,3}%$/.test(value) && Number.parseInt(value, 10) <= 100) {
    return Number.parseInt(value, 10) === 0 ? undefined : value;
  }
  report(field, {
    kind: 'invalid',
    reason: 'InvalidMinAvailable',
    message: `${shown(value)} is neither a number of pods nor a percentage, so the usual one holds; write 1 or "50%"`,
  });
  return usual;
};

const budgetsOf = (name: string, minAvailable: number | string | undefined): readonly DisruptionBudget[] =>
  minAvailable === undefined ? [] : [{ name, limit: { minAvailable }, labels: {}, expressions: [] }];

const helperResourcesOf = (set: Field, backups: Field | undefined): Readonly<Record<string, ResourceRequirements>> => {
  const helpers: readonly (readonly [string, Field])[] = [
    [containerNames.certificateCopy, at(set, 'sidecars', 'replicaCertCopy', 'resources')],
    ...(backups === undefined
      ? []
      : ([
          [containerNames.backupServer, at(backups, 'sidecars', 'pgbackrest', 'resources')],
          [containerNames.backupConfiguration, at(backups, 'sidecars', 'pgbackrestConfig', 'resources')],
        ] as const)),
  ];
  return Object.fromEntries(
    helpers
      .map(([name, field]) => [name, resourcesOf(field)] as const)
      .filter((entry): entry is readonly [string, ResourceRequirements] => entry[1] !== undefined),
  );
};

/** Members of one set at most. Patroni's lists of members and PostgreSQL's WAL senders end long before. */
const mostReplicas = 100;

/** Never more than `mostReplicas`, so that whoever counts up to it comes to an end. */
const replicasOf = (field: Field): number => {
  const replicas = integerOf(field, 1) ?? 1;
  if (replicas <= mostReplicas) return replicas;
  report(field, {
    kind: 'invalid',
    reason: 'TooManyReplicas',
    message: `${replicas} members are asked for, and an instance set has at most ${mostReplicas}; ask for fewer`,
    blocking: true,
  });
  return mostReplicas;
};

const setOf = (field: Field, index: number, inputs: SetInputs): InstanceSet => {
  const given = textOf(at(field, 'name')) ?? '';
  const name = given === '' ? String(index).padStart(2, '0') : given;
  const replicas = replicasOf(at(field, 'replicas'));
  const own = ownContainers(inputs.backups !== undefined);
  const additionalContainers = additionalContainersOf(at(field, 'containers'), own);
  const additional = additionalVolumesOf(at(field, 'volumes'), [
    ...own,
    ...initContainers,
    ...additionalContainers.map((container) => container.name),
  ]);
  return {
    name,
    path: field.path,
    replicas,
    metadata: mergedMetadata(inputs.metadata, metadataOf(at(field, 'metadata'))),
    resources: resourcesOf(at(field, 'resources')),
    dataVolume: volumeClaimOf(at(field, 'dataVolumeClaimSpec')),
    walVolume: isPresent(at(field, 'walVolumeClaimSpec')) ? volumeClaimOf(at(field, 'walVolumeClaimSpec')) : undefined,
    scheduling: spreadSchedulingOf(field, inputs.cluster, inputs.spread),
    disruptionBudgets: budgetsOf(`${inputs.cluster}-set-${name}`, minAvailableOf(at(field, 'minAvailable'), replicas)),
    helperResources: helperResourcesOf(field, inputs.backups),
    additionalContainers,
    additionalInitContainers: [],
    additionalVolumes: additional.volumes,
    additionalMounts: additional.mounts,
    mountsByContainer: additional.mountsByContainer,
    additionalEnvironment: [],
    environmentSources: [],
  };
};

export const setsOf = (field: Field, inputs: SetInputs): readonly InstanceSet[] => {
  const sets = itemsOf(field).map((item, index) => setOf(item, index, inputs));
  if (sets.length === 0) {
    report(field, {
      kind: 'invalid',
      reason: 'MissingInstances',
      message: 'the cluster has no instance set, so there is nothing to run; add one with a dataVolumeClaimSpec',
      blocking: true,
    });
  }
  return sets;
};
