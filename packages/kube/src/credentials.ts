/** What a transport proves its identity with, kept fresh: token files are read again, exec plugins run again before their answer expires. */
import { spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import type { Clock } from './clock.ts';
import { CredentialError, messageOf } from './errors.ts';
import type { ClusterConfig, ExecPlugin } from './kubeconfig.ts';

export interface Identity {
  /** Bearer token. */
  readonly token?: string | undefined;
  /** PEM. */
  readonly clientCertificate?: { readonly certificate: string; readonly key: string } | undefined;
}

export interface Credentials {
  /** @throws CredentialError, which names file or program but never holds what they gave. */
  current(): Promise<Identity>;
  /** The server answered 401: the next `current` asks the source again. */
  invalidate(): void;
}

/** Service account tokens are renewed in place by the kubelet; client-go 0.34 (`transport/token_source.go`) reads the file every minute too. */
const tokenFileTtlMs = 60_000;
const execTimeoutMs = 60_000;
const execOutputLimitBytes = 1024 * 1024;

interface Cached {
  readonly identity: Identity;
  /** In `clock.elapsed` time. */
  readonly validUntil: number;
}

export function createCredentials(config: ClusterConfig, clock: Clock): Credentials {
  const { bearer, clientCertificate } = config;
  switch (bearer.kind) {
    case 'none':
      return fixed({ clientCertificate });
    case 'token':
      return fixed({ token: bearer.token, clientCertificate });
    case 'tokenFile':
      return cached(clock, async () => ({
        identity: { token: await readToken(bearer.path), clientCertificate },
        validUntil: clock.elapsed() + tokenFileTtlMs,
      }));
    case 'exec':
      return cached(clock, async () => {
        const { identity, expiresAt } = await runPlugin(bearer.plugin, config);
        const remainingMs = expiresAt === undefined ? Number.POSITIVE_INFINITY : expiresAt - clock.now();
        return { identity: { clientCertificate, ...identity }, validUntil: clock.elapsed() + remainingMs };
      });
    default:
      return bearer satisfies never;
  }
}

function fixed(identity: Identity): Credentials {
  return { current: () => Promise.resolve(identity), invalidate: () => undefined };
}

/** Asks the source once for all that wait for it, and again when its answer is too old. */
function cached(clock: Clock, load: () => Promise<Cached>): Credentials {
  let pending: Promise<Cached> | undefined;
  let last: Cached | undefined;
  return {
    async current() {
      if (last !== undefined && clock.elapsed() < last.validUntil) return last.identity;
      pending ??= load().finally(() => {
        pending = undefined;
      });
      last = await pending;
      return last.identity;
    },
    invalidate() {
      last = undefined;
    },
  };
}

async function readToken(path: string): Promise<string> {
  let token: string;
  try {
    token = (await readFile(path, 'utf8')).trim();
  } catch (error) {
    throw new CredentialError(`cannot read the token file: ${messageOf(error)}`, { cause: error });
  }
  if (token === '') throw new CredentialError(`the token file ${path} is empty`);
  return token;
}

interface ExecCredential {
  readonly status?: {
    readonly token?: string;
    readonly expirationTimestamp?: string;
    readonly clientCertificateData?: string;
    readonly clientKeyData?: string;
  };
}

async function runPlugin(
  plugin: ExecPlugin,
  config: ClusterConfig,
): Promise<{ readonly identity: Identity; readonly expiresAt: number | undefined }> {
  const info = {
    apiVersion: plugin.apiVersion,
    kind: 'ExecCredential',
    spec: { interactive: false, ...(plugin.provideClusterInfo ? { cluster: clusterInfo(config) } : {}) },
  };
  const output = await outputOf(plugin, { ...process.env, ...plugin.env, KUBERNETES_EXEC_INFO: JSON.stringify(info) });
  let status: ExecCredential['status'];
  try {
    status = (JSON.parse(output) as ExecCredential).status;
  } catch {
    // No cause: the parser's message quotes the output, which may hold a credential.
    throw new CredentialError(`${plugin.command} did not print JSON`);
  }
  const certificate = status?.clientCertificateData;
  const key = status?.clientKeyData;
  if (status?.token === undefined && (certificate === undefined || key === undefined))
    throw new CredentialError(`${plugin.command} gave neither a token nor a certificate with its key`);
  const expiresAt = status?.expirationTimestamp === undefined ? Number.NaN : Date.parse(status.expirationTimestamp);
  return {
    identity: {
      token: status?.token,
      ...(certificate !== undefined && key !== undefined ? { clientCertificate: { certificate, key } } : {}),
    },
    expiresAt: Number.isNaN(expiresAt) ? undefined : expiresAt,
  };
}

function clusterInfo(config: ClusterConfig): object {
  return {
    server: config.server,
    'tls-server-name': config.tlsServerName,
    'insecure-skip-tls-verify': config.insecureSkipTlsVerify,
    'certificate-authority-data':
      config.certificateAuthority === undefined ? undefined : Buffer.from(config.certificateAuthority).toString('base64'),
  };
}

function outputOf(plugin: ExecPlugin, env: NodeJS.ProcessEnv): Promise<string> {
  return new Promise((resolve, reject) => {
    const hint = plugin.installHint === undefined ? '' : `; ${plugin.installHint}`;
    const child = spawn(plugin.command, plugin.args, { env, stdio: ['ignore', 'pipe', 'inherit'] });
    // Not spawn's own timeout: its timer outlives a program that could not be started and holds the process up (Node 24).
    const limit = setTimeout(() => child.kill(), execTimeoutMs);
    const chunks: Buffer[] = [];
    let bytes = 0;
    child.stdout.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes <= execOutputLimitBytes) chunks.push(chunk);
      else child.kill();
    });
    child.once('error', (error) => {
      clearTimeout(limit);
      reject(new CredentialError(`cannot run ${plugin.command}: ${messageOf(error)}${hint}`, { cause: error }));
    });
    child.once('close', (code, signal) => {
      clearTimeout(limit);
      if (code === 0) resolve(Buffer.concat(chunks).toString('utf8'));
      else
        reject(
          new CredentialError(`${plugin.command} ended with ${code === null ? `signal ${signal ?? ''}` : `exit code ${code}`}${hint}`),
        );
    });
  });
}
