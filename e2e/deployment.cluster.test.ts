/**
 * The operator's Deployment itself: by Helm for a list of namespaces, then by kustomize for all, which takes over what the first one made and
 * brings an older definition up to date; and a leader that ends, in order or not.
 */
import assert from 'node:assert/strict';
import { performance } from 'node:perf_hooks';
import { after, test } from 'node:test';
import { kinds, resourceType } from '@pgherd/kube';
import type { JsonPatchOperation, KubernetesObject } from '@pgherd/kube';
import { run } from '../local/src/command.ts';
import { chart, ensureHelm } from '../packages/operator/scripts/helm.ts';
import { applyPatched, devOverlay, memberPods, patchCluster, podRef, pods, readCluster, untilReady } from './src/cluster.ts';
import type { Ref } from './src/cluster.ts';
import { openEnvironment } from './src/environment.ts';
import { eventually } from './src/eventually.ts';
import { deployedOperator, operatorContainer } from './src/operator.ts';
import { freeze, processesOf } from './src/processes.ts';
import { inNamespace, withNamespace } from './src/scenario.ts';

const environment = await openEnvironment();
after(async () => environment[Symbol.asyncDispose]());
const { client, kubectl, local, images, operator } = environment;
const helm = await ensureHelm();

interface Definition extends KubernetesObject {
  readonly spec: { readonly versions: readonly { readonly name: string }[] };
}

const definitions = resourceType<Definition>(kinds.customResourceDefinitions);
const definition = { name: 'postgresclusters.postgres-operator.crunchydata.com' };
const release = 'herd';
const servedVersion = 'v1beta1';

const runHelm = async (argv: readonly string[], values: object = {}): Promise<string> =>
  run([helm, '--kubeconfig', local.kubeconfigPath, ...argv], { input: JSON.stringify(values) });

/** As an older version of pgherd would have left it: without a field, without a printer column. */
const makeDefinitionOlder = async ({ spec }: Definition): Promise<Definition> => {
  const version = `/spec/versions/${spec.versions.findIndex(({ name }) => name === servedVersion)}`;
  const operations: readonly JsonPatchOperation[] = [
    { op: 'remove', path: `${version}/schema/openAPIV3Schema/properties/spec/properties/paused` },
    { op: 'remove', path: `${version}/additionalPrinterColumns/0` },
    { op: 'replace', path: '/metadata/annotations/pgherd.dev~1revision', value: 'older' },
  ];
  return client.patch(definitions, definition, { kind: 'json', operations });
};

const createCluster = async (ref: Ref): Promise<void> =>
  applyPatched(environment, ref.namespace, devOverlay, [{ op: 'remove', path: '/spec/backups' }]);

/** What an exchange of the operator must not change. */
const running = async (ref: Ref): Promise<readonly object[]> =>
  (await memberPods(environment, ref)).map(({ metadata, status }) => ({
    uid: metadata.uid,
    phase: status?.phase,
    restarts: status?.containerStatuses?.map(({ restartCount }) => restartCount),
  }));

/** Changes the cluster, and waits until it shows in a Service. */
const changeIsCarriedOut = async (ref: Ref, note: string): Promise<void> => {
  await patchCluster(environment, ref, { spec: { service: { metadata: { annotations: { 'example.test/note': note } } } } });
  await eventually(`the Service being ${note}`, 60_000, async () => {
    const { items } = await client.list(kinds.services, { namespace: ref.namespace });
    assert.ok(items.some(({ metadata }) => metadata.annotations?.['example.test/note'] === note));
  });
};

const seconds = (fromMs: number): string => `${((performance.now() - fromMs) / 1000).toFixed(1)} s`;

test(
  'the Deployment: by Helm for a list of namespaces, by kustomize for all, and from leader to leader',
  { timeout: 480_000 },
  async (t) => {
    await inNamespace(environment, 'release', async (own) => {
      await withNamespace(environment, t, 'team', async (team, step) => {
        const ref = { namespace: team, name: 'hippo' };
        const elsewhere = { namespace: own, name: 'hippo' };
        const current = await client.get(definitions, definition);
        await operator.stop();
        const older = await makeDefinitionOlder(current);
        try {
          await step('of Helm, it runs the clusters of the listed namespace, and leaves those elsewhere alone', async () => {
            await createCluster(ref);
            await createCluster(elsewhere);
            await kubectl.run(['label', 'namespace', own, 'pod-security.kubernetes.io/enforce=restricted']);
            const values = { image: images.operator, namespaces: [team], crds: 'check' };
            await runHelm(['install', release, chart, '--namespace', own, '--wait', '--timeout', '90s', '--values', '-'], values);
            await untilReady(environment, ref, 1);
            const { metadata, status } = await readCluster(environment, elsewhere);
            assert.deepEqual([metadata.finalizers, status], [undefined, undefined]);
            assert.deepEqual((await client.list(kinds.statefulSets, { namespace: own })).items, []);
          });

          await step('with crds=check it says that the definition is an older one, and leaves it as it is', async () => {
            const said = await (await deployedOperator(environment, { namespace: own, name: `${release}-pgherd` })).logTail();
            assert.match(said, /not the one of this build.*--crds=apply/);
            assert.equal((await client.get(definitions, definition)).metadata.generation, older.metadata.generation);
          });

          const before = await running(ref);
          await step('uninstalled, nothing of it is left, and the cluster runs on', async () => {
            await runHelm(['uninstall', release, '--namespace', own, '--wait']);
            for (const kind of [kinds.deployments, kinds.roles, kinds.roleBindings, kinds.podDisruptionBudgets])
              assert.deepEqual((await client.list(kind, { namespace: own })).items, []);
            await eventually('its pods ending', 30_000, async () =>
              assert.deepEqual((await client.list(pods, { namespace: own })).items, []),
            );
            assert.deepEqual(await running(ref), before);
          });

          await step(
            'of kustomize with crds=apply, it brings the definition up to date, and takes over without touching a pod',
            async () => {
              await operator.start();
              const { spec } = await client.get(definitions, definition);
              assert.deepEqual(spec, current.spec);
              await eventually('the cluster elsewhere being looked after', 30_000, async () => {
                const { metadata, status } = await readCluster(environment, elsewhere);
                assert.equal(status?.observedGeneration, metadata.generation);
              });
              await changeIsCarriedOut(ref, 'taken over');
              assert.deepEqual(await running(ref), before);
            },
          );
        } finally {
          await runHelm(['uninstall', release, '--namespace', own, '--wait', '--ignore-not-found']);
        }

        const untilOtherLeads = async (name: string): Promise<void> =>
          eventually('the other pod leading', 30_000, async () => assert.notEqual((await operator.leader()).metadata.name, name));

        await step('a leader that is asked to end hands over to the other pod', async () => {
          const leader = await operator.leader();
          const start = performance.now();
          await client.delete(pods, podRef(leader));
          await untilOtherLeads(leader.metadata.name);
          const led = seconds(start);
          await changeIsCarriedOut(ref, 'handed over');
          console.log(`    the other pod led after ${led}, and had carried out a change after ${seconds(start)}`);
          // Two pods again: the next step needs the other one.
          await operator.start();
        });

        await step(
          'a leader that is killed before it can release its lease is followed by the other pod when the lease has run out',
          async () => {
            const leader = await operator.leader();
            // It leads before the kubelet has told of its container.
            const processes = await eventually('its processes being known', 30_000, async () => {
              const found = await processesOf(await client.get(pods, podRef(leader)), operatorContainer);
              assert.ok(found.length > 0);
              return found;
            });
            const start = performance.now();
            // Killed alone it would be started again under its name, and lead on; deleted alone it would be asked to end, and release its lease.
            processes.forEach(freeze);
            await client.delete(pods, podRef(leader), { gracePeriodSeconds: 0, preconditions: { uid: leader.metadata.uid } });
            await untilOtherLeads(leader.metadata.name);
            const led = seconds(start);
            await changeIsCarriedOut(ref, 'followed');
            console.log(`    the other pod led after ${led}, and had carried out a change after ${seconds(start)}`);
            await operator.start();
          },
        );
      });
    });
  },
);
