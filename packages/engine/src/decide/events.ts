/**
 * Events for what changed since the status was written. A decision has no memory, so a transition is told by comparing; a pass that is repeated
 * before its status was stored repeats its events, which the recorder counts as one.
 */
import type { Deletion, DisruptiveStep, EventRequest, SecretIntent } from '../decision.ts';
import type { ConditionOutcome } from '../model/outcome.ts';
import type { Recollection } from '../model/recollection.ts';

type Told = (now: ConditionOutcome, before: ConditionOutcome | undefined) => EventRequest | undefined;

const normal = (reason: string, message: string): EventRequest => ({ type: 'Normal', reason, message });
const warning = (reason: string, message: string): EventRequest => ({ type: 'Warning', reason, message });

const warns: Told = ({ reason, message }) => warning(reason, message);

/** Reasons that nobody asked for; all others are the manifest being carried out. */
const lost = new Set(['PrimaryNotReady', 'MembersNotReady']);

/** By condition type. What is not listed changes without an event. */
const told: Readonly<Record<string, Told>> = {
  Ready: ({ status, reason, message }, before) =>
    status === 'True' ? normal(reason, message) : before?.status === 'True' && lost.has(reason) ? warning(reason, message) : undefined,
  Stalled: warns,
  NotAdopted: warns,
  VolumeShrinkRefused: warns,
  VolumeChangeRefused: warns,
  VolumeDeleted: warns,
  PersistentVolumeResizeError: warns,
  UsersApplied: warns,
  InitSQLApplied: warns,
  SettingsRefused: warns,
  RootCertificateUnusable: warns,
  CertificateMissing: warns,
  WriteRefused: warns,
  Progressing: ({ reason, message }) => normal(reason, message),
  RolloutPending: ({ reason, message }) => normal(reason, message),
  RestartPending: ({ reason, message }) => normal(reason, message),
  SwitchoverPending: ({ message }) => normal('SwitchoverPending', message),
  ReplicaBehind: ({ status, reason, message }) => (status === 'True' ? warning(reason, message) : undefined),
  PGBackRestRepoHostReady: ({ reason }, before) =>
    reason !== 'RepoHostStatusMissing' && (before === undefined || before.reason === 'RepoHostStatusMissing')
      ? normal('RepoHostCreated', 'the repository host was made')
      : undefined,
  PGBackRestReplicaRepoReady: ({ status, message }) => (status === 'True' ? normal('StanzasCreated', message) : undefined),
  PGBackRestReplicaCreate: ({ status, reason, message }) => (status === 'True' ? normal(reason, message) : undefined),
};

export const transitionEvents = (
  recalled: Recollection,
  conditions: readonly ConditionOutcome[],
  primary: string | undefined,
): readonly EventRequest[] => {
  const events: EventRequest[] = [];
  for (const condition of conditions) {
    const before = recalled.conditions.find(({ type }) => type === condition.type);
    if (before?.status === condition.status && before.reason === condition.reason) continue;
    const event = told[condition.type]?.(condition, before);
    // Ready and Stalled tell the same story: once is enough.
    if (event !== undefined && !events.some(({ message }) => message === event.message)) events.push(event);
  }
  if (primary !== undefined && primary !== recalled.primary) {
    events.push(
      recalled.primary === undefined
        ? normal('PrimaryElected', `${primary} leads`)
        : normal('PrimaryChanged', `${primary} leads now, before it was ${recalled.primary}`),
    );
  }
  return events;
};

const stepReasons: Readonly<Record<DisruptiveStep['kind'], string>> = {
  deletePod: 'ReplacingPod',
  switchover: 'SwitchingOver',
  createJob: 'StartingBackup',
  scaleStatefulSet: 'ScalingMember',
  markRestart: 'RestartingServer',
};

/** Events for what is done now and somebody may notice: a step, a volume that goes, a secret value that changes. */
export const actionEvents = (
  step: DisruptiveStep | undefined,
  deletions: readonly Deletion[],
  secrets: readonly SecretIntent[],
): readonly EventRequest[] => [
  ...(step === undefined ? [] : [normal(stepReasons[step.kind], step.reason)]),
  ...deletions
    .filter(({ reference }) => reference.kind === 'PersistentVolumeClaim')
    .map(({ reference, reason }) => normal('DeletingVolume', `volume ${reference.name}: ${reason}`)),
  ...secrets
    .filter(({ write, values }) => write.kind === 'fill' && Object.keys(values).length > 0)
    .map(({ reference, reason }) => normal('SecretUpdated', `Secret ${reference.name}: ${reason}`)),
];
