/** What all pods of a cluster have in common: how little they may do, where they may run, and the volumes that a read-only root needs. */
import type { Container, PodSecurityContext, PodSpec, ResourceRequirements, SecurityContext, Volume, VolumeMount } from '@pgherd/api';
import type { Cluster, Scheduling } from '../model/cluster.ts';

/** The restricted level of Kubernetes' pod security standards, and a root file system that nothing can be left on. */
export const securityContext: SecurityContext = {
  allowPrivilegeEscalation: false,
  capabilities: { drop: ['ALL'] },
  privileged: false,
  readOnlyRootFilesystem: true,
  runAsNonRoot: true,
  seccompProfile: { type: 'RuntimeDefault' },
};

/** OpenShift chooses the group of volumes itself and refuses pods that ask for one. */
export const podSecurityContext = (cluster: Cluster): PodSecurityContext => ({
  ...(cluster.pods.openshift
    ? {}
    : {
        fsGroup: cluster.pods.fileSystemGroup,
        ...(cluster.pods.runAsUser !== undefined && { runAsUser: cluster.pods.runAsUser }),
        ...(cluster.pods.runAsGroup !== undefined && { runAsGroup: cluster.pods.runAsGroup }),
      }),
  fsGroupChangePolicy: 'OnRootMismatch',
  ...(cluster.pods.supplementalGroups.length > 0 && { supplementalGroups: cluster.pods.supplementalGroups }),
});

/** `undefined` and empty fields are left out: they would differ for ever from what the API server stores. */
export const schedulingFields = (scheduling: Scheduling): Partial<PodSpec> => ({
  ...(scheduling.affinity !== undefined && { affinity: scheduling.affinity }),
  ...(scheduling.tolerations.length > 0 && { tolerations: scheduling.tolerations }),
  ...(scheduling.topologySpreadConstraints.length > 0 && { topologySpreadConstraints: scheduling.topologySpreadConstraints }),
  ...(scheduling.priorityClassName !== undefined && { priorityClassName: scheduling.priorityClassName }),
});

/** Fields that every pod of a cluster has. Tokens are mounted only into containers that talk to the API server, never by default. */
export const commonPodFields = (cluster: Cluster) =>
  ({
    automountServiceAccountToken: false,
    // Environment variables for every Service of the namespace would make templates depend on strangers, and `PGPORT`-like names collide.
    enableServiceLinks: false,
    ...(cluster.pods.imagePullSecrets.length > 0 && { imagePullSecrets: cluster.pods.imagePullSecrets }),
    securityContext: podSecurityContext(cluster),
  }) satisfies Partial<PodSpec>;

export interface ContainerParts {
  readonly name: string;
  readonly image: string;
  readonly command: readonly string[];
  readonly mounts: readonly VolumeMount[];
  readonly resources: ResourceRequirements | undefined;
}

/** A container as all of ours are; further fields are spread over it. */
export const container = (cluster: Cluster, parts: ContainerParts): Container => ({
  name: parts.name,
  image: parts.image,
  ...(cluster.pods.imagePullPolicy !== undefined && { imagePullPolicy: cluster.pods.imagePullPolicy }),
  command: parts.command,
  ...(parts.resources !== undefined && { resources: parts.resources }),
  securityContext,
  // A failed start then says why in the pod's status, where `kubectl describe` and our conditions find it.
  terminationMessagePolicy: 'FallbackToLogsOnError',
  volumeMounts: parts.mounts,
});

/** `/tmp`, shared by pgherd's containers of a pod: sockets, the replication certificate, lock files, the account file. */
export const temporaryVolume: Volume = { name: 'tmp', emptyDir: { sizeLimit: '16Mi' } };
export const temporaryMount: VolumeMount = { name: 'tmp', mountPath: '/tmp' };

/** What the owner's own containers mount of it: all where the server's socket is in it, else nothing, since it also holds the key for replication. */
export const sharedTemporaryMounts = ({ profile: { paths } }: Cluster): readonly VolumeMount[] =>
  paths.socketDirectory.startsWith(`${temporaryMount.mountPath}/`) ? [temporaryMount] : [];

/** What the script that makes the account file is told; it is made below the temporary volume. */
export const accountsParameters = (cluster: Cluster): readonly string[] => [
  '/etc/passwd',
  '/tmp/accounts',
  cluster.profile.roles.superuser,
];

/**
 * The account file that an init container made, over the image's own. PostgreSQL's peer authentication, psql and initdb ask for the name
 * of their user; a mount answers them in every process of every container, with no library to preload.
 */
export const accountsMount: VolumeMount = { name: 'tmp', mountPath: '/etc/passwd', subPath: 'accounts/passwd', readOnly: true };

const tokenName = 'kubernetes-access';

/** A token for the API server that the kubelet renews, with what else a client in a cluster expects. */
export const tokenVolume: Volume = {
  name: tokenName,
  projected: {
    sources: [
      { serviceAccountToken: { path: 'token', expirationSeconds: 3607 } },
      { configMap: { name: 'kube-root-ca.crt', items: [{ key: 'ca.crt', path: 'ca.crt' }] } },
      { downwardAPI: { items: [{ path: 'namespace', fieldRef: { apiVersion: 'v1', fieldPath: 'metadata.namespace' } }] } },
    ],
  },
};
export const tokenMount: VolumeMount = { name: tokenName, mountPath: '/var/run/secrets/kubernetes.io/serviceaccount', readOnly: true };
