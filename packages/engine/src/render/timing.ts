/** Times that shape pods, in seconds, and why they are so. */
import type { Probe } from '@pgherd/api';
import type { PatroniSettings } from '../model/cluster.ts';

/** How often sidecars look for changed files. The kubelet needs about a minute to bring a change, so this adds little. */
export const watchIntervalSeconds = 5;

/** How often the database container looks for its postmaster: a part of the time that PostgreSQL takes to start again. */
export const crashWatchSeconds = 0.1;

/** Longest wait of a member that leads for another one to take over before it is stopped. Patroni does it in about two seconds. */
export const handoverSeconds = 25;

/** What a stop may take: the handover, then PostgreSQL's last checkpoint. After it the kubelet kills, and the next start is a recovery. */
export const terminationGraceSeconds = 60;

/**
 * Asks Patroni whether it is alive. Patroni that hangs no longer renews its lease, and the kubelet then ends it after as many missed syncs
 * as the lease lasts: the same PostgreSQL must not take commits when another one leads.
 */
export const livenessProbe = (patroni: PatroniSettings): Probe => ({
  httpGet: { path: '/liveness', port: patroni.port, scheme: 'HTTPS' },
  initialDelaySeconds: 3,
  periodSeconds: patroni.syncPeriodSeconds,
  timeoutSeconds: Math.max(1, Math.floor(patroni.syncPeriodSeconds / 2)),
  failureThreshold: Math.max(1, Math.floor(patroni.leaderLeaseDurationSeconds / patroni.syncPeriodSeconds)),
});

/**
 * Asks whether PostgreSQL serves. It looks more often than Patroni syncs, so that a member counts as ready within two seconds of being so,
 * and takes as long as a lease to say that it is not.
 */
export const readinessProbe = (patroni: PatroniSettings): Probe => {
  const periodSeconds = Math.min(2, patroni.syncPeriodSeconds);
  return {
    httpGet: { path: '/readiness', port: patroni.port, scheme: 'HTTPS' },
    periodSeconds,
    timeoutSeconds: Math.max(1, Math.floor(patroni.syncPeriodSeconds / 2)),
    failureThreshold: Math.max(1, Math.floor(patroni.leaderLeaseDurationSeconds / periodSeconds)),
  };
};
