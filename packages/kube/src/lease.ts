/**
 * Leader election on a Lease, as client-go 0.34 (`tools/leaderelection`) does it, so that both may take part in the same election.
 *
 *     following ──lease free or expired──▶ leading ──stop, work ended──▶ released
 *         ▲                                   │
 *         └───────────────────────────────────┘ not renewed in time, or taken by another: rejects with LeadershipLostError
 *
 * Only the local clock counts: a lease has expired when its record has not changed for its duration since we first saw it, whatever time is written
 * in it. Clocks of machines may differ; only their speed must not differ much. Give the election a client with a transport of its own, so that a
 * flood of other requests cannot delay a renewal.
 */
import type { Client } from './client.ts';
import { reasonOf, sleep, systemClock } from './clock.ts';
import type { Clock } from './clock.ts';
import { AlreadyExistsError, ConflictError, KubeError, messageOf, NotFoundError } from './errors.ts';
import { kinds, resourceType } from './kinds.ts';
import type { KubernetesObject } from './objects.ts';

/** Another may lead by now: everything that only the leader may do must have ended. */
export class LeadershipLostError extends KubeError {
  override readonly name = 'LeadershipLostError';
  readonly code = 'LEADERSHIP_LOST';
  readonly retryable = true;
}

export interface ElectionOptions {
  readonly client: Pick<Client, 'get' | 'create' | 'update'>;
  readonly namespace: string;
  readonly name: string;
  /** Unique among the candidates, for example `pod-name_uid`. */
  readonly identity: string;
  /** How long others wait for a leader that does not renew. Default 15 s. */
  readonly leaseDurationMs?: number | undefined;
  /** How long the leader tries to renew before it steps down. Less than the lease's duration. Default 10 s. */
  readonly renewDeadlineMs?: number | undefined;
  /** Between two attempts; followers add up to 1.2 times as much at random. Default 2 s. */
  readonly retryPeriodMs?: number | undefined;
  readonly clock?: Clock | undefined;
  /** In [0, 1). */
  readonly random?: (() => number) | undefined;
  /** Who leads, whenever it changes; an empty string for nobody. */
  readonly onLeader?: ((identity: string) => void) | undefined;
  /** An attempt failed; the next one follows by itself. */
  readonly onError?: ((error: Error) => void) | undefined;
}

interface Lease extends KubernetesObject {
  readonly spec?: {
    readonly holderIdentity?: string;
    readonly leaseDurationSeconds?: number;
    readonly acquireTime?: string;
    readonly renewTime?: string;
    readonly leaseTransitions?: number;
  };
}

const leases = resourceType<Lease>(kinds.leases);
const followerJitter = 1.2;

/**
 * Waits to become the leader, then runs `lead` once, with a signal that aborts when leadership is lost or `signal` aborts. The lease is renewed until
 * `lead` has settled, so that nobody takes over while it winds down, and then released.
 *
 * Gives what `lead` gives.
 *
 * @throws LeadershipLostError after `lead` has settled; what `lead` throws; the reason of `signal` if it aborts before we lead.
 */
export async function leadWhenElected<T>(
  options: ElectionOptions,
  signal: AbortSignal,
  lead: (term: AbortSignal) => Promise<T>,
): Promise<T> {
  const election = createElection(options);
  await election.acquire(signal);
  const term = new AbortController();
  const onStop = (): void => term.abort(reasonOf(signal));
  signal.addEventListener('abort', onStop, { once: true });
  const settled = new AbortController();
  let lost: LeadershipLostError | undefined;
  const renewal = election.renewUntil(settled.signal).catch((error: unknown) => {
    lost = error instanceof LeadershipLostError ? error : new LeadershipLostError(messageOf(error), { cause: error });
    term.abort(lost);
  });
  try {
    if (signal.aborted) onStop();
    const result = await lead(term.signal);
    if (lost !== undefined) throw lost as Error;
    return result;
  } catch (error) {
    throw lost ?? error;
  } finally {
    signal.removeEventListener('abort', onStop);
    settled.abort(new Error('the term is over'));
    await renewal;
    if (lost === undefined) await election.release();
  }
}

function createElection(options: ElectionOptions): {
  acquire(signal: AbortSignal): Promise<void>;
  renewUntil(end: AbortSignal): Promise<void>;
  release(): Promise<void>;
} {
  const { client, namespace, name, identity } = options;
  const clock = options.clock ?? systemClock;
  const random = options.random ?? Math.random;
  const leaseDurationMs = options.leaseDurationMs ?? 15_000;
  const renewDeadlineMs = options.renewDeadlineMs ?? 10_000;
  const retryPeriodMs = options.retryPeriodMs ?? 2_000;
  if (renewDeadlineMs >= leaseDurationMs || retryPeriodMs >= renewDeadlineMs)
    throw new RangeError('leaseDurationMs must exceed renewDeadlineMs, and that must exceed retryPeriodMs');
  /** The lease as last seen, and since when it has looked like that. */
  let observed: { readonly lease: Lease; readonly since: number } | undefined;
  let leader: string | undefined;

  function observe(lease: Lease): void {
    const isSame = observed !== undefined && JSON.stringify(observed.lease.spec) === JSON.stringify(lease.spec);
    observed = { lease, since: isSame && observed !== undefined ? observed.since : clock.elapsed() };
    const holder = lease.spec?.holderIdentity ?? '';
    if (holder === leader) return;
    leader = holder;
    options.onLeader?.(holder);
  }

  function record(previous: Lease['spec'], holderIdentity: string): NonNullable<Lease['spec']> {
    // Lease times have exactly six digits of a second (MicroTime).
    const now = new Date(clock.now()).toISOString().replace('Z', '000Z');
    const stays = previous?.holderIdentity === holderIdentity;
    return {
      holderIdentity,
      leaseDurationSeconds: holderIdentity === '' ? 1 : Math.ceil(leaseDurationMs / 1000),
      acquireTime: stays ? (previous.acquireTime ?? now) : now,
      renewTime: now,
      leaseTransitions: (previous?.leaseTransitions ?? 0) + (stays || previous === undefined || holderIdentity === '' ? 0 : 1),
    };
  }

  /** One attempt at holding the lease for another period, over at `until`. False: somebody else holds it. */
  async function tryHold(signal: AbortSignal, until: number): Promise<boolean> {
    // Half, so that a connection that answers nothing leaves time for another attempt on a new one.
    const limited = () => ({ signal, deadlineMs: Math.max(1, Math.min(renewDeadlineMs / 2, until - clock.elapsed())) });
    let current = observed?.lease;
    if (current?.spec?.holderIdentity !== identity) {
      try {
        current = await client.get(leases, { namespace, name }, limited());
      } catch (error) {
        if (!(error instanceof NotFoundError)) throw error;
        const metadata = { name, namespace };
        observe(
          await client.create(
            leases,
            { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata, spec: record(undefined, identity) },
            limited(),
          ),
        );
        return true;
      }
      observe(current);
    }
    const { spec } = current;
    const holder = spec?.holderIdentity ?? '';
    const expiresAt = (observed?.since ?? 0) + (spec?.leaseDurationSeconds ?? 0) * 1000;
    if (holder !== '' && holder !== identity && clock.elapsed() < expiresAt) return false;
    try {
      observe(await client.update(leases, { ...current, spec: record(spec, identity) }, limited()));
      return true;
    } catch (error) {
      if (!(error instanceof ConflictError)) throw error;
      // Somebody wrote it meanwhile: see who. A lost reply to our own write looks the same.
      const now = await client.get(leases, { namespace, name }, limited());
      observe(now);
      return now.spec?.holderIdentity === identity;
    }
  }

  async function attempt(signal: AbortSignal, until = Number.POSITIVE_INFINITY): Promise<boolean> {
    try {
      return await tryHold(signal, until);
    } catch (error) {
      if (signal.aborted) throw reasonOf(signal);
      const lostRace = error instanceof AlreadyExistsError || error instanceof ConflictError;
      if (error instanceof NotFoundError) observed = undefined;
      if (!lostRace) options.onError?.(error instanceof Error ? error : new Error(messageOf(error)));
      return false;
    }
  }

  return {
    async acquire(signal) {
      while (!(await attempt(signal))) await sleep(clock, retryPeriodMs * (1 + random() * followerJitter), signal);
    },

    async renewUntil(end) {
      let renewedAt = clock.elapsed();
      while (!end.aborted) {
        try {
          await sleep(clock, retryPeriodMs, end);
          const startedAt = clock.elapsed();
          if (await attempt(end, renewedAt + renewDeadlineMs)) renewedAt = startedAt;
        } catch (error) {
          if (end.aborted) return;
          throw error;
        }
        const holder = observed?.lease.spec?.holderIdentity ?? identity;
        if (holder !== identity)
          throw new LeadershipLostError(`lease ${namespace}/${name} was taken by ${holder === '' ? 'nobody' : holder}`);
        if (clock.elapsed() - renewedAt >= renewDeadlineMs)
          throw new LeadershipLostError(`lease ${namespace}/${name} could not be renewed for ${renewDeadlineMs} ms`);
      }
    },

    async release() {
      const lease = observed?.lease;
      if (lease?.spec?.holderIdentity !== identity) return;
      try {
        // The resourceVersion in it keeps us from releasing what another has taken since.
        observe(await client.update(leases, { ...lease, spec: record(lease.spec, '') }, { deadlineMs: renewDeadlineMs / 2 }));
      } catch (error) {
        // The lease expires by itself.
        options.onError?.(error instanceof Error ? error : new Error(messageOf(error)));
      }
    },
  };
}
