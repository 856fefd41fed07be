/** Services, and the Endpoints that give a stable name to the leader's address. */
import type { Endpoints, Service, ServicePort, ServiceSpec } from '@pgherd/api';
import type { DesiredObject } from '../decision.ts';
import type { Cluster, ServiceSettings } from '../model/cluster.ts';
import type { Renderer } from './context.ts';
import { clusterLabels } from './labels.ts';
import { childMetadata, mergedMetadata } from './metadata.ts';

const postgresPort = (cluster: Cluster): ServicePort => ({
  name: cluster.profile.portName,
  port: cluster.postgres.port,
  protocol: 'TCP',
  targetPort: cluster.profile.portName,
});

/** How a Service is reached, as the owner wants it. */
const exposedSpec = (cluster: Cluster, settings: ServiceSettings): ServiceSpec => ({
  type: settings.type,
  ports: [
    {
      ...postgresPort(cluster),
      // The API server refuses a node port on a Service that has none.
      ...(settings.nodePort !== undefined && settings.type !== 'ClusterIP' && { nodePort: settings.nodePort }),
    },
  ],
  ...(settings.internalTrafficPolicy !== undefined && { internalTrafficPolicy: settings.internalTrafficPolicy }),
  ...(settings.externalTrafficPolicy !== undefined &&
    settings.type !== 'ClusterIP' && { externalTrafficPolicy: settings.externalTrafficPolicy }),
  ...(settings.ipFamilyPolicy !== undefined && { ipFamilyPolicy: settings.ipFamilyPolicy }),
  ...(settings.sourceRanges.length > 0 && { loadBalancerSourceRanges: settings.sourceRanges }),
  ...(settings.ipFamilies.length > 0 && { ipFamilies: settings.ipFamilies }),
});

/** Clients connect through the leader's own Service; else they have one beside it. */
const isPrimaryService = ({ identity: { name }, profile: { names } }: Cluster): boolean =>
  names.leaderService(name) === names.primaryService(name);

/** The leader: without a selector, since Patroni itself writes the Endpoints of that name together with the lease. */
const leaderService = (cluster: Cluster): Service => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: childMetadata(
    cluster,
    cluster.profile.names.leaderService(cluster.identity.name),
    {
      [cluster.profile.labels.patroni]: cluster.patroni.scope,
      ...(isPrimaryService(cluster) && { [cluster.profile.labels.role]: cluster.profile.roleValues.primaryService }),
    },
    mergedMetadata(cluster.metadata, cluster.services.primary.metadata),
  ),
  spec: exposedSpec(cluster, cluster.services.primary),
});

/** Keeps the Endpoints in which Patroni stores its configuration: the control plane removes Endpoints whose Service is gone. */
const configurationService = (cluster: Cluster): Service => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: childMetadata(cluster, cluster.profile.names.configurationService(cluster.identity.name), {
    [cluster.profile.labels.patroni]: cluster.patroni.scope,
  }),
  spec: { clusterIP: 'None' },
});

const primaryMetadata = (cluster: Cluster) =>
  childMetadata(cluster, cluster.profile.names.primaryService(cluster.identity.name), {
    [cluster.profile.labels.role]: cluster.profile.roleValues.primaryService,
  });

/** A name for clients that resolves to one address for the cluster's whole life, so that no DNS cache outlives a failover. */
const primaryService = (cluster: Cluster): Service => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: primaryMetadata(cluster),
  spec: { clusterIP: 'None', ports: [postgresPort(cluster)] },
});

const primaryEndpoints = (cluster: Cluster, ip: string): Endpoints => ({
  apiVersion: 'v1',
  kind: 'Endpoints',
  metadata: primaryMetadata(cluster),
  subsets: [{ addresses: [{ ip }], ports: [{ name: cluster.profile.portName, port: cluster.postgres.port, protocol: 'TCP' }] }],
});

const replicaService = (cluster: Cluster): Service => {
  const { names, labels, roleValues } = cluster.profile;
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: childMetadata(
      cluster,
      names.replicaService(cluster.identity.name),
      { [labels.role]: roleValues.replicaService },
      mergedMetadata(cluster.metadata, cluster.services.replicas.metadata),
    ),
    spec: {
      ...exposedSpec(cluster, cluster.services.replicas),
      selector: { ...clusterLabels(cluster), [labels.role]: roleValues.replica },
    },
  };
};

/** Names for single pods. Members need each other's before they are ready. */
const podService = (cluster: Cluster): Service => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: childMetadata(cluster, cluster.profile.names.podService(cluster.identity.name)),
  spec: {
    clusterIP: 'None',
    publishNotReadyAddresses: true,
    selector: clusterLabels(cluster),
  },
});

export const renderServices: Renderer = (cluster, _members, context) =>
  [
    leaderService(cluster),
    configurationService(cluster),
    ...(isPrimaryService(cluster) ? [] : [primaryService(cluster)]),
    ...(isPrimaryService(cluster) || context.leaderServiceIp === undefined ? [] : [primaryEndpoints(cluster, context.leaderServiceIp)]),
    replicaService(cluster),
    podService(cluster),
  ].map((object): DesiredObject => ({ object, stage: 1, mode: 'apply' }));
