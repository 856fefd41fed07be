/** kube-apiserver, kube-controller-manager and kube-scheduler, with the defaults of Kubernetes wherever a test might measure them. */
import { join } from 'node:path';
import { ensureLeaf, ensureRoot, ensureSigningKey } from './certificates.ts';
import type { ApiClient } from './api-client.ts';
import { etcdUrl } from './etcd.ts';
import { apiServerPort } from './instance.ts';
import type { Instance } from './instance.ts';
import { writeKubeconfig } from './kubeconfig.ts';
import { ensureRunning, waitUntilReady } from './processes.ts';

/** The API server's address: the bridge, which nodes reach, or the loopback where there are none. */
function apiServerAddress(instance: Instance): string {
  return instance.record.nodes > 0 ? instance.plan.bridgeAddress : instance.plan.loopbackAddress;
}

/** URL of the instance's API server. */
export function serverUrl(instance: Instance): string {
  return `https://${apiServerAddress(instance)}:${apiServerPort}`;
}

/** Name of the instance in kubeconfigs: cluster and context. */
export function contextName(instance: Instance): string {
  return `pgherd-${instance.record.name}`;
}

/** Makes the roots, the control plane's certificates and the administrator's kubeconfig, each if it is not there. */
export async function ensureCredentials(instance: Instance): Promise<void> {
  const { certificates, kubeconfigs, kubeconfig } = instance.paths;
  await ensureRoot(certificates, 'ca', `pgherd local ${instance.record.name}`);
  await ensureRoot(certificates, 'front-proxy-ca', 'front-proxy');
  await ensureSigningKey(certificates, 'service-accounts');
  const clients = [
    { file: 'admin', commonName: 'admin', organization: 'system:masters' },
    { file: 'kubelet-client', commonName: 'kube-apiserver-kubelet-client', organization: 'system:masters' },
    { file: 'kube-controller-manager', commonName: 'system:kube-controller-manager' },
    { file: 'kube-scheduler', commonName: 'system:kube-scheduler' },
    { file: 'kube-proxy', commonName: 'system:kube-proxy' },
  ];
  const service = ['kubernetes', 'kubernetes.default', 'kubernetes.default.svc', 'kubernetes.default.svc.cluster.local', 'localhost'];
  const addresses = [apiServerAddress(instance), instance.plan.kubernetesServiceAddress, '127.0.0.1'];
  await Promise.all([
    ...clients.map((client) => ensureLeaf(certificates, 'ca', client)),
    ensureLeaf(certificates, 'ca', { file: 'kube-apiserver', commonName: 'kube-apiserver', serverNames: [...service, ...addresses] }),
    ensureLeaf(certificates, 'front-proxy-ca', { file: 'front-proxy', commonName: 'front-proxy-client' }),
  ]);
  const options = { server: serverUrl(instance), clusterName: contextName(instance), certificates };
  await writeKubeconfig(kubeconfig, { ...options, leaf: 'admin' });
  for (const leaf of ['kube-controller-manager', 'kube-scheduler', 'kube-proxy'])
    await writeKubeconfig(join(kubeconfigs, leaf), { ...options, leaf });
}

/** The arguments of kube-apiserver. */
export function apiServerArguments(instance: Instance): readonly string[] {
  const file = (name: string): string => join(instance.paths.certificates, name);
  const { plan, record } = instance;
  return [
    `--etcd-servers=${etcdUrl(instance)}`,
    `--bind-address=${apiServerAddress(instance)}`,
    `--secure-port=${apiServerPort}`,
    // Endpoints refuse loopback addresses; without nodes nobody connects to this one, and nobody is told of it.
    `--advertise-address=${plan.bridgeAddress}`,
    ...(record.nodes > 0 ? [] : ['--endpoint-reconciler-type=none']),
    `--client-ca-file=${file('ca.crt')}`,
    `--tls-cert-file=${file('kube-apiserver.crt')}`,
    `--tls-private-key-file=${file('kube-apiserver.key')}`,
    `--kubelet-certificate-authority=${file('ca.crt')}`,
    `--kubelet-client-certificate=${file('kubelet-client.crt')}`,
    `--kubelet-client-key=${file('kubelet-client.key')}`,
    '--kubelet-preferred-address-types=InternalIP',
    '--service-account-issuer=https://kubernetes.default.svc.cluster.local',
    `--service-account-key-file=${file('service-accounts.pub')}`,
    `--service-account-signing-key-file=${file('service-accounts.key')}`,
    `--service-cluster-ip-range=${plan.serviceCidr}`,
    `--requestheader-client-ca-file=${file('front-proxy-ca.crt')}`,
    '--requestheader-allowed-names=front-proxy-client',
    '--requestheader-extra-headers-prefix=X-Remote-Extra-',
    '--requestheader-group-headers=X-Remote-Group',
    '--requestheader-username-headers=X-Remote-User',
    `--proxy-client-cert-file=${file('front-proxy.crt')}`,
    `--proxy-client-key-file=${file('front-proxy.key')}`,
    '--authorization-mode=Node,RBAC',
    '--enable-admission-plugins=NodeRestriction',
    // Without the controller manager no namespace gets its service account, and this plugin would refuse every pod, unless the caller
    // turns it on and makes the accounts.
    ...(record.controllers || record.apiServerArguments.some((argument) => argument.includes('ServiceAccount'))
      ? []
      : ['--disable-admission-plugins=ServiceAccount']),
    '--allow-privileged=true',
    ...record.apiServerArguments,
  ];
}

/** The arguments of kube-controller-manager. */
function controllerManagerArguments(instance: Instance): readonly string[] {
  const file = (name: string): string => join(instance.paths.certificates, name);
  const kubeconfig = join(instance.paths.kubeconfigs, 'kube-controller-manager');
  return [
    `--kubeconfig=${kubeconfig}`,
    `--authentication-kubeconfig=${kubeconfig}`,
    `--authorization-kubeconfig=${kubeconfig}`,
    `--bind-address=${instance.plan.loopbackAddress}`,
    `--root-ca-file=${file('ca.crt')}`,
    `--service-account-private-key-file=${file('service-accounts.key')}`,
    `--cluster-signing-cert-file=${file('ca.crt')}`,
    `--cluster-signing-key-file=${file('ca.key')}`,
    '--use-service-account-credentials=true',
    // There is one of it: an election would only make a restart wait for the old lease.
    '--leader-elect=false',
  ];
}

/** The arguments of kube-scheduler. */
function schedulerArguments(instance: Instance): readonly string[] {
  const kubeconfig = join(instance.paths.kubeconfigs, 'kube-scheduler');
  return [
    `--kubeconfig=${kubeconfig}`,
    `--authentication-kubeconfig=${kubeconfig}`,
    `--authorization-kubeconfig=${kubeconfig}`,
    `--bind-address=${instance.plan.loopbackAddress}`,
    '--leader-elect=false',
  ];
}

/** Starts the API server unless it runs, and waits until it has made its bootstrap objects: the others fail before that. */
export async function ensureApiServer(instance: Instance, binaries: string, api: ApiClient): Promise<void> {
  await ensureRunning(instance.paths, {
    name: 'kube-apiserver',
    command: [join(binaries, 'kube-apiserver'), ...apiServerArguments(instance)],
  });
  await waitUntilReady(instance.paths, 'kube-apiserver', 60_000, () => api.answers('/readyz'));
}

/** Starts the controller manager unless it runs, and waits until it has given namespace `default` what every pod in it needs. */
export async function ensureControllerManager(instance: Instance, binaries: string, api: ApiClient): Promise<void> {
  await ensureRunning(instance.paths, {
    name: 'kube-controller-manager',
    command: [join(binaries, 'kube-controller-manager'), ...controllerManagerArguments(instance)],
  });
  await waitUntilReady(
    instance.paths,
    'kube-controller-manager',
    60_000,
    async () =>
      (await api.answers('/api/v1/namespaces/default/serviceaccounts/default')) &&
      (await api.answers('/api/v1/namespaces/default/configmaps/kube-root-ca.crt')),
  );
}

/** Starts the scheduler unless it runs. */
export async function ensureScheduler(instance: Instance, binaries: string): Promise<void> {
  await ensureRunning(instance.paths, {
    name: 'kube-scheduler',
    command: [join(binaries, 'kube-scheduler'), ...schedulerArguments(instance)],
  });
}
