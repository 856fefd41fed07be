/**
 * How far the Secret of each user is. One that nobody can fill must not keep the other users waiting; one that is filled in this very pass is
 * worth the wait, so that the statements run once.
 */
import type { UserIntent } from '../model/cluster.ts';
import type { SecretPlan } from '../model/secrets.ts';
import type { Observation } from '../observation.ts';
import type { UserWithSecret } from '../readings.ts';
import { secretFor, userOfAnother } from './secrets.ts';
import type { Situation } from './situation.ts';

export interface KnownUser extends UserWithSecret {
  /** `undefined`: it has no password. */
  readonly fingerprint: string | undefined;
}

/** `coming`: its Secret is made or filled right now. `stuck`: somebody has to act first. */
export type UserState =
  { readonly kind: 'known'; readonly user: KnownUser } | { readonly kind: 'coming' } | { readonly kind: 'stuck'; readonly message: string };

const stateOf = (intent: UserIntent, plan: SecretPlan | undefined, observation: Observation, userLabel: string): UserState => {
  if (intent.passwordCharacters === undefined) return { kind: 'known', user: { intent, secret: undefined, fingerprint: undefined } };
  if (plan === undefined) return { kind: 'coming' };
  const facts = secretFor(plan, observation);
  const name = typeof facts === 'string' ? plan.reference.name : facts.name;
  const stuck = (message: string): UserState => ({ kind: 'stuck', message: `user ${intent.name} waits: Secret ${name} ${message}` });
  if (facts === 'unreadable') return stuck('cannot be read; let pgherd read it');
  if (facts !== 'missing') {
    const other = userOfAnother(plan, facts, userLabel);
    if (other !== undefined) {
      return stuck(`is that of user ${other}, who keeps it; rename the user, or delete the Secret, and a new one is made`);
    }
    if (facts.deleting) return stuck('is being deleted; take away what holds it (metadata.finalizers), and a new one is made');
    const verifier = facts.values['verifier'];
    if (verifier !== undefined && !verifier.empty) {
      return { kind: 'known', user: { intent, secret: name, fingerprint: verifier.fingerprint } };
    }
  }
  const refusal = observation.refusals.find(({ what, retryable }) => what === `Secret ${name}` && !retryable);
  if (refusal === undefined) return { kind: 'coming' };
  const asked = facts === 'missing' ? 'made' : 'filled';
  return stuck(`cannot be ${asked}: ${refusal.message}; put that right, or make it yourself with a password and its SCRAM verifier`);
};

/** The users of the manifest, in its order. */
export const userStates = ({ cluster, observation }: Situation, plans: readonly SecretPlan[]): readonly UserState[] =>
  cluster.users.map((intent) => {
    const userLabel = cluster.profile.labels.user;
    const plan = plans.find(({ labels }) => labels[userLabel] === intent.name);
    return stateOf(intent, plan, observation, userLabel);
  });
