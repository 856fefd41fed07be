/**
 * The demo on a Kubernetes that one already has: with images under the names of one's own registry, none under those that the manifests name.
 * That a push brings them there is shown in images/; here the nodes have them.
 */
import assert from 'node:assert/strict';
import { delimiter, dirname, resolve } from 'node:path';
import { after, test } from 'node:test';
import { run } from '../local/src/command.ts';
import { openEnvironment } from './src/environment.ts';
import { eventually } from './src/eventually.ts';

const environment = await openEnvironment();
after(async () => environment[Symbol.asyncDispose]());
const { local, kubectl, images } = environment;

const prefix = 'registry.example/team/pgherd';
const tag = 'demo';
const namespace = 'pgherd-demo';

const runDemo = async (...argv: readonly string[]): Promise<string> =>
  run([process.execPath, resolve(import.meta.dirname, '../demo/demo.ts'), '--kubeconfig', local.kubeconfigPath, ...argv], {
    environment: { PATH: `${dirname(local.kubectlPath)}${delimiter}${process.env['PATH'] ?? ''}` },
  });

const imagesOfPods = async (): Promise<readonly string[]> => {
  const path = 'jsonpath={.items[*].spec.containers[*].image}';
  return (await kubectl.run(['-n', namespace, 'get', 'pods', '-o', path])).split(' ');
};

const members = async (): Promise<string> => {
  const selector = 'postgres-operator.crunchydata.com/instance';
  return kubectl.run(['-n', namespace, 'get', 'pods', '-l', selector, '-o', 'jsonpath={.items[*].metadata.uid}']);
};

test('demo: on a cluster that one has it needs nothing but images under a name that the cluster knows', async (t) => {
  await local.nameImage(images.operator, `${prefix}-operator:${tag}`);
  await local.nameImage(images.postgres, `${prefix}-postgres:${tag}`);
  t.after(async () => kubectl.run(['delete', 'namespace', namespace, '--ignore-not-found']));

  await t.test('it says what is missing where nothing names the images', async () => {
    await assert.rejects(runDemo(), /IMAGE_PREFIX must say where the images are/);
  });

  await t.test('a row that was written on the primary is read on the replica', async () => {
    const said = await runDemo('--image-prefix', prefix, '--image-tag', tag);
    assert.match(
      said,
      /PostgreSQL with two members runs .* the row "hello from pgherd at .*" was written on the primary and read on the replica/,
    );
    assert.ok(said.includes(`export KUBECONFIG=${local.kubeconfigPath}`));
    assert.deepEqual([...new Set(await imagesOfPods())], [`${prefix}-postgres:${tag}`]);
  });

  await t.test('a second run leaves what stands as it is', async () => {
    const before = await members();
    assert.equal(before.split(' ').length, 2);
    await runDemo('--image-prefix', prefix, '--image-tag', tag);
    assert.equal(await members(), before);
  });

  await t.test('the clean-up that it names leaves nothing of the cluster', async () => {
    await kubectl.run(['delete', 'namespace', namespace]);
    await eventually('its volumes going away', 60_000, async () => {
      const claims = await kubectl.run(['get', 'persistentvolumes', '-o', 'jsonpath={.items[*].spec.claimRef.namespace}']);
      assert.ok(!claims.split(' ').includes(namespace), claims);
    });
  });
});
