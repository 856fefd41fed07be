/** What the tests of this package share. */
import { createServer } from 'node:http';
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { ClusterConfig } from './kubeconfig.ts';
import { loopbackConfig } from './testing/loopback.ts';

/** Waits for a condition, with a limit. `seen` goes into the message of the failure. */
export async function until(condition: () => boolean, seen: () => unknown, limitMs = 5_000): Promise<void> {
  const endsAt = performance.now() + limitMs;
  while (!condition()) {
    if (performance.now() > endsAt) throw new Error(`not within ${limitMs} ms; seen: ${JSON.stringify(seen())}`);
    await new Promise((resolve) => setImmediate(resolve));
  }
}

/** Lets all promises settle that wait for nothing but each other. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 10; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}

export interface TestServer extends AsyncDisposable {
  readonly config: ClusterConfig;
  readonly port: number;
  /** Method and URL of every request so far. */
  readonly requests: readonly string[];
}

/** Configuration of a server without TLS or credentials. */
export function plainConfig(server: string, changes: Partial<ClusterConfig> = {}): ClusterConfig {
  return { ...loopbackConfig(server), ...changes };
}

/** A server on a free loopback port. */
export async function startServer(listener: RequestListener): Promise<TestServer> {
  const requests: string[] = [];
  const server = createServer((request, response) => {
    requests.push(`${request.method ?? ''} ${request.url ?? ''}`);
    listener(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    config: plainConfig(`http://127.0.0.1:${port}`),
    port,
    requests,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

export function sendJson(
  response: ServerResponse,
  httpStatus: number,
  body: unknown,
  headers: Readonly<Record<string, string>> = {},
): void {
  response.writeHead(httpStatus, { 'Content-Type': 'application/json', ...headers });
  response.end(JSON.stringify(body));
}

export async function bodyOf(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
  return JSON.parse(Buffer.concat(chunks).toString('utf8'));
}

/**
 * A certificate of its own authority for `api.test.internal`, valid until 2120, with its key. Guards nothing: it only lets tests speak TLS on the
 * loopback interface.
 */
export const testCertificate = {
  name: 'api.test.internal',
  certificate: `-----BEGIN CERTIFICATE-----
MIIBUjCB+KADAgECAgEBMAoGCCqGSM49BAMCMBgxFjAUBgNVBAMTDWxvb3BiYWNr
IHRlc3QwIBcNMjAwMTAxMDAwMDAwWhgPMjEyMDAxMDEwMDAwMDBaMBgxFjAUBgNV
BAMTDWxvb3BiYWNrIHRlc3QwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAAQMeuW9
EMnTFQZsPciAkZcInNKXpEy+tut0aAzuuLlpon7iAvW0a0bZb2rvByerIO+Um7eq
yIhURmU1iTeKu7gyozEwLzAPBgNVHRMBAf8EBTADAQH/MBwGA1UdEQQVMBOCEWFw
aS50ZXN0LmludGVybmFsMAoGCCqGSM49BAMCA0kAMEYCIQCwtChAOtLnh7L5I8/J
T0obtypuSfFHgK8+7nFliqhahAIhAKeXBucYviH9JIldmpOxb+PUvoazeKf0K99O
fJhNB3u2
-----END CERTIFICATE-----`,
  key: `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgzX4DfkFBLWUgr3+J
nmEI5xth+tgNXUzLf3raUBMcIEGhRANCAAQMeuW9EMnTFQZsPciAkZcInNKXpEy+
tut0aAzuuLlpon7iAvW0a0bZb2rvByerIO+Um7eqyIhURmU1iTeKu7gy
-----END PRIVATE KEY-----`,
};
