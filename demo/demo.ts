/**
 * What a newcomer sees first: a Kubernetes on this machine (or one that there is already), pgherd in it, a cluster from a team's own manifest,
 * a row written on the primary and read back on a replica.
 *
 *     node demo/demo.ts [--kubeconfig FILE] [--image-prefix PREFIX] [--image-tag TAG]
 *
 * Without --kubeconfig a local instance named `demo` is started. A second run skips what is there.
 */
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { linesProgress, up, type LocalCluster, type Progress } from '@pgherd/local';
import { buildImages, type BuiltImage } from '../images/index.ts';
import { installOperator } from './install.ts';
import { kubectlFor, type Kubectl } from './kubectl.ts';
import { withOverlay } from './overlay.ts';

const root = resolve(import.meta.dirname, '..');
const instanceName = 'demo';
const namespace = 'pgherd-demo';
const clusterName = 'hippo';
const overlay = join(root, 'examples/gitops/overlays/dev');
/** The images that the team's manifests name: on the local instance, ours are there under these names. */
const namesInManifests = [
  'registry.developers.crunchydata.com/crunchydata/crunchy-postgres:ubi8-14.5-1',
  'registry.developers.crunchydata.com/crunchydata/crunchy-pgbackrest:ubi8-2.40-1',
];

interface Target {
  readonly kubectl: Kubectl;
  readonly kubeconfigPath: string;
  /** Images as this Kubernetes can pull or has them. */
  readonly images: { readonly operator: string; readonly postgres: string };
  /** The manifests' own image names work here. */
  readonly hasManifestImages: boolean;
  readonly local: LocalCluster | undefined;
}

const imageNamed = (images: readonly BuiltImage[], name: BuiltImage['name']): BuiltImage => {
  const image = images.find((candidate) => candidate.name === name);
  if (image === undefined) throw new Error(`image ${name} was not built`);
  return image;
};

const localTarget = async (progress: Progress): Promise<Target> => {
  const local = await up({ name: instanceName, nodes: 2, progress });
  const images = await buildImages({ progress });
  const operator = imageNamed(images, 'operator');
  const postgres = imageNamed(images, 'postgres');
  await progress.step('Loading the images into the nodes', async () => {
    await local.loadImage(...images.map(({ archive }) => archive));
    await local.nameImage(postgres.contentReference, postgres.reference, ...namesInManifests);
    await local.nameImage(operator.contentReference, operator.reference);
  });
  return {
    kubectl: kubectlFor(local.kubectlPath, local.kubeconfigPath),
    kubeconfigPath: local.kubeconfigPath,
    images: { operator: operator.contentReference, postgres: postgres.contentReference },
    hasManifestImages: true,
    local,
  };
};

const givenTarget = (kubeconfigPath: string, prefix: string, tag: string): Target => ({
  kubectl: kubectlFor('kubectl', kubeconfigPath),
  kubeconfigPath,
  images: { operator: `${prefix}-operator:${tag}`, postgres: `${prefix}-postgres:${tag}` },
  hasManifestImages: false,
  local: undefined,
});

/** How many members the cluster asks for; 0: there is no such cluster. */
const membersAskedFor = async ({ kubectl }: Target): Promise<number> => {
  const path = 'jsonpath={.spec.instances[0].replicas}';
  return Number(await kubectl.run(['-n', namespace, 'get', 'postgrescluster', clusterName, '--ignore-not-found', '-o', path]));
};

const applyCluster = async (target: Target, progress: Progress): Promise<void> => {
  const { kubectl } = target;
  await kubectl.run(['apply', '--server-side', '-f', '-'], `apiVersion: v1\nkind: Namespace\nmetadata: {name: ${namespace}}\n`);
  const ours = ['/spec/image', '/spec/backups/pgbackrest/image'].map((path) => ({ op: 'replace', path, value: target.images.postgres }));
  const patches = [{ target: { kind: 'PostgresCluster' }, patch: JSON.stringify(ours) }];
  const manifests = target.hasManifestImages
    ? await kubectl.run(['kustomize', overlay])
    : await withOverlay(overlay, { patches }, async (folder) => kubectl.run(['kustomize', folder]));
  // The operator installs the definitions at its start; the API server needs a moment until it serves them.
  await kubectl.run(['wait', '--for=condition=Established', 'crd/postgresclusters.postgres-operator.crunchydata.com', '--timeout=60s']);
  const standing = await membersAskedFor(target);
  if (standing > 0) progress.note(`${clusterName} is there already, with ${standing} members asked for`);
  else await kubectl.run(['-n', namespace, 'apply', '--server-side', '--force-conflicts', '-f', '-'], manifests);
  await untilReady(target, Math.max(standing, 1), progress);
};

/** Waits until the cluster says Ready with so many members, and shows on the way what it says. */
const untilReady = async ({ kubectl }: Target, members: number, progress: Progress): Promise<void> => {
  const limitMs = 300_000;
  const deadline = performance.now() + limitMs;
  let said = '';
  for (;;) {
    const cluster = JSON.parse(await kubectl.run(['-n', namespace, 'get', 'postgrescluster', clusterName, '-o', 'json'])) as {
      readonly metadata: { readonly generation: number };
      readonly status?: {
        readonly readyMembers?: string;
        readonly observedGeneration?: number;
        readonly conditions?: readonly { readonly type: string; readonly status: string; readonly message: string }[];
      };
    };
    const ready = cluster.status?.conditions?.find(({ type }) => type === 'Ready');
    const current = cluster.status?.observedGeneration === cluster.metadata.generation;
    if (current && ready?.status === 'True' && cluster.status?.readyMembers === `${members}/${members}`) return;
    const says = ready?.message ?? 'not looked at yet';
    if (says !== said) progress.note(`${clusterName}: ${says}`);
    said = says;
    if (performance.now() > deadline)
      throw new Error(
        `${clusterName} is not Ready after ${limitMs / 1000} s: ${said}; see kubectl -n ${namespace} describe postgrescluster ${clusterName}`,
      );
    await new Promise((wake) => setTimeout(wake, 500));
  }
};

/** SQL through a Service with the user's own password and the cluster's certificate authority, from a client inside the cluster. */
const query = async ({ kubectl }: Target, uri: string, sql: string): Promise<string> => {
  const pod =
    (
      await kubectl.run([
        '-n',
        namespace,
        'get',
        'pods',
        '-l',
        `postgres-operator.crunchydata.com/cluster=${clusterName},postgres-operator.crunchydata.com/instance`,
        '-o',
        'name',
      ])
    ).split('\n')[0] ?? '';
  // The uri holds the password: it goes in by standard input, where no list of processes shows it.
  const script =
    'read -r uri; PATH="$PATH:$(echo /usr/lib/postgresql/*/bin | tr " " ":")"; exec psql "$uri?sslmode=verify-full&sslrootcert=/pgconf/tls/ca.crt" -XAtq -v ON_ERROR_STOP=1';
  return (await kubectl.run(['-n', namespace, 'exec', '-i', pod, '-c', 'database', '--', 'bash', '-c', script], `${uri}\n${sql}\n`)).trim();
};

const userUri = async ({ kubectl }: Target): Promise<string> => {
  const encoded = await kubectl.run(['-n', namespace, 'get', 'secret', `${clusterName}-pguser-hippo`, '-o', 'jsonpath={.data.uri}']);
  return Buffer.from(encoded, 'base64').toString();
};

const demonstrate = async (target: Target, progress: Progress): Promise<string> => {
  const uri = await userUri(target);
  const greeting = `hello from pgherd at ${new Date().toISOString()}`;
  const onPrimary = await progress.step('Writing a row on the primary, as user hippo over verified TLS', async () =>
    query(
      target,
      uri,
      `CREATE SCHEMA IF NOT EXISTS AUTHORIZATION CURRENT_USER; CREATE TABLE IF NOT EXISTS hippo.greeting (text text NOT NULL); INSERT INTO hippo.greeting VALUES ('${greeting}'); SELECT text FROM hippo.greeting WHERE text = '${greeting}' AND NOT pg_is_in_recovery();`,
    ),
  );
  if (onPrimary !== greeting) throw new Error(`the primary gave back ${JSON.stringify(onPrimary)}`);
  await progress.step('Scaling to two members', async () => {
    await target.kubectl.run([
      '-n',
      namespace,
      'patch',
      'postgrescluster',
      clusterName,
      '--type=json',
      '-p',
      '[{"op":"replace","path":"/spec/instances/0/replicas","value":2}]',
    ]);
    await untilReady(target, 2, progress);
  });
  const replicaUri = uri.replace(`${clusterName}-primary.`, `${clusterName}-replicas.`);
  await progress.step('Reading it back on the replica', async () => {
    const deadline = performance.now() + 30_000;
    for (;;) {
      const found = await query(
        target,
        replicaUri,
        `SELECT text FROM hippo.greeting WHERE text = '${greeting}' AND pg_is_in_recovery();`,
      ).catch((error: unknown) => String(error));
      if (found === greeting) return;
      if (performance.now() > deadline) throw new Error(`the replica gave ${JSON.stringify(found)} instead of the row`);
      await new Promise((wake) => setTimeout(wake, 250));
    }
  });
  return greeting;
};

const summary = (target: Target, greeting: string, elapsedMs: number): string => {
  const psql = `kubectl -n ${namespace} exec -it $(kubectl -n ${namespace} get pod -l postgres-operator.crunchydata.com/role=master -o name) -c database -- psql`;
  const lines = [
    '',
    `Done in ${(elapsedMs / 1000).toFixed(0)} s: PostgreSQL with two members runs in namespace ${namespace}; the row "${greeting}" was written on the primary and read on the replica.`,
    '',
    'How to go on:',
    `  export KUBECONFIG=${target.kubeconfigPath}`,
    ...(target.local === undefined ? [] : [`  alias kubectl=${target.local.kubectlPath}`]),
    `  kubectl -n ${namespace} get postgrescluster,pods`,
    `  kubectl -n ${namespace} describe postgrescluster ${clusterName}`,
    `  ${psql}`,
    `  kubectl -n ${namespace} delete pod -l postgres-operator.crunchydata.com/role=master     # and watch it heal`,
    '',
    'Clean up:',
    target.local === undefined
      ? `  kubectl delete namespace ${namespace}; kubectl delete -k deploy/overlays/all-namespaces`
      : '  make down',
  ];
  return lines.join('\n');
};

const main = async (): Promise<void> => {
  const start = performance.now();
  const { values } = parseArgs({
    options: { kubeconfig: { type: 'string' }, 'image-prefix': { type: 'string' }, 'image-tag': { type: 'string' } },
  });
  const progress = linesProgress((line) => console.error(line));
  const packageVersion = (JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { readonly version: string }).version;
  const { kubeconfig, 'image-prefix': prefix, 'image-tag': tag } = values;
  if (kubeconfig !== undefined && prefix === undefined) {
    throw new Error(
      'with KUBECONFIG, IMAGE_PREFIX must say where the images are: make push IMAGE_PREFIX=registry.example/team/pgherd, then the same for make demo',
    );
  }
  const target =
    kubeconfig !== undefined && prefix !== undefined
      ? givenTarget(resolve(kubeconfig), prefix, tag ?? packageVersion)
      : await localTarget(progress);
  await progress.step('Installing pgherd', async () => installOperator(target.kubectl, target.images.operator));
  await progress.step(`Creating cluster ${clusterName} from examples/gitops/overlays/dev`, async () => applyCluster(target, progress));
  const greeting = await demonstrate(target, progress);
  console.log(summary(target, greeting, performance.now() - start));
};

try {
  await main();
} catch (error) {
  console.error(error instanceof Error ? `\n${error.message}` : error);
  process.exitCode = 1;
}
