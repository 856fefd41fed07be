/** What several processes ask of a Secret's facts. */
import type { SecretFacts, SecretValueFacts } from '../observation.ts';

/** A Secret as it was found, or why it was not. */
export type Found = SecretFacts | 'missing' | 'unreadable';

export const isBlank = (value: SecretValueFacts | undefined): boolean => value === undefined || value.empty;
