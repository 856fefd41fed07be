import assert from 'node:assert/strict';
import { join } from 'node:path';
import { testTable } from '../testing/tables.ts';
import {
  annotateCluster,
  atRest,
  conditionIn,
  decisionIn,
  dialect,
  editSpec,
  freshWorld,
  lent,
  namesOf,
  restedWorld,
} from '../testing/worlds.ts';
import { passOver } from '../world/run.ts';

const dropped = lent(() => editSpec(restedWorld('dev'), ({ backups: _backups, ...spec }) => spec));

const volume = { volumeClaimSpec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } } };
const repositories = (...names: readonly string[]) => ({ backups: { pgbackrest: { repos: names.map((name) => ({ name, volume })) } } });

testTable('backup removal', join(import.meta.dirname, 'backupRemoval.ts'), 2, {
  'asks for none | nothing': () => {
    const world = atRest(freshWorld('dev', ({ backups: _backups, ...spec }) => spec));
    assert.deepEqual(decisionIn(world).deletions, []);
    assert.equal(conditionIn(world, 'Progressing'), undefined);
  },
  'asks for none, without the annotation | something': () => {
    const { world, writes } = passOver(dropped(), dialect);
    assert.deepEqual(
      writes.map(({ kind }) => kind),
      ['status'],
    );
    assert.deepEqual([conditionIn(world, 'Progressing')?.status, conditionIn(world, 'Progressing')?.reason], ['False', 'Paused']);
    assert.match(conditionIn(world, 'Progressing')?.message ?? '', /annotate the cluster with .*authorizeBackupRemoval=true/);
    const back = atRest(editSpec(world, () => restedWorld('dev').manifest?.spec));
    assert.equal(conditionIn(back, 'Progressing'), undefined);
    assert.deepEqual(namesOf(back, 'PersistentVolumeClaim'), namesOf(restedWorld('dev'), 'PersistentVolumeClaim'));
  },
  'asks for none, with the annotation "true" | something, and pods that still use it': () => {
    const allowed = annotateCluster(dropped(), { [dialect.profile.requests.authorizeBackupRemoval]: 'true' });
    assert.deepEqual(decisionIn(allowed).deletions, []);
    assert.deepEqual(decisionIn(passOver(allowed, dialect).world).deletions, []);
  },
  'asks for none, with the annotation "true" | something': () => {
    const world = atRest(annotateCluster(dropped(), { [dialect.profile.requests.authorizeBackupRemoval]: 'true' }));
    for (const kind of ['StatefulSet', 'PersistentVolumeClaim', 'ConfigMap', 'ServiceAccount', 'Role', 'Job', 'Pod']) {
      assert.deepEqual(
        namesOf(world, kind).filter((name) => /repo|backrest|backup/.test(name)),
        [],
        kind,
      );
    }
    assert.ok(!world.secrets.has('hippo-pgbackrest'));
    assert.equal(conditionIn(world, 'Ready')?.status, 'True');
  },
  "asks for other repositories | a repository's volume": () => {
    const both = atRest(freshWorld('dev', (spec) => ({ ...spec, ...repositories('repo1', 'repo2') })));
    assert.ok(namesOf(both, 'PersistentVolumeClaim').includes('hippo-repo2'));
    const { deletions } = decisionIn(editSpec(both, (spec) => ({ ...spec, ...repositories('repo1') })));
    assert.deepEqual(
      deletions.map(({ reference }) => reference.name),
      ['hippo-repo2'],
    );
  },
});
