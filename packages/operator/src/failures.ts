/** What is said of a failure: how loud, and in which words. */
import { KubeError, messageOf } from '@pgherd/kube';

export interface Failure {
  /**
   * `debug`: somebody else wrote first, or a cache is still behind; the next pass knows better. `warn`: something that we know and name is in the
   * way. `error`: nobody foresaw this.
   */
  readonly level: 'debug' | 'warn' | 'error';
  /** Fields of the line in the log. The stack is only of what nobody foresaw. */
  readonly said: { readonly code: string; readonly message: string; readonly stack?: string };
}

/** Reasons of the API server, and codes of ours, that go with working beside others. */
const routine: ReadonlySet<string> = new Set(['Conflict', 'AlreadyExists', 'StaleCache']);

interface Known {
  readonly code: string;
  readonly retryable: boolean;
}

/** Errors that were written for their reader have both; those of Node have at most a code. */
const isKnown = (error: unknown): error is Error & Known =>
  error instanceof Error &&
  (error instanceof KubeError ||
    ('code' in error && typeof error.code === 'string' && 'retryable' in error && typeof error.retryable === 'boolean'));

/** The stable word for a failure; `Unexpected` for what has none. */
export const codeOf = (error: unknown): string =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : 'Unexpected';

export const describeFailure = (error: unknown): Failure => {
  const message = messageOf(error);
  if (isKnown(error)) return { level: routine.has(error.code) ? 'debug' : 'warn', said: { code: error.code, message } };
  const stack = error instanceof Error ? error.stack : undefined;
  return { level: 'error', said: { code: codeOf(error), message, ...(stack === undefined ? {} : { stack }) } };
};

const order = ['debug', 'warn', 'error'] as const;

/** The level of several failures told in one line: that of the worst. */
export const worstLevel = (failures: readonly Failure[]): Failure['level'] =>
  order.findLast((level) => failures.some((failure) => failure.level === level)) ?? 'debug';

/** Some writes of a pass did not go through; everything that does not depend on them was done. */
export class IncompletePassError extends KubeError {
  override readonly name = 'IncompletePassError';
  readonly code = 'INCOMPLETE_PASS';
  readonly retryable = true;
  override readonly retryAfterMs: number | undefined;
  readonly refusals: readonly { readonly what: string; readonly error: unknown }[];

  constructor(refusals: readonly { readonly what: string; readonly error: unknown }[]) {
    super(refusals.map(({ what, error }) => `${what}: ${messageOf(error)}`).join('; '), { cause: refusals[0]?.error });
    this.refusals = refusals;
    const waits = refusals.flatMap(({ error }) => (error instanceof KubeError ? [error.retryAfterMs ?? 0] : []));
    this.retryAfterMs = waits.length === 0 ? undefined : Math.max(...waits);
  }
}
