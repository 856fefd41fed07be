/** What the API server refused in the last pass and would refuse again, as a condition. Conflicts and the like pass by themselves. */
import type { WriteRefusal } from '../observation.ts';
import type { Contribution } from './contribution.ts';

const lasting = (refusals: readonly WriteRefusal[]): readonly WriteRefusal[] =>
  refusals.filter(({ retryable }) => !retryable).toSorted((left, right) => (left.what < right.what ? -1 : 1));

/** In words, ordered by what was refused. */
export const lastingRefusals = (refusals: readonly WriteRefusal[]): readonly string[] =>
  lasting(refusals).map(({ what, message }) => `${what}: ${message}`);

export const reportRefusals = (refusals: readonly WriteRefusal[]): Contribution => {
  const first = lasting(refusals)[0];
  if (first === undefined) return {};
  return { conditions: [{ type: 'WriteRefused', status: 'True', reason: first.code, message: lastingRefusals(refusals).join('\n') }] };
};
