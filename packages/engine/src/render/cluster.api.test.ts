import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, test } from 'node:test';
import type { KubernetesKind, Pod, StatefulSet } from '@pgherd/api';
import { createClient, createTransport, kinds, pathOf } from '@pgherd/kube';
import { realApiServerConfig } from '@pgherd/kube/testing';
import type { Cluster } from '../model/cluster.ts';
import { fixtureCluster, testConfiguration } from '../testing/clusters.ts';
import { rendered, testTargets } from '../testing/rendering.ts';
import { backupJob, firstBackup } from './backups/job.ts';
import { renderCluster } from './cluster.ts';

const transport = createTransport({ config: await realApiServerConfig(), userAgent: 'pgherd-render-test/0' });
const client = createClient(transport);

const namespace = `rendering-${randomUUID()}`;
const level = 'pod-security.kubernetes.io';
await client.create(kinds.namespaces, {
  apiVersion: 'v1',
  kind: 'Namespace',
  metadata: { name: namespace, labels: { [`${level}/enforce`]: 'restricted', [`${level}/warn`]: 'restricted' } },
});
after(async () => {
  await client.delete(kinds.namespaces, { name: namespace });
  await transport[Symbol.asyncDispose]();
});

/** The server's answer to a strict dry run: unknown and doubled fields are refused. */
const accepted = async (object: KubernetesKind): Promise<unknown> => {
  const type = Object.values(kinds).find(({ kind }) => kind === object.kind);
  assert.ok(type, object.kind);
  const { body } = await client.raw({
    method: 'PATCH',
    path: pathOf(type, { namespace, name: object.metadata.name }),
    query: { fieldManager: 'pgherd', fieldValidation: 'Strict', dryRun: 'All' },
    contentType: 'application/apply-patch+yaml',
    body: { ...object, metadata: { ...object.metadata, namespace } },
  });
  return JSON.parse(body.toString('utf8'));
};

/** Paths of fields that the server keeps otherwise than we sent them: those would be applied again for ever. */
const changedFields = (sent: unknown, kept: unknown, path = ''): readonly string[] => {
  if (typeof sent !== 'object' || sent === null) return sent === kept ? [] : [`${path}: ${JSON.stringify(sent)} → ${JSON.stringify(kept)}`];
  const stored = (kept ?? {}) as Readonly<Record<string, unknown>>;
  return Object.entries(sent).flatMap(([key, value]) => changedFields(value, stored[key], `${path}.${key}`));
};

const podOf = ({ metadata, spec }: StatefulSet): Pod => {
  assert.ok(spec?.template.spec);
  return { apiVersion: 'v1', kind: 'Pod', metadata: { ...spec.template.metadata, name: `${metadata.name}-0` }, spec: spec.template.spec };
};

const withWalVolumes = (spec: Readonly<Record<string, unknown>>): unknown => ({
  ...spec,
  instances: (spec['instances'] as readonly Readonly<Record<string, unknown>>[]).map((set) => ({
    ...set,
    walVolumeClaimSpec: set['dataVolumeClaimSpec'],
  })),
});

const everythingOf = (cluster: Cluster): readonly KubernetesKind[] => {
  const objects = rendered(renderCluster, cluster, testTargets(cluster));
  const request = cluster.backups && firstBackup(cluster.backups, 0);
  return [
    ...objects,
    ...objects.filter((object) => object.kind === 'StatefulSet').map(podOf),
    ...(cluster.backups && request ? [backupJob(cluster, cluster.backups, request, testConfiguration)] : []),
  ];
};

const clusters: Readonly<Record<string, Cluster>> = {
  dev: fixtureCluster('dev').cluster,
  'prod with WAL volumes': fixtureCluster('prod', withWalVolumes).cluster,
  'qa without backups': fixtureCluster('qa', (spec) => ({ ...spec, backups: undefined })).cluster,
};

// Service accounts are what admission asks for before it takes a pod.
const service = (name: string) => ({ apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name, namespace } });
for (const name of ['hippo-instance', 'hippo-repohost']) await client.create(kinds.serviceAccounts, service(name));

for (const [what, cluster] of Object.entries(clusters))
  test(`rendering: the API server takes all of ${what}, keeps it as it is, and finds it fit for the restricted level`, async () => {
    for (const object of everythingOf(cluster)) {
      const kept = await accepted(object);
      const { namespace: _, ...metadata } = object.metadata;
      assert.deepEqual(changedFields({ ...object, metadata }, kept), [], `${object.kind} ${object.metadata.name}`);
    }
  });
