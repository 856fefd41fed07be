/** What the dialect found on reading the manifest, as conditions, and as events where it is new. */
import type { EventRequest } from '../decision.ts';
import { cutMark } from '../model/conditionMessage.ts';
import type { Finding } from '../model/cluster.ts';
import type { ConditionOutcome } from '../model/outcome.ts';
import type { Recollection } from '../model/recollection.ts';
import type { Contribution } from './contribution.ts';

const types: Readonly<Record<Finding['kind'], string>> = {
  unsupported: 'NotYetSupported',
  invalid: 'ManifestInvalid',
  warning: 'ManifestWarning',
};

/** One line that begins with the path. */
const lineOf = ({ path, message }: Finding): string => (message.startsWith(path) ? message : `${path}: ${message}`).replaceAll('\n', ' ');

export const reportFindings = (findings: readonly Finding[], recalled: Recollection): Contribution => {
  const conditions: ConditionOutcome[] = [];
  const events: EventRequest[] = [];
  for (const [kind, type] of Object.entries(types)) {
    const ofKind = findings.filter((finding) => finding.kind === kind);
    const reason = ofKind[0]?.reason;
    if (reason === undefined) continue;
    conditions.push({ type, status: 'True', reason, message: [...new Set(ofKind.map(lineOf))].join('\n') });
    const known = new Set(recalled.conditions.find((condition) => condition.type === type)?.message.split('\n') ?? []);
    // A message that was cut no longer tells which of the others were said.
    if (known.has(cutMark)) continue;
    for (const finding of ofKind) {
      if (!known.has(lineOf(finding))) events.push({ type: 'Warning', reason: finding.reason, message: lineOf(finding) });
    }
  }
  return { conditions, events };
};

/** The first finding that lets nothing be made or changed. */
export const blockingFinding = (findings: readonly Finding[]): Finding | undefined => findings.find(({ blocking }) => blocking);

export const describeFinding = lineOf;
