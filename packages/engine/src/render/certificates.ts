/** Certificates: one root a namespace, and leaves for what clients, members and pgBackRest show each other. */
import type { CertificateRequest, ObjectReference, SecretValue } from '../decision.ts';
import type { Cluster, SecretKey } from '../model/cluster.ts';
import type { MemberIdentity } from '../model/members.ts';
import type { SecretPlan } from '../model/secrets.ts';
import type { EngineConfiguration } from '../observation.ts';
import { backupSecretKeys, repositoryHostPod } from './backups/layout.ts';
import { memberSecretKeys, rootKeys, serverCertificateKeys } from './certificateKeys.ts';
import { backupLabels, workloadLabels } from './labels.ts';
import { unownedMetadata } from './metadata.ts';

type Pairs = Readonly<Record<string, string>>;
type DomainConfiguration = Pick<EngineConfiguration, 'clusterDomain'>;

const dayMs = 24 * 60 * 60 * 1000;
export const rootValidityMs = 10 * 365 * dayMs;
export const leafValidityMs = 365 * dayMs;

/** Values of the label that tells a cluster's certificates apart. */
const certificateKinds = { server: 'postgres-tls', replication: 'replication-client-tls' } as const;

/** Every name under which a Service is reached inside the Kubernetes cluster, the longest first. */
export const serviceDnsNames = (service: string, namespace: string, configuration: DomainConfiguration): readonly string[] => [
  `${service}.${namespace}.svc.${configuration.clusterDomain}`,
  `${service}.${namespace}.svc`,
  `${service}.${namespace}`,
  service,
];

/** Every name of a pod behind a headless Service, and its own, under which it reaches itself. */
export const podDnsNames = (pod: string, service: string, namespace: string, configuration: DomainConfiguration): readonly string[] => [
  ...serviceDnsNames(service, namespace, configuration).map((name) => `${pod}.${name}`),
  pod,
];

/** Common name of the client certificate of a cluster's backups: pgBackRest's servers let in nobody else. */
export const backupClientName = (cluster: Cluster): string => `pgbackrest@${cluster.identity.uid}`;

const reference = (cluster: Cluster, name: string): ObjectReference => ({
  apiVersion: 'v1',
  kind: 'Secret',
  namespace: cluster.identity.namespace,
  name,
});

const leaf = (
  cluster: Cluster,
  commonName: string,
  dnsNames: readonly string[],
  usages: CertificateRequest['usages'],
  privateKey: string,
): SecretValue => ({
  kind: 'newCertificate',
  request: {
    commonName,
    dnsNames,
    validityMs: leafValidityMs,
    root: { secret: cluster.profile.names.rootCertificate, certificateKey: rootKeys.certificate, privateKeyKey: rootKeys.privateKey },
    usages,
  },
  privateKey,
});

/**
 * Whom to trust: the root, and after its replacement the one before, which signed what others still show. `own` is the authority of the one
 * certificate that the owner brings where the other is ours: then both sides trust both.
 */
const authorities = (cluster: Cluster, own?: SecretKey): SecretValue => {
  const secret = cluster.profile.names.rootCertificate;
  return {
    kind: 'concatenationOf',
    parts: [
      { secret, key: rootKeys.certificate },
      { secret, key: rootKeys.previous, optional: true },
      ...(own === undefined ? [] : [{ ...own, optional: true as const }]),
    ],
  };
};

const plan = (cluster: Cluster, name: string, labels: Pairs, values: SecretPlan['values']): SecretPlan => {
  const metadata = unownedMetadata(cluster, name, labels);
  return {
    reference: reference(cluster, name),
    labels: metadata.labels ?? {},
    annotations: metadata.annotations ?? {},
    ownership: 'controller',
    stage: 1,
    values,
    foundByLabels: undefined,
    takenUnlabelled: false,
  };
};

/** Shared by the clusters of a namespace, so it carries no label of one. It comes a stage before the leaves, which need it. */
const rootPlan = (cluster: Cluster): SecretPlan => ({
  ...plan(
    cluster,
    cluster.profile.names.rootCertificate,
    {},
    {
      [rootKeys.certificate]: { kind: 'newRoot', commonName: 'pgherd-root', validityMs: rootValidityMs, privateKey: rootKeys.privateKey },
      [rootKeys.privateKey]: { kind: 'withCertificate' },
    },
  ),
  labels: {},
  ownership: 'shared',
  stage: 0,
});

const certificateTriple = (
  cluster: Cluster,
  commonName: string,
  dnsNames: readonly string[],
  usages: CertificateRequest['usages'],
  authority: SecretKey | undefined,
): SecretPlan['values'] => ({
  [serverCertificateKeys.certificate]: leaf(cluster, commonName, dnsNames, usages, serverCertificateKeys.privateKey),
  [serverCertificateKeys.privateKey]: { kind: 'withCertificate' },
  [serverCertificateKeys.authorities]: authorities(cluster, authority),
});

/** Of one member, or of all that share a StatefulSet: their pods have one template, so one certificate has the names of all, however many come. */
const memberPlan = (cluster: Cluster, member: MemberIdentity, configuration: DomainConfiguration): SecretPlan => {
  const { names, workloads } = cluster.profile;
  const { name, namespace } = cluster.identity;
  const dnsNames =
    workloads === 'own'
      ? podDnsNames(member.pod, names.podService(name), namespace, configuration)
      : serviceDnsNames(names.podService(name), namespace, configuration).map((service) => `*.${service}`);
  const { certificate, privateKey } = memberSecretKeys;
  return plan(cluster, names.memberCertificates(member.workload), workloadLabels(cluster, member), {
    // Members are servers and clients of each other's REST API at once.
    [certificate]: leaf(cluster, workloads === 'own' ? member.pod : member.workload, dnsNames, ['serverAuth', 'clientAuth'], privateKey),
    [privateKey]: { kind: 'withCertificate' },
    [memberSecretKeys.authorities]: authorities(cluster),
    [memberSecretKeys.patroni]: { kind: 'concatenationOf', parts: [{ key: certificate }, { key: privateKey }] },
    ...(cluster.backups !== undefined && {
      [memberSecretKeys.backupCertificate]: { kind: 'concatenationOf', parts: [{ key: certificate }] },
      [memberSecretKeys.backupKey]: { kind: 'concatenationOf', parts: [{ key: privateKey }] },
    }),
  });
};

const backupPlan = (cluster: Cluster, configuration: DomainConfiguration): SecretPlan => {
  const { names, labels } = cluster.profile;
  const { name, namespace } = cluster.identity;
  const pod = repositoryHostPod(cluster);
  return plan(
    cluster,
    names.backupSecret(name),
    { ...backupLabels(cluster), [labels.backupConfiguration]: '' },
    {
      [backupSecretKeys.authorities]: authorities(cluster),
      [backupSecretKeys.clientCertificate]: leaf(
        cluster,
        backupClientName(cluster),
        [backupClientName(cluster)],
        ['clientAuth'],
        backupSecretKeys.clientKey,
      ),
      [backupSecretKeys.clientKey]: { kind: 'withCertificate' },
      [backupSecretKeys.hostCertificate]: leaf(
        cluster,
        pod,
        podDnsNames(pod, names.podService(name), namespace, configuration),
        ['serverAuth'],
        backupSecretKeys.hostKey,
      ),
      [backupSecretKeys.hostKey]: { kind: 'withCertificate' },
    },
  );
};

/** Secrets with certificates. Those that the owner brings along are left to the owner. */
export const certificatePlans = (
  cluster: Cluster,
  members: readonly MemberIdentity[],
  configuration: DomainConfiguration,
): readonly SecretPlan[] => {
  const { names, labels, roles } = cluster.profile;
  const { name, namespace } = cluster.identity;
  const { server, replication } = cluster.certificates;
  const serverNames = [names.primaryService(name), names.replicaService(name)].flatMap((service) =>
    serviceDnsNames(service, namespace, configuration),
  );
  return [
    rootPlan(cluster),
    ...(server === undefined
      ? [
          plan(
            cluster,
            names.serverCertificate(name),
            { [labels.clusterCertificate]: certificateKinds.server },
            certificateTriple(cluster, names.primaryService(name), serverNames, ['serverAuth'], replication?.authority),
          ),
        ]
      : []),
    ...(replication === undefined
      ? [
          plan(
            cluster,
            names.replicationCertificate(name),
            { [labels.clusterCertificate]: certificateKinds.replication },
            // PostgreSQL's `cert` authentication compares the common name with the role.
            certificateTriple(cluster, roles.replication, [roles.replication], ['clientAuth'], server?.authority),
          ),
        ]
      : []),
    ...(cluster.backups === undefined ? [] : [backupPlan(cluster, configuration)]),
    ...[...new Map(members.map((member) => [member.workload, member])).values()].map((member) =>
      memberPlan(cluster, member, configuration),
    ),
  ];
};
