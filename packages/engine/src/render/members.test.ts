import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import type { StatefulSet } from '@pgherd/api';
import type { Cluster } from '../model/cluster.ts';
import { stamps } from '../stamps.ts';
import { fixtureCluster, postgresqlFixture } from '../testing/clusters.ts';
import { assertGolden } from '../testing/golden.ts';
import { rendered, testContext, testMember, testTargets } from '../testing/rendering.ts';
import type { RenderContext } from './context.ts';
import { memberIdentity, podOf, type Member } from '../model/members.ts';
import { renderMembers } from './members.ts';

type Spec = Readonly<Record<string, unknown>>;

const firstSet = (change: Spec) => (spec: Spec) => {
  const [set, ...others] = spec['instances'] as readonly Spec[];
  return { ...spec, instances: [{ ...set, ...change }, ...others] };
};

const statefulSets = (cluster: Cluster): readonly StatefulSet[] =>
  rendered(renderMembers, cluster).filter((object) => object.kind === 'StatefulSet');

const onlyPod = (cluster: Cluster) => {
  const [first] = statefulSets(cluster);
  assert.ok(first?.spec?.template.spec);
  return { template: first.spec.template, spec: first.spec.template.spec };
};

const containerNames = (cluster: Cluster): readonly string[] => onlyPod(cluster).spec.containers.map(({ name }) => name);

const inputsOf = (cluster: Cluster): string | undefined => onlyPod(cluster).template.metadata?.annotations?.[stamps.inputs];

const walVolume = { walVolumeClaimSpec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '2Gi' } } } };

test('members: a member of the dev overlay is the one in the golden file', () => {
  // What Patroni is told has a golden file of its own.
  const objects = rendered(renderMembers, fixtureCluster('dev').cluster).filter(({ kind }) => kind !== 'ConfigMap');
  assertGolden(join(import.meta.dirname, 'golden', 'member.yaml'), objects);
});

test('members: with backups a pod has four containers in their order', () => {
  assert.deepEqual(containerNames(fixtureCluster('dev').cluster), ['database', 'replication-cert-copy', 'pgbackrest', 'pgbackrest-config']);
});

test('members: without backups a pod has two containers and mounts nothing of pgBackRest', () => {
  const { cluster } = fixtureCluster('dev', (spec) => ({ ...spec, backups: undefined }));
  assert.deepEqual(containerNames(cluster), ['database', 'replication-cert-copy']);
  assert.doesNotMatch(JSON.stringify(onlyPod(cluster).spec.volumes), /pgbackrest/);
});

test('members: containers of the owner come between ours and those of the backups', () => {
  const { cluster } = fixtureCluster('dev', firstSet({ containers: [{ name: 'sidecar', image: 'registry.example/sidecar:1' }] }));
  assert.deepEqual(containerNames(cluster), ['database', 'replication-cert-copy', 'sidecar', 'pgbackrest', 'pgbackrest-config']);
});

test("members: the owner's volumes are mounted where they were asked for, and sidecars share /tmp", () => {
  const { cluster } = fixtureCluster('dev', firstSet({ containers: [{ name: 'sidecar', image: 'registry.example/sidecar:1' }] }));
  const set = cluster.sets[0];
  assert.ok(set);
  const [everywhere, some] = ['everywhere', 'some'].map((name) => ({ name, mountPath: `/volumes/${name}` }));
  assert.ok(everywhere && some);
  const altered = {
    ...cluster,
    sets: [{ ...set, additionalMounts: [everywhere], mountsByContainer: { sidecar: [some], 'postgres-startup': [some] } }],
  };
  const { spec } = onlyPod(altered);
  const all = [...spec.containers, ...(spec.initContainers ?? [])];
  const mounting = (path: string) =>
    all.filter(({ volumeMounts }) => volumeMounts?.some(({ mountPath }) => mountPath === path)).map(({ name }) => name);
  assert.deepEqual(
    mounting(everywhere.mountPath),
    all.map(({ name }) => name),
  );
  assert.deepEqual(mounting(some.mountPath), ['sidecar', 'postgres-startup']);
  assert.deepEqual(
    mounting('/tmp'),
    all.map(({ name }) => name),
  );
});

test('members: a WAL volume is claimed, mounted where WAL is written and handed to the start script', () => {
  const { cluster } = fixtureCluster('dev', firstSet(walVolume));
  const claims = rendered(renderMembers, cluster).filter(({ kind }) => kind === 'PersistentVolumeClaim');
  assert.deepEqual(
    claims.map(({ metadata }) => metadata.name),
    ['hippo-pgdb-b001-pgdata', 'hippo-pgdb-b001-pgwal'],
  );
  const { spec } = onlyPod(cluster);
  const mounting = [...spec.containers, ...(spec.initContainers ?? [])]
    .filter(({ volumeMounts }) => volumeMounts?.some(({ mountPath }) => mountPath === '/pgwal'))
    .map(({ name }) => name);
  assert.deepEqual(mounting, ['database', 'pgbackrest', 'postgres-startup']);
  assert.ok(spec.initContainers?.[0]?.command?.includes('/pgwal/pg15_wal'));
});

const claimSpec = { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } };

/** Containers of the first pod, init containers included, by what they mount. */
const mountingBy = (cluster: Cluster, path: string): readonly string[] => {
  const { spec } = onlyPod(cluster);
  return [...spec.containers, ...(spec.initContainers ?? [])]
    .filter(({ volumeMounts }) => volumeMounts?.some(({ mountPath }) => mountPath === path))
    .map(({ name }) => name);
};

test('members: the volumes section of a manifest is mounted in the containers that it means, and that are there', () => {
  const all = ['database', 'replication-cert-copy', 'sidecar', 'pgbackrest', 'pgbackrest-config', 'postgres-startup'];
  const { cluster, findings } = fixtureCluster(
    'dev',
    firstSet({
      containers: [{ name: 'sidecar', image: 'registry.example/sidecar:1' }],
      volumes: {
        temp: claimSpec,
        additional: [
          { name: 'everywhere', claimName: 'one' },
          { name: 'some', claimName: 'two', readOnly: true, containers: ['sidecar', 'nss-wrapper-init'] },
          { name: 'nowhere', claimName: 'three', containers: [] },
        ],
      },
    }),
  );
  assert.deepEqual(findings, []);
  const mounted: Readonly<Record<string, readonly string[]>> = {
    '/pgtmp': ['database', 'postgres-startup'],
    '/volumes/everywhere': all,
    '/volumes/some': ['sidecar'],
    '/volumes/nowhere': [],
  };
  for (const [path, names] of Object.entries(mounted)) assert.deepEqual(mountingBy(cluster, path), names, path);
  assertGolden(
    join(import.meta.dirname, 'golden', 'memberVolumes.yaml'),
    onlyPod(cluster).spec.volumes?.filter(({ name }) => name === 'postgres-temp' || name.startsWith('volumes-')),
  );
});

test('members: which containers mount a volume is an input of the pod (I8)', () => {
  const inputs = [undefined, [], ['database'], ['database', 'pgbackrest']].map((containers) =>
    inputsOf(fixtureCluster('dev', firstSet({ volumes: { additional: [{ name: 'some', claimName: 'one', containers }] } })).cluster),
  );
  assert.equal(new Set(inputs).size, inputs.length);
});

test('members: a WAL volume that was taken out of the manifest stays in the pod as it was, once it has a volume', () => {
  const bound = { ...testContext, boundClaims: new Set(['hippo-pgdb-b001-pgdata', 'hippo-pgdb-b001-pgwal']) };
  const objectsIn = (cluster: Cluster, context: RenderContext = bound) =>
    rendered(renderMembers, cluster, [{ identity: testMember(cluster, 'pgdb', 'b001'), pods: 1 }], context).filter(
      ({ kind }) => kind !== 'PersistentVolumeClaim',
    );
  const [asked, without] = [fixtureCluster('dev', firstSet(walVolume)).cluster, fixtureCluster('dev').cluster];
  assert.deepEqual(objectsIn(without), objectsIn(asked));
  const unbound = objectsIn(without, testContext);
  assert.doesNotMatch(JSON.stringify(unbound), /pgwal/);
});

test('members: the start script makes the log directory that the manifest chose, and a new one asks for a restart', () => {
  const withLogs = (log_directory: string) =>
    fixtureCluster('dev', (spec) => ({ ...spec, config: { parameters: { log_directory } } })).cluster;
  const command = (directory: string): readonly string[] => onlyPod(withLogs(directory)).spec.initContainers?.[0]?.command ?? [];
  const chosen = '/pgdata/logs/of/mine';
  assert.equal(command(chosen).at(-1), chosen);
  assert.notEqual(inputsOf(withLogs(chosen)), inputsOf(fixtureCluster('dev').cluster));
  // What initdb wants to find empty is left alone.
  for (const directory of ['log', '/pgdata/pg15/log', '/pgdata/pg15_wal/log', '/pgdata/logs/postgres']) {
    assert.deepEqual(command(directory), command('log'), directory);
    assert.equal(inputsOf(withLogs(directory)), inputsOf(fixtureCluster('dev').cluster), directory);
  }
});

test('members: claims have no owner reference, everything else is controlled by the cluster (I1)', () => {
  const { cluster } = fixtureCluster('qa', firstSet(walVolume));
  for (const { kind, metadata } of rendered(renderMembers, cluster)) {
    if (kind === 'PersistentVolumeClaim') assert.equal(metadata.ownerReferences, undefined);
    else
      assert.deepEqual(
        metadata.ownerReferences?.map(({ uid, controller }) => [uid, controller]),
        [[cluster.identity.uid, true]],
      );
  }
});

test('members: only the database container has a token for the API server', () => {
  const { spec } = onlyPod(fixtureCluster('dev').cluster);
  assert.equal(spec.automountServiceAccountToken, false);
  const withToken = [...spec.containers, ...(spec.initContainers ?? [])]
    .filter(({ volumeMounts }) => volumeMounts?.some(({ mountPath }) => mountPath.startsWith('/var/run/secrets')))
    .map(({ name }) => name);
  assert.deepEqual(withToken, ['database']);
});

test('members: every container runs under the restricted pod security standard with a read-only root', () => {
  const { spec } = onlyPod(fixtureCluster('dev').cluster);
  for (const { name, securityContext } of [...spec.containers, ...(spec.initContainers ?? [])]) {
    assert.deepEqual(
      {
        escalation: securityContext?.allowPrivilegeEscalation,
        drop: securityContext?.capabilities?.drop,
        nonRoot: securityContext?.runAsNonRoot,
        readOnly: securityContext?.readOnlyRootFilesystem,
        seccomp: securityContext?.seccompProfile?.type,
      },
      { escalation: false, drop: ['ALL'], nonRoot: true, readOnly: true, seccomp: 'RuntimeDefault' },
      name,
    );
  }
});

test('members: on OpenShift the platform chooses the group of the volumes', () => {
  const { cluster } = fixtureCluster('dev', (spec) => ({ ...spec, openshift: true }));
  assert.equal(onlyPod(cluster).spec.securityContext?.fsGroup, undefined);
  assert.equal(onlyPod(fixtureCluster('dev').cluster).spec.securityContext?.fsGroup, 26);
});

test('members: a stopped member keeps its StatefulSet with no pod', () => {
  const { cluster } = fixtureCluster('qa');
  const replicas = rendered(renderMembers, cluster, testTargets(cluster, 0))
    .filter((object) => object.kind === 'StatefulSet')
    .map(({ spec }) => spec?.replicas);
  assert.deepEqual(replicas, [0, 0]);
});

test('members: nothing is rendered of a member whose set the manifest no longer has', () => {
  const { cluster } = fixtureCluster('dev');
  const target = { identity: memberIdentity(cluster, 'gone', 'hippo-gone-b001'), pods: 1 } as const;
  assert.deepEqual(rendered(renderMembers, cluster, [target]), []);
});

test('members: without a known image there are claims and configuration but nothing that starts a pod', () => {
  const { cluster } = fixtureCluster('dev');
  const blind = { ...cluster, postgres: { ...cluster.postgres, image: undefined } };
  assert.deepEqual(
    rendered(renderMembers, blind).map(({ kind }) => kind),
    ['PersistentVolumeClaim', 'ConfigMap'],
  );
});

test('members: the inputs stamp changes with what the pod is asked to be and not with what Patroni takes over by itself (I8)', () => {
  const before = inputsOf(fixtureCluster('dev').cluster);
  const changed: Readonly<Record<string, (spec: Spec) => unknown>> = {
    resources: firstSet({ resources: { limits: { cpu: 2, memory: '2Gi' } } }),
    port: (spec) => ({ ...spec, port: 5433 }),
    image: (spec) => ({ ...spec, image: 'registry.example/other:1' }),
    metadata: (spec) => ({ ...spec, metadata: { annotations: { restarted: 'today' } } }),
    'WAL volume': firstSet(walVolume),
    backups: (spec) => ({ ...spec, backups: undefined }),
  };
  for (const [what, change] of Object.entries(changed)) assert.notEqual(inputsOf(fixtureCluster('dev', change).cluster), before, what);
  const unchanged: Readonly<Record<string, (spec: Spec) => unknown>> = {
    parameters: (spec) => ({ ...spec, patroni: { dynamicConfiguration: { postgresql: { parameters: { work_mem: '9MB' } } } } }),
    users: (spec) => ({ ...spec, users: [{ name: 'other' }] }),
    replicas: firstSet({ replicas: 3 }),
    'size of the volume': firstSet({
      dataVolumeClaimSpec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '9Gi' } } },
    }),
  };
  for (const [what, change] of Object.entries(unchanged)) assert.equal(inputsOf(fixtureCluster('dev', change).cluster), before, what);
});

test('members: probes tolerate as many failures as the lease lasts', () => {
  const { cluster } = fixtureCluster('dev', (spec) => ({ ...spec, patroni: { leaderLeaseDurationSeconds: 45, syncPeriodSeconds: 10 } }));
  const database = onlyPod(cluster).spec.containers[0];
  assert.deepEqual(
    [database?.livenessProbe?.periodSeconds, database?.livenessProbe?.timeoutSeconds, database?.livenessProbe?.failureThreshold],
    [10, 5, 4],
  );
  assert.deepEqual([database?.readinessProbe?.periodSeconds, database?.readinessProbe?.failureThreshold], [2, 22]);
});

test("members: the owner's own certificates take the places of ours", () => {
  const { cluster } = fixtureCluster('dev', (spec) => ({
    ...spec,
    customTLSSecret: { name: 'mine', items: [{ key: 'chain.pem', path: 'tls.crt' }] },
    customReplicationTLSSecret: { name: 'mine-replication' },
  }));
  const volume = onlyPod(cluster).spec.volumes?.find(({ name }) => name === 'cert-volume');
  assert.deepEqual(
    volume?.projected?.sources?.map(({ secret }) => [secret?.name, secret?.items?.map(({ path }) => path)]),
    [
      ['mine', ['tls.crt']],
      ['mine-replication', ['replication/tls.crt', 'replication/tls.key', 'replication/ca.crt']],
    ],
  );
});

/** The StatefulSet that members share, of whom so many are wanted. */
const shared = (wanted: number, context: RenderContext = testContext): StatefulSet => {
  const { cluster } = postgresqlFixture();
  const targets = Array.from({ length: wanted }, (_, ordinal) => ({ identity: sharing(ordinal), pods: 1 as const }));
  const statefulSets = rendered(renderMembers, cluster, targets, context).flatMap((object) =>
    object.kind === 'StatefulSet' ? [object] : [],
  );
  assert.equal(statefulSets.length, 1);
  return statefulSets[0] ?? assert.fail();
};

const sharing = (ordinal: number) => {
  const { cluster } = postgresqlFixture();
  return memberIdentity(cluster, cluster.identity.name, podOf(cluster.identity.name, ordinal));
};

test('members: volumes of members that share a StatefulSet outlive it and its pods, whoever made it before', () => {
  assert.deepEqual(shared(2).spec?.persistentVolumeClaimRetentionPolicy, { whenDeleted: 'Retain', whenScaled: 'Retain' });
});

test('members: who shares a StatefulSet waits for its turn where nothing probes it', () => {
  const { spec } = shared(2).spec?.template ?? assert.fail();
  const startup = spec?.initContainers?.find(({ name }) => name === 'postgres-startup') ?? assert.fail();
  const [, , , script = '', ...parameters] = startup.command ?? [];
  assert.match(script, /waits until/);
  assert.ok(parameters.includes('/etc/patroni/leads-first'));
  assert.ok(startup.volumeMounts?.some(({ mountPath }) => mountPath === '/etc/patroni'));
  assert.equal(startup.env?.find(({ name }) => name === 'POD_NAME')?.valueFrom?.fieldRef?.fieldPath, 'metadata.name');
  const database = spec?.containers.find(({ name }) => name === 'postgres');
  assert.doesNotMatch(JSON.stringify(database?.command), /leads-first/);
  const [, , , own = ''] = onlyPod(fixtureCluster('dev').cluster).spec.initContainers?.at(-1)?.command ?? [];
  assert.doesNotMatch(own, /waits until/);
});

test('members: a StatefulSet that members share covers those that go, also where an earlier one left them their pods', () => {
  const going = (fields: Partial<Member>): RenderContext => ({
    ...testContext,
    leaving: [
      {
        ...sharing(2),
        statefulSet: undefined,
        podObject: undefined,
        dataClaim: undefined,
        role: undefined,
        ready: true,
        state: undefined,
        timeline: undefined,
        pendingRestart: false,
        pendingSettings: {},
        ...fields,
      },
    ],
  });
  const pod = { apiVersion: 'v1', kind: 'Pod', metadata: { name: sharing(2).pod } } as const;
  const leaving = { ...pod, metadata: { ...pod.metadata, deletionTimestamp: '2026-01-01T00:00:00Z' } };
  const asking = { ...shared(3), metadata: { name: sharing(2).workload } };
  const cases = { left: { podObject: pod }, asked: { statefulSet: asking, podObject: pod }, ends: { podObject: leaving } };
  const replicas = Object.entries(cases).map(([which, fields]) => [which, shared(1, going(fields)).spec?.replicas]);
  assert.deepEqual(replicas, [
    ['left', 3],
    ['asked', 3],
    ['ends', 1],
  ]);
});
