/** The API server's own account of what was asked of it: who wrote what, whatever the writer says of itself. */
import { createReadStream } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { createInterface } from 'node:readline';

interface AuditEvent {
  readonly verb: string;
  readonly userAgent?: string;
  readonly objectRef?: { readonly resource?: string; readonly subresource?: string };
  readonly responseStatus?: { readonly code?: number };
  readonly requestReceivedTimestamp: string;
}

const writeVerbs: ReadonlySet<string> = new Set(['create', 'update', 'patch', 'delete', 'deletecollection']);

/** One line for each request, without its content. */
const policy = {
  apiVersion: 'audit.k8s.io/v1',
  kind: 'Policy',
  omitStages: ['RequestReceived', 'ResponseStarted'],
  rules: [{ level: 'Metadata' }],
};

/** Writes the policy and gives the arguments that make kube-apiserver keep a log of all requests at `logPath`. */
export async function auditArguments(policyPath: string, logPath: string): Promise<readonly string[]> {
  await writeFile(policyPath, JSON.stringify(policy));
  return [`--audit-policy-file=${policyPath}`, `--audit-log-path=${logPath}`, '--audit-log-mode=blocking'];
}

/** Writes that were carried out, by verb and resource: those of clients whose name begins with `userAgent`, between two times, leases apart. */
export async function writesIn(logPath: string, userAgent: string, from: Date, until: Date): Promise<ReadonlyMap<string, number>> {
  const counts = new Map<string, number>();
  for await (const line of createInterface({ input: createReadStream(logPath) })) {
    // The last line may still be on its way.
    if (!line.endsWith('}')) continue;
    const { verb, objectRef, responseStatus, requestReceivedTimestamp, ...event } = JSON.parse(line) as AuditEvent;
    const received = new Date(requestReceivedTimestamp);
    const isWrite = writeVerbs.has(verb) && (responseStatus?.code ?? 500) < 300 && objectRef?.resource !== 'leases';
    if (!isWrite || event.userAgent?.startsWith(userAgent) !== true || received < from || received > until) continue;
    const what = `${verb} ${objectRef?.resource ?? ''}${objectRef?.subresource === undefined ? '' : `/${objectRef.subresource}`}`;
    counts.set(what, (counts.get(what) ?? 0) + 1);
  }
  return new Map([...counts].toSorted(([, left], [, right]) => right - left));
}
