/**
 * The status of a PostgresCluster: every field of the original that pgherd has something to say in, `primary`, `readyMembers` and
 * `serverVersion` besides, and the way back from it.
 */
import type { Cluster } from '../../model/cluster.ts';
import type { Outcome, RepositoryOutcome, SwitchoverProgress } from '../../model/outcome.ts';
import type { Recollection } from '../../model/recollection.ts';
import type { JsonObject } from '../common/fields.ts';
import { conditionsOf, kept, numberAt, objectAt, objectsAt, present, recalledOf, textAt } from '../common/status.ts';

const instancesOf = (outcome: Outcome, previous: JsonObject): readonly JsonObject[] => {
  const before = new Map(objectsAt(previous, 'instances').map((instance) => [instance['name'], instance]));
  return outcome.sets.map((set) => ({
    ...kept(before.get(set.name) ?? {}, 'desiredPGDataVolume', 'desiredPGWALVolume'),
    name: set.name,
    replicas: set.replicas,
    readyReplicas: set.readyReplicas,
    updatedReplicas: set.updatedReplicas,
  }));
};

const repositoriesOf = (outcome: Outcome, previous: JsonObject): readonly JsonObject[] => {
  const before = new Map(objectsAt(previous, 'repos').map((repository) => [repository['name'], repository]));
  return outcome.repositories.map((repository) =>
    present({
      ...kept(before.get(repository.name) ?? {}, 'repoOptionsHash', 'desiredRepoVolume'),
      name: repository.name,
      bound: repository.bound,
      volume: repository.volume,
      stanzaCreated: repository.stanzaCreated,
      replicaCreateBackupComplete: repository.replicaCreateBackupComplete,
    }),
  );
};

/** Undefined without backups: the original clears the section, too. */
const backupsOf = (cluster: Cluster, outcome: Outcome, previous: JsonObject): JsonObject | undefined =>
  cluster.backups === undefined
    ? undefined
    : present({
        ...kept(previous, 'manualBackup', 'restore', 'scheduledBackups'),
        repoHost:
          outcome.repositoryHost === undefined
            ? undefined
            : { apiVersion: 'apps/v1', kind: 'StatefulSet', ready: outcome.repositoryHost.ready },
        repos: repositoriesOf(outcome, previous),
      });

export const status = (cluster: Cluster, outcome: Outcome, previous: JsonObject, nowMs: number): JsonObject => {
  const wanted = cluster.sets.reduce((sum, set) => sum + set.replicas, 0);
  const ready = outcome.sets.reduce((sum, set) => sum + set.readyReplicas, 0);
  return present({
    ...kept(previous, 'monitoring', 'postgresVersion', 'proxy', 'userInterface'),
    observedGeneration: outcome.observedGeneration,
    conditions: conditionsOf(outcome, previous, nowMs),
    instances: instancesOf(outcome, previous),
    primary: outcome.primary,
    readyMembers: `${ready}/${wanted}`,
    // Read from the server now and then: while nothing newer is known, what was read last stands.
    serverVersion: outcome.serverVersion ?? textAt(previous, 'serverVersion'),
    startupInstance: outcome.startupMember?.name,
    startupInstanceSet: outcome.startupMember?.set,
    patroni: present({
      systemIdentifier: outcome.systemIdentifier,
      switchover: outcome.switchover.done,
      switchoverTimeline: outcome.switchover.fromTimeline,
    }),
    pgbackrest: backupsOf(cluster, outcome, objectAt(previous, 'pgbackrest')),
    usersRevision: outcome.usersRevision,
    databaseRevision: outcome.databaseRevision,
    databaseInitSQL: outcome.initSql,
  });
};

const recalledRepository = (repository: JsonObject): readonly RepositoryOutcome[] => {
  const name = textAt(repository, 'name');
  return name === undefined
    ? []
    : [
        {
          name,
          bound: repository['bound'] === true,
          volume: textAt(repository, 'volume'),
          stanzaCreated: repository['stanzaCreated'] === true,
          replicaCreateBackupComplete: repository['replicaCreateBackupComplete'] === true,
        },
      ];
};

const recalledSwitchover = (patroni: JsonObject): SwitchoverProgress => ({
  done: textAt(patroni, 'switchover'),
  fromTimeline: numberAt(patroni, 'switchoverTimeline'),
});

export const recall = (previous: JsonObject): Recollection => ({
  ...recalledOf(previous, () => textAt(previous, 'startupInstanceSet') ?? ''),
  initSql: textAt(previous, 'databaseInitSQL'),
  switchover: recalledSwitchover(objectAt(previous, 'patroni')),
  repositories: objectsAt(objectAt(previous, 'pgbackrest'), 'repos').flatMap(recalledRepository),
});
