/**
 * What each Secret of a cluster should hold, before looking at what it does hold. `decide` compares a plan with the observed facts and
 * makes a SecretIntent of what is missing; `observe` uses the same plans to say whether derived values still match.
 */
import type { ObjectReference, SecretIntent, SecretValue, Stage } from '../decision.ts';

export interface SecretPlan {
  readonly reference: ObjectReference;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly ownership: SecretIntent['ownership'];
  readonly stage: Stage;
  /** For a value that is generated once (password, root), what to generate when it is missing or blank. */
  readonly values: Readonly<Record<string, SecretValue>>;
  /** A Secret made by the owner may stand in for ours: it is found by these labels, whatever its name. */
  readonly foundByLabels: Readonly<Record<string, string>> | undefined;
  /** A Secret of this name that nobody labelled or owns is its owner's way to choose the values: it is taken as it is, and completed. */
  readonly takenUnlabelled: boolean;
}
