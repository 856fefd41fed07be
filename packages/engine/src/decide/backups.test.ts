import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { testTable } from '../testing/tables.ts';
import {
  atRest,
  conditionIn,
  decisionIn,
  dialect,
  editObject,
  editSet,
  editSpec,
  freshWorld,
  lent,
  namesOf,
  restedWorld,
  situationIn,
} from '../testing/worlds.ts';
import { passOver, turn } from '../world/run.ts';
import { remove, type World } from '../world/world.ts';
import { backupProgress } from './backups.ts';

const withoutBackups = lent(() => atRest(freshWorld('dev', ({ backups: _backups, ...spec }) => spec)));

/** Everything is ready; only the stanza is missing, as if none of what made it had been remembered. */
const noStanza = lent(() => {
  let world = freshWorld('dev');
  for (let pass = 0; pass < 20 && !decisionIn(world).commands.some(({ key }) => key === 'stanza'); pass++)
    world = turn(passOver(world, dialect).world, dialect);
  return world;
});

const host = 'hippo-repo-host-0';
const job = (world: World): string => namesOf(world, 'Job')[0] ?? assert.fail('no Job');

/** The stanza is made, and the Job is about to be. */
const noJob = lent(() => passOver(noStanza(), dialect).world);
const withJob = lent(() => passOver(noJob(), dialect).world);

const jobWith = (status: unknown): World => editObject(withJob(), 'Job', job(withJob()), (object) => ({ ...object, status }));

testTable('backups', join(import.meta.dirname, 'backups.ts'), 1, {
  'the manifest asks for none': () => {
    assert.deepEqual(
      [namesOf(withoutBackups(), 'Job'), namesOf(withoutBackups(), 'StatefulSet').filter((name) => name.includes('repo'))],
      [[], []],
    );
    assert.equal(conditionIn(withoutBackups(), 'PGBackRestRepoHostReady'), undefined);
    assert.equal(conditionIn(withoutBackups(), 'Ready')?.status, 'True');
  },
  'repository host not ready, or no primary that runs': () => {
    for (const pod of [host, situationIn(noStanza()).primary?.pod ?? '']) {
      const down = editObject(noStanza(), 'Pod', pod, (object) => ({ ...object, status: { phase: 'Pending' } }));
      assert.ok(!decisionIn(down).commands.some(({ key }) => key === 'stanza'), pod);
    }
  },
  'stanza not made in every repository': () => {
    const command = decisionIn(noStanza()).commands.find(({ key }) => key === 'stanza');
    assert.equal(command?.target.pod, situationIn(noStanza()).primary?.pod);
    assert.equal(command?.target.container, dialect.profile.containers.database);
    assert.match(command?.command.join(' ') ?? '', /pgbackrest stanza-create/);
  },
  'that failed': () => {
    const failing = { ...noStanza(), faults: { ...noStanza().faults, failingCommands: new Set(['stanza']) } };
    const failed = passOver(failing, dialect).world;
    const { world, decision } = passOver(failed, dialect);
    assert.ok(!decision?.commands.some(({ key }) => key === 'stanza'));
    assert.match(conditionIn(world, 'PGBackRestReplicaRepoReady')?.message ?? '', /making it failed: stanza failed/);
    assert.equal(decision?.events.filter(({ reason }) => reason === 'UnableToCreateStanzas').length, 1);
    assert.equal(decisionIn(world).events.filter(({ reason }) => reason === 'UnableToCreateStanzas').length, 0, 'told once');
    assert.ok(decisionIn({ ...world, nowMs: world.nowMs + 60_000 }).commands.some(({ key }) => key === 'stanza'));
  },
  'stanza made, replicas of a new cluster do not stream yet': () => {
    const { pod, name } = situationIn(noJob()).primary ?? assert.fail('no primary');
    const alone = editSet(noJob(), { replicas: 2 });
    const readySince = (world: World, ms: number): World =>
      editObject(world, 'Pod', pod, (object) => ({
        ...object,
        status: {
          ...(object['status'] as object),
          conditions: [{ type: 'Ready', status: 'True', lastTransitionTime: new Date(world.nowMs - ms).toISOString() }],
        },
      }));
    const early = decisionIn(readySince(alone, 10_000));
    assert.deepEqual([early.step, early.lookAgainAfterMs], [undefined, 20_000], name);
    assert.equal(decisionIn(readySince(alone, 30_000)).step?.kind, 'createJob');
    assert.equal(decisionIn(readySince(noJob(), 0)).step?.kind, 'createJob', 'no replica is asked for');
  },
  'stanza made, no full backup, no Job': () => {
    const { step } = decisionIn(noJob());
    assert.equal(step?.kind, 'createJob');
    assert.deepEqual(JSON.stringify(decisionIn(noJob()).step), JSON.stringify(step), 'the same name each time');
  },
  'Job runs': () => assert.equal(decisionIn(withJob()).step, undefined),
  'Job failed': () => {
    const at = new Date(withJob().nowMs).toISOString();
    const failed = jobWith({ failed: 7, conditions: [{ type: 'Failed', status: 'True', lastTransitionTime: at }] });
    assert.deepEqual(decisionIn(failed).deletions, []);
    const { deletions } = decisionIn({ ...failed, nowMs: failed.nowMs + 5 * 60_000 });
    assert.deepEqual(
      deletions.map(({ reference }) => reference.name),
      [job(failed)],
    );
    assert.match(conditionIn(passOver(failed, dialect).world, 'PGBackRestReplicaCreate')?.message ?? '', /see the log of Job/);
  },
  'Job of other inputs whose pod does not run': () => {
    const corrected = editSpec(withJob(), (spec) => {
      const { pgbackrest } = spec['backups'] as { readonly pgbackrest: Readonly<Record<string, unknown>> };
      return { ...spec, backups: { pgbackrest: { ...pgbackrest, jobs: { resources: { requests: { cpu: '10m' } } } } } };
    });
    const deleted = (world: World): readonly string[] =>
      decisionIn(world)
        .deletions.filter(({ reference }) => reference.kind === 'Job')
        .map(({ reference }) => reference.name);
    assert.deepEqual(deleted(withJob()), []);
    assert.deepEqual(deleted(corrected), [job(withJob())]);
    const [name, pod] = [...corrected.objects].find(([, { kind }]) => kind === 'Pod') ?? assert.fail('no pod');
    const metadata = { ...pod.metadata, name: 'backup-x', uid: 'backup-x', labels: { 'batch.kubernetes.io/job-name': job(corrected) } };
    const withPod = (phase: string): World => ({
      ...corrected,
      objects: new Map(corrected.objects).set(name.replace(pod.metadata.name, 'backup-x'), { ...pod, metadata, status: { phase } }),
    });
    assert.deepEqual(deleted(withPod('Pending')), [job(withJob())]);
    assert.deepEqual(deleted(withPod('Running')), []);
  },
  'Job complete, and its repository is another one by now': () => {
    const rested = restedWorld('dev');
    const claim = namesOf(rested, 'PersistentVolumeClaim').find((name) => name.endsWith('repo1')) ?? assert.fail('no repository');
    const later = { ...rested, nowMs: rested.nowMs + 60_000, database: { ...rested.database, stanza: false } };
    const world = atRest(remove(later, 'PersistentVolumeClaim', claim));
    assert.ok(world.database.stanza, 'the new volume has its stanza');
    assert.notEqual(world.objects.get(`Job/${job(world)}`)?.metadata.uid, rested.objects.get(`Job/${job(rested)}`)?.metadata.uid);
    assert.equal(backupProgress(situationIn(world)).replicaRepository, 'repo1');
  },
  'Job complete': () => {
    const complete = jobWith({ succeeded: 1 });
    assert.equal(backupProgress(situationIn(complete)).replicaRepository, 'repo1');
    assert.equal(backupProgress(situationIn(withJob())).replicaRepository, undefined);
    const rested = restedWorld('dev');
    assert.match(JSON.stringify(rested.objects.get('ConfigMap/hippo-pgdb-2t97-config')), /pgbackrest/);
    assert.ok(editSpec(rested, (spec) => spec));
  },
});

test('backups: what was remembered of another database or another volume does not count', () => {
  const situation = situationIn(restedWorld('dev'));
  const withoutJobs = { ...situation.observation, commandResults: {}, children: { ...situation.observation.children, jobs: [] } };
  const first = (change: Partial<typeof situation.recalled>) =>
    backupProgress({ ...situation, observation: withoutJobs, recalled: { ...situation.recalled, ...change } }).repositories[0];
  assert.deepEqual([first({})?.stanzaCreated, first({})?.replicaCreateBackupComplete], [true, true]);
  const elsewhere = situation.recalled.repositories.map((repository) => ({ ...repository, volume: 'another' }));
  for (const change of [{ repositories: elsewhere }, { systemIdentifier: 'another' }]) {
    assert.deepEqual([first(change)?.stanzaCreated, first(change)?.replicaCreateBackupComplete], [false, false]);
  }
});
