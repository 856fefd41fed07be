/**
 * How to reach an API server and as whom: from the service account of the pod we run in, or from kubeconfig files.
 *
 * Taken from a kubeconfig: certificates, keys and tokens, inline or as files, exec plugins, tls-server-name, insecure-skip-tls-verify, the
 * context's namespace. What is refused with a ConfigurationError: proxies, basic auth, the removed auth-provider plugins and impersonation.
 */
import { readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { delimiter, dirname, join, resolve } from 'node:path';
import { ConfigurationError, messageOf } from './errors.ts';

/** A program that gives credentials (client.authentication.k8s.io). */
export interface ExecPlugin {
  readonly apiVersion: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly provideClusterInfo: boolean;
  readonly installHint: string | undefined;
}

export type BearerSource =
  | { readonly kind: 'none' }
  | { readonly kind: 'token'; readonly token: string }
  | { readonly kind: 'tokenFile'; readonly path: string }
  | { readonly kind: 'exec'; readonly plugin: ExecPlugin };

/** Everything that a transport needs to know of a cluster. */
export interface ClusterConfig {
  /** `https://host:port`, with a path where the API server is behind one, without a slash at the end. */
  readonly server: string;
  /** PEM; undefined: the authorities that Node trusts. */
  readonly certificateAuthority: string | undefined;
  /** Name that the server's certificate is checked for, if not the host in `server`. */
  readonly tlsServerName: string | undefined;
  readonly insecureSkipTlsVerify: boolean;
  /** PEM. */
  readonly clientCertificate: { readonly certificate: string; readonly key: string } | undefined;
  readonly bearer: BearerSource;
  /** The context's namespace, or that of our pod. */
  readonly namespace: string;
  /** Name of the context, or `in-cluster`. */
  readonly context: string;
}

export type Environment = Readonly<Record<string, string | undefined>>;

const serviceAccountDirectory = '/var/run/secrets/kubernetes.io/serviceaccount';

/**
 * The API server of the cluster in which this process is a pod.
 *
 * @throws ConfigurationError outside a pod, or in one without a service account token.
 */
export async function inClusterConfig(env: Environment, directory = serviceAccountDirectory): Promise<ClusterConfig> {
  const host = env['KUBERNETES_SERVICE_HOST'];
  const port = env['KUBERNETES_SERVICE_PORT'];
  if (host === undefined || host === '' || port === undefined || port === '')
    throw new ConfigurationError('not in a pod: KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT are not set; give a kubeconfig');
  const tokenPath = join(directory, 'token');
  await readText(tokenPath, 'the service account token (is automountServiceAccountToken off?)');
  const namespace = await readFile(join(directory, 'namespace'), 'utf8').catch(() => 'default');
  return {
    server: `https://${host.includes(':') ? `[${host}]` : host}:${port}`,
    certificateAuthority: await readText(join(directory, 'ca.crt'), 'the certificate authority of the cluster'),
    tlsServerName: undefined,
    insecureSkipTlsVerify: false,
    clientCertificate: undefined,
    bearer: { kind: 'tokenFile', path: tokenPath },
    namespace: namespace.trim(),
    context: 'in-cluster',
  };
}

export interface KubeconfigOptions {
  /** Default: the files in `KUBECONFIG`, else `~/.kube/config`. */
  readonly path?: string | undefined;
  /** Default: `current-context`. */
  readonly context?: string | undefined;
  readonly env: Environment;
}

/**
 * The cluster that a context of the kubeconfig files names. Of entries with the same name in several files the first counts, as for kubectl.
 *
 * @throws ConfigurationError that names file, entry and remedy.
 */
export async function kubeconfigConfig(options: KubeconfigOptions): Promise<ClusterConfig> {
  const fromEnvironment = options.env['KUBECONFIG'];
  const paths =
    options.path !== undefined
      ? [options.path]
      : fromEnvironment !== undefined && fromEnvironment !== ''
        ? fromEnvironment.split(delimiter).filter((path) => path !== '')
        : [join(options.env['HOME'] ?? homedir(), '.kube', 'config')];
  const files: KubeconfigFile[] = [];
  for (const path of paths) files.push(await parseFile(path));
  const wanted = options.context ?? files.map((file) => file.content['current-context']).find((name) => name !== undefined && name !== '');
  const from = paths.join(', ');
  if (wanted === undefined) throw new ConfigurationError(`${from}: no current-context; name one of: ${namesIn(files, 'contexts')}`);
  const context = find(files, 'contexts', wanted, from);
  const contextBody = context.entry.context ?? {};
  const cluster = find(files, 'clusters', contextBody.cluster ?? '', from);
  const user = contextBody.user === undefined || contextBody.user === '' ? undefined : find(files, 'users', contextBody.user, from);
  const clusterBody = cluster.entry.cluster ?? {};
  const where = `${cluster.path}: cluster ${JSON.stringify(cluster.entry.name)}`;
  if (clusterBody['proxy-url'] !== undefined)
    throw new ConfigurationError(
      `${where} asks for a proxy (proxy-url), which is not supported; reach the server directly or run "kubectl proxy"`,
    );
  return {
    server: serverOf(clusterBody.server, where),
    certificateAuthority: await material(cluster.path, clusterBody, 'certificate-authority'),
    tlsServerName: clusterBody['tls-server-name'],
    insecureSkipTlsVerify: clusterBody['insecure-skip-tls-verify'] ?? false,
    ...(user === undefined ? { clientCertificate: undefined, bearer: { kind: 'none' } as const } : await identityOf(user.path, user.entry)),
    namespace: contextBody.namespace ?? 'default',
    context: wanted,
  };
}

/** The kubeconfig that was named, else the pod we run in, else the default kubeconfig files. */
export async function defaultConfig(options: KubeconfigOptions): Promise<ClusterConfig> {
  const inPod = (options.env['KUBERNETES_SERVICE_HOST'] ?? '') !== '' && (options.env['KUBECONFIG'] ?? '') === '';
  return options.path === undefined && options.context === undefined && inPod ? inClusterConfig(options.env) : kubeconfigConfig(options);
}

interface ClusterBody {
  readonly server?: string;
  readonly 'tls-server-name'?: string;
  readonly 'insecure-skip-tls-verify'?: boolean;
  readonly 'proxy-url'?: string;
  readonly 'certificate-authority'?: string;
  readonly 'certificate-authority-data'?: string;
}

interface UserBody {
  readonly token?: string;
  readonly tokenFile?: string;
  readonly username?: string;
  readonly as?: string;
  readonly 'auth-provider'?: unknown;
  readonly 'client-certificate'?: string;
  readonly 'client-certificate-data'?: string;
  readonly 'client-key'?: string;
  readonly 'client-key-data'?: string;
  readonly exec?: {
    readonly apiVersion?: string;
    readonly command?: string;
    readonly args?: readonly string[] | null;
    readonly env?: readonly { readonly name: string; readonly value: string }[] | null;
    readonly provideClusterInfo?: boolean;
    readonly installHint?: string;
  };
}

interface Entry {
  readonly name: string;
  readonly context?: { readonly cluster?: string; readonly user?: string; readonly namespace?: string };
  readonly cluster?: ClusterBody;
  readonly user?: UserBody;
}

type Section = 'contexts' | 'clusters' | 'users';

interface KubeconfigFile {
  readonly path: string;
  readonly content: { readonly 'current-context'?: string } & Readonly<Partial<Record<Section, readonly Entry[] | null>>>;
}

async function parseFile(path: string): Promise<KubeconfigFile> {
  const text = await readText(path, 'the kubeconfig');
  // Only here: an operator in a pod never needs a YAML parser in memory.
  const { parse } = await import('yaml');
  let content: unknown;
  try {
    content = parse(text);
  } catch (error) {
    // The parser's message quotes the text around the fault, which may hold a credential.
    const at = error as { linePos?: readonly { readonly line: number }[] };
    throw new ConfigurationError(`${path}: not valid YAML${at.linePos?.[0] === undefined ? '' : ` at line ${at.linePos[0].line}`}`);
  }
  if (typeof content !== 'object' || content === null) throw new ConfigurationError(`${path}: not a kubeconfig`);
  return { path, content };
}

function namesIn(files: readonly KubeconfigFile[], section: Section): string {
  return files.flatMap((file) => (file.content[section] ?? []).map((entry) => entry.name)).join(', ') || '(none)';
}

function find(
  files: readonly KubeconfigFile[],
  section: Section,
  name: string,
  from: string,
): { readonly path: string; readonly entry: Entry } {
  for (const file of files) {
    const entry = (file.content[section] ?? []).find((candidate) => candidate.name === name);
    if (entry !== undefined) return { path: file.path, entry };
  }
  throw new ConfigurationError(`${from}: no entry ${JSON.stringify(name)} in ${section}; there are: ${namesIn(files, section)}`);
}

function serverOf(server: string | undefined, where: string): string {
  if (server === undefined || !URL.canParse(server))
    throw new ConfigurationError(`${where}: server ${JSON.stringify(server ?? '')} is no URL`);
  const url = new URL(server);
  if (url.protocol !== 'https:' && url.protocol !== 'http:')
    throw new ConfigurationError(`${where}: server must be https:// or http://, not ${url.protocol}//`);
  return `${url.origin}${url.pathname}`.replace(/\/+$/, '');
}

async function identityOf(path: string, entry: Entry): Promise<Pick<ClusterConfig, 'clientCertificate' | 'bearer'>> {
  const user = entry.user ?? {};
  const where = `${path}: user ${JSON.stringify(entry.name)}`;
  if (user['auth-provider'] !== undefined)
    throw new ConfigurationError(`${where} uses auth-provider, which Kubernetes removed in 1.26; use its exec plugin`);
  if (user.username !== undefined) throw new ConfigurationError(`${where} uses basic auth, which Kubernetes removed in 1.19; use a token`);
  if (user.as !== undefined)
    throw new ConfigurationError(`${where} impersonates (as), which is not supported; use the identity's own credentials`);
  const certificate = await material(path, user, 'client-certificate');
  const key = await material(path, user, 'client-key');
  if ((certificate === undefined) !== (key === undefined))
    throw new ConfigurationError(`${where}: client-certificate and client-key go together; one is missing`);
  return {
    clientCertificate: certificate === undefined || key === undefined ? undefined : { certificate, key },
    bearer: bearerOf(path, user, where),
  };
}

function bearerOf(path: string, user: UserBody, where: string): BearerSource {
  // The order of client-go: a file wins over a token beside it, since the file is renewed.
  if (user.tokenFile !== undefined && user.tokenFile !== '') return { kind: 'tokenFile', path: resolve(dirname(path), user.tokenFile) };
  if (user.token !== undefined && user.token !== '') return { kind: 'token', token: user.token };
  if (user.exec === undefined) return { kind: 'none' };
  const { exec } = user;
  if (exec.command === undefined || exec.command === '') throw new ConfigurationError(`${where}: exec has no command`);
  return {
    kind: 'exec',
    plugin: {
      apiVersion: exec.apiVersion ?? 'client.authentication.k8s.io/v1',
      // A relative path is relative to the kubeconfig; a bare name is looked up in PATH.
      command: exec.command.includes('/') ? resolve(dirname(path), exec.command) : exec.command,
      args: exec.args ?? [],
      env: Object.fromEntries((exec.env ?? []).map(({ name, value }) => [name, value])),
      provideClusterInfo: exec.provideClusterInfo ?? false,
      installHint: exec.installHint,
    },
  };
}

/** PEM text from `NAME-data` (base64) or the file that `NAME` points to. */
async function material<Name extends 'certificate-authority' | 'client-certificate' | 'client-key'>(
  path: string,
  body: { readonly [K in Name | `${Name}-data`]?: string },
  name: Name,
): Promise<string | undefined> {
  const data: string | undefined = body[`${name}-data`];
  if (data !== undefined && data !== '') return Buffer.from(data, 'base64').toString('utf8');
  const file: string | undefined = body[name];
  return file === undefined || file === '' ? undefined : readText(resolve(dirname(path), file), name);
}

async function readText(path: string, what: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    throw new ConfigurationError(`cannot read ${what}: ${messageOf(error)}`, { cause: error });
  }
}
