/**
 * What shall be done for a cluster, given what was observed: a pure function, the heart of pgherd.
 *
 * The first row that applies governs the pass:
 *
 * | observed                                                     | processes                                    | file                |
 * |--------------------------------------------------------------|----------------------------------------------|---------------------|
 * | children of another operator, and no leave to take them over | none: condition NotAdopted                   | adoption.ts         |
 * | the manifest was deleted                                     | take down, replicas first                    | deletion.ts         |
 * | a finding that blocks                                        | renew certificates: what runs goes on running | findings.ts        |
 * | paused, or backups dropped without confirmation              | renew certificates; condition Progressing False | backupRemoval.ts |
 * | no StatefulSet yet                                           | what the first pod starts from               | begin.ts            |
 * | anything else                                                | all of the following, side by side           |                     |
 *
 * | process                                                      | adds                                         | file                |
 * |--------------------------------------------------------------|----------------------------------------------|---------------------|
 * | choose members, scale up                                     | names that objects are rendered for          | members.ts          |
 * | stop, start                                                  | pods of each member                          | stopping.ts         |
 * | remember who led, for volumes that are retained              | the member that starts first; a note on its volume | formerPrimary.ts |
 * | render                                                       | objects                                      | ../render           |
 * | respect volumes                                              | sizes that can be; conditions                | volumes.ts          |
 * | release volumes                                              | objects: claims without their old owner      | release.ts          |
 * | keep WAL volumes                                             | condition NotYetSupported                    | walVolumes.ts       |
 * | keep renderings                                              | objects left out; condition RolloutPending   | rollOut.ts          |
 * | secrets                                                      | intents to create or fill; condition RootCertificateUnusable | secrets.ts, certificates.ts |
 * | certificates of the owner's own                              | condition CertificateMissing                 | ownCertificates.ts  |
 * | heal                                                         | step: replace a stuck pod                    | healing.ts          |
 * | scale down                                                   | steps and deletions                          | scaleDown.ts        |
 * | roll out                                                     | step: replace a pod, switch over; command: checkpoint; condition VolumeDeleted | rollOut.ts, checkpoint.ts |
 * | leave cordoned nodes                                         | step: switchover                             | cordons.ts          |
 * | switch over as asked                                         | step: switchover; condition SwitchoverPending; event | requestedSwitchover.ts |
 * | restart servers                                              | step: mark a pod; command; condition RestartPending | restarts.ts  |
 * | Patroni's configuration                                      | a write to its store                         | patroniConfiguration.ts |
 * | settings that did not arrive                                 | reading; condition SettingsRefused           | refusedSettings.ts  |
 * | users and databases                                          | command, reading; revisions                  | users.ts            |
 * | the owner's own SQL                                          | command; condition InitSQLApplied            | initSql.ts          |
 * | back up, remove backups                                      | command, step: the first Job; deletions      | backups.ts, backupRemoval.ts |
 * | stragglers                                                   | condition ReplicaBehind                      | stragglers.ts       |
 * | health                                                       | conditions Ready, Reconciling, Stalled       | health.ts           |
 *
 * Processes do not know of each other: each looks at what is, so none waits for one that it does not need. Of their disruptive steps one goes
 * ahead in a pass, in the order of the table.
 */
import type { Decision } from '../decision.ts';
import type { Dialect } from '../dialects/dialect.ts';
import type { Cluster } from '../model/cluster.ts';
import type { ConditionOutcome } from '../model/outcome.ts';
import type { SecretPlan } from '../model/secrets.ts';
import type { Children, EngineConfiguration, Observation } from '../observation.ts';
import { renderCluster } from '../render/cluster.ts';
import type { RenderContext } from '../render/context.ts';
import { secretPlans } from '../render/secrets.ts';
import { stamps } from '../stamps.ts';
import { foreignness } from './adoption.ts';
import { removalIsUnconfirmed, removeBackups } from './backupRemoval.ts';
import { backupProgress, backUp } from './backups.ts';
import { beginningOf, unwokenAfterMs } from './begin.ts';
import { claimNames } from './claims.ts';
import { together, type Contribution } from './contribution.ts';
import { leaveCordonedNodes } from './cordons.ts';
import { tearDown } from './deletion.ts';
import { actionEvents, transitionEvents } from './events.ts';
import { blockingFinding, describeFinding, reportFindings } from './findings.ts';
import { withNotes } from './formerPrimaryNotes.ts';
import { heal } from './healing.ts';
import { healthOf, notReady } from './health.ts';
import { recalledInitSqlConditions, runInitSql } from './initSql.ts';
import { attendedMembers, chooseMembers, leavingMembers, membersOf } from './members.ts';
import { outcomeOf } from './outcome.ts';
import { configurePatroni } from './patroniConfiguration.ts';
import { reportOwnCertificates } from './ownCertificates.ts';
import { reportRefusals } from './refusals.ts';
import { reportRefusedSettings } from './refusedSettings.ts';
import { releaseVolumes } from './release.ts';
import { switchOverAsAsked } from './requestedSwitchover.ts';
import { restartServers } from './restarts.ts';
import { keepRenderings, rollOut } from './rollOut.ts';
import { scaleDown } from './scaleDown.ts';
import { renewCertificates, secretIntents } from './secrets.ts';
import { situationOf, type Manifested, type Situation } from './situation.ts';
import { memberTargets, startupMemberOf } from './stopping.ts';
import { staleUserSecrets } from './staleSecrets.ts';
import { reportStragglers } from './stragglers.ts';
import { applyUsers, recalledUsersConditions } from './users.ts';
import { boundClaims, keptWalVolumes } from './walVolumes.ts';
import { possibleVolumes } from './volumes.ts';

/** What the Secrets of a cluster should hold, given its other children: observe tells by it whether derived values still match. */
export const secretPlansFor = (
  cluster: Cluster,
  children: Children,
  configuration: Pick<EngineConfiguration, 'clusterDomain'>,
): readonly SecretPlan[] =>
  secretPlans(cluster, attendedMembers(chooseMembers(cluster, membersOf(cluster, children), children)), configuration);

const renderContext = (situation: Situation, replicaRepository: string | undefined): RenderContext => {
  const { cluster, observation, systemIdentifier, members, surplus } = situation;
  const leader = cluster.profile.names.leaderService(cluster.identity.name);
  const address = observation.children.services.find(({ metadata }) => metadata.name === leader)?.spec?.clusterIP;
  return {
    configuration: observation.configuration,
    bootstrapped: systemIdentifier !== undefined,
    replicaRepository,
    leaderServiceIp: address === undefined || address === '' || address === 'None' ? undefined : address,
    claimNames: claimNames(cluster, observation.children),
    boundClaims: boundClaims(observation.children),
    claimTemplates: new Map(
      observation.children.statefulSets.flatMap(({ metadata, spec }) =>
        spec?.volumeClaimTemplates === undefined ? [] : [[metadata.name, spec.volumeClaimTemplates] as const],
      ),
    ),
    restarts: new Map(
      observation.children.statefulSets.flatMap(({ metadata, spec }) => {
        const restart = spec?.template.metadata?.annotations?.[stamps.restart];
        return restart === undefined ? [] : [[metadata.name, restart] as const];
      }),
    ),
    leaving: leavingMembers({ surplus }),
    leadsFirst: startupMemberOf(situation),
    memberRuns: members.some(({ podObject }) => podObject !== undefined),
  };
};

/** What the status says of users and startup when nobody looked at them in this pass. */
const asRecalled = ({ recalled }: Situation) => ({
  users: { usersRevision: recalled.usersRevision, databaseRevision: recalled.databaseRevision, serverVersion: undefined },
  initSql: recalled.initSql,
  startupMember: recalled.startupMember,
});

/** A Decision that changes nothing but the status, and what the report adds. */
const leave = (
  situation: Situation,
  dialect: Dialect,
  report: Contribution,
  finalizer: Decision['finalizer'] = situation.cluster.identity.finalizers.includes(situation.cluster.profile.finalizer)
    ? 'present'
    : 'absent',
): Decision => {
  const { cluster, observation, recalled } = situation;
  const conditions = report.conditions ?? [];
  const outcome = outcomeOf(situation, { backups: backupProgress(situation), ...asRecalled(situation), conditions });
  return {
    finalizer,
    objects: report.objects ?? [],
    secrets: report.secrets ?? [],
    deletions: report.deletions ?? [],
    step: undefined,
    patroniConfiguration: undefined,
    readings: [],
    commands: [],
    status: dialect.status(cluster, outcome, observation.status, observation.nowMs),
    events: [
      ...(report.events ?? []),
      ...transitionEvents(recalled, conditions, outcome.primary),
      ...actionEvents(undefined, report.deletions ?? [], report.secrets ?? []),
    ],
    lookAgainAfterMs: report.lookAgainAfterMs,
  };
};

/** A Decision for a cluster that runs on as it is: its certificates end all the same, and with them what runs. */
const runOn = (situation: Situation, dialect: Dialect, report: Contribution): Decision => {
  const { cluster, observation } = situation;
  const plans = secretPlans(cluster, attendedMembers(situation), observation.configuration);
  return leave(situation, dialect, { ...report, secrets: renewCertificates(plans, observation) });
};

const paused = ({ recalled }: Situation, message: string): readonly ConditionOutcome[] => [
  ...recalled.conditions.filter(({ type }) => type !== 'Progressing' && type !== 'Reconciling'),
  { type: 'Progressing', status: 'False', reason: 'Paused', message },
];

const run = (situation: Situation, dialect: Dialect): Decision => {
  const { cluster, findings, observation, recalled } = situation;
  const { children } = observation;
  const backups = backupProgress(situation);
  const { targets, startupMember } = memberTargets(situation);
  const rendered = renderCluster(cluster, targets, renderContext(situation, backups.replicaRepository));
  const volumes = possibleVolumes(cluster, withNotes(situation, rendered), children.persistentVolumeClaims);
  const renderings = keepRenderings(situation, volumes.objects ?? []);
  const plans = secretPlans(cluster, attendedMembers(situation), observation.configuration);
  const users = applyUsers(situation, plans);
  const initSql = runInitSql(situation, users);
  const requested = switchOverAsAsked(situation);
  const all = together([
    healthOf(situation, renderings.objects, users, initSql),
    { ...volumes, objects: releaseVolumes(situation, children.persistentVolumeClaims) },
    renderings,
    secretIntents(cluster, plans, observation),
    reportOwnCertificates(cluster, observation),
    staleUserSecrets(situation, plans),
    heal(situation),
    scaleDown(situation),
    rollOut(situation, renderings),
    leaveCordonedNodes(situation),
    requested,
    restartServers(situation),
    configurePatroni(situation),
    reportRefusedSettings(situation),
    users,
    initSql,
    backUp(situation, backups),
    removeBackups(situation),
    reportFindings([...findings, ...keptWalVolumes(situation)], recalled),
    reportRefusals(observation.refusals),
    reportStragglers(situation),
  ]);
  const { conditions, events, ...rest } = all;
  const beginning = beginningOf(situation, rest);
  // Its status is written, and its events are told, by the pass that makes the rest.
  if (beginning !== undefined) {
    return { ...rest, ...beginning, finalizer: 'present', status: undefined, events: [], lookAgainAfterMs: unwokenAfterMs };
  }
  const outcome = outcomeOf(situation, {
    backups,
    users,
    initSql: initSql.done,
    startupMember,
    switchover: requested.switchover,
    conditions,
  });
  return {
    ...rest,
    finalizer: 'present',
    status: dialect.status(cluster, outcome, observation.status, observation.nowMs),
    events: [...events, ...transitionEvents(recalled, conditions, outcome.primary), ...actionEvents(all.step, all.deletions, all.secrets)],
  };
};

/** Decides one pass over one cluster. The same arguments give the same Decision, byte for byte. */
export const decide = (manifested: Manifested, dialect: Dialect, observation: Observation): Decision => {
  const situation = situationOf(manifested, dialect, observation);
  const { cluster, findings, recalled } = situation;
  const message = foreignness(cluster, observation.children);
  if (message !== undefined) {
    return leave(situation, dialect, {
      conditions: [...notReady('Stalled', 'NotAdopted', message), { type: 'NotAdopted', status: 'True', reason: 'MadeByAnother', message }],
    });
  }
  if (cluster.identity.deletionTimestamp !== undefined) {
    const { finalizer, ...report } = tearDown(situation);
    // Without finalizer the object is about to vanish: nothing can be said on it any more.
    if (finalizer === 'absent') return { ...leave(situation, dialect, report, finalizer), status: undefined, events: [] };
    return leave(situation, dialect, report, finalizer);
  }
  const blocking = blockingFinding(findings);
  if (blocking !== undefined) {
    const report = reportFindings(findings, recalled);
    const conditions = [
      ...notReady('Stalled', blocking.reason, describeFinding(blocking)),
      ...(report.conditions ?? []),
      ...recalledUsersConditions(recalled),
      ...recalledInitSqlConditions(recalled),
    ];
    return runOn(situation, dialect, { ...report, conditions });
  }
  if (cluster.paused !== undefined) {
    return runOn(situation, dialect, {
      conditions: paused(situation, `${cluster.paused}: no change of the manifest is carried out, and no other status is updated`),
    });
  }
  if (removalIsUnconfirmed(situation)) {
    const annotation = cluster.profile.requests.authorizeBackupRemoval;
    const message = `the manifest asks for backups no longer, and repositories are there: put the section back, or annotate the cluster with ${annotation}=true to delete them`;
    return runOn(situation, dialect, { conditions: paused(situation, message) });
  }
  return run(situation, dialect);
};
