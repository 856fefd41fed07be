import assert from 'node:assert/strict';
import { join } from 'node:path';
import { testTable } from '../testing/tables.ts';
import { conditionIn, dialect, editObject, restedWorld, situationIn } from '../testing/worlds.ts';
import { passOver } from '../world/run.ts';

testTable('pending restarts', join(import.meta.dirname, 'pendingRestarts.ts'), 1, {
  'none of which Patroni says it waits': () => assert.equal(conditionIn(restedWorld('dev'), 'RestartPending'), undefined),
  'some of which Patroni says it waits': () => {
    const { primary } = situationIn(restedWorld('dev'));
    const status = JSON.stringify({ role: 'master', state: 'running', timeline: 1, pending_restart: true });
    const waiting = editObject(restedWorld('dev'), 'Pod', primary?.pod ?? '', (pod) => ({
      ...pod,
      metadata: { ...pod.metadata, annotations: { ...pod.metadata.annotations, status } },
    }));
    const { world, decision } = passOver(waiting, dialect);
    assert.match(conditionIn(world, 'RestartPending')?.message ?? '', new RegExp(primary?.name ?? 'no primary'));
    assert.equal(conditionIn(world, 'Ready')?.status, 'True', 'it serves with the settings that it has');
    assert.deepEqual(
      decision?.events.map(({ reason }) => reason),
      ['SettingsNeedRestart'],
    );
  },
});
