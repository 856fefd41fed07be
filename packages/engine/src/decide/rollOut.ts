/**
 * What pods are made from, and how a change reaches them.
 *
 * | the template that runs against the one desired | decision                                                                     |
 * |------------------------------------------------|------------------------------------------------------------------------------|
 * | same inputs, same rendering                    | applied (which puts drift right)                                             |
 * | same inputs, other rendering                   | kept with the member's files; condition RolloutPending                       |
 * | the same, and annotation `pgherd.dev/rollout` has a new value | applied                                                       |
 * | the same, and a maintenance window is open     | applied                                                                      |
 * | other inputs                                   | applied                                                                      |
 *
 * Annotation `pgherd.dev/restart` of the cluster is an input of each member's pod: a new value replaces them all. It stays in the templates, so taking
 * it back replaces none.
 *
 * A pod that was made from another template than its StatefulSet has now is replaced, in this order, one at a time:
 *
 * | the outdated pod                               | decision                                                                     |
 * |------------------------------------------------|------------------------------------------------------------------------------|
 * | is not ready and does not lead, or is stuck    | delete it                                                                    |
 * | has an older rendering alone, got in a window that has closed | kept; condition RolloutPending                                |
 * | windows hold for the owner's changes, and none is open | kept; condition RolloutPending                                       |
 * | is ready, another member is down               | wait                                                                         |
 * | is a replica                                   | delete it                                                                    |
 * | leads, and a member's template is not applied yet, or not seen by its controller | wait                                       |
 * | leads, the replicas are done and one is fit    | switchover to it: the pod is a replica then                                  |
 * | leads, alone                                   | make a checkpoint (checkpoint.ts), then delete it                            |
 *
 * A data volume that somebody deletes lasts as long as its pod. Where members share a StatefulSet it cannot be given up for one of another name, so
 * the pod is replaced in the same order, whatever its template, and its StatefulSet makes another volume; condition VolumeDeleted tells of it.
 *
 * | the pod whose volume was deleted               | decision                                                                     |
 * |------------------------------------------------|------------------------------------------------------------------------------|
 * | does not lead, and another leads and is ready  | delete it                                                                    |
 * | leads, and a replica is fit                    | switchover to it                                                             |
 * | has the only data that are known to be good    | kept, though it be outdated or stuck                                         |
 */
import type { ConfigMap, StatefulSet } from '@pgherd/api';
import type { DesiredObject, DisruptiveStep } from '../decision.ts';
import type { Member } from '../model/members.ts';
import type { ConditionOutcome } from '../model/outcome.ts';
import { leadsFirstKey } from '../render/memberPod.ts';
import { stamps } from '../stamps.ts';
import { checkpointBeforeStop } from './checkpoint.ts';
import type { Contribution } from './contribution.ts';
import { describeWindow, lookAgain, untilChangeMs, untilMaintenanceMs } from './maintenance.ts';
import { isDoomed } from './members.ts';
import { isDeleting, troubleOf } from './pods.ts';
import { deletionOf, referenceTo } from './references.ts';
import { presentMembers, type Situation } from './situation.ts';
import { switchoverTo } from './switchover.ts';

interface Stamps {
  readonly inputs: string | undefined;
  readonly rendering: string | undefined;
}

const stampsOf = (annotations: Readonly<Record<string, string>> | undefined): Stamps => ({
  inputs: annotations?.[stamps.inputs],
  rendering: annotations?.[stamps.rendering],
});

const templateStamps = (statefulSet: StatefulSet | undefined): Stamps => stampsOf(statefulSet?.spec?.template.metadata?.annotations);

const isSame = (left: Stamps, right: Stamps): boolean => left.inputs === right.inputs && left.rendering === right.rendering;

/**
 * Annotated with what released its rendering: the value of the annotation, so that the same value releases nothing a second time, or a maintenance
 * window.
 */
const released = (statefulSet: StatefulSet, value: string | undefined, inWindow: boolean): StatefulSet => ({
  ...statefulSet,
  metadata: {
    ...statefulSet.metadata,
    annotations: {
      ...statefulSet.metadata.annotations,
      ...(value === undefined ? {} : { [stamps.rollout]: value }),
      ...(inWindow ? { [stamps.renderedInWindow]: templateStamps(statefulSet).rendering ?? '' } : {}),
    },
  },
});

/** The files of a kept template stay with it. Who leads first is no part of any template: pods wait for it, and so it changes with the cluster. */
const keptConfiguration = (desired: ConfigMap, live: ConfigMap | undefined): readonly ConfigMap[] => {
  const leadsFirst = desired.data?.[leadsFirstKey];
  if (live?.data?.[leadsFirstKey] === undefined || leadsFirst === undefined) return [];
  return [{ ...desired, data: { ...live.data, [leadsFirstKey]: leadsFirst } }];
};

/** It has its rendering from a maintenance window. */
const isOfWindow = (statefulSet: StatefulSet): boolean =>
  statefulSet.metadata.annotations?.[stamps.renderedInWindow] === templateStamps(statefulSet).rendering;

export interface Renderings extends Contribution {
  readonly objects: readonly DesiredObject[];
  /** Of StatefulSets whose live template stays though we would render it otherwise; undefined: there are none. */
  readonly pending: string | undefined;
}

/** Leaves out what only another version of ourselves would change. */
export const keepRenderings = (situation: Situation, objects: readonly DesiredObject[]): Renderings => {
  const { cluster, observation } = situation;
  const { names } = cluster.profile;
  const { namespace } = cluster.identity;
  const release = cluster.identity.annotations[stamps.rollout];
  const untilMs = cluster.maintenance === undefined ? Infinity : untilMaintenanceMs(situation);
  const kept = new Set<string>();
  const inWindow = new Set<string>();
  const keptConfigurations = new Set<string>();
  let step: DisruptiveStep | undefined;
  for (const { object } of objects) {
    if (object.kind !== 'StatefulSet') continue;
    const live = observation.children.statefulSets.find(({ metadata }) => metadata.name === object.metadata.name);
    if (live === undefined) continue;
    const [running, wanted] = [templateStamps(live), templateStamps(object)];
    const isReleased = release !== undefined && live.metadata.annotations?.[stamps.rollout] !== release;
    if (running.inputs !== wanted.inputs) continue;
    if (running.rendering === wanted.rendering ? isOfWindow(live) && !isReleased : !isReleased && untilMs === 0)
      inWindow.add(object.metadata.name);
    if (running.rendering === wanted.rendering || isReleased || untilMs === 0) continue;
    kept.add(object.metadata.name);
    keptConfigurations.add(names.memberConfiguration(object.metadata.name));
    const replicas = object.spec?.replicas ?? 1;
    const before = live.spec?.replicas ?? 1;
    if (step === undefined && replicas !== before) {
      const reason =
        replicas === 0
          ? 'the manifest asks for a stop'
          : before === 0
            ? 'the manifest asks for it to run'
            : `the manifest asks for ${replicas > before ? 'more' : 'fewer'} members`;
      step = { kind: 'scaleStatefulSet', reference: referenceTo(live, namespace), uid: live.metadata.uid ?? '', replicas, reason };
    }
  }
  const asFarAsKept = (desired: DesiredObject): readonly DesiredObject[] => {
    const { object } = desired;
    if (object.kind === 'StatefulSet') {
      if (kept.has(object.metadata.name)) return [];
      return [{ ...desired, object: released(object, release, inWindow.has(object.metadata.name)) }];
    }
    if (object.kind !== 'ConfigMap' || !keptConfigurations.has(object.metadata.name)) return [desired];
    const live = observation.children.configMaps.find(({ metadata }) => metadata.name === object.metadata.name);
    return keptConfiguration(object, live).map((configuration) => ({ ...desired, object: configuration }));
  };
  return {
    objects: objects.flatMap(asFarAsKept),
    step,
    pending:
      kept.size === 0
        ? undefined
        : `${[...kept].toSorted().join(', ')}: this version of pgherd makes these pods differently, and nothing in the manifest asks for a restart; ` +
          `they follow with the next change that restarts them, ${cluster.maintenance === undefined ? '' : `in ${describeWindow(situation)}, `}` +
          `or now with a new value of annotation ${stamps.rollout}`,
    lookAgainAfterMs: kept.size === 0 ? undefined : lookAgain(untilMs),
  };
};

/** The StatefulSet controller has seen the template that we see. */
const isObserved = ({ metadata, status }: StatefulSet): boolean =>
  status?.observedGeneration === undefined || metadata.generation === undefined || status.observedGeneration >= metadata.generation;

/** Its pod was made from another template than the one that its StatefulSet has now. */
export const isOutdated = ({ podObject, statefulSet }: Member): boolean =>
  podObject !== undefined &&
  statefulSet !== undefined &&
  isObserved(statefulSet) &&
  !isSame(stampsOf(podObject.metadata.annotations), templateStamps(statefulSet));

/** How long its pod, which is outdated, has to wait for a maintenance window, in milliseconds. */
const heldMs = (situation: Situation, { podObject, statefulSet }: Member): number => {
  const isOwners = stampsOf(podObject?.metadata.annotations).inputs !== templateStamps(statefulSet).inputs;
  if (isOwners) return untilChangeMs(situation);
  if (statefulSet === undefined || !isOfWindow(statefulSet)) return 0;
  // Windows that were taken away open no more.
  return situation.cluster.maintenance === undefined ? Infinity : untilMaintenanceMs(situation);
};

/** Its pod is to be replaced as soon as it is its turn: no maintenance window has to open first. */
export const isDue = (situation: Situation, member: Member): boolean => isOutdated(member) && heldMs(situation, member) === 0;

/** Of `objects`, which are to be applied in this pass, the StatefulSets of wanted members are live as they are to be. */
export const isApplied = ({ wanted, observation }: Situation, objects: readonly DesiredObject[]): boolean =>
  objects.every(({ object }) => {
    if (object.kind !== 'StatefulSet' || !wanted.some(({ workload }) => workload === object.metadata.name)) return true;
    const live = observation.children.statefulSets.find(({ metadata }) => metadata.name === object.metadata.name);
    return live !== undefined && isSame(templateStamps(live), templateStamps(object)) && live.spec?.replicas === object.spec?.replicas;
  });

/** Its containers run: a primary in this state recovers, and must not be disturbed. */
const hasStarted = ({ podObject }: Member): boolean => troubleOf(podObject) === undefined && podObject?.status?.phase !== 'Pending';

/** What runs in its pod serves nobody, so that another pod harms nobody. */
const isBroken = (member: Member): boolean => !member.ready && (member.role !== 'leader' || !hasStarted(member));

/** Why the pod of such a member is replaced. */
export const replacementOf = ({ pod, dataClaim }: Member): string =>
  `claim ${dataClaim?.metadata.name ?? ''} of pod ${pod} was deleted, and another leads: the pod gets a new volume`;

/** Its data volume was deleted, and there is no other place for the member. */
const isDying = ({ cluster }: Situation, member: Member): boolean => cluster.profile.workloads === 'shared' && isDoomed(member);

/** Its data end with its pod, and no other leads with them. */
export const isIrreplaceable = (situation: Situation, member: Member): boolean => {
  const { writable } = situation;
  if (!isDying(situation, member)) return false;
  return writable === undefined || writable.name === member.name || !writable.ready || isDoomed(writable);
};

const deletedVolumes = (situation: Situation): readonly ConditionOutcome[] => {
  const dying = situation.members.filter((member) => isDying(situation, member) && member.podObject !== undefined);
  if (dying.length === 0) return [];
  const messages = dying.map((member) => {
    const volume = member.dataClaim?.spec?.volumeName ?? '';
    const what = `claim ${member.dataClaim?.metadata.name ?? ''} was deleted, and its data end with pod ${member.pod}`;
    if (!isIrreplaceable(situation, member)) return `${what}; another member leads, so the pod is replaced and gets a new volume`;
    return (
      `${what}, which has the only data that are known to be good, so the pod is kept: ask for one member more, ` +
      `and it is replaced once that one streams; persistentVolumeReclaimPolicy Retain on volume ${volume} keeps the data beyond the pod`
    );
  });
  return [{ type: 'VolumeDeleted', status: 'True', reason: 'ClaimDeleted', message: messages.toSorted().join('\n') }];
};

/** What is told of templates and of pods that wait: one condition for both. */
const pendingRollOut = (situation: Situation, held: readonly Member[], templates: string | undefined): readonly ConditionOutcome[] => {
  const names = held.map(({ pod }) => pod).toSorted();
  const pods = names.length === 0 ? [] : [`${names.join(', ')}: made from an older template, and replaced in ${describeWindow(situation)}`];
  const lines = [...pods, ...(templates === undefined ? [] : [templates])];
  if (lines.length === 0) return [];
  const reason = held.length === 0 ? 'NewRendering' : 'OutsideMaintenanceWindow';
  return [{ type: 'RolloutPending', status: 'True', reason, message: lines.join('\n') }];
};

/** `renderings`: what is to be applied in this pass. */
export const rollOut = (situation: Situation, renderings: Pick<Renderings, 'objects' | 'pending'>): Contribution => {
  const { cluster, wanted } = situation;
  const present = presentMembers(situation);
  const waits = new Map(present.map((member) => [member.name, isOutdated(member) && !isBroken(member) ? heldMs(situation, member) : 0]));
  const held = present.filter(({ name }) => waits.get(name) !== 0);
  const report: Contribution = {
    conditions: [...deletedVolumes(situation), ...pendingRollOut(situation, held, renderings.pending)],
    lookAgainAfterMs: held.length === 0 ? undefined : lookAgain(Math.min(...held.map(({ name }) => waits.get(name) ?? 0))),
  };
  const outdated = present.filter(
    (member) =>
      ((isOutdated(member) && !held.includes(member)) || isDying(situation, member)) &&
      member.podObject !== undefined &&
      !isDeleting(member.podObject) &&
      (member.role === 'leader' || !isIrreplaceable(situation, member)),
  );
  const replace = (member: Member | undefined): Contribution => {
    if (member?.podObject === undefined || isIrreplaceable(situation, member)) return report;
    const reason = isDying(situation, member) ? replacementOf(member) : `pod ${member.pod} was made from an older template`;
    return { ...report, step: { kind: 'deletePod', deletion: deletionOf(member.podObject, cluster.identity.namespace, reason), reason } };
  };
  const stuck = outdated.find(isBroken);
  if (stuck !== undefined) return replace(stuck);
  if (present.length < wanted.length || present.some((member) => !member.ready)) return report;
  const replica = outdated.find((member) => member.role !== 'leader');
  if (replica !== undefined) return replace(replica);
  const primary = outdated[0];
  if (primary === undefined) return report;
  // A replica whose template is not there yet, or not seen by its controller, is about to be outdated, too: it comes first, and must not take over.
  const isSettled = present.every(({ statefulSet }) => statefulSet !== undefined && isObserved(statefulSet));
  if (!isSettled || !isApplied(situation, renderings.objects)) return report;
  const switchover = (candidates: readonly Member[], reason: string): Contribution => ({
    ...report,
    ...switchoverTo(situation, candidates, reason),
  });
  if (isDying(situation, primary)) {
    // One that goes has the data, too, until then.
    const claim = primary.dataClaim?.metadata.name ?? '';
    return switchover(situation.members, `claim ${claim} of pod ${primary.pod} was deleted, and it leads, so another takes over first`);
  }
  if (present.length === 1) {
    const checkpoint = checkpointBeforeStop(situation, primary, templateStamps(primary.statefulSet).inputs ?? '');
    return checkpoint.kind === 'needed' ? { ...report, ...checkpoint.first } : { ...replace(primary), events: checkpoint.events };
  }
  return switchover(present, `pod ${primary.pod} was made from an older template and leads, so another takes over first`);
};
