/** An image registry for tests that takes what is pushed, checks each part against its digest, and keeps the manifests. */
import { createHash } from 'node:crypto';
import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';

interface Descriptor {
  readonly digest: string;
}

/** The parts of an image manifest that tests look at (OCI image specification 1.1, and Docker's schema 2 alike). */
interface ImageManifest {
  readonly config: Descriptor;
  readonly layers: readonly Descriptor[];
}

export interface ReceivingRegistry extends AsyncDisposable {
  /** `127.0.0.1:PORT`. It speaks HTTP without TLS. */
  readonly host: string;
  /** By `NAME:TAG`. */
  readonly manifests: ReadonlyMap<string, ImageManifest>;
  /** Digests of what arrived whole. */
  readonly blobs: ReadonlySet<string>;
}

/** Starts a registry with as much of the distribution specification (OCI, 1.1, "Push") as a push needs. */
export async function startReceivingRegistry(): Promise<ReceivingRegistry> {
  const manifests = new Map<string, ImageManifest>();
  const blobs = new Set<string>();
  const uploads = new Map<string, { readonly hash: ReturnType<typeof createHash>; bytes: number }>();

  const receive = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const url = new URL(request.url ?? '/', 'http://registry');
    const [, name, kind, last] = /^\/v2\/(.+)\/(blobs|manifests)\/(?:uploads\/)?([^/]*)$/.exec(url.pathname) ?? [];
    const answer = (status: number, headers: Readonly<Record<string, string>> = {}): void => {
      response.writeHead(status, { 'content-length': '0', ...headers }).end();
    };
    if (url.pathname === '/v2/') return answer(200);
    if (name === undefined || last === undefined) return answer(404);
    if (kind === 'manifests' && request.method === 'PUT') {
      const body = await text(request);
      manifests.set(`${name}:${last}`, JSON.parse(body) as ImageManifest);
      return answer(201, { 'docker-content-digest': `sha256:${createHash('sha256').update(body).digest('hex')}` });
    }
    if (kind === 'blobs' && request.method === 'POST') {
      const id = String(uploads.size);
      uploads.set(id, { hash: createHash('sha256'), bytes: 0 });
      return answer(202, { location: `/v2/${name}/blobs/uploads/${id}` });
    }
    const upload = uploads.get(last);
    if (upload === undefined) return answer(404);
    for await (const chunk of request) {
      upload.hash.update(chunk as Buffer);
      upload.bytes += (chunk as Buffer).length;
    }
    if (request.method === 'PATCH') return answer(202, { location: url.pathname, range: `0-${Math.max(0, upload.bytes - 1)}` });
    const digest = `sha256:${upload.hash.digest('hex')}`;
    if (url.searchParams.get('digest') !== digest) return answer(400);
    blobs.add(digest);
    return answer(201, { 'docker-content-digest': digest });
  };

  const server = createServer((request, response) => {
    receive(request, response).catch((error: unknown) => response.destroy(error instanceof Error ? error : new Error(String(error))));
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  const { port } = server.address() as AddressInfo;
  return {
    host: `127.0.0.1:${port}`,
    manifests,
    blobs,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise<void>((closed) => server.close(() => closed()));
    },
  };
}
