/** What a pod says of itself: readiness, Patroni's word on it, and what it is stuck on. */
import type { ContainerStatus, Pod } from '@pgherd/api';
import type { PendingSettings } from '../model/members.ts';

export const isDeleting = (object: { readonly metadata: { readonly deletionTimestamp?: string } }): boolean =>
  object.metadata.deletionTimestamp !== undefined;

/** The kubelet calls it ready and nobody asked it to go. */
export const isReady = (pod: Pod | undefined): boolean =>
  pod !== undefined &&
  !isDeleting(pod) &&
  pod.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') === true;

export interface PatroniState {
  /** `streaming` where a replica streams, else the state of its PostgreSQL. */
  readonly state: string | undefined;
  readonly timeline: number | undefined;
  readonly pendingRestart: boolean;
  /** Settings that wait for it, by name; empty where this Patroni does not name them (before 4.0). */
  readonly pendingSettings: PendingSettings;
}

/** Patroni writes values as JSON texts or numbers. */
export const scalarText = (value: unknown): string => (typeof value === 'string' || typeof value === 'number' ? `${value}` : '');

const pendingSettingsOf = (reasons: unknown): PendingSettings =>
  typeof reasons !== 'object' || reasons === null
    ? {}
    : Object.fromEntries(
        Object.entries(reasons as Readonly<Record<string, { readonly old_value?: unknown; readonly new_value?: unknown } | null>>).map(
          ([name, reason]) => [name, { inForce: scalarText(reason?.old_value), asked: scalarText(reason?.new_value) }],
        ),
      );

/** Reads the `status` annotation that Patroni (4.0, patroni/ha.py `touch_member`) keeps on its pod. */
export const patroniStateOf = (pod: Pod | undefined): PatroniState | undefined => {
  const text = pod?.metadata.annotations?.['status'];
  if (text === undefined) return undefined;
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (typeof parsed !== 'object' || parsed === null) return undefined;
  const { state, replication_state: replication, timeline, ...rest } = parsed as Record<string, unknown>;
  return {
    state: typeof replication === 'string' ? replication : typeof state === 'string' ? state : undefined,
    timeline: typeof timeline === 'number' ? timeline : undefined,
    pendingRestart: rest['pending_restart'] === true,
    pendingSettings: pendingSettingsOf(rest['pending_restart_reason']),
  };
};

/** Why a pod does not get on, as far as Kubernetes says. */
export type PodTrouble =
  | { readonly kind: 'unschedulable'; readonly message: string; readonly sinceMs: number }
  | { readonly kind: 'image'; readonly container: string; readonly image: string; readonly message: string; readonly sinceMs: number }
  /** It ends again and again, and the kubelet waits longer each time. */
  | { readonly kind: 'crashing'; readonly container: string; readonly message: string; readonly restarts: number; readonly sinceMs: number }
  | { readonly kind: 'configuration'; readonly container: string; readonly message: string; readonly sinceMs: number };

const imageReasons = new Set(['ErrImagePull', 'ImagePullBackOff', 'InvalidImageName', 'ErrImageNeverPull', 'ImageInspectError']);
const configurationReasons = new Set(['CreateContainerConfigError', 'CreateContainerError', 'RunContainerError']);

const troubleOfContainer = (pod: Pod, status: ContainerStatus, startedMs: number): PodTrouble | undefined => {
  const waiting = status.state?.waiting;
  const reason = waiting?.reason ?? '';
  const container = status.name;
  const message = waiting?.message ?? reason;
  // The status of a container that never ran repeats the image as the specification writes it.
  const specified = [...(pod.spec?.initContainers ?? []), ...(pod.spec?.containers ?? [])].find(({ name }) => name === container)?.image;
  // What ran before waits since it ended, however long the pod is there.
  const endedMs = Date.parse(status.lastState?.terminated?.finishedAt ?? '');
  const sinceMs = Number.isNaN(endedMs) ? startedMs : endedMs;
  if (imageReasons.has(reason)) return { kind: 'image', container, image: specified ?? status.image, message, sinceMs };
  if (configurationReasons.has(reason)) return { kind: 'configuration', container, message, sinceMs: startedMs };
  if (reason === 'CrashLoopBackOff') return { kind: 'crashing', container, message, restarts: status.restartCount, sinceMs };
  return undefined;
};

/** The first thing that keeps the pod from running; undefined when nothing does. `sinceMs` in milliseconds since 1970. */
export const troubleOf = (pod: Pod | undefined): PodTrouble | undefined => {
  if (pod === undefined || isDeleting(pod)) return undefined;
  const scheduled = pod.status?.conditions?.find(({ type }) => type === 'PodScheduled');
  const scheduledMs = Date.parse(scheduled?.lastTransitionTime ?? pod.metadata.creationTimestamp ?? '1970-01-01T00:00:00Z');
  if (scheduled?.status === 'False' && scheduled.reason === 'Unschedulable') {
    return { kind: 'unschedulable', message: scheduled.message ?? 'no node fits', sinceMs: scheduledMs };
  }
  const statuses = [...(pod.status?.initContainerStatuses ?? []), ...(pod.status?.containerStatuses ?? [])];
  for (const status of statuses) {
    const trouble = troubleOfContainer(pod, status, scheduledMs);
    if (trouble !== undefined) return trouble;
  }
  return undefined;
};
