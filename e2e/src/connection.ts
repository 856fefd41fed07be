/**
 * Connections of a real client from outside the pods: names are resolved by the cluster's own DNS, ClusterIPs are reached as from a node, and
 * the server's certificate is checked against the name that was asked for.
 */
import { Resolver } from 'node:dns';
import type { LookupFunction } from 'node:net';
import { Socket } from 'node:net';
import { kinds, resourceType } from '@pgherd/kube';
import type { KubernetesObject } from '@pgherd/kube';
import type pg from 'pg';
import type { Environment } from './environment.ts';
import { postgresCluster, type ClusterKind } from './kinds.ts';

interface Secret extends KubernetesObject {
  readonly data?: Readonly<Record<string, string>>;
}

const dnsPort = 53;
/** How a pod's resolver completes `hippo-primary.namespace.svc`. */
const searchDomain = 'cluster.local';

/** The value at a key of a Secret. @throws {Error} that names the keys that are there. */
export const secretValue = async ({ client }: Environment, namespace: string, name: string, key: string): Promise<string> => {
  const { data = {} } = await client.get(resourceType<Secret>(kinds.secrets), { namespace, name });
  const value = data[key];
  if (value === undefined) throw new Error(`Secret ${name} has no key ${key}, but ${Object.keys(data).join(', ')}`);
  return Buffer.from(value, 'base64').toString();
};

/** Asks the instance's DNS, as a pod would. */
const lookupIn = ({ local }: Environment): LookupFunction => {
  const resolver = new Resolver({ timeout: 1000, tries: 2 });
  resolver.setServers([`${new URL(local.server).hostname}:${dnsPort}`]);
  return (name, options, done) => {
    resolver.resolve4(name.endsWith(searchDomain) ? name : `${name}.${searchDomain}`, (error, addresses) => {
      // Undefined beside an error, whatever its type says.
      const address = error === null ? (addresses[0] ?? '') : '';
      if (error !== null) done(error, '');
      else if (options.all === true) done(null, [{ address, family: 4 }]);
      else done(null, address, 4);
    });
  };
};

/** `pg` connects its socket with a port and a host; this one finds the host in the cluster. */
const socketIn = (environment: Environment): Socket => {
  const socket = new Socket();
  const connect = socket.connect.bind(socket);
  const lookup = lookupIn(environment);
  socket.connect = ((port: number, host: string) => connect({ port, host, lookup })) as Socket['connect'];
  return socket;
};

export interface ClientOptions {
  readonly namespace: string;
  readonly cluster: string;
  /** Default: PostgresCluster. */
  readonly kind?: ClusterKind;
  /** Default: the cluster's name. */
  readonly user?: string;
  /** Default: the cluster's first one, called as the user. */
  readonly database?: string;
  /** Which Service. Default: that of the primary. */
  readonly service?: 'primary' | 'replicas';
  /** Default: true, by sslmode=verify-full. */
  readonly tls?: boolean;
  /** The Secret whose `ca.crt` is trusted. Default: the cluster's own. */
  readonly authority?: string;
}

/** Where a PostgresCluster's user finds everything in one key, that is what a client takes. */
const uriOf = async (environment: Environment, options: ClientOptions): Promise<URL> => {
  const { namespace, cluster, kind = postgresCluster, user = cluster, service = 'primary' } = options;
  const secret = kind.userSecret(cluster, user);
  if (kind === postgresCluster) {
    const uri = new URL(await secretValue(environment, namespace, secret.name, 'uri'));
    if (service === 'replicas')
      uri.hostname = uri.hostname.replace(`${kind.services.primary(cluster)}.`, `${kind.services.replicas(cluster)}.`);
    return uri;
  }
  const uri = new URL(`postgresql://${kind.services[service](cluster)}.${namespace}.svc:5432`);
  uri.username = await secretValue(environment, namespace, secret.name, secret.userKey);
  uri.password = await secretValue(environment, namespace, secret.name, 'password');
  uri.pathname = options.database ?? 'postgres';
  return uri;
};

/** What a client needs to connect as a user of the manifest, from the user's Secret. */
export const clientConfig = async (environment: Environment, options: ClientOptions): Promise<pg.ClientConfig> => {
  const { namespace, cluster, kind = postgresCluster, tls = true } = options;
  const uri = await uriOf(environment, options);
  if (options.database !== undefined) uri.pathname = options.database;
  const ca = tls ? await secretValue(environment, namespace, options.authority ?? kind.authority(cluster), 'ca.crt') : undefined;
  return {
    connectionString: uri.href,
    // What sslmode=verify-full means: trust this authority alone, and check the name.
    ssl: ca === undefined ? false : { ca, rejectUnauthorized: true },
    connectionTimeoutMillis: 5000,
    query_timeout: 10_000,
    stream: () => socketIn(environment),
  };
};

/** Runs one statement over a connection of its own; the values of its first row. */
export const query = async (config: pg.ClientConfig, sql: string, values: readonly unknown[] = []): Promise<readonly unknown[]> => {
  const { default: postgres } = await import('pg');
  const client = new postgres.Client(config);
  await client.connect();
  try {
    const { rows } = await client.query<unknown[]>({ text: sql, values: [...values], rowMode: 'array' });
    return rows[0] ?? [];
  } finally {
    await client.end();
  }
};
