/**
 * Holds the operator's rights to what it asks a real API server for: through a cluster's whole life under an account that has exactly these rules,
 * nothing is forbidden, and no rule is left over.
 */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { dialects } from '@pgherd/engine';
import {
  createClient,
  createTransport,
  kinds,
  NotFoundError,
  resourceType,
  type Client,
  type ClusterConfig,
  type KubernetesObject,
} from '@pgherd/kube';
import { eventually, realApiServerConfig, startFaultProxy, loopbackConfig, type FaultProxy } from '@pgherd/kube/testing';
import { pino } from 'pino';
import { definitionRules, leaseRules, namespacedRules, nodeRules, openshiftRules, type AccessRule } from './access.ts';
import { compileConfiguration } from './configuration.ts';
import { ensureCrds } from './crds.ts';
import { childKinds } from './kinds.ts';
import { resourceOfDialect } from './observe/caches.ts';
import { runOperator } from './operator.ts';
import { newDatabase } from './testing/database.ts';
import { manifestsOf } from './testing/manifests.ts';
import { playWorld } from './testing/playedWorld.ts';

const limitMs = 60_000;
const name = 'hippo';
const [dialect] = dialects;
assert.ok(dialect !== undefined);
const manifestType = resourceType<Manifest>(resourceOfDialect(dialect));
const { group } = dialect.resource;

interface Manifest extends KubernetesObject {
  readonly status?: {
    readonly observedGeneration?: number;
    readonly conditions?: readonly { readonly type: string; readonly status: string; readonly message?: string }[];
  };
}

interface Role extends KubernetesObject {
  readonly rules?: readonly AccessRule[];
}

/** `verb group/resource`, as a rule allows it and a request asks for it. */
const right = (verb: string, apiGroup: string, resource: string): string => `${verb} ${apiGroup}/${resource}`;

const rightsOf = (rules: readonly AccessRule[]): readonly string[] =>
  rules.flatMap(({ apiGroups, resources, verbs }) =>
    apiGroups.flatMap((apiGroup) => resources.flatMap((resource) => verbs.map((verb) => right(verb, apiGroup, resource)))),
  );

/** What no request here can show the need of, and why it is there all the same. */
const unseen: ReadonlyMap<string, string> = new Map([
  ...dialects.map(({ resource }): [string, string] => [
    right('update', resource.group, `${resource.plural}/finalizers`),
    'asked for by an admission plugin, inside the API server',
  ]),
  [right('create', 'apiextensions.k8s.io', 'customresourcedefinitions'), 'the definitions are there before: others are using them'],
]);

/** Rights that the requests needed. An apply is a patch; where it made the object, it was a creation too. */
const rightsAskedFor = (proxy: FaultProxy): ReadonlySet<string> => {
  const resourceOf = (request: { readonly plural: string; readonly subresource: string }): string =>
    request.subresource === '' ? request.plural : `${request.plural}/${request.subresource}`;
  const asked = proxy
    .requests()
    .filter((request) => request.plural !== '')
    .map((request) => right(request.verb === 'apply' ? 'patch' : request.verb, request.group, resourceOf(request)));
  const made = proxy
    .writes()
    .filter(({ created }) => created)
    .map((write) => right('create', write.group, resourceOf(write)));
  return new Set([...asked, ...made]);
};

const bind = async (
  client: Client,
  scope: { readonly namespace: string } | 'cluster',
  account: { readonly name: string; readonly namespace: string },
  role: string,
  rules: readonly AccessRule[],
): Promise<void> => {
  const [kind, roleType, bindingType] =
    scope === 'cluster'
      ? (['ClusterRole', kinds.clusterRoles, kinds.clusterRoleBindings] as const)
      : (['Role', kinds.roles, kinds.roleBindings] as const);
  const apiGroup = 'rbac.authorization.k8s.io';
  const apiVersion = `${apiGroup}/v1`;
  const metadata = { name: role, ...(scope === 'cluster' ? {} : scope) };
  await client.create(roleType, { apiVersion, kind, metadata, rules } as KubernetesObject);
  const subjects = [{ kind: 'ServiceAccount', ...account }];
  const roleRef = { apiGroup, kind, name: role };
  await client.create(bindingType, { apiVersion, kind: `${kind}Binding`, metadata, roleRef, subjects } as KubernetesObject);
};

const newNamespace = async (client: Client, prefix: string): Promise<string> => {
  const metadata = { generateName: `${prefix}-` };
  return (await client.create(kinds.namespaces, { apiVersion: 'v1', kind: 'Namespace', metadata })).metadata.name;
};

const tokenOf = async (client: Client, account: { readonly name: string; readonly namespace: string }): Promise<string> => {
  const answer = await client.raw({
    method: 'POST',
    path: `/api/v1/namespaces/${account.namespace}/serviceaccounts/${account.name}/token`,
    body: { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec: {} },
  });
  return (JSON.parse(answer.body.toString()) as { readonly status: { readonly token: string } }).status.token;
};

const freePort = async (): Promise<number> => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
};

/** Refusals of the API server so far, as the operator's own metrics count them. */
const refusalsIn = async (port: number): Promise<readonly string[]> => {
  const text = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
  assert.match(text, /^rest_client_requests_total\{/m);
  return text.split('\n').filter((line) => line.startsWith('rest_client_requests_total{') && line.includes('code="403"'));
};

const storage = { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } };
const instances = (replicas: number, cpu = '1') => [
  { name: 'pgdb', replicas, dataVolumeClaimSpec: storage, resources: { limits: { cpu } } },
];

interface Life {
  readonly client: Client;
  readonly namespace: string;
}

const change = async ({ client, namespace }: Life, body: object): Promise<void> => {
  await client.patch(manifestType, { namespace, name }, { kind: 'merge', body });
};

const isReady = async ({ client, namespace }: Life): Promise<boolean> => {
  const { metadata, status } = await client.get(manifestType, { namespace, name });
  return (
    status?.observedGeneration === metadata.generation &&
    status?.conditions?.some((condition) => condition.type === 'Ready' && condition.status === 'True') === true
  );
};

const untilReady = async (life: Life, what: string): Promise<void> => {
  await eventually(`the cluster Ready, ${what}`, async () => isReady(life), limitMs);
};

const untilGone = async ({ client, namespace }: Life, what: string, type: Parameters<Client['list']>[0], labelSelector?: string) => {
  const left = async () => client.list(type, { namespace, ...(labelSelector === undefined ? {} : { labelSelector }) });
  await eventually(what, async () => (await left()).items.length === 0, limitMs);
};

/** Values that somebody took away are made anew; twice, so that what is said of it is said twice. */
const blankPassword = async ({ client, namespace }: Life): Promise<void> => {
  const secret = { namespace, name: `${name}-pguser-${name}` };
  const type = resourceType<KubernetesObject & { readonly data?: Readonly<Record<string, string>> }>(kinds.secrets);
  for (const time of ['once', 'again']) {
    await client.patch(type, secret, { kind: 'merge', body: { data: { password: '' } } });
    await eventually(`a new password, ${time}`, async () => (await client.get(type, secret)).data?.['password'] !== '', limitMs);
  }
};

/** What the world model does not do, but the operator removes: a schedule that another operator left. */
const leaveSchedule = async ({ client, namespace }: Life): Promise<void> => {
  assert.ok(dialect !== undefined);
  const { labels } = dialect.profile;
  const template = { spec: { restartPolicy: 'Never', containers: [{ name: 'backup', image: 'registry.example/postgres:17' }] } };
  await client.create(kinds.cronJobs, {
    apiVersion: 'batch/v1',
    kind: 'CronJob',
    metadata: { name: `${name}-left`, namespace, labels: { [labels.cluster]: name, [labels.backup]: 'full' } },
    spec: { schedule: '0 0 * * *', suspend: true, jobTemplate: { spec: { template } } },
  } as KubernetesObject);
};

/** From creation to deletion, through everything that takes a right of its own. */
const live = async (life: Life, onCreated: () => Promise<void>): Promise<void> => {
  assert.ok(dialect !== undefined);
  const { client, namespace } = life;
  const { labels, requests } = dialect.profile;
  const initSql = { name: `${name}-init`, key: 'init.sql' };
  await client.create(kinds.configMaps, {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: initSql.name, namespace },
    data: { [initSql.key]: 'SELECT 1;' },
  } as KubernetesObject);
  await client.create(manifestType, {
    apiVersion: `${group}/${dialect.resource.version}`,
    kind: dialect.resource.kind,
    metadata: { name, namespace },
    spec: {
      postgresVersion: 17,
      users: [{ name, databases: ['zoo'] }],
      instances: instances(2),
      databaseInitSQL: initSql,
      backups: { pgbackrest: { repos: [{ name: 'repo1', volume: { volumeClaimSpec: storage } }] } },
    },
  } as KubernetesObject);
  await untilReady(life, 'with two members');
  await eventually('a first backup', async () => (await client.list(kinds.jobs, { namespace })).items.length > 0, limitMs);
  await onCreated();
  await blankPassword(life);
  await change(life, { spec: { instances: instances(1) } });
  await untilReady(life, 'with one member');
  await change(life, { spec: { instances: instances(1, '2') } });
  await untilReady(life, 'with more processor');
  await leaveSchedule(life);
  await change(life, { metadata: { annotations: { [requests.authorizeBackupRemoval]: 'true' } }, spec: { backups: null } });
  await untilGone(life, 'no schedule', kinds.cronJobs);
  await untilGone(life, 'no backup', kinds.jobs);
  await untilGone(life, 'no repository', kinds.persistentVolumeClaims, labels.backupRepository);
  await untilReady(life, 'without backups');
  await client.delete(manifestType, { namespace, name });
  await eventually(
    'no cluster',
    async () =>
      client.get(manifestType, { namespace, name }).then(
        () => false,
        (error: unknown) => error instanceof NotFoundError,
      ),
    limitMs,
  );
};

/** The kinds whose every right is that of the first one, but for the manifests themselves. */
const others = dialects.slice(1);

const playOthers = async (client: Client, namespace: string): Promise<AsyncDisposable> => {
  const worlds = await Promise.all(others.map(async (other) => playWorld({ client, dialect: other, namespace, collectsGarbage: true })));
  return {
    [Symbol.asyncDispose]: async () => {
      for (const world of worlds) await world[Symbol.asyncDispose]();
    },
  };
};

/** Creation and deletion of a cluster of each other kind. */
const liveOfOthers = async (client: Client, namespace: string): Promise<void> => {
  for (const other of others) {
    const type = resourceType<Manifest>(resourceOfDialect(other));
    const ref = { namespace, name: 'other' };
    await client.create(type, manifestsOf(other).manifest(namespace, ref.name));
    await eventually(
      `a ${type.kind} being Ready`,
      async () =>
        (await client.get(type, ref)).status?.conditions?.some(
          ({ type: condition, status }) => condition === 'Ready' && status === 'True',
        ) === true,
      limitMs,
    );
    await client.delete(type, ref);
    await eventually(
      `no ${type.kind}`,
      async () =>
        client.get(type, ref).then(
          () => false,
          (error: unknown) => error instanceof NotFoundError,
        ),
      limitMs,
    );
  }
};

/** The definitions are there, but not as installed by this operator: it has something to apply. */
const prepareDefinitions = async (client: Client): Promise<void> => {
  await ensureCrds(client, 'apply', pino({ level: 'silent' }), new AbortController().signal);
  for (const { resourceNames = [] } of definitionRules('apply')) {
    for (const definition of resourceNames) {
      const body = { metadata: { annotations: { 'pgherd.dev/revision': 'another' } } };
      await client.patch(kinds.customResourceDefinitions, { name: definition }, { kind: 'merge', body });
    }
  }
};

test('access: through a cluster’s life nothing is forbidden to the operator, and no right is left over', async () => {
  const admin: ClusterConfig = await realApiServerConfig();
  await using transport = createTransport({ config: admin, userAgent: 'pgherd-test/1' });
  const client = createClient(transport);
  const [own, namespace] = [await newNamespace(client, 'access-operator'), await newNamespace(client, 'access')];
  const account = { name: 'pgherd', namespace: own };
  const rules = {
    clusters: [...namespacedRules(), ...openshiftRules()],
    lease: leaseRules('pgherd'),
    clusterWide: [...definitionRules('apply'), ...nodeRules()],
  };
  await prepareDefinitions(client);
  await client.create(kinds.serviceAccounts, { apiVersion: 'v1', kind: 'ServiceAccount', metadata: account });
  await bind(client, { namespace }, account, 'pgherd', rules.clusters);
  await bind(client, { namespace: own }, account, 'pgherd-lease', rules.lease);
  await bind(client, 'cluster', account, own, rules.clusterWide);
  const token = await tokenOf(client, account);
  const restricted: ClusterConfig = { ...admin, clientCertificate: undefined, bearer: { kind: 'token', token } };

  const port = await freePort();
  const configuration = compileConfiguration(
    [
      `--namespaces=${namespace}`,
      '--crds=apply',
      `--lease-namespace=${own}`,
      `--listen=127.0.0.1:${port}`,
      '--openshift=on',
      '--postgres-images=17=registry.example/postgres:17',
      '--backup-image=registry.example/postgres:17',
    ],
    { POD_NAME: 'operator-0' },
  );
  const said: string[] = [];
  const log = pino({ level: 'info', base: null }, { write: (line: string) => void said.push(line) });
  const granted = new Set<string>();
  const stop = new AbortController();
  try {
    await using _world = await playWorld({ client, dialect, namespace, collectsGarbage: true });
    await using proxy = await startFaultProxy(restricted);
    // A server that does not list by watching (WatchList is off below Kubernetes 1.34, and after an upgrade may be so again) is listed.
    for (const { plural: resource } of [...dialects.map(resourceOfDialect), ...Object.values(childKinds), kinds.nodes])
      proxy.addRule({ match: { verb: 'watch', resource }, fault: { kind: 'answer', httpStatus: 422, reason: 'Invalid' } });
    const running = runOperator(
      { configuration, clusterConfig: loopbackConfig(proxy.url), log, runProgram: newDatabase().run },
      stop.signal,
    ).catch((error: unknown) => {
      if (!stop.signal.aborted) throw error;
    });
    await using _others = await playOthers(client, namespace);
    const life = live({ client, namespace }, async () => {
      // Nobody may make a role that grants more than its maker has.
      const roles = await client.list(resourceType<Role>(kinds.roles), { namespace });
      const others = roles.items.filter(({ metadata }) => metadata.name !== 'pgherd');
      for (const rule of rightsOf(others.flatMap((role) => role.rules ?? []))) granted.add(rule);
    });
    await Promise.race([life.then(async () => liveOfOthers(client, namespace)), running.then(() => assert.fail('the operator ended'))]);
    assert.deepEqual(await refusalsIn(port), [], 'nothing was forbidden');
    stop.abort(new Error('the test is over'));
    await running;

    const needed = new Set([...rightsAskedFor(proxy), ...granted]);
    const given = rightsOf(Object.values(rules).flat());
    assert.deepEqual([...needed].filter((one) => !given.includes(one)).toSorted(), [], 'all that was asked for is in the rules');
    assert.deepEqual(given.filter((one) => !needed.has(one) && !unseen.has(one)).toSorted(), [], 'no right that nothing asks for');
    assert.deepEqual(
      [...unseen.keys()].filter((one) => needed.has(one) || !given.includes(one)),
      [],
      'no exception that is none',
    );
  } catch (error) {
    throw new Error(`${error instanceof Error ? error.message : String(error)}\nThe operator said:\n${said.slice(-5).join('')}`, {
      cause: error,
    });
  } finally {
    stop.abort(new Error('the test is over'));
    for (const type of [kinds.clusterRoleBindings, kinds.clusterRoles]) await client.delete(type, { name: own });
    for (const made of [own, namespace]) await client.delete(kinds.namespaces, { name: made });
  }
});
