/**
 * Claims as they can be: what a bound volume does not allow is reported and left as it is, so that nothing else waits for it.
 *
 * | desired against live claim          | decision                                              |
 * |-------------------------------------|-------------------------------------------------------|
 * | no live claim                       | made as desired                                       |
 * | live claim on its way out           | left out until it is gone                             |
 * | request larger or equal             | as desired                                            |
 * | request smaller                     | the live size, condition VolumeShrinkRefused          |
 * | class, access modes or source differ | the live ones, condition VolumeChangeRefused         |
 * | asked for differently before it was bound | deleted: it holds nothing, and is made as desired |
 */
import type { PersistentVolumeClaim } from '@pgherd/api';
import type { Deletion, DesiredObject } from '../decision.ts';
import { canonicalJson } from '../hash.ts';
import type { Cluster } from '../model/cluster.ts';
import type { ConditionOutcome } from '../model/outcome.ts';
import { parseQuantity } from '../quantity.ts';
import type { Contribution } from './contribution.ts';
import { isDeleting } from './pods.ts';
import { deletionOf } from './references.ts';

const immutable = ['accessModes', 'dataSource', 'dataSourceRef', 'selector', 'storageClassName', 'volumeMode', 'volumeName'] as const;

const requestOf = (claim: PersistentVolumeClaim): string | undefined => {
  const request = claim.spec?.resources?.requests?.['storage'];
  return request === undefined ? undefined : String(request);
};

/** What a member with a volume that cannot be had by changing the one that is there can be put into. */
export const elsewhere = ({ profile }: Cluster): string => (profile.workloads === 'own' ? 'a new instance set' : 'a new cluster');

/** Where in the manifest a claim comes from. */
const originOf = (cluster: Cluster, claim: PersistentVolumeClaim): string => {
  const { fields, labels, roleValues } = cluster.profile;
  const repository = claim.metadata.labels?.[labels.backupRepository];
  if (repository !== undefined) return `repository ${repository}`;
  const set = cluster.sets.find(({ name }) => name === claim.metadata.labels?.[labels.instanceSet]);
  const isWal = claim.metadata.labels?.[labels.role] === roleValues.walVolume;
  const field = isWal ? fields?.walVolume : fields?.dataVolume;
  if (set === undefined) return `volume ${claim.metadata.name}`;
  return field === undefined ? `the ${isWal ? 'WAL' : 'data'} volume of ${set.path}` : `${set.path}.${field}`;
};

const keepLive = (
  desired: PersistentVolumeClaim,
  live: PersistentVolumeClaim,
): { readonly claim: PersistentVolumeClaim; readonly shrinks: boolean; readonly grows: boolean; readonly changed: readonly string[] } => {
  const spec: Record<string, unknown> = { ...desired.spec };
  const liveSpec: Readonly<Record<string, unknown>> = { ...live.spec };
  const changed = immutable.filter((field) => spec[field] !== undefined && canonicalJson(spec[field]) !== canonicalJson(liveSpec[field]));
  for (const field of changed) {
    if (liveSpec[field] === undefined) delete spec[field];
    else spec[field] = liveSpec[field];
  }
  const asked = parseQuantity(requestOf(desired));
  const has = parseQuantity(requestOf(live));
  const shrinks = has !== undefined && (asked === undefined || asked < has);
  if (shrinks) {
    spec['resources'] = { ...desired.spec?.resources, requests: { ...desired.spec?.resources?.requests, storage: requestOf(live) } };
  }
  return { claim: { ...desired, spec }, shrinks, grows: asked !== undefined && has !== undefined && asked > has, changed };
};

/** No volume was ever given to it. Kubernetes lets nothing of such a claim change, not even its size. */
const isUnbound = ({ spec, status }: PersistentVolumeClaim): boolean => (spec?.volumeName ?? '') === '' && status?.phase === 'Pending';

/** Replaces what cannot be in the desired claims by what is, and says so. */
export const possibleVolumes = (
  cluster: Cluster,
  objects: readonly DesiredObject[],
  live: readonly PersistentVolumeClaim[],
): Contribution => {
  const refused: string[] = [];
  const unchangeable: string[] = [];
  const kept: DesiredObject[] = [];
  const deletions: Deletion[] = [];
  for (const desired of objects) {
    const { object } = desired;
    const present =
      object.kind === 'PersistentVolumeClaim' ? live.find(({ metadata }) => metadata.name === object.metadata.name) : undefined;
    if (object.kind !== 'PersistentVolumeClaim' || present === undefined) {
      kept.push(desired);
      continue;
    }
    if (isDeleting(present)) continue;
    const { claim, shrinks, grows, changed } = keepLive(object, present);
    if (isUnbound(present) && (shrinks || grows || changed.length > 0)) {
      const reason = `${originOf(cluster, object)} asks for another volume than claim ${present.metadata.name}, which got none yet`;
      deletions.push(deletionOf(present, cluster.identity.namespace, reason, 'unchanged'));
      continue;
    }
    kept.push({ ...desired, object: claim });
    if (shrinks) {
      refused.push(
        `${originOf(cluster, object)} asks for ${requestOf(object) ?? 'nothing'}, volume ${present.metadata.name} has ${requestOf(present) ?? '?'}: ` +
          `volumes cannot shrink; restore ${requestOf(present) ?? 'the size'} or move to ${elsewhere(cluster)}`,
      );
    }
    if (changed.length > 0) {
      unchangeable.push(
        `${originOf(cluster, object)} asks for another ${changed.join(', ')} than volume ${present.metadata.name} has: ` +
          `that cannot change on a volume that exists; restore it or move to ${elsewhere(cluster)}`,
      );
    }
  }
  return {
    objects: kept,
    deletions,
    conditions: [
      ...report('VolumeShrinkRefused', 'VolumesCannotShrink', refused),
      ...report('VolumeChangeRefused', 'FieldIsImmutable', unchangeable),
      ...resizing(live),
    ],
  };
};

const report = (type: string, reason: string, messages: readonly string[]): readonly ConditionOutcome[] =>
  messages.length === 0 ? [] : [{ type, status: 'True', reason, message: messages.toSorted().join('\n') }];

/** What the volumes themselves say about a growth under way. */
const resizing = (live: readonly PersistentVolumeClaim[]): readonly ConditionOutcome[] => {
  const all = live
    .toSorted((left, right) => (left.metadata.name < right.metadata.name ? -1 : 1))
    .flatMap((claim) =>
      (claim.status?.conditions ?? []).filter(({ status }) => status === 'True').map((condition) => ({ claim, condition })),
    );
  const named = (types: readonly string[], type: string): readonly ConditionOutcome[] => {
    const first = all.find(({ condition }) => types.includes(condition.type));
    if (first === undefined) return [];
    const { claim, condition } = first;
    return [
      {
        type,
        status: 'True',
        reason: condition.reason || condition.type,
        message: condition.message || `volume ${claim.metadata.name} is resizing`,
      },
    ];
  };
  return [
    ...named(['Resizing', 'FileSystemResizePending'], 'PersistentVolumeResizing'),
    ...named(['ControllerResizeError', 'NodeResizeError'], 'PersistentVolumeResizeError'),
  ];
};
