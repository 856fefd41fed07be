/** Dynamic volumes: local-path-provisioner as a plain process, and the default StorageClass. A volume is a folder of its node's. */
import { join } from 'node:path';
import { stringify } from 'yaml';
import type { ApiClient } from './api-client.ts';
import type { NodeAddresses } from './addresses.ts';
import { busyboxImage } from './images.ts';
import { ensureFile } from './files.ts';
import type { Instance } from './instance.ts';
import { machinePaths } from './paths.ts';
import { ensureRunning } from './processes.ts';

const namespace = 'local-path-storage';
const scripts = 'local-path-scripts';
const provisioner = 'rancher.io/local-path';

/** The default StorageClass. */
const storageClass = {
  apiVersion: 'storage.k8s.io/v1',
  kind: 'StorageClass',
  metadata: { name: 'local-path', annotations: { 'storageclass.kubernetes.io/is-default-class': 'true' } },
  provisioner,
  volumeBindingMode: 'WaitForFirstConsumer',
  reclaimPolicy: 'Delete',
  // The provisioner cannot expand: a claim may ask for more, and a test plays the resizer.
  allowVolumeExpansion: true,
};

const helperPod = {
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'helper-pod' },
  spec: {
    priorityClassName: 'system-node-critical',
    tolerations: [{ key: 'node.kubernetes.io/disk-pressure', operator: 'Exists', effect: 'NoSchedule' }],
    terminationGracePeriodSeconds: 0,
    containers: [{ name: 'helper-pod', image: busyboxImage, imagePullPolicy: 'IfNotPresent' }],
  },
};

/** The provisioner's configuration: each node's volumes in the node's own folder. */
function provisionerConfiguration(instance: Instance, nodes: readonly NodeAddresses[]): object {
  return { nodePathMap: nodes.map(({ name }) => ({ node: name, paths: [machinePaths(instance.paths, name).volumes] })) };
}

/** Starts the provisioner unless it runs, with the objects that it needs. */
export async function ensureVolumes(instance: Instance, nodes: readonly NodeAddresses[], binaries: string, api: ApiClient): Promise<void> {
  await api.apply(`/api/v1/namespaces/${namespace}`, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } });
  await Promise.all([
    api.apply(`/apis/storage.k8s.io/v1/storageclasses/${storageClass.metadata.name}`, storageClass),
    api.apply(`/api/v1/namespaces/${namespace}/serviceaccounts/local-path-provisioner-service-account`, {
      apiVersion: 'v1',
      kind: 'ServiceAccount',
      metadata: { name: 'local-path-provisioner-service-account', namespace },
    }),
    api.apply(`/api/v1/namespaces/${namespace}/configmaps/${scripts}`, {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: scripts, namespace },
      data: { setup: 'mkdir -m 0777 -p "$VOL_DIR"\n', teardown: 'rm -rf "$VOL_DIR"\n' },
    }),
  ]);
  const configuration = JSON.stringify(provisionerConfiguration(instance, nodes));
  const configurationPath = join(instance.paths.configuration, 'local-path.json');
  const helperPodPath = join(instance.paths.configuration, 'local-path-helper-pod.yaml');
  await ensureFile(configurationPath, configuration);
  await ensureFile(helperPodPath, stringify(helperPod));
  await ensureRunning(instance.paths, {
    name: 'local-path-provisioner',
    command: [
      join(binaries, 'local-path-provisioner'),
      'start',
      '--config',
      configurationPath,
      '--kubeconfig',
      instance.paths.kubeconfig,
      '--namespace',
      namespace,
      '--configmap-name',
      scripts,
      '--helper-pod-file',
      helperPodPath,
      '--helper-image',
      busyboxImage,
    ],
    environment: { POD_NAMESPACE: namespace },
    inputs: [configuration, JSON.stringify(helperPod)],
  });
}
