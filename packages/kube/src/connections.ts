/** The connections to one API server, and the TLS with which they are made. */
import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import type { Identity } from './credentials.ts';
import type { ClusterConfig } from './kubeconfig.ts';

/** TLS options of a connection. */
export interface TlsOptions {
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
  readonly servername?: string;
  readonly rejectUnauthorized?: boolean;
}

/** Below the 90 s after which a Go server closes an idle connection, so that we close first and no request meets a closed one. */
const idleConnectionMs = 60_000;
export const keepAliveProbeMs = 30_000;
export interface Agents {
  readonly unary: HttpAgent;
  readonly streams: HttpAgent;
  readonly certificate: string | undefined;
}

export interface Connections {
  readonly tlsOptions: (identity: Identity) => TlsOptions;
  /** The agents for this identity; a renewed client certificate means new connections. */
  readonly agentsFor: (identity: Identity) => Agents;
  readonly close: () => void;
}

/** `maxConnections`: for short calls, at a time. */
export function createConnections(config: ClusterConfig, maxConnections: number): Connections {
  const secure = new URL(config.server).protocol === 'https:';
  let agents: Agents | undefined;

  function tlsOptions(identity: Identity): TlsOptions {
    if (!secure) return {};
    return {
      ...(config.certificateAuthority === undefined ? {} : { ca: config.certificateAuthority }),
      ...(identity.clientCertificate === undefined
        ? {}
        : { cert: identity.clientCertificate.certificate, key: identity.clientCertificate.key }),
      ...(config.tlsServerName === undefined ? {} : { servername: config.tlsServerName }),
      ...(config.insecureSkipTlsVerify ? { rejectUnauthorized: false } : {}),
    };
  }

  function agentsFor(identity: Identity): Agents {
    const certificate = identity.clientCertificate?.certificate;
    if (agents !== undefined && agents.certificate === certificate) return agents;
    const previous = agents;
    const tls = tlsOptions(identity);
    const unary = {
      keepAlive: true,
      keepAliveMsecs: keepAliveProbeMs,
      maxSockets: maxConnections,
      // Fewer would cost a handshake for every connection beyond them in each burst; idle ones go by themselves.
      maxFreeSockets: maxConnections,
      timeout: idleConnectionMs,
    };
    agents = {
      unary: secure ? new HttpsAgent({ ...tls, ...unary }) : new HttpAgent(unary),
      streams: secure ? new HttpsAgent({ ...tls, maxCachedSessions: 4 }) : new HttpAgent(),
      certificate,
    };
    // Calls under way keep their connections; the idle ones go.
    for (const sockets of Object.values(previous?.unary.freeSockets ?? {})) for (const socket of sockets ?? []) socket.destroy();
    return agents;
  }

  return {
    tlsOptions,
    agentsFor,
    close: () => {
      agents?.unary.destroy();
      agents?.streams.destroy();
    },
  };
}
