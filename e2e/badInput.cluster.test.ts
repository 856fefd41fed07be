/**
 * Mistakes in a manifest: each is refused by the API server or reported on the object with field and remedy; nothing loops, other clusters are
 * not touched; and once the mistake is taken back, the cluster is Ready again without a hand.
 */
import assert from 'node:assert/strict';
import { setTimeout as delay } from 'node:timers/promises';
import { after, test } from 'node:test';
import type { JsonPatchOperation } from '@pgherd/kube';
import { applyPatched, conditionOf, devOverlay, memberPods, podRef, pods, readCluster, untilCondition, untilReady } from './src/cluster.ts';
import type { Ref } from './src/cluster.ts';
import { openEnvironment } from './src/environment.ts';
import { eventually } from './src/eventually.ts';
import { total } from './src/operator.ts';
import { postgresCluster } from './src/kinds.ts';
import { withNamespace } from './src/scenario.ts';

const environment = await openEnvironment();
after(async () => environment[Symbol.asyncDispose]());
const { client, operator } = environment;

interface Mistake {
  readonly name: string;
  readonly change: readonly JsonPatchOperation[];
  /** What the API server answers; the object stays as it is. */
  readonly refusedWith?: RegExp;
  /** Where the object says it, and what: the field, then the remedy. */
  readonly reported?: { readonly type: string; readonly message: RegExp; readonly ready: 'True' | 'False' };
}

const resources = '/spec/instances/0/resources';
const volume = '/spec/instances/0/dataVolumeClaimSpec/resources/requests/storage';

const mistakes: readonly Mistake[] = [
  {
    name: 'a switchover to a member of an unknown instance set',
    change: [{ op: 'add', path: '/spec/patroni/switchover', value: { enabled: true, targetInstance: 'hippo-nowhere-abcd' } }],
    reported: {
      type: 'ManifestInvalid',
      message: /spec\.patroni\.switchover\.targetInstance.*"hippo-nowhere-abcd".*name a member, such as hippo-pgdb-/,
      ready: 'True',
    },
  },
  {
    name: 'a quantity that is none',
    change: [{ op: 'replace', path: `${resources}/limits/memory`, value: 'plenty' }],
    refusedWith: /spec\.instances\[0\]\.resources\.limits\.memory/,
  },
  {
    name: 'a request above its limit',
    change: [{ op: 'add', path: `${resources}/requests`, value: { memory: '2Gi' } }],
    reported: {
      type: 'ManifestInvalid',
      message:
        /spec\.instances\[0\]\.resources\.requests\.memory: asks for 2Gi.*lower it or raise spec\.instances\[0\]\.resources\.limits\.memory/,
      ready: 'False',
    },
  },
  {
    name: 'an affinity that no node satisfies',
    change: [
      {
        op: 'add',
        path: '/spec/instances/0/affinity',
        value: {
          nodeAffinity: {
            requiredDuringSchedulingIgnoredDuringExecution: {
              nodeSelectorTerms: [{ matchExpressions: [{ key: 'example.test/rack', operator: 'In', values: ['none'] }] }],
            },
          },
        },
      },
    ],
    reported: {
      type: 'Stalled',
      message: /pod hippo-pgdb-.* fits on no node: .*change affinity.* of spec\.instances\[0\]/,
      ready: 'False',
    },
  },
  {
    name: 'an image that is nowhere',
    change: [{ op: 'replace', path: '/spec/image', value: 'localhost/nowhere:1' }],
    reported: { type: 'Stalled', message: /image localhost\/nowhere:1 cannot be pulled; correct spec\.image/, ready: 'False' },
  },
  {
    name: 'a storage request made smaller',
    change: [{ op: 'replace', path: volume, value: '500Mi' }],
    reported: {
      type: 'VolumeShrinkRefused',
      message: /spec\.instances\[0\]\.dataVolumeClaimSpec.*500Mi.*1Gi.*(cannot shrink|restore)/,
      ready: 'True',
    },
  },
];

/** A pod that fits on no node may only wait for one: that is said after 30 s. */
const reportedWithinMs = 60_000;
const observedForMs = 4000;
/** Pods still change while something is stuck: a kubelet that tries again writes its status. A loop makes hundreds of passes. */
const passesAtMost = 20;

/** Passes that the operator makes in a span of time: observed, since the absence of a loop cannot be waited for. */
const passesOfTheNextSeconds = async (): Promise<number> => {
  const before = total(await operator.metrics(), 'controller_runtime_reconcile_total');
  await delay(observedForMs);
  return total(await operator.metrics(), 'controller_runtime_reconcile_total') - before;
};

/** What must not change of a cluster that nobody touched. */
const standing = async (ref: Ref): Promise<object> => ({
  pods: (await memberPods(environment, ref)).map(({ metadata, status }) => ({
    uid: metadata.uid,
    restarts: status?.containerStatuses?.map(({ restartCount }) => restartCount),
  })),
  // With the time of its last change. The rest of a status may still be filled in while nothing is wrong.
  ready: conditionOf(await readCluster(environment, ref), 'Ready'),
});

test(
  'mistakes in a manifest are said on the object, harm nobody else, and heal when they are taken back',
  { timeout: 600_000 },
  async (t) => {
    await withNamespace(environment, t, 'mistakes', async (namespace, step) => {
      const ref = { namespace, name: 'hippo' };
      const neighbour = { namespace, name: 'neighbour' };
      const withoutBackups = { op: 'remove', path: '/spec/backups' };
      await applyPatched(environment, namespace, devOverlay, [withoutBackups]);
      await applyPatched(environment, namespace, devOverlay, [
        withoutBackups,
        { op: 'replace', path: '/metadata/name', value: neighbour.name },
      ]);
      await untilReady(environment, ref, 1);
      await untilReady(environment, neighbour, 1);
      const neighbourBefore = await standing(neighbour);
      const correct = (await readCluster(environment, ref)).spec;

      for (const { name, change, refusedWith, reported } of mistakes) {
        await step(`${name}: ${refusedWith === undefined ? 'reported, and healed when taken back' : 'refused'}`, async () => {
          const changed = client.patch(postgresCluster.resource, ref, { kind: 'json', operations: change });
          if (refusedWith !== undefined) await assert.rejects(changed, refusedWith);
          else await changed;
          if (reported !== undefined) {
            const { type, message, ready } = reported;
            await untilCondition(environment, ref, type, message, reportedWithinMs);
            await eventually(`Ready being ${ready}`, 30_000, async () =>
              assert.equal(conditionOf(await readCluster(environment, ref), 'Ready')?.status, ready),
            );
            const passes = await passesOfTheNextSeconds();
            assert.ok(passes <= passesAtMost, `${passes} passes in ${observedForMs / 1000} s`);
            assert.equal(conditionOf(await readCluster(environment, ref), type)?.status, 'True');
            await client.patch(postgresCluster.resource, ref, {
              kind: 'json',
              operations: [{ op: 'replace', path: '/spec', value: correct }],
            });
          }
          const healed = await untilReady(environment, ref, 1);
          assert.deepEqual(healed.spec, correct);
          for (const type of [reported?.type ?? 'Stalled', 'Stalled', 'ManifestInvalid'])
            assert.equal(conditionOf(healed, type), undefined, type);
        });
      }

      await step('a cluster whose name is too long: reported with the limit, nothing is made, and it can be deleted', async () => {
        const long = { namespace, name: `hippo-${'o'.repeat(50)}` };
        await applyPatched(environment, namespace, devOverlay, [{ op: 'replace', path: '/metadata/name', value: long.name }]);
        const condition = await untilCondition(environment, long, 'ManifestInvalid', /^metadata\.name/);
        assert.match(condition.message, /make the cluster anew under a shorter name/);
        assert.equal(condition.reason, 'NameTooLong');
        assert.equal(conditionOf(await readCluster(environment, long), 'Ready')?.status, 'False');
        assert.deepEqual(await memberPods(environment, long), []);
        const passes = await passesOfTheNextSeconds();
        assert.ok(passes <= passesAtMost, `${passes} passes in ${observedForMs / 1000} s`);
        await client.delete(postgresCluster.resource, long);
        await eventually('the cluster going away', 30_000, async () => assert.rejects(readCluster(environment, long), /not found/i));
      });

      await step('the neighbour was not touched all the while', async () => {
        assert.deepEqual(await standing(neighbour), neighbourBefore);
        const [pod] = await memberPods(environment, neighbour);
        assert.ok(pod !== undefined);
        assert.equal((await client.get(pods, podRef(pod))).status?.phase, 'Running');
      });
    });
  },
);
