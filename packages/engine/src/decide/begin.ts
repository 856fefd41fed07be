/**
 * The beginning of a cluster: the first pass makes what the first pod starts from, and the next one everything else. Pods take longest to come, so
 * theirs is the first turn; and when many clusters come at once, each has its first pod on the way before any has its last Service.
 *
 * | observed                                                  | decision                                                              |
 * |-----------------------------------------------------------|-----------------------------------------------------------------------|
 * | no StatefulSet of the cluster                             | the first member's, and what its pod refers to; the status comes later |
 * | no StatefulSet, and the volumes tell who led              | that member's, since no other may start                               |
 * | no StatefulSet, and a write was refused before            | everything: the status must tell of it                                |
 * | no StatefulSet, and none to make                          | everything                                                            |
 * | a StatefulSet                                             | everything                                                            |
 */
import type { PodSpec, StatefulSet } from '@pgherd/api';
import type { DesiredObject, SecretIntent } from '../decision.ts';
import { podOf } from '../model/members.ts';
import type { Situation } from './situation.ts';

/** The writes of one pass. */
interface Writes {
  readonly objects: readonly DesiredObject[];
  readonly secrets: readonly SecretIntent[];
}

/** Its own events wake the next pass; this is for the case that none comes. */
export const unwokenAfterMs = 5_000;

const identifier = (kind: string, name: string | undefined): string => `${kind}/${name ?? ''}`;

/** What a pod of this specification waits for, as `Kind/name`. */
const referencesOf = ({ serviceAccountName, volumes = [], containers, initContainers = [] }: PodSpec): ReadonlySet<string> =>
  new Set([
    identifier('ServiceAccount', serviceAccountName),
    ...[...initContainers, ...containers].flatMap(({ env = [], envFrom = [] }) => [
      ...env.flatMap(({ valueFrom }) => [
        identifier('Secret', valueFrom?.secretKeyRef?.name),
        identifier('ConfigMap', valueFrom?.configMapKeyRef?.name),
      ]),
      ...envFrom.flatMap(({ secretRef, configMapRef }) => [
        identifier('Secret', secretRef?.name),
        identifier('ConfigMap', configMapRef?.name),
      ]),
    ]),
    ...volumes.flatMap(({ secret, configMap, persistentVolumeClaim, projected }) => [
      identifier('Secret', secret?.secretName),
      identifier('ConfigMap', configMap?.name),
      identifier('PersistentVolumeClaim', persistentVolumeClaim?.claimName),
      ...(projected?.sources ?? []).flatMap((source) => [
        identifier('Secret', source.secret?.name),
        identifier('ConfigMap', source.configMap?.name),
      ]),
    ]),
  ]);

const isBeginning = ({ observation }: Situation): boolean =>
  observation.children.statefulSets.length === 0 && observation.refusals.length === 0;

/** Of the first member that is to have a pod; of the first one when none is. */
const firstStatefulSet = ({ wanted }: Situation, { objects }: Writes): StatefulSet | undefined => {
  const ofMembers = wanted.flatMap(({ workload }) =>
    objects.flatMap(({ object }) => (object.kind === 'StatefulSet' && object.metadata.name === workload ? [object] : [])),
  );
  return ofMembers.find(({ spec }) => (spec?.replicas ?? 0) > 0) ?? ofMembers[0];
};

/** Claims that its pods have by its templates of claims. It would make them itself, without our labels. */
const templatedClaims = (statefulSet: StatefulSet): readonly string[] =>
  (statefulSet.spec?.volumeClaimTemplates ?? []).flatMap(({ metadata }) =>
    Array.from(
      { length: statefulSet.spec?.replicas ?? 1 },
      (_, ordinal) => `${metadata?.name ?? ''}-${podOf(statefulSet.metadata.name, ordinal)}`,
    ),
  );

/** What the first pass writes of `writes`; undefined when the cluster has begun, and all of them are due. */
export const beginningOf = (situation: Situation, writes: Writes): Writes | undefined => {
  if (!isBeginning(situation)) return undefined;
  const first = firstStatefulSet(situation, writes);
  const podSpec = first?.spec?.template.spec;
  if (first === undefined || podSpec === undefined) return undefined;
  const references = referencesOf(podSpec);
  const { serviceAccountName } = podSpec;
  /** Its account is worth nothing without its rights. */
  const rights = writes.objects.flatMap(({ object }) =>
    object.kind === 'RoleBinding' && object.subjects?.some(({ name }) => name === serviceAccountName) === true ? [object] : [],
  );
  const wanted = new Set([
    ...references,
    ...templatedClaims(first).map((name) => identifier('PersistentVolumeClaim', name)),
    identifier('StatefulSet', first.metadata.name),
    ...rights.flatMap(({ metadata, roleRef }) => [identifier('RoleBinding', metadata.name), identifier(roleRef.kind, roleRef.name)]),
  ]);
  return {
    objects: writes.objects.filter(({ object, mode }) => mode === 'apply' && wanted.has(identifier(object.kind, object.metadata.name))),
    // Certificates are signed by a root that clusters share.
    secrets: writes.secrets.filter(
      ({ reference, ownership }) => ownership === 'shared' || wanted.has(identifier('Secret', reference.name)),
    ),
  };
};
