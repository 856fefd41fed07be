/**
 * A proxy between a client and an API server, real or in-process, that breaks what it is told to break, and knows which writes the server carried
 * out, so that a test can lose each reply once, stop the client after each write, and count what was created.
 *
 * Writes pass one at a time, so that the n-th write means the same in every run. The client speaks plain HTTP to it on loopback, without credentials; the proxy has those of the server behind it. WebSockets do not pass.
 */
import { createServer, request as httpRequest } from 'node:http';
import type { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from 'node:http';
import { request as httpsRequest } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { ClusterConfig } from '../kubeconfig.ts';
import { matches, proxyStatus, readProxiedRequest, writeVerbs } from './faults.ts';
import type { Fault, FaultRule, ProxiedRequest } from './faults.ts';
import { replyStream } from './faultStreams.ts';
import type { ReplyStream } from './faultStreams.ts';
import { asString, at } from './json.ts';
import type { JsonObject } from './json.ts';

/** A write that the server carried out: its answer was 2xx, and it was no dry run. */
export interface ObservedWrite extends ProxiedRequest {
  /** The first is 1. */
  readonly number: number;
  readonly httpStatus: number;
  /** The object did not exist before. */
  readonly created: boolean;
  /** Kind of the object, as the answer names it; for a deletion `Status` where the server answers so. */
  readonly kind: string;
}

export interface FaultProxy extends AsyncDisposable {
  /** `http://127.0.0.1:PORT`. */
  readonly url: string;
  /** Adds a rule. Of several rules that want the same request the first one added gets it. Disposing removes it. */
  readonly addRule: (rule: FaultRule) => ActiveRule;
  /** The writes that the server carried out so far, in their order. */
  readonly writes: () => readonly ObservedWrite[];
  /** All requests that arrived so far, those hit by a fault included. */
  readonly requests: () => readonly ProxiedRequest[];
  /**
   * Calls `listener` after each write that the server carried out, before its reply goes to the client, and waits for it: whoever stops the client in
   * there stops it at exactly this write. Disposing ends it.
   */
  readonly onWrite: (listener: (write: ObservedWrite) => void | Promise<void>) => Disposable;
  /** Passes on what rules hold back of open watches. */
  readonly release: () => void;
  /** Breaks all connections of clients. */
  readonly cutConnections: () => void;
}

export interface ActiveRule extends Disposable {
  /** How many requests it has hit. */
  readonly hits: () => number;
}

/**
 * Starts a proxy on a free port of the loopback interface.
 *
 * @param upstream where the server is and as whom to speak to it; of bearer sources only `token` and `none`.
 */
export async function startFaultProxy(upstream: ClusterConfig): Promise<FaultProxy> {
  const rules = new Set<{ readonly rule: FaultRule; seen: number; hits: number }>();
  const listeners = new Set<(write: ObservedWrite) => void | Promise<void>>();
  const streams = new Set<ReplyStream>();
  const writes: ObservedWrite[] = [];
  const requests: ProxiedRequest[] = [];
  const forward = forwarder(upstream);
  let lastWrite: Promise<unknown> = Promise.resolve();

  function faultFor(request: ProxiedRequest): Fault | undefined {
    let chosen: Fault | undefined;
    for (const active of rules) {
      if (!matches(active.rule.match ?? {}, request)) continue;
      active.seen += 1;
      const from = active.rule.skip ?? 0;
      const hit = active.seen > from && active.seen <= from + (active.rule.times ?? 1);
      if (chosen !== undefined || !hit) continue;
      active.hits += 1;
      chosen = active.rule.fault;
    }
    return chosen;
  }

  async function serve(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await readAll(incoming);
    const url = new URL(incoming.url ?? '/', 'http://localhost');
    const request = readProxiedRequest(incoming.method ?? 'GET', url, incoming.headers['content-type'] ?? '');
    if (writeVerbs.includes(request.verb)) {
      const turn = lastWrite.then(() => relayWrite(request, incoming, body, response));
      lastWrite = turn.catch(() => undefined);
      return turn;
    }
    const fault = arrive(request, response);
    if (fault !== 'handled') relayRead(fault, await forward(incoming, body), response);
  }

  /** Takes note of a request and deals with it if it does not reach the server. */
  function arrive(request: ProxiedRequest, response: ServerResponse): Fault | undefined | 'handled' {
    requests.push(request);
    const fault = faultFor(request);
    if (fault?.kind === 'drop') response.destroy();
    if (fault?.kind === 'answer') answer(response, fault);
    return fault?.kind === 'drop' || fault?.kind === 'answer' || fault?.kind === 'stall' ? 'handled' : fault;
  }

  async function relayWrite(request: ProxiedRequest, incoming: IncomingMessage, sent: Buffer, response: ServerResponse): Promise<void> {
    const fault = arrive(request, response);
    if (fault === 'handled') return;
    // A write that has come this far is carried out, even if the client is gone by now.
    const reply = await forward(incoming, sent);
    const body = await readAll(reply);
    const httpStatus = reply.statusCode ?? 0;
    if (httpStatus >= 200 && httpStatus < 300 && !request.dryRun) {
      const object = JSON.parse(body.toString('utf8')) as JsonObject;
      const name = request.name === '' ? asString(at(object, 'metadata', 'name')) : request.name;
      const write = {
        ...request,
        name,
        number: writes.length + 1,
        httpStatus,
        created: httpStatus === 201 && request.subresource === '',
        kind: asString(object.kind),
      };
      writes.push(write);
      for (const listener of listeners) await listener(write);
    }
    if (fault?.kind === 'loseReply') return void response.destroy();
    if (fault?.kind === 'stallReply') return;
    writeHead(reply, response);
    const stream = replyStream(fault, response);
    stream.write(body);
    stream.end();
  }

  function relayRead(fault: Fault | undefined, reply: IncomingMessage, response: ServerResponse): void {
    const ignored = fault?.kind === 'loseReply' || fault?.kind === 'stallReply';
    if (fault?.kind === 'loseReply') response.destroy();
    // A client that went while the server was asked is told by no event any more; a watch for it would stay open until it times out.
    if (ignored || response.closed || response.destroyed) {
      reply.destroy();
      return;
    }
    writeHead(reply, response);
    const stream = replyStream(fault, response);
    streams.add(stream);
    reply.on('data', (chunk: Buffer) => stream.write(chunk));
    reply.on('end', () => stream.end());
    reply.on('error', () => response.destroy());
    response.on('close', () => {
      streams.delete(stream);
      reply.destroy();
    });
  }

  const server = createServer((incoming, response) => {
    serve(incoming, response).catch(() => response.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;

  return {
    url: `http://127.0.0.1:${port}`,
    addRule(rule) {
      const active = { rule, seen: 0, hits: 0 };
      rules.add(active);
      return { hits: () => active.hits, [Symbol.dispose]: () => void rules.delete(active) };
    },
    writes: () => [...writes],
    requests: () => [...requests],
    onWrite(listener) {
      listeners.add(listener);
      return { [Symbol.dispose]: () => void listeners.delete(listener) };
    },
    release: () => streams.forEach((stream) => stream.release()),
    cutConnections: () => server.closeAllConnections(),
    [Symbol.asyncDispose]: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** Sends requests on to the server and gives the head of its reply. */
function forwarder(upstream: ClusterConfig): (incoming: IncomingMessage, body: Buffer) => Promise<IncomingMessage> {
  const { bearer, clientCertificate } = upstream;
  if (bearer.kind === 'tokenFile' || bearer.kind === 'exec')
    throw new Error(`the fault proxy cannot use a bearer token from ${bearer.kind}`);
  const tls = {
    ...(upstream.certificateAuthority === undefined ? {} : { ca: upstream.certificateAuthority }),
    ...(clientCertificate === undefined ? {} : { cert: clientCertificate.certificate, key: clientCertificate.key }),
    ...(upstream.tlsServerName === undefined ? {} : { servername: upstream.tlsServerName }),
    rejectUnauthorized: !upstream.insecureSkipTlsVerify,
  };
  const send = upstream.server.startsWith('https:') ? httpsRequest : httpRequest;
  return (incoming, body) =>
    new Promise((resolve, reject) => {
      const headers: OutgoingHttpHeaders = { ...incoming.headers, 'content-length': body.length };
      for (const name of ['host', 'connection', 'transfer-encoding']) delete headers[name];
      if (bearer.kind === 'token') headers['authorization'] = `Bearer ${bearer.token}`;
      const call = send(`${upstream.server}${incoming.url ?? '/'}`, { method: incoming.method ?? 'GET', headers, ...tls }, resolve);
      call.on('error', reject);
      call.end(body);
    });
}

/** The head of the server's reply; the length of the body is not known, since a fault may change it. */
function writeHead(reply: IncomingMessage, response: ServerResponse): void {
  const headers: OutgoingHttpHeaders = { ...reply.headers };
  for (const name of ['content-length', 'transfer-encoding', 'connection']) delete headers[name];
  response.writeHead(reply.statusCode ?? 502, headers);
  response.flushHeaders();
}

const reasons: Readonly<Record<number, string>> = {
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'NotFound',
  409: 'Conflict',
  410: 'Expired',
  429: 'TooManyRequests',
  500: 'InternalError',
  503: 'ServiceUnavailable',
  504: 'Timeout',
};

function answer(response: ServerResponse, fault: Fault & { readonly kind: 'answer' }): void {
  const reason = fault.reason ?? reasons[fault.httpStatus] ?? '';
  const status = proxyStatus(fault.httpStatus, reason);
  const wait = fault.retryAfterSeconds === undefined ? {} : { 'retry-after': String(fault.retryAfterSeconds) };
  response.writeHead(fault.httpStatus, { 'content-type': 'application/json', ...wait }).end(JSON.stringify(status));
}

async function readAll(message: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of message as AsyncIterable<Buffer>) chunks.push(chunk);
  return Buffer.concat(chunks);
}
