import assert from 'node:assert/strict';
import { join } from 'node:path';
import { testTable } from '../testing/tables.ts';
import {
  atRest,
  dialect,
  dialectOf,
  editObject,
  editSet,
  going,
  lent,
  restedSharedWorld,
  restedWorld,
  situationIn,
  turned,
  withNeighbour,
} from '../testing/worlds.ts';
import type { World, WorldObject } from '../world/world.ts';
import { heal, patienceMs } from './healing.ts';

const two = lent(() => atRest(editSet(restedWorld('dev'), { replicas: 2 })));

const replicaOf = (world: World): string => {
  const { primary, members } = situationIn(world);
  return members.find(({ name }) => name !== primary?.name)?.pod ?? assert.fail('no replica');
};

type Waiting = {
  readonly reason: string;
  readonly image?: string;
  readonly restarts?: number;
  readonly waitedMs: number;
  /** The replica where not said. */
  readonly pod?: string;
  /** The container that waits; the others run. The database where not said. */
  readonly container?: string;
  /** How the container ended, after it had run for so long. By itself and at once where not said. */
  readonly exitCode?: number;
  readonly ranMs?: number;
  /** How long ago the pod was scheduled, where it is longer than the container waits. */
  readonly scheduledMs?: number;
};

const waiting = (trouble: Waiting, world = two()): World => {
  const { database } = dialectOf(world).profile.containers;
  const { reason, image, restarts = 0, waitedMs, pod: name, container: which = database, exitCode = 1, ranMs = 0, scheduledMs } = trouble;
  const since = new Date(world.nowMs - waitedMs).toISOString();
  const scheduled = scheduledMs === undefined ? since : new Date(world.nowMs - scheduledMs).toISOString();
  const startedAt = new Date(world.nowMs - waitedMs - ranMs).toISOString();
  const hasRun = reason === 'CrashLoopBackOff' || scheduledMs !== undefined;
  return editObject(world, 'Pod', name ?? replicaOf(world), (pod: WorldObject) => {
    const spec = pod['spec'] as { readonly containers: readonly { readonly name: string; readonly image: string }[] };
    const containers = spec.containers.map((container) => ({ ...container, image: image ?? container.image }));
    const containerStatuses = containers.map(({ name: own, image: its }) => ({
      name: own,
      image: its,
      imageID: '',
      ready: own !== which,
      restartCount: own === which ? restarts : 0,
      state: own === which ? { waiting: { reason } } : { running: { startedAt: scheduled } },
      lastState: own === which && hasRun ? { terminated: { exitCode, startedAt, finishedAt: since } } : {},
    }));
    const conditions = [
      { type: 'PodScheduled', status: 'True', lastTransitionTime: scheduled },
      { type: 'Ready', status: 'False' },
    ];
    return { ...pod, spec: { ...spec, containers }, status: { phase: 'Pending', conditions, containerStatuses } };
  });
};

const replaced = (world: World): string | undefined => {
  const { step } = heal(situationIn(world));
  return step?.kind === 'deletePod' ? step.deletion.reference.name : undefined;
};

const isReplaced = (world: World): boolean => replaced(world) === replicaOf(two());

const unknown = 'registry.example/unknown:1';

testTable('healing', join(import.meta.dirname, 'healing.ts'), 1, {
  'leads, and its database was killed and waits to start again': () => {
    const pod = situationIn(two()).primary?.pod ?? assert.fail('no primary');
    const killed = { reason: 'CrashLoopBackOff', restarts: 1, waitedMs: 1000, pod, exitCode: 137, ranMs: 5_000 };
    const { step } = heal(situationIn(waiting(killed)));
    assert.equal(step?.kind === 'deletePod' ? step.deletion.reference.name : undefined, pod);
    assert.equal(step?.kind === 'deletePod' ? step.deletion.gracePeriodSeconds : undefined, 1);
    const others = {
      'ended by itself': { ...killed, exitCode: 1 },
      'killed as soon as it started': { ...killed, ranMs: 4_000 },
      'a sidecar was killed': { ...killed, container: dialect.profile.containers.certificateCopy },
      'a replica': { ...killed, pod: replicaOf(two()) },
    };
    for (const [which, trouble] of Object.entries(others)) assert.equal(heal(situationIn(waiting(trouble))).step, undefined, which);
  },
  'leads, or its database runs': () => {
    const sidecar = dialect.profile.containers.certificateCopy;
    const primary = situationIn(two()).primary?.pod ?? assert.fail('no primary');
    for (const reason of ['ImagePullBackOff', 'CrashLoopBackOff']) {
      const trouble = { reason, image: unknown, restarts: 9, waitedMs: patienceMs };
      for (const which of [{ container: sidecar }, { container: sidecar, pod: primary }, { pod: primary }]) {
        assert.equal(heal(situationIn(waiting({ ...trouble, ...which }))).step, undefined, JSON.stringify({ reason, ...which }));
      }
    }
  },
  'waits for an image that another pod of the cluster runs': () =>
    assert.ok(isReplaced(waiting({ reason: 'ImagePullBackOff', waitedMs: 1000 }))),
  'waits for an image for `patienceMs` or longer': () =>
    assert.ok(isReplaced(waiting({ reason: 'ImagePullBackOff', image: unknown, waitedMs: patienceMs }))),
  'crashed often and waits for `patienceMs` or longer': () => {
    assert.ok(isReplaced(waiting({ reason: 'CrashLoopBackOff', restarts: 4, waitedMs: patienceMs })));
    assert.ok(!isReplaced(waiting({ reason: 'CrashLoopBackOff', restarts: 2, waitedMs: patienceMs })), 'the kubelet is quicker');
  },
  'waits less long': () => {
    const { step, lookAgainAfterMs } = heal(situationIn(waiting({ reason: 'ErrImagePull', image: unknown, waitedMs: 50_000 })));
    assert.deepEqual([step, lookAgainAfterMs], [undefined, patienceMs - 50_000]);
    // It ran for an hour before: the wait began when it ended.
    const restarted = waiting({ reason: 'ErrImagePull', image: unknown, waitedMs: 50_000, scheduledMs: 3_600_000 });
    assert.deepEqual(heal(situationIn(restarted)), { lookAgainAfterMs: patienceMs - 50_000 });
  },
  'has the only data, and its claim was deleted': () => {
    const killed = { reason: 'CrashLoopBackOff', restarts: 1, waitedMs: 1000, pod: 'acid-minimal-cluster-0', exitCode: 137, ranMs: 5_000 };
    assert.equal(replaced(waiting(killed, restedSharedWorld())), 'acid-minimal-cluster-0');
    const doomed = going(restedSharedWorld(), 'PersistentVolumeClaim', 'pgdata-acid-minimal-cluster-0');
    assert.equal(replaced(waiting(killed, doomed)), undefined);
    const leaderless = editObject(doomed, 'Endpoints', 'acid-minimal-cluster', (object) => ({
      ...object,
      metadata: { ...object.metadata, annotations: { leader: 'nobody' } },
    }));
    const stuck = { ...killed, restarts: 9, waitedMs: patienceMs, exitCode: 1 };
    assert.equal(replaced(waiting(stuck, leaderless)), undefined);
  },
  'bears the labels of members that share a StatefulSet, and is none of ours': () => {
    const neighbour = 'acid-minimal-cluster-exporter';
    const beside = turned(turned(withNeighbour(restedSharedWorld(), neighbour)));
    const trouble = { reason: 'ImagePullBackOff', image: unknown, waitedMs: patienceMs };
    assert.equal(replaced(waiting({ ...trouble, pod: `${neighbour}-0`, container: 'exporter' }, beside)), undefined);
    assert.equal(replaced(waiting({ ...trouble, pod: 'acid-minimal-cluster-1' }, beside)), 'acid-minimal-cluster-1');
  },
  'anything else': () => {
    assert.deepEqual(heal(situationIn(two())), { lookAgainAfterMs: undefined });
    assert.deepEqual(heal(situationIn(waiting({ reason: 'ContainerCreating', waitedMs: patienceMs }))), { lookAgainAfterMs: undefined });
  },
});
