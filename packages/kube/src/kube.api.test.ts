/** What this package assumes of a real API server. Needs PGHERD_TEST_KUBECONFIG; nodes are not needed. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, before, test } from 'node:test';
import { planApply } from './apply.ts';
import { createClient, listAll } from './client.ts';
import type { Client, WatchEvent } from './client.ts';
import { firstDifference } from './difference.ts';
import {
  AlreadyExistsError,
  ConflictError,
  ExpiredError,
  ForbiddenError,
  InvalidError,
  NotFoundError,
  ServerError,
  TooManyRequestsError,
  UnauthorizedError,
} from './errors.ts';
import { createEventRecorder } from './events.ts';
import { exec } from './exec.ts';
import { createInformer } from './informer.ts';
import { kinds, resourceType } from './kinds.ts';
import { kubeconfigConfig } from './kubeconfig.ts';
import type { ClusterConfig } from './kubeconfig.ts';
import { leadWhenElected } from './lease.ts';
import type { KubernetesObject } from './objects.ts';
import { addFinalizerPatch, ownerReferenceTo, removeFinalizerPatch } from './owners.ts';
import { compareResourceVersions } from './resourceVersion.ts';
import { until } from './testSupport.ts';
import { createTransport } from './transport.ts';
import type { Transport } from './transport.ts';

interface ConfigMap extends KubernetesObject {
  readonly data?: Readonly<Record<string, string>>;
}

const configMaps = resourceType<ConfigMap>(kinds.configMaps);
const namespace = `kube-${randomBytes(4).toString('hex')}`;

let config: ClusterConfig;
let transport: Transport;
let client: Client;

before(async () => {
  const path = process.env['PGHERD_TEST_KUBECONFIG'];
  assert.ok(path !== undefined, 'PGHERD_TEST_KUBECONFIG must name the kubeconfig of a real API server');
  config = await kubeconfigConfig({ path, env: {} });
  transport = createTransport({ config, userAgent: 'kube-test/1' });
  client = createClient(transport);
  await client.create(kinds.namespaces, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } });
});

after(async () => {
  await client.delete(kinds.namespaces, { name: namespace });
  await transport[Symbol.asyncDispose]();
});

function configMap(name: string, data: Readonly<Record<string, string>> = {}, labels?: Readonly<Record<string, string>>): ConfigMap {
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, namespace, ...(labels === undefined ? {} : { labels }) }, data };
}

test('API server: an object is created, read, replaced, patched and deleted', async () => {
  const ref = { namespace, name: 'life' };
  const created = await client.create(configMaps, configMap('life', { a: '1' }));
  await assert.rejects(client.create(configMaps, configMap('life')), AlreadyExistsError);
  const replaced = await client.update(configMaps, { ...created, data: { a: '2' } });
  assert.ok(compareResourceVersions(replaced.metadata.resourceVersion ?? '', created.metadata.resourceVersion ?? '') > 0);
  await assert.rejects(
    client.update(configMaps, created),
    (error: unknown) => error instanceof ConflictError && error.fieldConflicts.length === 0,
  );
  await client.patch(configMaps, ref, { kind: 'merge', body: { data: { b: '3' } } });
  const patched = await client.patch(configMaps, ref, { kind: 'json', operations: [{ op: 'remove', path: '/data/a' }] });
  assert.deepEqual(patched.data, { b: '3' });
  await assert.rejects(client.delete(configMaps, ref, { preconditions: { uid: 'another' } }), ConflictError);
  await assert.rejects(
    client.delete(configMaps, ref, { preconditions: { resourceVersion: created.metadata.resourceVersion } }),
    ConflictError,
  );
  await client.delete(configMaps, ref, { preconditions: { uid: created.metadata.uid } });
  await assert.rejects(client.get(configMaps, ref), (error: unknown) => error instanceof NotFoundError && !error.kindMissing);
});

test('API server: a dry run stores nothing', async () => {
  await client.create(configMaps, configMap('dry'), { dryRun: true });
  await client.apply(configMaps, configMap('dry'), { fieldManager: 'test', dryRun: true });
  await assert.rejects(client.get(configMaps, { namespace, name: 'dry' }), NotFoundError);
});

test('API server: each refusal has its class', async () => {
  await assert.rejects(client.create(configMaps, configMap('Not A Name')), (error: unknown) => {
    assert.ok(error instanceof InvalidError);
    assert.equal(error.details?.causes?.[0]?.field, 'metadata.name');
    return true;
  });
  const unknown = { group: 'example.com', version: 'v1', kind: 'X', plural: 'xs', namespaced: true };
  await assert.rejects(
    client.get(unknown, { namespace, name: 'a' }),
    (error: unknown) => error instanceof NotFoundError && error.kindMissing,
  );
  await using stranger = createTransport({
    config: { ...config, bearer: { kind: 'token', token: 'wrong' }, clientCertificate: undefined },
    userAgent: 'x',
  });
  await assert.rejects(createClient(stranger).list(kinds.pods), UnauthorizedError);
  await using nobody = createTransport({ config: { ...config, bearer: { kind: 'none' }, clientCertificate: undefined }, userAgent: 'x' });
  await assert.rejects(createClient(nobody).list(kinds.pods), (error: unknown) => {
    assert.ok(error instanceof ForbiddenError || error instanceof UnauthorizedError);
    return true;
  });
});

test('API server: apply owns what it applied, conflicts name the other manager, force takes over', async () => {
  await client.apply(configMaps, configMap('applied', { a: '1', b: '1' }), { fieldManager: 'one' });
  await assert.rejects(client.apply(configMaps, configMap('applied', { a: '2' }), { fieldManager: 'two' }), (error: unknown) => {
    assert.ok(error instanceof ConflictError);
    assert.deepEqual(error.fieldConflicts, [{ manager: 'one', field: '.data.a' }]);
    return true;
  });
  await client.apply(configMaps, configMap('applied', { a: '2' }), { fieldManager: 'two', force: true });
  const without = await client.apply(configMaps, configMap('applied', {}), { fieldManager: 'one' });
  assert.deepEqual(without.data, { a: '2' });
});

test('API server: an apply that changes nothing does not change the version', async () => {
  const first = await client.apply(configMaps, configMap('same', { a: '1' }), { fieldManager: 'one' });
  const second = await client.apply(configMaps, configMap('same', { a: '1' }), { fieldManager: 'one' });
  assert.equal(second.metadata.resourceVersion, first.metadata.resourceVersion);
});

/** An object with many of the values that the server rewrites or fills in. */
function statefulSet(name: string): KubernetesObject {
  const labels = { app: name };
  const container = {
    name: 'main',
    image: 'example.com/i:1',
    command: ['run'],
    env: [
      { name: 'A', value: '1' },
      { name: 'EMPTY', value: '' },
      { name: 'POD', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } },
    ],
    ports: [{ containerPort: 5432, name: 'postgres' }],
    resources: { requests: { cpu: '1000m', memory: '1024Mi' }, limits: { memory: '2.5Gi' } },
    readinessProbe: { httpGet: { path: '/ready', port: 8008, scheme: 'HTTPS' }, periodSeconds: 10 },
    livenessProbe: { httpGet: { path: '/live', port: 'postgres' } },
    securityContext: {
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      privileged: false,
      runAsNonRoot: true,
      capabilities: { drop: ['ALL'] },
    },
    volumeMounts: [
      { name: 'data', mountPath: '/data', readOnly: false },
      { name: 'conf', mountPath: '/conf', readOnly: true },
    ],
  };
  return {
    apiVersion: 'apps/v1',
    kind: 'StatefulSet',
    metadata: { name, namespace, labels, annotations: {} },
    spec: {
      replicas: 0,
      serviceName: name,
      selector: { matchLabels: labels },
      updateStrategy: { type: 'OnDelete' },
      template: {
        metadata: { labels, creationTimestamp: null },
        spec: {
          automountServiceAccountToken: false,
          enableServiceLinks: false,
          hostNetwork: false,
          shareProcessNamespace: false,
          imagePullSecrets: [],
          containers: [container],
          initContainers: [{ name: 'init', image: 'example.com/i:1', resources: {} }],
          securityContext: { fsGroup: 26, fsGroupChangePolicy: 'OnRootMismatch' },
          topologySpreadConstraints: [
            {
              maxSkew: 1,
              topologyKey: 'kubernetes.io/hostname',
              whenUnsatisfiable: 'ScheduleAnyway',
              labelSelector: { matchLabels: labels },
            },
          ],
          tolerations: [{ key: 'a', operator: 'Exists' }],
          volumes: [
            {
              name: 'conf',
              projected: {
                defaultMode: 0o600,
                sources: [{ configMap: { name: 'c' } }, { secret: { name: 's', items: [{ key: 'k', path: 'p' }] } }],
              },
            },
            { name: 'tmp', emptyDir: { sizeLimit: '16777216' } },
            { name: 'none', emptyDir: {} },
            {
              name: 'info',
              downwardAPI: { items: [{ path: 'cpu', resourceFieldRef: { containerName: 'main', resource: 'limits.cpu', divisor: '1m' } }] },
            },
          ],
        },
      },
      volumeClaimTemplates: [
        {
          apiVersion: 'v1',
          kind: 'PersistentVolumeClaim',
          metadata: { name: 'data' },
          spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1024Mi' } } },
        },
      ],
    },
  } as KubernetesObject;
}

/** One of each kind that an operator renders, as it would be written by hand. */
function samples(): readonly (readonly [keyof typeof kinds, KubernetesObject])[] {
  const object = (apiVersion: string, kind: string, rest: object): KubernetesObject => ({
    apiVersion,
    kind,
    metadata: { name: 'sample', namespace },
    ...rest,
  });
  const template = { metadata: { labels: { app: 'x' } }, spec: { restartPolicy: 'Never', containers: [{ name: 'c', image: 'i' }] } };
  return [
    ['statefulSets', statefulSet('sample')],
    [
      'deployments',
      object('apps/v1', 'Deployment', {
        spec: {
          replicas: 0,
          strategy: { rollingUpdate: { maxUnavailable: 0, maxSurge: '25%' } },
          selector: { matchLabels: { app: 'x' } },
          template: { ...template, spec: { containers: [{ name: 'c', image: 'i' }] } },
        },
      }),
    ],
    [
      'services',
      object('v1', 'Service', {
        spec: {
          type: 'ClusterIP',
          selector: { app: 'x' },
          publishNotReadyAddresses: false,
          ports: [
            { name: 'postgres', port: 5432, targetPort: 'postgres' },
            { name: 'dns', port: 53, protocol: 'UDP' },
          ],
        },
      }),
    ],
    ['endpoints', object('v1', 'Endpoints', { subsets: [{ addresses: [{ ip: '10.0.0.1' }], ports: [{ name: 'postgres', port: 5432 }] }] })],
    ['configMaps', object('v1', 'ConfigMap', { data: { a: '1', empty: '' } })],
    ['secrets', object('v1', 'Secret', { type: 'Opaque', stringData: { user: 'ü' }, data: { raw: 'AAE=' } })],
    ['serviceAccounts', object('v1', 'ServiceAccount', { automountServiceAccountToken: false, imagePullSecrets: [{ name: 's' }] })],
    [
      'persistentVolumeClaims',
      object('v1', 'PersistentVolumeClaim', {
        spec: { accessModes: ['ReadWriteOnce'], storageClassName: '', resources: { requests: { storage: '0.5Gi' } } },
      }),
    ],
    [
      'roles',
      object('rbac.authorization.k8s.io/v1', 'Role', {
        rules: [{ apiGroups: [''], resources: ['pods'], verbs: ['get'], resourceNames: ['a'] }],
      }),
    ],
    [
      'roleBindings',
      object('rbac.authorization.k8s.io/v1', 'RoleBinding', {
        roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'sample' },
        subjects: [{ kind: 'ServiceAccount', name: 'sample', namespace }],
      }),
    ],
    [
      'podDisruptionBudgets',
      object('policy/v1', 'PodDisruptionBudget', { spec: { minAvailable: 1, selector: { matchLabels: { app: 'x' } } } }),
    ],
    ['jobs', object('batch/v1', 'Job', { spec: { backoffLimit: 0, suspend: true, template } })],
    [
      'cronJobs',
      object('batch/v1', 'CronJob', {
        spec: { schedule: '0 1 * * 0', suspend: false, concurrencyPolicy: 'Forbid', jobTemplate: { spec: { template } } },
      }),
    ],
  ];
}

test('API server: whatever it fills in and rewrites, an applied object shows no difference to what was applied', async () => {
  for (const [kind, desired] of samples()) {
    const plan = planApply(desired, undefined, 'example.com/applied');
    assert.ok(plan.kind === 'apply');
    await client.apply(kinds[kind], plan.object, { fieldManager: 'one', force: true });
    const live = await client.get(kinds[kind], desired.metadata);
    assert.equal(firstDifference(desired, live), undefined, desired.kind);
    assert.deepEqual(planApply(desired, live, 'example.com/applied'), { kind: 'skip' }, desired.kind);
  }
});

test('API server: subresources take what belongs to them', async () => {
  const ref = { namespace, name: 'sub' };
  await client.apply(kinds.statefulSets, statefulSet('sub'), { fieldManager: 'one' });
  const status = { apiVersion: 'apps/v1', kind: 'StatefulSet', metadata: ref, status: { replicas: 3, observedGeneration: 1 } };
  const applied = await client.apply(kinds.statefulSets, status, { fieldManager: 'two', subresource: 'status' });
  assert.equal((applied as unknown as { status: { replicas: number } }).status.replicas, 3);
  const scale = await client.get(kinds.statefulSets, ref, { subresource: 'scale' });
  assert.equal(scale.kind, 'Scale');
  const scaled = await client.patch(kinds.statefulSets, ref, { kind: 'merge', body: { spec: { replicas: 2 } } }, { subresource: 'scale' });
  assert.equal((scaled as unknown as { spec: { replicas: number } }).spec.replicas, 2);
});

test('API server: finalizers and owners hold an object, patches on them the version that was read', async () => {
  const owner = await client.create(configMaps, configMap('owner'));
  const child = { ...configMap('child'), metadata: { name: 'child', namespace, ownerReferences: [ownerReferenceTo(owner)] } };
  const created = await client.create(configMaps, child);
  assert.equal(created.metadata.ownerReferences?.[0]?.uid, owner.metadata.uid);
  const add = addFinalizerPatch(created, 'example.com/hold');
  assert.ok(add !== undefined);
  const held = await client.patch(configMaps, child.metadata, add);
  await assert.rejects(client.patch(configMaps, child.metadata, add), ConflictError);
  await client.delete(configMaps, child.metadata);
  const ending = await client.get(configMaps, child.metadata);
  assert.ok(ending.metadata.deletionTimestamp !== undefined);
  const stale = removeFinalizerPatch(held, 'example.com/hold');
  assert.ok(stale !== undefined);
  await assert.rejects(client.patch(configMaps, child.metadata, stale), ConflictError);
  const remove = removeFinalizerPatch(ending, 'example.com/hold');
  assert.ok(remove !== undefined);
  await client.patch(configMaps, child.metadata, remove);
  await assert.rejects(client.get(configMaps, child.metadata), NotFoundError);
});

test('API server: pages make up the list', async () => {
  for (const name of ['p1', 'p2', 'p3']) await client.create(configMaps, configMap(name, {}, { pages: 'yes' }));
  const selection = { namespace, labelSelector: 'pages=yes' };
  const page = await client.list(configMaps, { ...selection, limit: 2 });
  assert.equal(page.items.length, 2);
  assert.ok(page.continue !== undefined);
  const all = await listAll(client, configMaps, { ...selection, limit: 1 });
  assert.deepEqual(
    all.items.map(({ kind, metadata }) => `${kind} ${metadata.name}`),
    ['ConfigMap p1', 'ConfigMap p2', 'ConfigMap p3'],
  );
});

test('API server: WatchList sends what there is, its end, and what comes after', async () => {
  const selection = { namespace, labelSelector: 'watched=yes' };
  await client.create(configMaps, configMap('w1', {}, { watched: 'yes' }));
  const stop = new AbortController();
  const seen: string[] = [];
  const text = (event: WatchEvent<ConfigMap>): string => {
    if (event.kind === 'error') return `error ${event.status.reason}`;
    return event.kind === 'bookmark' ? `bookmark ${event.initialEventsEnd}` : `${event.kind} ${event.object.metadata.name}`;
  };
  const watching = (async () => {
    for await (const event of client.watch(configMaps, { ...selection, sendInitialEvents: true, signal: stop.signal }))
      seen.push(text(event));
  })();
  await until(
    () => seen.includes('bookmark true'),
    () => seen,
  );
  await client.create(configMaps, configMap('w2', {}, { watched: 'yes' }));
  await client.patch(configMaps, { namespace, name: 'w1' }, { kind: 'merge', body: { metadata: { labels: { watched: null } } } });
  await until(
    () => seen.length >= 4,
    () => seen,
  );
  assert.deepEqual(seen, ['added w1', 'bookmark true', 'added w2', 'deleted w1']);
  stop.abort(new Error('seen enough'));
  await assert.rejects(watching, /seen enough/);
});

test('API server: a version that it has never seen is told apart, so that nobody waits for it', async () => {
  const future = client.list(configMaps, {
    namespace,
    resourceVersion: '999999999999',
    resourceVersionMatch: 'NotOlderThan',
    deadlineMs: 20_000,
  });
  await assert.rejects(future, (error: unknown) => {
    assert.ok(error instanceof ServerError || error instanceof ExpiredError);
    assert.ok(
      error.details?.causes?.some(({ reason }) => reason === 'ResourceVersionTooLarge'),
      JSON.stringify(error.details),
    );
    return true;
  });
});

test('API server: an informer follows a collection, in full and as metadata only', async () => {
  await client.create(configMaps, configMap('i1', { a: '1' }, { informed: 'yes' }));
  const stop = new AbortController();
  const make = (representation: 'full' | 'metadata') =>
    createInformer({ client, type: configMaps, selection: { namespace, labelSelector: 'informed=yes' }, representation });
  const informers = [make('full'), make('metadata')] as const;
  const running = informers.map((informer) => informer.run(stop.signal));
  await Promise.all(informers.map((informer) => informer.waitForSync(AbortSignal.timeout(5000))));
  const created = await client.create(configMaps, configMap('i2', { a: '2' }, { informed: 'yes' }));
  await client.delete(configMaps, { namespace, name: 'i1' });
  for (const { store } of informers)
    await until(
      () => store.size === 1 && store.get(`${namespace}/i2`) !== undefined,
      () => [...store.keys()],
    );
  const [full, metadata] = informers.map(({ store }) => store.get(`${namespace}/i2`));
  assert.deepEqual([full?.data, metadata?.data], [{ a: '2' }, undefined]);
  assert.deepEqual([full?.kind, metadata?.kind, metadata?.apiVersion], ['ConfigMap', 'ConfigMap', 'v1']);
  assert.equal(full?.metadata.managedFields, undefined);
  assert.ok(compareResourceVersions(informers[0].store.resourceVersion, created.metadata.resourceVersion ?? '') >= 0);
  stop.abort(new Error('done'));
  await Promise.all(running);
});

test('API server: a WatchList that it does not understand is refused, and the informer lists by pages instead', async () => {
  const stop = new AbortController();
  const informer = createInformer({
    client: {
      list: (type, options) => client.list(type, { ...options, limit: 1 }),
      async *watch(type, options = {}) {
        // Without resourceVersionMatch, which the client always sends along, this is what a server without WatchList makes of the request.
        const path = `/api/v1/namespaces/${namespace}/configmaps`;
        if (options.sendInitialEvents === true) await client.raw({ method: 'GET', path, query: { watch: true, sendInitialEvents: true } });
        yield* client.watch(type, options);
      },
    },
    type: configMaps,
    selection: { namespace, labelSelector: 'pages=yes' },
  });
  const running = informer.run(stop.signal);
  await informer.waitForSync(AbortSignal.timeout(5000));
  assert.equal(informer.store.size, 3);
  await client.delete(configMaps, { namespace, name: 'p1' });
  await until(
    () => informer.store.size === 2,
    () => [...informer.store.keys()],
  );
  stop.abort(new Error('done'));
  await running;
});

test('API server: an eviction that a budget forbids is 429 at once, one that it allows deletes the pod', async () => {
  const labels = { app: 'evicted' };
  const serviceAccount = { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'default', namespace } };
  await client.apply(kinds.serviceAccounts, serviceAccount, { fieldManager: 'test' });
  const pod = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'evicted', namespace, labels },
    spec: { containers: [{ name: 'c', image: 'i' }] },
  };
  await client.create(kinds.pods, pod);
  const running = { status: { phase: 'Running', conditions: [{ type: 'Ready', status: 'True' }] } };
  await client.patch(kinds.pods, pod.metadata, { kind: 'merge', body: running }, { subresource: 'status' });
  const budget = {
    apiVersion: 'policy/v1',
    kind: 'PodDisruptionBudget',
    metadata: { name: 'evicted', namespace },
    spec: { minAvailable: 1, selector: { matchLabels: labels } },
  };
  await client.create(kinds.podDisruptionBudgets, budget);
  await assert.rejects(client.evict(pod.metadata), TooManyRequestsError);
  await client.delete(kinds.podDisruptionBudgets, budget.metadata);
  await client.evict(pod.metadata, { gracePeriodSeconds: 0 });
});

test('API server: events are accepted, and the same again raises the count', async () => {
  const object = await client.create(configMaps, configMap('eventful'));
  const dropped: string[] = [];
  await using recorder = createEventRecorder({
    client,
    component: 'test',
    instance: 'test-0',
    onDropped: (reason) => dropped.push(reason),
  });
  for (let time = 0; time < 3; time += 1) {
    recorder.record(object, { type: 'Warning', reason: 'Tested', message: 'it works' });
    await recorder.flush();
  }
  const { items } = await client.list(kinds.events, { namespace, fieldSelector: 'involvedObject.name=eventful' });
  assert.deepEqual(dropped, []);
  assert.deepEqual(
    items.map((event) => event as unknown as { count: number; message: string }).map(({ count, message }) => [count, message]),
    [[3, 'it works']],
  );
});

test('API server: a lease is taken, renewed, released and taken over', async () => {
  const periods = { leaseDurationMs: 3000, renewDeadlineMs: 1000, retryPeriodMs: 100 };
  const options = { client, namespace, name: 'leader', ...periods };
  const terms: string[] = [];
  const stops = [new AbortController(), new AbortController()] as const;
  const lead = (name: string) => async (term: AbortSignal) => {
    terms.push(name);
    await new Promise<void>((resolve) => term.addEventListener('abort', () => resolve(), { once: true }));
  };
  const first = leadWhenElected({ ...options, identity: 'first' }, stops[0].signal, lead('first'));
  await until(
    () => terms.length === 1,
    () => terms,
  );
  const taken = await client.get(kinds.leases, { namespace, name: 'leader' });
  const second = leadWhenElected({ ...options, identity: 'second' }, stops[1].signal, lead('second'));
  let renewed = taken;
  while (renewed.metadata.resourceVersion === taken.metadata.resourceVersion)
    renewed = await client.get(kinds.leases, { namespace, name: 'leader' });
  assert.deepEqual(terms, ['first']);
  stops[0].abort(new Error('stop'));
  await first;
  await until(
    () => terms.length === 2,
    () => terms,
  );
  stops[1].abort(new Error('stop'));
  await second;
});

test('API server: exec on a pod that is not there is NotFound', async () => {
  await assert.rejects(exec(transport, { namespace, pod: 'nobody', container: 'c', command: ['true'] }), NotFoundError);
});
