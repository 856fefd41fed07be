/**
 * Whether a cluster may be disturbed now. Without windows it may be at any time, but not by another version of pgherd alone (rollOut.ts). With windows,
 * what pgherd does on its own initiative waits for one; what the owner asks for waits only where the windows are to hold for that, too. What is broken is
 * mended at any time.
 */
import { untilOpenMs } from '../model/maintenance.ts';
import { stamps } from '../stamps.ts';
import type { Situation } from './situation.ts';

/** How long pgherd's own initiative waits, in milliseconds; 0: not at all. */
export const untilMaintenanceMs = ({ cluster, observation }: Pick<Situation, 'cluster' | 'observation'>): number =>
  cluster.maintenance === undefined ? 0 : untilOpenMs(cluster.maintenance, observation.nowMs);

/** The same for what the owner asks for. */
export const untilChangeMs = (situation: Pick<Situation, 'cluster' | 'observation'>): number =>
  situation.cluster.maintenance?.holdsChanges === true ? untilMaintenanceMs(situation) : 0;

/** When to look again, for something that waits so long. */
export const lookAgain = (waitMs: number): number | undefined => (Number.isFinite(waitMs) ? waitMs : undefined);

/** `the maintenance window that opens at 2026-11-23T02:00Z`. */
export const describeWindow = ({ cluster, observation }: Pick<Situation, 'cluster' | 'observation'>): string => {
  const { maintenance } = cluster;
  if (maintenance === undefined)
    return `a maintenance window, and none are set any more: a new value of annotation ${stamps.rollout} does it now`;
  const waitMs = untilOpenMs(maintenance, observation.nowMs);
  if (!Number.isFinite(waitMs)) return `a maintenance window, of which ${maintenance.source} has none`;
  return `the maintenance window that opens at ${new Date(observation.nowMs + waitMs).toISOString().slice(0, 16)}Z (${maintenance.source})`;
};
