/** Which members have a volume of their own for WAL. */
import type { Cluster, InstanceSet } from '../model/cluster.ts';
import type { MemberIdentity } from '../model/members.ts';
import { claimName } from './claims.ts';
import type { RenderContext } from './context.ts';

/**
 * The manifest asks for one, or asked for it once: a claim that was bound holds the member's WAL, and a pod without it would have a server
 * without its `pg_wal`. A claim that never got a volume holds nothing, so taking back a mistake in it takes it out of the pod.
 */
export const hasWalVolume = (
  { profile }: Cluster,
  set: InstanceSet | undefined,
  member: MemberIdentity,
  context: Pick<RenderContext, 'boundClaims' | 'claimNames'>,
): boolean => set?.walVolume !== undefined || context.boundClaims.has(claimName(context, profile.names.memberWalVolume(member.name)));
