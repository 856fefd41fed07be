/**
 * Roles and databases. Nothing is ever dropped. Where the manifest asks for none, there are still the databases that every server has, and their
 * extension. A reading tells of all that the script would change, also inside of databases, but for when passwords end (VALID UNTIL) and pgaudit.
 *
 * | observed                                                              | decision                                                |
 * |-----------------------------------------------------------------------|---------------------------------------------------------|
 * | no primary that runs, or a Secret not filled yet                      | wait                                                    |
 * | a Secret that cannot be filled                                        | condition UsersApplied False; all others go on as below |
 * | the revision in the status is another, and the script has not run for it | run the script                                       |
 * | the script has run                                                    | the new revision                                        |
 * | it could not make extension pgaudit in a database                     | condition UsersApplied False, and in force all the same |
 * | the status tells of that, and the script has not run here yet         | the condition stays; run the script                     |
 * | the script failed                                                     | condition UsersApplied False; again, ever later         |
 * | the revision is in force, no reading for this primary, or it is old   | ask for a reading                                       |
 * | the reading differs                                                   | run the script                                          |
 * | the reading differs right after the script ran                        | condition UsersApplied False; read again later          |
 * | the reading agrees                                                    | nothing                                                 |
 */
import type { CommandRequest } from '../decision.ts';
import { hashOf, hashOfText } from '../hash.ts';
import type { Cluster, DatabaseIntent, UserIntent } from '../model/cluster.ts';
import type { ConditionOutcome } from '../model/outcome.ts';
import type { Recollection } from '../model/recollection.ts';
import type { SecretPlan } from '../model/secrets.ts';
import type { CommandResult, Reading } from '../observation.ts';
import { databaseOf, psql, rolesQuestion, usersScript, type ReadRole, type RolesReading } from '../readings.ts';
import { withoutAuditMark } from '../sql.ts';
import { retryAtMs } from './backoff.ts';
import type { Contribution } from './contribution.ts';
import type { Situation } from './situation.ts';
import { userStates } from './userSecrets.ts';

const commandKey = 'users';
const readingKey = 'roles';
const rereadAfterMs = 30 * 60_000;
const timeoutMs = 30_000;
/** A statement that fails once or twice may only have come at a bad time. */
const attemptsUntilStalled = 3;
/** A difference found so soon after the script ran is one that the script cannot mend. */
const settledAfterMs = 60_000;
const unmendedRereadMs = 5 * 60_000;

/** How long readings of this cluster hold, in milliseconds: half an hour, and up to five minutes more so that clusters do not ask together. */
export const readingAgeMs = (uid: string): number => rereadAfterMs + (Number.parseInt(hashOfText(uid).slice(0, 8), 16) % 300_000);

export interface UsersProgress extends Contribution {
  /** What the manifest asks for is in force. */
  readonly inForce: boolean;
  /** Why it gets no further by itself: PostgreSQL refuses a statement whenever it is tried. */
  readonly stalled: string | undefined;
  readonly usersRevision: string | undefined;
  readonly databaseRevision: string | undefined;
  readonly serverVersion: string | undefined;
}

/** Options that say nothing a reading can tell (VALID UNTIL) are taken as in force. */
const optionDiffers = (option: string, role: ReadRole): boolean => {
  const limit = /^CONNECTION LIMIT (-?\d+)$/.exec(option);
  if (limit !== null) return role.connectionLimit !== Number(limit[1]);
  for (const [attribute, isOn] of Object.entries(role.attributes)) {
    if (option === attribute) return !isOn;
    if (option === `NO${attribute}`) return isOn;
  }
  return false;
};

/** What is not as it should be, in words; no secret in them. */
export const differencesOf = (
  users: readonly { readonly intent: UserIntent; readonly fingerprint: string | undefined }[],
  databases: readonly DatabaseIntent[],
  reading: RolesReading,
): readonly string[] => {
  const differences: string[] = [];
  for (const { name, owner } of databases) {
    const database = reading.databases.find((candidate) => candidate.name === name);
    if (database === undefined) differences.push(`database ${name} is missing`);
    else if (owner !== undefined && database.owner !== owner)
      differences.push(`database ${name} belongs to ${database.owner}, not to ${owner}`);
  }
  for (const { intent, fingerprint } of users) {
    const role = reading.roles.find(({ name }) => name === intent.name);
    if (role === undefined) {
      differences.push(`role ${intent.name} is missing`);
      continue;
    }
    if (fingerprint !== undefined && role.verifierFingerprint !== fingerprint) differences.push(`role ${intent.name} has another password`);
    for (const option of intent.options) {
      if (optionDiffers(option, role)) differences.push(`role ${intent.name} is not ${option}`);
    }
    for (const database of intent.databases) {
      if (!reading.grants.some((grant) => grant.role === intent.name && grant.database === database)) {
        differences.push(`role ${intent.name} lacks privileges on database ${database}`);
      }
    }
  }
  for (const { database, statements } of reading.remaining) {
    const more = statements.length > 1 ? ` and ${statements.length - 1} more` : '';
    differences.push(`${database === undefined ? '' : `in database ${database} `}this is left to do: ${statements[0] ?? ''}${more}`);
  }
  return differences;
};

const takenValue = (reading: Reading | undefined, inputs: string): RolesReading | undefined =>
  reading?.inputs === inputs && reading.result.kind === 'taken' ? (reading.result.value as RolesReading) : undefined;

interface Complaint {
  readonly reason: string;
  readonly message: string;
}

/** A line each; the reason is that of the first. */
const notApplied = (complaints: readonly Complaint[]): readonly ConditionOutcome[] => {
  const [first] = complaints;
  if (first === undefined) return [];
  const message = complaints.map((complaint) => complaint.message).join('\n');
  return [{ type: 'UsersApplied', status: 'False', reason: first.reason, message }];
};

const auditMissing = 'extension pgaudit could not be made in database ';

/** What a script that ran could not do, and what keeps nobody from working. */
const shortcomingsOf = ({ result }: CommandResult): readonly Complaint[] => {
  const lines = result.kind === 'succeeded' ? result.output.split('\n') : [];
  const databases = lines.flatMap((line) => (line.startsWith(withoutAuditMark) ? [line.slice(withoutAuditMark.length)] : []));
  if (databases.length === 0) return [];
  const message = `${auditMissing}${databases.join(', ')}, so DDL is audited in less detail there; PostgreSQL's log says why`;
  return [{ reason: 'PgauditMissing', message }];
};

/** The same as the status tells it: what the script wrote is gone with the process that ran it. */
const recalledShortcomings = ({ conditions }: Recollection): readonly Complaint[] =>
  conditions
    .filter(({ type }) => type === 'UsersApplied')
    .flatMap(({ message }) => message.split('\n'))
    .filter((line) => line.startsWith(auditMissing))
    .map((message) => ({ reason: 'PgauditMissing', message }));

/** What the status tells of a script that ran, for a pass that looks at no user: nothing else remembers it. */
export const recalledUsersConditions = (recalled: Recollection): readonly ConditionOutcome[] => notApplied(recalledShortcomings(recalled));

/** Of the statements themselves, so that a version of ours with other statements runs them in clusters that there are. */
const revisionsOf = ({ users, databases, profile: { audits } }: Cluster): { readonly users: string; readonly databases: string } => ({
  // The names of Secrets are no part of the text.
  users: hashOfText(
    usersScript(
      users.map((intent) => ({ intent, secret: intent.passwordCharacters === undefined ? undefined : '' })),
      databases,
      audits,
    ).text,
  ),
  databases: hashOfText(usersScript([], databases, audits).text),
});

export const applyUsers = (situation: Situation, plans: readonly SecretPlan[]): UsersProgress => {
  const { cluster, observation, recalled, writable } = situation;
  const { nowMs } = observation;
  const revisions = revisionsOf(cluster);
  const isRecalled = recalled.usersRevision === revisions.users && recalled.databaseRevision === revisions.databases;
  const before = { usersRevision: recalled.usersRevision, databaseRevision: recalled.databaseRevision, serverVersion: undefined };
  const after = { usersRevision: revisions.users, databaseRevision: revisions.databases };
  const states = userStates(situation, plans);
  const users = states.flatMap((state) => (state.kind === 'known' ? [state.user] : []));
  const stuck = states.flatMap((state): readonly Complaint[] =>
    state.kind === 'stuck' ? [{ reason: 'SecretNotReady', message: state.message }] : [],
  );
  const isComplete = stuck.length === 0;
  const remembered = recalledShortcomings(recalled);
  if (writable === undefined || states.some(({ kind }) => kind === 'coming')) {
    return { ...before, conditions: notApplied([...stuck, ...remembered]), inForce: isRecalled, stalled: undefined };
  }

  const target = databaseOf(cluster, writable);
  const wanted = hashOf([revisions, users.map(({ intent, fingerprint }) => [intent.name, fingerprint]), target.podUid]);
  const result = observation.commandResults[commandKey];
  const reading = observation.readings[readingKey];
  const value = takenValue(reading, wanted);
  const hasRun = result?.result.kind === 'succeeded' && result.inputs.startsWith(wanted);
  const shortcomings = [...stuck, ...(hasRun ? shortcomingsOf(result) : remembered)];
  const failed = result?.result.kind === 'failed' && result.inputs.startsWith(wanted) ? result.result : undefined;
  const failure: readonly Complaint[] =
    failed === undefined
      ? []
      : [{ reason: 'StatementFailed', message: `roles and databases are not as the manifest asks: ${failed.message.trim()}` }];

  const stalled = failed !== undefined && failed.attempts >= attemptsUntilStalled ? failure[0]?.message : undefined;
  const known = { ...before, serverVersion: value?.serverVersion, stalled };

  const command = (inputs: string, reason: string): Contribution => {
    const againAtMs = failed === undefined || result === undefined ? nowMs : retryAtMs(result.finishedAtMs, failed.attempts);
    const conditions = notApplied([...failure, ...shortcomings]);
    if (againAtMs > nowMs) return { conditions, lookAgainAfterMs: againAtMs - nowMs };
    const request: CommandRequest = {
      key: commandKey,
      // After a failure the same again, so that the attempts are counted.
      inputs: failed === undefined || result === undefined ? inputs : result.inputs,
      target,
      command: psql(cluster.postgres.majorVersion),
      input: usersScript(users, cluster.databases, cluster.profile.audits),
      timeoutMs,
      reason,
      invalidates: [readingKey],
    };
    return { conditions, commands: [request] };
  };
  const question = (maximumAgeMs: number): Contribution => ({
    readings: [
      {
        key: readingKey,
        inputs: wanted,
        // One that is exactly as old as it may be is due.
        maximumAgeMs: maximumAgeMs - 1,
        target,
        command: psql(cluster.postgres.majorVersion),
        // Without those that wait for a Secret: what they lack, the script does not make yet.
        input: rolesQuestion(
          users.map(({ intent }) => intent),
          cluster.databases,
        ),
        parser: 'roles',
        timeoutMs,
      },
    ],
  });

  if (!hasRun && (!isRecalled || remembered.length > 0)) {
    const reason = isRecalled ? 'extension pgaudit was missing' : 'other roles, databases or statements are asked for than before';
    return { ...known, inForce: isRecalled, ...command(wanted, reason) };
  }
  const conditions = notApplied(shortcomings);
  const inForce = isComplete ? { ...known, ...after, inForce: true, conditions } : { ...known, inForce: isRecalled, conditions };
  // Before the status tells of the new revision, nothing needs a reading.
  if (!isRecalled && isComplete) return inForce;

  if (reading === undefined || value === undefined) {
    if (reading?.inputs === wanted && reading.result.kind === 'failed') {
      const againAtMs = retryAtMs(reading.takenAtMs, reading.result.attempts);
      if (againAtMs > nowMs) return { ...inForce, lookAgainAfterMs: againAtMs - nowMs };
    }
    return { ...inForce, ...question(readingAgeMs(cluster.identity.uid)) };
  }
  const differences = value.recovering ? [] : differencesOf(users, cluster.databases, value);
  const isUnmended =
    differences.length > 0 &&
    hasRun &&
    reading.takenAtMs >= result.finishedAtMs &&
    reading.takenAtMs - result.finishedAtMs < settledAfterMs;
  if (differences.length > 0 && !isUnmended) {
    const inputs = `${wanted}/${reading.takenAtMs}`;
    return { ...inForce, inForce: false, ...command(inputs, differences.join(', ')) };
  }
  const maximumAgeMs = isUnmended ? unmendedRereadMs : readingAgeMs(cluster.identity.uid);
  const unmended: readonly Complaint[] = isUnmended
    ? [
        {
          reason: 'StillDifferent',
          message: `PostgreSQL took every statement, and yet: ${differences.join(', ')}; check event triggers and extensions`,
        },
      ]
    : [];
  const report = { ...inForce, conditions: notApplied([...unmended, ...shortcomings]) };
  const dueMs = reading.takenAtMs + maximumAgeMs;
  if (dueMs <= nowMs) return { ...report, ...question(maximumAgeMs) };
  return { ...report, lookAgainAfterMs: dueMs - nowMs };
};
