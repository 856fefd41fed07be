/** Names of pods. */
import type { Cluster } from '../model/cluster.ts';

/**
 * What stands behind a member's pod, and a dot, in its address. Members that share a StatefulSet share a certificate with a wildcard, and that fits
 * no name with fewer than two dots behind it (OpenSSL, X509_check_host).
 */
export const podDomain = ({ identity: { name, namespace }, profile: { names, workloads } }: Cluster): string =>
  workloads === 'own' ? names.podService(name) : `${names.podService(name)}.${namespace}.svc`;
