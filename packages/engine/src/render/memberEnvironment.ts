/** Environment of a member's containers. */
import type { EnvVar } from '@pgherd/api';
import type { Cluster } from '../model/cluster.ts';
import { podDomain } from './podDomain.ts';

/** What lets PostgreSQL's programs find this server, its files and the owner's Kerberos and LDAP settings. */
export const postgresEnvironment = (cluster: Cluster): readonly EnvVar[] => {
  const { paths } = cluster.profile;
  return [
    { name: 'PGDATA', value: paths.dataDirectory(cluster.postgres.majorVersion) },
    { name: 'PGHOST', value: paths.socketDirectory },
    { name: 'PGPORT', value: String(cluster.postgres.port) },
    { name: 'KRB5_CONFIG', value: `${paths.configurationFiles}/krb5.conf` },
    // The default of Kerberos' replay cache cannot be written.
    { name: 'KRB5RCACHEDIR', value: '/tmp' },
    { name: 'LDAPTLS_CACERT', value: `${paths.configurationFiles}/ldap/ca.crt` },
  ];
};

/** The member that a pod's programs speak for, in Patroni the name of its pod. */
export const patroniName: EnvVar = { name: 'PATRONI_NAME', valueFrom: { fieldRef: { apiVersion: 'v1', fieldPath: 'metadata.name' } } };

/** PostgreSQL's, and what Patroni must know of its own pod. Values with `$(…)` are put together by the kubelet. */
export const memberEnvironment = (cluster: Cluster): readonly EnvVar[] => {
  const { paths } = cluster.profile;
  const { port, majorVersion } = cluster.postgres;
  const host = `$(PATRONI_NAME).${podDomain(cluster)}`;
  const dataDirectory = paths.dataDirectory(majorVersion);
  return [
    ...postgresEnvironment(cluster),
    patroniName,
    { name: 'PATRONI_KUBERNETES_POD_IP', valueFrom: { fieldRef: { apiVersion: 'v1', fieldPath: 'status.podIP' } } },
    // Patroni writes these into the Endpoints of the leader; the name must be that of the Service's port.
    { name: 'PATRONI_KUBERNETES_PORTS', value: JSON.stringify([{ name: cluster.profile.portName, port, protocol: 'TCP' }]) },
    { name: 'PATRONI_POSTGRESQL_CONNECT_ADDRESS', value: `${host}:${port}` },
    { name: 'PATRONI_POSTGRESQL_LISTEN', value: `*:${port}` },
    { name: 'PATRONI_POSTGRESQL_CONFIG_DIR', value: dataDirectory },
    { name: 'PATRONI_POSTGRESQL_DATA_DIR', value: dataDirectory },
    { name: 'PATRONI_RESTAPI_CONNECT_ADDRESS', value: `${host}:${cluster.patroni.port}` },
    { name: 'PATRONI_RESTAPI_LISTEN', value: `*:${cluster.patroni.port}` },
    { name: 'PATRONICTL_CONFIG_FILE', value: paths.patroni.directory },
  ];
};
