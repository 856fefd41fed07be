/** /healthz, /readyz and /metrics over plain HTTP, for kubelets and Prometheus. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Endpoints {
  /** Undefined: well. Otherwise what is wrong, in words. */
  readonly healthy: () => string | undefined;
  readonly ready: () => string | undefined;
  readonly metrics: () => Promise<{ readonly contentType: string; readonly text: string }>;
}

export interface Served extends AsyncDisposable {
  readonly port: number;
}

/** Listens; rejects when the address is taken. Disposing it closes every connection. */
export const serve = async (
  listen: { readonly host: string | undefined; readonly port: number },
  endpoints: Endpoints,
): Promise<Served> => {
  const answer = async (path: string): Promise<{ readonly status: number; readonly contentType: string; readonly text: string }> => {
    const plain = (trouble: string | undefined) => ({
      status: trouble === undefined ? 200 : 503,
      contentType: 'text/plain; charset=utf-8',
      text: `${trouble ?? 'ok'}\n`,
    });
    if (path === '/healthz') return plain(endpoints.healthy());
    if (path === '/readyz') return plain(endpoints.ready());
    if (path === '/metrics') return { status: 200, ...(await endpoints.metrics()) };
    return { status: 404, contentType: 'text/plain; charset=utf-8', text: 'there is /healthz, /readyz and /metrics\n' };
  };
  const server = createServer((request, response) => {
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      response.writeHead(405).end();
      return;
    }
    answer(new URL(request.url ?? '/', 'http://localhost').pathname).then(
      ({ status, contentType, text }) => response.writeHead(status, { 'content-type': contentType }).end(text),
      () => response.writeHead(500).end(),
    );
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(listen.port, listen.host, resolve);
  });
  return {
    port: (server.address() as AddressInfo).port,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise<void>((resolve) => {
        server.close(() => resolve());
      });
    },
  };
};
