/**
 * Secrets of users that the manifest asks for no longer, where they go with their users. Only what we made goes: a Secret that its owner brought
 * is theirs.
 */
import type { SecretPlan } from '../model/secrets.ts';
import type { Contribution } from './contribution.ts';
import { deletionOf } from './references.ts';
import type { Situation } from './situation.ts';

export const staleUserSecrets = ({ cluster, observation }: Situation, plans: readonly SecretPlan[]): Contribution => {
  const { labels, roleValues, userSecrets } = cluster.profile;
  if (!userSecrets.goesWithUser) return {};
  const { namespace, uid } = cluster.identity;
  const wanted = new Set(plans.flatMap((plan) => plan.labels[labels.user] ?? []));
  const stale = observation.children.secrets.filter(
    (secret) =>
      !secret.deleting &&
      secret.labels[labels.role] === roleValues.userSecret &&
      secret.ownerUids.includes(uid) &&
      !wanted.has(secret.labels[labels.user] ?? ''),
  );
  return {
    deletions: stale.map(({ name, uid: secretUid, resourceVersion }) =>
      deletionOf(
        { apiVersion: 'v1', kind: 'Secret', metadata: { name, namespace, uid: secretUid, resourceVersion } },
        namespace,
        'its user is no longer in the manifest',
      ),
    ),
  };
};
