/**
 * A Kubernetes API server in this process, for tests that need one in milliseconds: real HTTP on loopback, the kinds that an operator renders,
 * server-side apply with field ownership, watches, optimistic concurrency, finalizers and garbage collection. Nothing runs behind it: no
 * StatefulSet makes pods.
 *
 * How far it goes, and where it differs from the real one, is in README.md; what it does is held to the real one by conformance.ts.
 */
import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createAllocator } from './admission.ts';
import type { Counts } from './admission.ts';
import { ApiFailure, badRequest, noSuchResource, unsupportedMediaType } from './apiFailure.ts';
import { collectGarbage } from './garbageCollector.ts';
import { asObject, isObject } from './json.ts';
import type { Json, JsonObject } from './json.ts';
import { jsonPatch, mergePatch } from './patch.ts';
import { createPages, getObject, listObjects, representationOf, versioned } from './reads.ts';
import { deleteCollection, deleteObject, evictPod } from './removals.ts';
import { NotServed, readTarget } from './requestTarget.ts';
import type { RequestTarget } from './requestTarget.ts';
import { builtIns, createDefinitionReader } from './servedKinds.ts';
import type { ServedKind } from './servedKinds.ts';
import { createStorage } from './storage.ts';
import type { StorageState } from './storage.ts';
import { createWatches } from './watches.ts';
import { applyObject, createObject, patchObject, replaceObject } from './writes.ts';
import type { WriteContext, Written } from './writes.ts';

/** What a server holds at one moment. Another one that starts from it goes on as this one would have. */
export interface ApiServerState {
  readonly storage: StorageState;
  readonly counts: Readonly<Counts>;
}

export interface ApiServerOptions {
  /** What is there at the start, in place of the namespaces and definitions below. */
  readonly from?: ApiServerState | undefined;
  /** Time of creations and writes. Default: the machine's. */
  readonly now?: () => Date;
  /** Namespaces that exist from the start, besides `default` and `kube-system`. */
  readonly namespaces?: readonly string[];
  /** CustomResourceDefinitions that are installed from the start; more can be applied later. */
  readonly customResourceDefinitions?: readonly object[];
  /**
   * `automatic`: owners, finalizers of garbage collection, namespaces and unused claims are followed up after each write, as
   * kube-controller-manager does. `stepped`: only when a test calls `collectGarbage`. Default `automatic`.
   */
  readonly garbageCollection?: 'automatic' | 'stepped';
}

export interface ApiServer extends AsyncDisposable {
  /** `http://127.0.0.1:PORT`. */
  readonly url: string;
  /** As it is now. */
  readonly state: () => ApiServerState;
  /** The newest resource version. */
  readonly resourceVersion: () => string;
  /** Follows up on deletions until nothing is left to do. */
  readonly collectGarbage: () => void;
  /** Forgets the history: watches from older resource versions and continued lists answer 410. */
  readonly compact: () => void;
  /** Sends a bookmark to every open watch that wants them; the real server does so about once a minute. */
  readonly bookmark: () => void;
  /** Ends all open watches as if their time were up. */
  readonly endWatches: () => void;
  /** How many watches are open. */
  readonly watchCount: () => number;
}

/** Starts a server on a free port of the loopback interface. */
export async function startApiServer(options: ApiServerOptions = {}): Promise<ApiServer> {
  const { from } = options;
  const storage = createStorage(from?.storage);
  const counts: Counts = { addresses: 0, ports: 0, uids: 0, suffixes: 0, ...from?.counts };
  const watches = createWatches(storage);
  const pages = createPages();
  const readDefinition = createDefinitionReader();
  const context: WriteContext = {
    storage,
    allocator: createAllocator(counts),
    now: options.now ?? (() => new Date()),
    uid: createUids(counts),
    suffix: createSuffixes(counts),
  };
  const kinds = (): readonly ServedKind[] => [
    ...builtIns,
    ...storage.list('apiextensions.k8s.io/customresourcedefinitions').flatMap(readDefinition),
  ];

  let collecting = false;
  storage.subscribe(({ type, object }) => {
    const metadata = asObject(object.metadata);
    const concerned = type === 'DELETED' || metadata.deletionTimestamp !== undefined || metadata.ownerReferences !== undefined;
    if (options.garbageCollection === 'stepped' || collecting || !concerned) return;
    collecting = true;
    setImmediate(() => {
      collectGarbage(context, kinds);
      collecting = false;
    });
  });

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', 'http://localhost');
    if (['/healthz', '/livez', '/readyz'].includes(url.pathname)) {
      response.writeHead(200, { 'content-type': 'text/plain' }).end('ok');
      return;
    }
    if (url.pathname === '/version') {
      respond(response, 200, { major: '1', minor: '34', gitVersion: 'v1.34.4', platform: 'linux/amd64' });
      return;
    }
    const target = readTarget(url, kinds());
    const body = await readBody(request);
    const representation = representationOf(request.headers.accept);
    if (request.method === 'GET') {
      const watch = url.searchParams.get('watch');
      if (watch === 'true' || watch === '1') watches.start(target, representation, response);
      else if (target.name === '') respond(response, 200, listObjects(storage, pages, target, representation));
      else respond(response, 200, getObject(storage, target, representation));
      return;
    }
    const { code, object } = write(request, target, body);
    respond(response, code, versionedAnswer(target, object));
  }

  function write(request: IncomingMessage, target: RequestTarget, body: Json): { readonly code: number; readonly object: JsonObject } {
    const defaultManager = (request.headers['user-agent'] ?? 'unknown').split('/')[0] ?? 'unknown';
    const call = { target, defaultManager };
    const options = isObject(body) ? body : {};
    const codeOf = (written: Written): { readonly code: number; readonly object: JsonObject } => ({
      code: written.created ? 201 : 200,
      object: written.object,
    });
    if (target.subresource === 'eviction' && request.method === 'POST') return { code: 201, object: evictPod(context, target, options) };
    if (target.subresource !== '' && !(target.subresource === 'status' && target.kind.status)) throw noSuchResource();
    switch (request.method ?? 'GET') {
      case 'POST':
        return codeOf(createObject(context, call, body));
      case 'PUT':
        return codeOf(replaceObject(context, call, body));
      case 'PATCH':
        return codeOf(patch(request.headers['content-type'] ?? '', call, body));
      case 'DELETE':
        return {
          code: 200,
          object: target.name === '' ? deleteCollection(context, target, options) : deleteObject(context, target, options),
        };
      default:
        throw new ApiFailure(405, 'MethodNotAllowed', 'the server does not allow this method on the requested resource');
    }
  }

  function patch(contentType: string, call: { readonly target: RequestTarget; readonly defaultManager: string }, body: Json): Written {
    switch ((contentType.split(';')[0] ?? '').trim()) {
      case 'application/apply-patch+yaml':
        return applyObject(context, call, body);
      case 'application/merge-patch+json':
        return patchObject(context, call, (current) => mergePatch(versioned(call.target.kind, current), body));
      case 'application/json-patch+json':
        return patchObject(context, call, (current) => jsonPatch(versioned(call.target.kind, current), body));
      default:
        throw unsupportedMediaType(contentType);
    }
  }

  const server = createServer((request, response) => {
    answer(request, response).catch((error: unknown) => {
      if (error instanceof NotServed) {
        response.writeHead(404, { 'content-type': 'text/plain; charset=utf-8' }).end('404 page not found\n');
        return;
      }
      const failure =
        error instanceof ApiFailure
          ? error
          : new ApiFailure(500, 'InternalError', error instanceof Error ? (error.stack ?? error.message) : String(error));
      if (response.headersSent) response.destroy();
      else respond(response, failure.code, failure.status);
    });
  });

  if (from === undefined) {
    for (const name of ['default', 'kube-system', ...(options.namespaces ?? [])])
      createAtStart('namespaces', { apiVersion: 'v1', kind: 'Namespace', metadata: { name } });
    for (const definition of options.customResourceDefinitions ?? []) createAtStart('customresourcedefinitions', definition as JsonObject);
  }

  function createAtStart(plural: string, object: JsonObject): void {
    const kind = builtIns.find((candidate) => candidate.plural === plural);
    if (kind === undefined) throw new Error(`no kind ${plural}`);
    createObject(
      context,
      { target: { kind, namespace: '', name: '', subresource: '', query: new URLSearchParams() }, defaultManager: 'test' },
      object,
    );
  }

  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    state: () => ({ storage: storage.state(), counts: { ...counts } }),
    resourceVersion: () => String(storage.revision()),
    collectGarbage: () => collectGarbage(context, kinds),
    compact: () => {
      storage.compact();
      pages.clear();
    },
    bookmark: () => watches.bookmark(),
    endWatches: () => watches.endAll(),
    watchCount: () => watches.count(),
    [Symbol.asyncDispose]: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function versionedAnswer(target: RequestTarget, object: JsonObject): JsonObject {
  return object.kind === target.kind.kind ? versioned(target.kind, object) : object;
}

function respond(response: ServerResponse, code: number, body: JsonObject): void {
  const text = JSON.stringify(body);
  response.writeHead(code, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) }).end(text);
}

async function readBody(request: IncomingMessage): Promise<Json> {
  const chunks: Buffer[] = [];
  for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
  const text = Buffer.concat(chunks).toString('utf8');
  if (text === '') return {};
  try {
    return JSON.parse(text) as Json;
  } catch (error) {
    throw badRequest(`the body of the request is not JSON: ${String(error)}`);
  }
}

/** Uids that are valid and the same in every run. */
function createUids(counts: Pick<Counts, 'uids'>): () => string {
  return () => {
    counts.uids += 1;
    return `00000000-0000-4000-8000-${counts.uids.toString(16).padStart(12, '0')}`;
  };
}

/** Suffixes of generated names, from the alphabet that the real server uses. */
function createSuffixes(counts: Pick<Counts, 'suffixes'>): () => string {
  const alphabet = 'bcdfghjklmnpqrstvwxz2456789';
  return () => {
    counts.suffixes += 1;
    const letter = (index: number): string =>
      alphabet[Math.floor(counts.suffixes / alphabet.length ** (4 - index)) % alphabet.length] ?? '';
    return Array.from({ length: 5 }, (_, index) => letter(index)).join('');
  };
}
