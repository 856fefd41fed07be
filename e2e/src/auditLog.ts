/** The API server's own account of what was asked of it: who wrote what, whatever the writer says of itself. */
import { createReadStream } from 'node:fs';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import type { LocalCluster } from '@pgherd/local';

interface AuditEvent {
  readonly verb: string;
  readonly userAgent?: string;
  readonly objectRef?: { readonly resource?: string; readonly subresource?: string };
  readonly responseStatus?: { readonly code?: number };
  readonly requestReceivedTimestamp: string;
}

/** With these kube-apiserver notes every write, leases apart, in its own log. */
export const auditArguments: readonly string[] = [
  `--audit-policy-file=${resolve(import.meta.dirname, 'auditPolicy.yaml')}`,
  '--audit-log-path=-',
];

/** What the operator calls itself before the API server, up to its version. */
export const operatorAgent = 'pgherd/';

/** How often what was done: `patch statefulsets`, `create pods/eviction`. */
export type Writes = ReadonlyMap<string, number>;

export const writesAltogether = (writes: Writes): number => [...writes.values()].reduce((sum, count) => sum + count, 0);

/**
 * Writes that were carried out between two times, by what they were: those of clients whose name begins with `userAgent`.
 *
 * @param local An instance that was brought up with `auditArguments`.
 */
export const writesIn = async (
  { logsPath }: Pick<LocalCluster, 'logsPath'>,
  userAgent: string,
  from: Date,
  until: Date,
): Promise<Writes> => {
  const counts = new Map<string, number>();
  for await (const line of createInterface({ input: createReadStream(join(logsPath, 'kube-apiserver.log')) })) {
    // Between messages of the server's own; the last line may still be on its way.
    if (!line.startsWith('{"kind":"Event"') || !line.endsWith('}')) continue;
    const { verb, objectRef, responseStatus, requestReceivedTimestamp, ...event } = JSON.parse(line) as AuditEvent;
    const received = new Date(requestReceivedTimestamp);
    const isOther = event.userAgent?.startsWith(userAgent) !== true || received < from || received > until;
    if (isOther || (responseStatus?.code ?? 500) >= 300) continue;
    const what = `${verb} ${objectRef?.resource ?? ''}${objectRef?.subresource === undefined ? '' : `/${objectRef.subresource}`}`;
    counts.set(what, (counts.get(what) ?? 0) + 1);
  }
  return new Map([...counts].toSorted(([, left], [, right]) => right - left));
};
