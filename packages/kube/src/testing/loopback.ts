/** Connects a Client to a server on the loopback interface that asks for no credentials: the in-process API server, or a fault proxy. */
import { createClient } from '../client.ts';
import type { Client } from '../client.ts';
import type { ClusterConfig } from '../kubeconfig.ts';
import { createTransport } from '../transport.ts';
import type { TransportOptions } from '../transport.ts';

export function loopbackConfig(url: string): ClusterConfig {
  return {
    server: url,
    certificateAuthority: undefined,
    tlsServerName: undefined,
    insecureSkipTlsVerify: false,
    clientCertificate: undefined,
    bearer: { kind: 'none' },
    namespace: 'default',
    context: 'loopback',
  };
}

/** The caller disposes `client.transport`. */
export function loopbackClient(url: string, options: Partial<Omit<TransportOptions, 'config'>> = {}): Client {
  return createClient(createTransport({ userAgent: 'pgherd-test/1', ...options, config: loopbackConfig(url) }));
}
