/** Keys of the Secrets that hold certificates. */

/** Of the server's and the replication client's Secret. */
export const serverCertificateKeys = { certificate: 'tls.crt', privateKey: 'tls.key', authorities: 'ca.crt' } as const;

/** Of the namespace's root. `previous` holds the certificate of the root before, for as long as something may still be signed by it. */
export const rootKeys = { certificate: 'root.crt', privateKey: 'root.key', previous: 'root-previous.crt' } as const;

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
