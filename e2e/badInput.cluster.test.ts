/**
 * Mistakes in a manifest: each is refused by the API server or reported on the object with field and remedy; nothing loops, other clusters are
 * not touched; and once the mistake is taken back, the cluster is Ready again without a hand.
 */
import assert from 'node:assert/strict';
import { setTimeout as delay } from 'node:timers/promises';
import { after, test } from 'node:test';
import type { JsonPatchOperation } from '@pgherd/kube';
import {
  applyFilePatched,
  applyPatched,
  conditionOf,
  devOverlay,
  memberPods,
  podRef,
  pods,
  readCluster,
  untilCondition,
  untilReady,
} from './src/cluster.ts';
import type { Ref } from './src/cluster.ts';
import { openEnvironment } from './src/environment.ts';
import { eventually } from './src/eventually.ts';
import { total } from './src/operator.ts';
import { postgresCluster, postgresql } from './src/kinds.ts';
import type { Cluster, ClusterKind } from './src/kinds.ts';
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

const onNoNode = {
  nodeSelectorTerms: [{ matchExpressions: [{ key: 'example.test/rack', operator: 'In', values: ['none'] }] }],
};

const mistakesOfPostgresCluster: readonly Mistake[] = [
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
        value: { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: onNoNode } },
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
    name: 'SQL in a ConfigMap that is nowhere',
    change: [{ op: 'add', path: '/spec/databaseInitSQL', value: { name: 'nowhere', key: 'init.sql' } }],
    reported: {
      type: 'Stalled',
      message: /spec\.databaseInitSQL has not run to its end: there is no ConfigMap nowhere .*; make it/,
      ready: 'False',
    },
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

const mistakesOfPostgresql: readonly Mistake[] = [
  {
    name: 'a database whose owner is nobody',
    change: [{ op: 'replace', path: '/spec/databases/foo', value: 'nobody' }],
    reported: { type: 'ManifestInvalid', message: /spec\.databases\.foo: .*"nobody" is no role of the manifest/, ready: 'True' },
  },
  {
    name: 'a flag of a user that is none',
    change: [{ op: 'replace', path: '/spec/users/zalando', value: ['wizard'] }],
    refusedWith: /spec\.users\.zalando\[0\]/,
  },
  {
    name: 'a quantity that is none',
    change: [{ op: 'add', path: '/spec/resources', value: { limits: { memory: 'plenty' } } }],
    refusedWith: /spec\.resources\.limits\.memory/,
  },
  {
    name: 'an affinity that no node satisfies',
    change: [{ op: 'add', path: '/spec/nodeAffinity', value: { requiredDuringSchedulingIgnoredDuringExecution: onNoNode } }],
    reported: { type: 'Stalled', message: /pod acid-minimal-cluster-0 fits on no node: .*change affinity.* of spec/, ready: 'False' },
  },
  {
    name: 'an image that is nowhere',
    change: [{ op: 'add', path: '/spec/dockerImage', value: 'localhost/nowhere:1' }],
    reported: { type: 'Stalled', message: /image localhost\/nowhere:1 cannot be pulled; correct spec\.dockerImage/, ready: 'False' },
  },
  {
    name: 'a volume made smaller',
    change: [{ op: 'replace', path: '/spec/volume/size', value: '500Mi' }],
    reported: { type: 'VolumeShrinkRefused', message: /spec\.volume.*500Mi.*1Gi.*restore 1Gi or move to a new cluster/, ready: 'True' },
  },
];

/** A cluster of each kind: the mistakes in its manifest, and a name that is too long for it. */
interface Subject {
  readonly kind: ClusterKind;
  readonly name: string;
  readonly apply: (namespace: string, patch: readonly object[]) => Promise<void>;
  readonly mistakes: readonly Mistake[];
  readonly tooLong: string;
}

const subjects: readonly Subject[] = [
  {
    kind: postgresCluster,
    name: 'hippo',
    apply: async (namespace, patch) =>
      applyPatched(environment, namespace, devOverlay, [{ op: 'remove', path: '/spec/backups' }, ...patch]),
    mistakes: mistakesOfPostgresCluster,
    tooLong: `hippo-${'o'.repeat(50)}`,
  },
  {
    kind: postgresql,
    name: 'acid-minimal-cluster',
    apply: async (namespace, patch) =>
      applyFilePatched(environment, namespace, 'zalando/minimal.yaml', [
        { op: 'replace', path: '/spec/numberOfInstances', value: 1 },
        ...patch,
      ]),
    mistakes: mistakesOfPostgresql,
    tooLong: `acid-${'o'.repeat(50)}`,
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

const isHealthy = (cluster: Cluster, types: readonly string[]): void => {
  for (const type of types) assert.equal(conditionOf(cluster, type), undefined, type);
};

test(
  'mistakes in a manifest are said on the object, harm nobody else, and heal when they are taken back',
  { timeout: 900_000 },
  async (t) => {
    await withNamespace(environment, t, 'mistakes', async (namespace, step) => {
      const refOf = ({ kind, name }: Subject): Ref => ({ namespace, name, kind });
      for (const { apply } of subjects) await apply(namespace, []);
      for (const subject of subjects) await untilReady(environment, refOf(subject), 1);

      for (const subject of subjects) {
        const { kind, mistakes, tooLong } = subject;
        const ref = refOf(subject);
        // Each is the other's neighbour.
        const neighbours = subjects.filter((other) => other !== subject).map(refOf);
        const neighboursBefore = await Promise.all(neighbours.map(standing));
        const correct = (await readCluster(environment, ref)).spec;

        for (const { name, change, refusedWith, reported } of mistakes) {
          const outcome = refusedWith === undefined ? 'reported, and healed when taken back' : 'refused';
          await step(`${kind.resource.kind}, ${name}: ${outcome}`, async () => {
            const changed = client.patch(kind.resource, ref, { kind: 'json', operations: change });
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
              await client.patch(kind.resource, ref, { kind: 'json', operations: [{ op: 'replace', path: '/spec', value: correct }] });
            }
            const healed = await untilReady(environment, ref, 1);
            assert.deepEqual(healed.spec, correct);
            isHealthy(healed, [reported?.type ?? 'Stalled', 'Stalled', 'ManifestInvalid']);
          });
        }

        await step(
          `${kind.resource.kind}, a name that is too long: reported with the limit, nothing is made, and it can be deleted`,
          async () => {
            const long: Ref = { namespace, name: tooLong, kind };
            await subject.apply(namespace, [{ op: 'replace', path: '/metadata/name', value: long.name }]);
            const limit = /^[\w.[\]]+name: .* pods can be named after \d+ at most; .*make the cluster anew under a shorter/;
            const condition = await untilCondition(environment, long, 'ManifestInvalid', limit);
            assert.equal(condition.reason, 'NameTooLong');
            assert.equal(conditionOf(await readCluster(environment, long), 'Ready')?.status, 'False');
            assert.deepEqual(await memberPods(environment, long), []);
            const passes = await passesOfTheNextSeconds();
            assert.ok(passes <= passesAtMost, `${passes} passes in ${observedForMs / 1000} s`);
            await client.delete(kind.resource, long);
            await eventually('the cluster going away', 30_000, async () => assert.rejects(readCluster(environment, long), /not found/i));
          },
        );

        await step(`its neighbour was not touched while ${kind.resource.kind} had its mistakes`, async () => {
          assert.deepEqual(await Promise.all(neighbours.map(standing)), neighboursBefore);
          for (const neighbour of neighbours) {
            const [pod] = await memberPods(environment, neighbour);
            assert.ok(pod !== undefined);
            assert.equal((await client.get(pods, podRef(pod))).status?.phase, 'Running');
          }
        });
      }
    });
  },
);
