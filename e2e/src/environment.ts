/**
 * What every test on real nodes stands on: a local instance with our images under the names that the manifests have, and
 * the operator installed in it.
 *
 * The instance outlives the file that uses it when PGHERD_TEST_INSTANCE names it: whoever set that brought it up and takes it down. Without
 * it, a run of one file leaves the instance standing, so that the next one starts at once; `local down --name test-e2e` ends it.
 */
import { createClient, createTransport, kubeconfigConfig } from '@pgherd/kube';
import type { Client } from '@pgherd/kube';
import { linesProgress, up } from '@pgherd/local';
import type { LocalCluster, Progress } from '@pgherd/local';
import { installed, installOperator } from '../../demo/install.ts';
import { kubectlFor } from '../../demo/kubectl.ts';
import type { Kubectl } from '../../demo/kubectl.ts';
import { buildImages } from '../../images/index.ts';
import type { BuiltImage } from '../../images/index.ts';
import { auditArguments } from './auditLog.ts';
import { deployedOperator } from './operator.ts';
import type { Operator } from './operator.ts';

/** The images that the manifests in examples/ name. */
export const imagesInManifests = [
  'registry.developers.crunchydata.com/crunchydata/crunchy-postgres:ubi8-14.5-1',
  'registry.developers.crunchydata.com/crunchydata/crunchy-pgbackrest:ubi8-2.40-1',
] as const;

export const instanceName = process.env['PGHERD_TEST_INSTANCE'] ?? 'test-e2e';
/** Two members and a repository host, each on a node of its own. */
const nodes = 3;

export interface Environment extends AsyncDisposable {
  readonly local: LocalCluster;
  readonly client: Client;
  readonly kubectl: Kubectl;
  readonly operator: Operator;
  /** Names under which the nodes have our images. */
  readonly images: Readonly<Record<BuiltImage['name'], string>>;
}

const imageNamed = (images: readonly BuiltImage[], name: BuiltImage['name']): BuiltImage => {
  const image = images.find((candidate) => candidate.name === name);
  if (image === undefined) throw new Error(`image ${name} was not built`);
  return image;
};

/** Brings up what is not up: instance, images, names. */
export const prepareInstance = async (progress: Progress): Promise<Pick<Environment, 'local' | 'images'>> => {
  const images = await buildImages({ progress });
  const local = await up({ name: instanceName, nodes, apiServerArguments: auditArguments, progress });
  const postgres = imageNamed(images, 'postgres');
  const operator = imageNamed(images, 'operator');
  await progress.step('Loading the images into the nodes', async () => {
    await local.loadImage(...images.map(({ archive }) => archive));
    await local.nameImage(postgres.contentReference, postgres.reference, ...imagesInManifests);
    await local.nameImage(operator.contentReference, operator.reference);
  });
  return { local, images: { operator: operator.contentReference, postgres: postgres.contentReference } };
};

/** The environment with its operator installed and leading. Dispose of it in a root-level `after`; the operator stays for the next file. */
export const openEnvironment = async (): Promise<Environment> => {
  const progress = linesProgress((line) => console.error(line));
  const { local, images } = await prepareInstance(progress);
  const transport = createTransport({
    config: await kubeconfigConfig({ path: local.kubeconfigPath, env: {} }),
    userAgent: 'pgherd-e2e',
  });
  const client = createClient(transport);
  const kubectl = kubectlFor(local.kubectlPath, local.kubeconfigPath);
  await progress.step('Installing the operator', async () => installOperator(kubectl, images.operator));
  const operator = await deployedOperator({ client, kubectl }, installed);
  await operator.start();
  return {
    local,
    images,
    operator,
    client,
    kubectl,
    [Symbol.asyncDispose]: async () => transport[Symbol.asyncDispose](),
  };
};
