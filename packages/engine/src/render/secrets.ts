/** Every Secret of a cluster, as a plan. */
import type { Cluster } from '../model/cluster.ts';
import type { MemberIdentity } from '../model/members.ts';
import type { SecretPlan } from '../model/secrets.ts';
import type { EngineConfiguration } from '../observation.ts';
import { certificatePlans } from './certificates.ts';
import { userSecretPlans } from './users.ts';

/** What the Secrets of these members and of the cluster should hold. `configuration` gives the domain for the certificates' names. */
export const secretPlans = (
  cluster: Cluster,
  members: readonly MemberIdentity[],
  configuration: Pick<EngineConfiguration, 'clusterDomain'>,
): readonly SecretPlan[] => [...certificatePlans(cluster, members, configuration), ...userSecretPlans(cluster)];
