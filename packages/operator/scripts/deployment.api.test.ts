/**
 * What Helm makes of charts/pgherd and kustomize of deploy/: a real API server takes it, in a namespace that warns of everything that is not
 * restricted; it grants what src/access.ts says; and what it tells the operator, the operator understands.
 */
import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { ensureControlPlaneBinaries } from '../../../local/src/binaries.ts';
import { attempt, run } from '../../../local/src/command.ts';
import { cacheRoot } from '../../../local/src/paths.ts';
import { silentProgress } from '../../../local/src/progress.ts';
import { definitionRules, leaseRules, namespacedRules, nodeRules, openshiftRules, type AccessRule } from '../src/access.ts';
import { compileConfiguration, documentedOptions, type Configuration } from '../src/configuration.ts';
import { chart, ensureHelm, renderChart } from './helm.ts';

const deploy = fileURLToPath(new URL('../../../deploy', import.meta.url));
const kubectl = join((await ensureControlPlaneBinaries(cacheRoot(process.env), silentProgress)).kubernetes, 'kubectl');
const kubeconfig = process.env['PGHERD_TEST_KUBECONFIG'] ?? assert.fail('PGHERD_TEST_KUBECONFIG names the kubeconfig of an API server');

interface Variable {
  readonly name: string;
  readonly value?: string;
  readonly valueFrom?: object;
}

interface Container {
  readonly image: string;
  readonly env?: readonly Variable[];
  readonly envFrom?: readonly { readonly configMapRef: { readonly name: string } }[];
}

interface Rendered {
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string; readonly labels?: Readonly<Record<string, string>> };
  readonly rules?: readonly AccessRule[];
  readonly subjects?: readonly { readonly name: string; readonly namespace: string }[];
  readonly roleRef?: { readonly name: string };
  readonly data?: Readonly<Record<string, string>>;
  readonly spec?: {
    readonly replicas?: number;
    readonly maxUnavailable?: number;
    readonly template: {
      readonly metadata: { readonly annotations?: Readonly<Record<string, string>> };
      readonly spec: { readonly containers: readonly Container[]; readonly [field: string]: unknown };
    };
  };
}

const ask = async (argv: readonly string[], input = ''): Promise<string> => run([kubectl, '--kubeconfig', kubeconfig, ...argv], { input });

/** Namespaces stay: behind an API server alone nobody would clear them away. */
const ensureNamespaces = async (...names: readonly string[]): Promise<void> => {
  for (const name of names) {
    const labels = { 'pod-security.kubernetes.io/enforce': 'restricted', 'pod-security.kubernetes.io/warn': 'restricted' };
    const namespace = { apiVersion: 'v1', kind: 'Namespace', metadata: { name, labels } };
    await ask(['apply', '--server-side', '--force-conflicts', '-f', '-'], JSON.stringify(namespace));
  }
};

/** What the API server makes of the objects, without keeping them. Warnings count as refusals. */
const taken = async (yaml: string): Promise<readonly Rendered[]> => {
  const argv = ['apply', '--server-side', '--force-conflicts', '--dry-run=server', '--warnings-as-errors', '-o', 'json', '-f', '-'];
  return (JSON.parse(await ask(argv, yaml)) as { readonly items: readonly Rendered[] }).items;
};

const fromHelm = async (values: Readonly<Record<string, unknown>>): Promise<readonly Rendered[]> => {
  const { exitCode, stdout, stderr } = await renderChart(values);
  assert.equal(exitCode, 0, stderr);
  return taken(stdout);
};

const fromKustomize = async (folder: string): Promise<readonly Rendered[]> => taken(await run([kubectl, 'kustomize', folder]));

const one = (objects: readonly Rendered[], kind: string): Rendered => {
  const found = objects.filter((object) => object.kind === kind);
  assert.equal(found.length, 1, `one ${kind}`);
  return found[0] ?? assert.fail();
};

const containerOf = (objects: readonly Rendered[]): Container => {
  const containers = one(objects, 'Deployment').spec?.template.spec.containers ?? [];
  assert.equal(containers.length, 1);
  return containers[0] ?? assert.fail();
};

/** As the operator's process will see it. */
const environmentOf = (objects: readonly Rendered[]): Readonly<Record<string, string>> => {
  const { env = [], envFrom = [] } = containerOf(objects);
  const maps = envFrom.map(
    ({ configMapRef: { name } }) =>
      objects.find(({ kind, metadata }) => kind === 'ConfigMap' && metadata.name === name)?.data ?? assert.fail(`no ConfigMap ${name}`),
  );
  return {
    ...Object.assign({}, ...maps),
    ...Object.fromEntries(env.map(({ name, value, valueFrom }) => [name, valueFrom === undefined ? (value ?? '') : 'from-the-pod'])),
  };
};

const configurationOf = (objects: readonly Rendered[]): Configuration => compileConfiguration([], environmentOf(objects));

/** Rules of every role that is bound to the operator's account, by where they hold. */
const grants = (objects: readonly Rendered[]): Readonly<Record<string, readonly AccessRule[]>> => {
  const account = one(objects, 'ServiceAccount').metadata;
  return Object.fromEntries(
    objects
      .filter(({ kind }) => kind.endsWith('RoleBinding'))
      .map(({ kind, metadata, roleRef, subjects = [] }) => {
        assert.deepEqual(
          subjects.map(({ name, namespace }) => ({ name, namespace })),
          [{ name: account.name, namespace: account.namespace }],
        );
        const role = objects.find(
          (object) =>
            `${object.kind}Binding` === kind && object.metadata.name === roleRef?.name && object.metadata.namespace === metadata.namespace,
        );
        return [
          `${kind.replace('Binding', '')} ${metadata.namespace ?? ''}/${metadata.name}`,
          role?.rules ?? assert.fail('bound to nothing'),
        ];
      }),
  );
};

const sorted = (rules: readonly AccessRule[]): readonly string[] =>
  rules.map((rule) => JSON.stringify(Object.entries(rule).toSorted(([left], [right]) => (left < right ? -1 : 1)))).toSorted();

/** Of an operator that looks after all namespaces. */
const everywhere = [...namespacedRules(), ...nodeRules()];

const assertGrants = (objects: readonly Rendered[], wanted: Readonly<Record<string, readonly AccessRule[]>>): void => {
  const texts = (rules: Readonly<Record<string, readonly AccessRule[]>>) =>
    Object.fromEntries(Object.entries(rules).map(([where, list]) => [where, sorted(list)]));
  assert.deepEqual(texts(grants(objects)), texts(wanted));
};

await ensureNamespaces('pgherd', 'team-a', 'team-b');

test('chart: lint finds nothing', async () => {
  await run([await ensureHelm(), 'lint', '--strict', chart]);
});

test('chart: by default it looks after all namespaces and brings its definitions', async () => {
  const objects = await fromHelm({});
  assertGrants(objects, {
    'ClusterRole /pgherd-pgherd': everywhere,
    'ClusterRole /pgherd-pgherd-definitions': definitionRules('apply'),
    'Role pgherd/pgherd-lease': leaseRules('pgherd'),
  });
  const configuration = configurationOf(objects);
  assert.equal(configuration.namespaces, undefined);
  assert.equal(configuration.crds, 'apply');
  assert.deepEqual(Object.keys(configuration.postgresImages), ['15', '17']);
  assert.match(containerOf(objects).image, /^localhost\/pgherd-operator:\d/);
  assert.deepEqual(one(objects, 'Deployment').spec?.template.metadata.annotations, {
    'prometheus.io/scrape': 'true',
    'prometheus.io/port': '8080',
    'prometheus.io/path': '/metrics',
  });
  assert.equal(one(objects, 'PodDisruptionBudget').spec?.maxUnavailable, 1);
});

test('chart: a list of namespaces takes a role in each and nothing cluster-wide', async () => {
  const objects = await fromHelm({ namespaces: ['team-a', 'team-b'], crds: 'off', openshift: true, leaseName: 'other' });
  assertGrants(objects, {
    'Role team-a/pgherd': [...namespacedRules(), ...openshiftRules()],
    'Role team-b/pgherd': [...namespacedRules(), ...openshiftRules()],
    'Role pgherd/pgherd-lease': leaseRules('other'),
  });
  const configuration = configurationOf(objects);
  assert.deepEqual(configuration.namespaces, ['team-a', 'team-b']);
  assert.equal(configuration.openshift, true);
  assert.equal(configuration.leaderElection?.name, 'other');
});

test('chart: with crds=check the definitions may only be read', async () => {
  assert.deepEqual(
    grants(await fromHelm({ crds: 'check' }))['ClusterRole /pgherd-pgherd-definitions']?.map(({ verbs }) => verbs),
    definitionRules('check').map(({ verbs }) => verbs),
  );
});

test('chart: with crds=off and readCrds the definitions may be read, and nothing else outside the namespaces', async () => {
  assertGrants(await fromHelm({ namespaces: ['team-a'], crds: 'off', readCrds: true }), {
    'ClusterRole /pgherd-pgherd-definitions': definitionRules('check'),
    'Role team-a/pgherd': namespacedRules(),
    'Role pgherd/pgherd-lease': leaseRules('pgherd'),
  });
});

test('chart: readCrds takes nothing from who brings the definitions', async () => {
  const name = 'ClusterRole /pgherd-pgherd-definitions';
  assert.deepEqual(sorted(grants(await fromHelm({ readCrds: true }))[name] ?? []), sorted(definitionRules('apply')));
});

test('chart: every value reaches what it is for', async () => {
  const objects = await fromHelm({
    imagePrefix: 'registry.example/team/pgherd',
    imageTag: '9.9.9',
    imagePullSecrets: [{ name: 'pull' }],
    postgresImages: { 17: 'registry.example/postgres:17' },
    replicas: 3,
    logLevel: 'debug',
    workers: 7,
    clusterDomain: 'cluster.example',
    metrics: { annotations: false },
    serviceAccount: { name: 'operator' },
    extraEnvironment: [{ name: 'NODE_EXTRA_CA_CERTS', value: '/ca' }],
    extraLabels: { team: 'data' },
    podAnnotations: { note: 'yes' },
    priorityClassName: 'system-cluster-critical',
    nodeSelector: { disk: 'fast' },
    tolerations: [{ key: 'db', operator: 'Exists' }],
    affinity: { nodeAffinity: {} },
    topologySpreadConstraints: [{ maxSkew: 1, topologyKey: 'zone', whenUnsatisfiable: 'ScheduleAnyway', labelSelector: {} }],
    podDisruptionBudget: { create: false },
    resources: { limits: { memory: '1Gi' } },
  });
  const configuration = configurationOf(objects);
  assert.deepEqual(configuration.postgresImages, { 17: 'registry.example/postgres:17' });
  assert.equal(configuration.backupImage, 'registry.example/team/pgherd-postgres:9.9.9');
  assert.deepEqual([configuration.logLevel, configuration.workers, configuration.clusterDomain], ['debug', 7, 'cluster.example']);
  const { spec, metadata } = one(objects, 'Deployment');
  assert.equal(spec?.replicas, 3);
  assert.equal(metadata.labels?.['team'], 'data');
  assert.deepEqual(spec?.template.metadata.annotations, { note: 'yes' });
  const pod = spec?.template.spec;
  assert.equal(containerOf(objects).image, 'registry.example/team/pgherd-operator:9.9.9');
  assert.deepEqual(pod?.['imagePullSecrets'], [{ name: 'pull' }]);
  assert.equal(pod?.['serviceAccountName'], 'operator');
  assert.equal(pod?.['priorityClassName'], 'system-cluster-critical');
  assert.deepEqual(pod?.['nodeSelector'], { disk: 'fast' });
  assert.deepEqual(pod?.['tolerations'], [{ key: 'db', operator: 'Exists' }]);
  assert.deepEqual(pod?.['affinity'], { nodeAffinity: {} });
  assert.ok(Array.isArray(pod?.['topologySpreadConstraints']));
  assert.equal(environmentOf(objects)['NODE_EXTRA_CA_CERTS'], '/ca');
  assert.ok(!objects.some(({ kind }) => kind === 'PodDisruptionBudget'));
});

/** What a pod in a cluster has no choice in. */
const notForThePod = ['KUBECONFIG', 'PGHERD_CONTEXT', 'PGHERD_LEADER_ELECTION', 'PGHERD_LEASE_NAMESPACE', 'PGHERD_LISTEN'];

test('chart: every option of the operator has a value', async () => {
  const environment = environmentOf(await fromHelm({}));
  const options = documentedOptions().map(({ variable }) => variable);
  assert.deepEqual(
    options.filter((variable) => !notForThePod.includes(variable) && environment[variable] === undefined),
    [],
  );
  const unknown = Object.keys(environment).filter((variable) => variable.startsWith('PGHERD_') && !options.includes(variable));
  assert.deepEqual(unknown, []);
});

const refused: readonly (readonly [string, Readonly<Record<string, unknown>>, RegExp])[] = [
  ['a value that does not exist', { replica: 2 }, /replica/],
  ['an unknown crds mode', { crds: 'maybe' }, /crds/],
  ['no workers', { workers: 0 }, /workers/],
  ['an impossible namespace', { namespaces: ['Team_A'] }, /namespaces/],
  ['an image without a version', { postgresImages: { latest: 'a/b' } }, /postgresImages/],
];
for (const [what, values, message] of refused) {
  test(`chart: ${what} is refused before anything is made`, async () => {
    const { exitCode, stderr } = await renderChart(values);
    assert.notEqual(exitCode, 0);
    assert.match(stderr, message);
  });
}

test('kustomize: the overlay for all namespaces brings its definitions at start', async () => {
  const objects = await fromKustomize(join(deploy, 'overlays/all-namespaces'));
  assertGrants(objects, {
    'ClusterRole /pgherd': everywhere,
    'ClusterRole /pgherd-definitions': definitionRules('apply'),
    'Role pgherd/pgherd-lease': leaseRules('pgherd'),
  });
  const { namespaces, crds, leaderElection } = configurationOf(objects);
  assert.deepEqual([namespaces, crds, leaderElection?.name], [undefined, 'apply', 'pgherd']);
});

test('kustomize: the overlay for a list of namespaces has no right outside them, and the definitions come with it', async () => {
  const objects = await fromKustomize(join(deploy, 'overlays/namespaces'));
  assertGrants(objects, {
    'Role team-a/pgherd': namespacedRules(),
    'Role team-b/pgherd': namespacedRules(),
    'Role pgherd/pgherd-lease': leaseRules('pgherd'),
  });
  const { namespaces, crds } = configurationOf(objects);
  assert.deepEqual([namespaces, crds], [['team-a', 'team-b'], 'off']);
  assert.ok(objects.some(({ kind }) => kind === 'CustomResourceDefinition'));
});

/** The kustomization that docs/install.md shows, over this checkout instead of a remote one, and with one component more. */
const documentedOverlay = async (folder: string, component: string, over = 'overlays/all-namespaces'): Promise<string> => {
  const guide = await readFile(new URL('../../../docs/install.md', import.meta.url), 'utf8');
  const shown = /```yaml\n(apiVersion: kustomize[\s\S]*?)```/.exec(guide)?.[1] ?? assert.fail('docs/install.md shows no kustomization');
  const local = shown.replace(/https:\S+\/\/deploy(\S+)\?ref=\S+/, () => relative(folder, join(deploy, over)));
  assert.notEqual(local, shown);
  return `${local}components: [${relative(folder, join(deploy, component))}]\n`;
};

/** What kustomize makes of that. */
const fromDocumentedOverlay = async (component: string, over?: string): Promise<readonly Rendered[]> => {
  const folder = await mkdtemp(join(tmpdir(), 'pgherd-overlay-'));
  try {
    await writeFile(join(folder, 'kustomization.yaml'), await documentedOverlay(folder, component, over));
    return await fromKustomize(folder);
  } finally {
    await rm(folder, { recursive: true });
  }
};

test('kustomize: the overlay of one’s own in the guide sets images and options; a component adds what OpenShift asks for', async () => {
  const objects = await fromDocumentedOverlay('components/openshift');
  assert.deepEqual(sorted(grants(objects)['ClusterRole /pgherd'] ?? []), sorted([...everywhere, ...openshiftRules()]));
  const { openshift, backupImage, postgresImages } = configurationOf(objects);
  assert.equal(openshift, true);
  assert.match(containerOf(objects).image, /^registry\.example\/team\/pgherd-operator:/);
  for (const image of [backupImage, ...Object.values(postgresImages)])
    assert.match(image ?? '', /^registry\.example\/team\/pgherd-postgres:/);
});

test('kustomize: a component lets an operator for a list of namespaces read its definitions, and nothing else outside them', async () => {
  const objects = await fromDocumentedOverlay('components/read-crds', 'overlays/namespaces');
  assertGrants(objects, {
    'ClusterRole /pgherd-definitions': definitionRules('check'),
    'Role team-a/pgherd': namespacedRules(),
    'Role team-b/pgherd': namespacedRules(),
    'Role pgherd/pgherd-lease': leaseRules('pgherd'),
  });
  assert.equal(configurationOf(objects).crds, 'off');
});

test('chart and kustomization run the operator in the same pod', async () => {
  const essence = (objects: readonly Rendered[]): unknown => {
    const { containers, affinity: _affinity, ...pod } = one(objects, 'Deployment').spec?.template.spec ?? assert.fail();
    const [{ env: _env, envFrom: _envFrom, ...container } = assert.fail()] = containers;
    return { ...pod, container };
  };
  assert.deepEqual(essence(await fromHelm({})), essence(await fromKustomize(join(deploy, 'overlays/all-namespaces'))));
});

test('these tests would see it if the pod were less than restricted', async () => {
  const { stdout } = await renderChart({});
  const lax = stdout.replace('allowPrivilegeEscalation: false', 'allowPrivilegeEscalation: true');
  assert.notEqual(lax, stdout);
  const { exitCode } = await attempt(
    [kubectl, '--kubeconfig', kubeconfig, 'apply', '--server-side', '--dry-run=server', '--warnings-as-errors', '-f', '-'],
    { input: lax },
  );
  assert.notEqual(exitCode, 0);
});
