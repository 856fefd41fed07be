/** Keys of the Secrets that hold certificates. */

/** Of the server's and the replication client's Secret. */
export const serverCertificateKeys = { certificate: 'tls.crt', privateKey: 'tls.key', authorities: 'ca.crt' } as const;

/** Of the namespace's root. */
export const rootKeys = { certificate: 'root.crt', privateKey: 'root.key' } as const;

/** Of a member's Secret. */
export const memberSecretKeys = {
  certificate: 'dns.crt',
  privateKey: 'dns.key',
  authorities: 'patroni.ca-roots',
  /** Certificate and key in one file. */
  patroni: 'patroni.crt-combined',
  backupCertificate: 'pgbackrest-server.crt',
  backupKey: 'pgbackrest-server.key',
} as const;
