/**
 * HTTP/1.1 to one API server: kept-alive connections for short calls, a connection of its own for each stream, so that a watch never waits
 * behind a write and one stalled connection stalls only itself.
 *
 * A short call has a deadline that covers everything, waiting included. It is sent again by itself in exactly three cases: the server answered
 * 401 and the credential can be renewed; it answered 429, which means that it did nothing; or the call only reads and met 5xx with a
 * Retry-After, or a kept-alive connection that the server had closed meanwhile. Any other failure reaches the caller, because a write whose
 * answer is lost may have been carried out.
 */
import { request as httpRequest } from 'node:http';
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { reasonOf, sleep, systemClock } from './clock.ts';
import type { Clock } from './clock.ts';
import { createConnections, keepAliveProbeMs } from './connections.ts';
import type { TlsOptions } from './connections.ts';
import { createCredentials } from './credentials.ts';
import type { Identity } from './credentials.ts';
import { apiErrorOf, ApiError, ConnectionError, UnauthorizedError } from './errors.ts';
import { ClosedWhileIdleError, createGuard, describe } from './guard.ts';
import type { Guard } from './guard.ts';
import type { ClusterConfig } from './kubeconfig.ts';
import type { Status } from './objects.ts';

export type HttpMethod = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

export interface HttpRequest {
  readonly method: HttpMethod;
  /** Path and query, without the server. */
  readonly path: string;
  /** The verb of the Kubernetes API, for metrics: get, list, watch, create, apply … */
  readonly verb: string;
  readonly body?: string | undefined;
  /** Media type of the body. Default `application/json`. */
  readonly contentType?: string | undefined;
  /** Default `application/json`. */
  readonly accept?: string | undefined;
  readonly signal?: AbortSignal | undefined;
  /** For a stream: until the head of the answer. Default: the transport's. */
  readonly deadlineMs?: number | undefined;
  /** How often the server's Retry-After is obeyed before the refusal reaches the caller. Default 3. */
  readonly retries?: number | undefined;
}

export interface HttpResponse {
  /** 2xx. */
  readonly httpStatus: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

export interface HttpStream {
  readonly httpStatus: number;
  readonly headers: IncomingHttpHeaders;
  /** Ends when the server ends the answer; throws ConnectionError when the connection breaks, the signal's reason when it aborts. */
  readonly chunks: AsyncIterable<Buffer>;
  /** Closes the connection. */
  close(): void;
}

/** What a WebSocket needs to connect as the transport does. */
export interface WebSocketTarget {
  /** `wss://host:port` or `ws://…`, with the server's base path. */
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly tls: TlsOptions;
}

export interface Transport extends AsyncDisposable {
  readonly server: string;
  /**
   * @throws ApiError for an answer that is not 2xx; ConnectionError, DeadlineError, CredentialError; the signal's reason.
   */
  request(request: HttpRequest): Promise<HttpResponse>;
  /** As `request`, but gives the body as it comes. The caller reads it to its end or closes it. */
  stream(request: HttpRequest): Promise<HttpStream>;
  webSocketTarget(): Promise<WebSocketTarget>;
}

/** One exchange with the server, for metrics. */
export interface RequestObservation {
  readonly verb: string;
  readonly method: HttpMethod;
  readonly host: string;
  /** HTTP status, or `<error>` when no answer came (client-go's label in rest_client_requests_total). */
  readonly code: string;
  /** Until the end of the answer, for a stream until its head. */
  readonly durationMs: number;
}

export interface TransportOptions {
  readonly config: ClusterConfig;
  /** `name/version`, shown in the API server's audit log and metrics. */
  readonly userAgent: string;
  /** Default 30 s. */
  readonly deadlineMs?: number | undefined;
  /** Most connections for short calls at a time; further calls wait within their deadline. Default 16. */
  readonly maxConnections?: number | undefined;
  readonly clock?: Clock | undefined;
  readonly onRequest?: ((observation: RequestObservation) => void) | undefined;
}

const defaultDeadlineMs = 30_000;
const errorBodyLimitBytes = 1024 * 1024;

export function createTransport(options: TransportOptions): Transport {
  const { config } = options;
  const clock = options.clock ?? systemClock;
  const deadlineMs = options.deadlineMs ?? defaultDeadlineMs;
  const connections = createConnections(config, options.maxConnections ?? 16);
  const server = new URL(config.server);
  const basePath = server.pathname === '/' ? '' : server.pathname;
  const secure = server.protocol === 'https:';
  const credentials = createCredentials(config, clock);
  const renewable = config.bearer.kind === 'tokenFile' || config.bearer.kind === 'exec';
  let closed = false;

  function headersFor(identity: Identity): Record<string, string> {
    return {
      'User-Agent': options.userAgent,
      ...(identity.token === undefined ? {} : { Authorization: `Bearer ${identity.token}` }),
    };
  }

  /** Sends once; resolves with the head of the answer. `watchdog` is told of the request so that it can end it. */
  async function exchange(request: HttpRequest, kind: 'unary' | 'streams', guard: Guard): Promise<IncomingMessage> {
    const identity = await guard.race(credentials.current());
    if (closed) throw new ConnectionError(`${describe(request)}: the transport is closed`);
    const agent = connections.agentsFor(identity)[kind];
    return new Promise((resolve, reject) => {
      const outgoing = (secure ? httpsRequest : httpRequest)({
        agent,
        protocol: server.protocol,
        hostname: server.hostname.replace(/^\[|\]$/g, ''),
        ...(server.port === '' ? {} : { port: server.port }),
        method: request.method,
        path: basePath + request.path,
        headers: {
          ...headersFor(identity),
          Accept: request.accept ?? 'application/json',
          ...(request.body === undefined
            ? {}
            : { 'Content-Type': request.contentType ?? 'application/json', 'Content-Length': Buffer.byteLength(request.body) }),
        },
      });
      guard.holds(outgoing);
      if (kind === 'streams') outgoing.once('socket', (socket) => socket.setKeepAlive(true, keepAliveProbeMs));
      outgoing.once('response', resolve);
      outgoing.once('error', (error) => reject(guard.why(error, outgoing.reusedSocket)));
      outgoing.end(request.body);
    });
  }

  /** Runs one exchange up to `until`, reports it, and turns an answer that is not 2xx into its error. */
  async function attempt<T>(
    request: HttpRequest,
    kind: 'unary' | 'streams',
    guard: Guard,
    until: (response: IncomingMessage) => Promise<T>,
  ): Promise<T> {
    const startedAt = clock.elapsed();
    let code = '<error>';
    try {
      const response = await exchange(request, kind, guard);
      const httpStatus = response.statusCode ?? 0;
      if (httpStatus >= 200 && httpStatus < 300) {
        const result = await until(response);
        code = String(httpStatus);
        return result;
      }
      const body = await bodyOf(response, guard, errorBodyLimitBytes);
      code = String(httpStatus);
      throw apiErrorOf({ httpStatus, status: statusIn(body, httpStatus), retryAfterMs: retryAfterOf(response.headers), call: request });
    } finally {
      options.onRequest?.({ verb: request.verb, method: request.method, host: server.host, code, durationMs: clock.elapsed() - startedAt });
    }
  }

  async function withRetries<T>(request: HttpRequest, guard: Guard, send: () => Promise<T>): Promise<T> {
    let renewed = false;
    let reconnected = false;
    let retriesLeft = request.retries ?? 3;
    for (;;) {
      try {
        return await send();
      } catch (error) {
        if (error instanceof UnauthorizedError && renewable && !renewed) {
          renewed = true;
          credentials.invalidate();
        } else if (error instanceof ClosedWhileIdleError && request.method === 'GET' && !reconnected) {
          reconnected = true;
        } else {
          const waitMs = waitFor(error, request);
          if (waitMs === undefined || retriesLeft <= 0 || waitMs >= guard.remainingMs()) throw error;
          retriesLeft -= 1;
          await guard.race(sleep(clock, waitMs, guard.signal));
        }
      }
    }
  }

  return {
    server: config.server,

    async request(request) {
      const guard = createGuard(request, clock, request.deadlineMs ?? deadlineMs);
      try {
        return await withRetries(request, guard, () =>
          attempt(request, 'unary', guard, async (response) => ({
            httpStatus: response.statusCode ?? 0,
            headers: response.headers,
            body: await bodyOf(response, guard),
          })),
        );
      } finally {
        guard.release();
      }
    },

    async stream(request) {
      const guard = createGuard(request, clock, request.deadlineMs ?? deadlineMs);
      try {
        const response = await withRetries(request, guard, () => attempt(request, 'streams', guard, (head) => Promise.resolve(head)));
        guard.stopTimer();
        return streamOf(response, guard);
      } catch (error) {
        guard.release();
        throw error;
      }
    },

    async webSocketTarget() {
      const identity = await credentials.current();
      return {
        url: `${secure ? 'wss' : 'ws'}://${server.host}${basePath}`,
        headers: headersFor(identity),
        tls: connections.tlsOptions(identity),
      };
    },

    [Symbol.asyncDispose]() {
      closed = true;
      connections.close();
      return Promise.resolve();
    },
  };
}

async function bodyOf(response: IncomingMessage, guard: Guard, limitBytes = Number.POSITIVE_INFINITY): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  try {
    for await (const chunk of response as AsyncIterable<Buffer>) {
      bytes += chunk.length;
      if (bytes > limitBytes) break;
      chunks.push(chunk);
    }
  } catch (error) {
    throw guard.why(error as Error);
  }
  return chunks.length === 1 && chunks[0] !== undefined ? chunks[0] : Buffer.concat(chunks);
}

function streamOf(response: IncomingMessage, guard: Guard): HttpStream {
  async function* chunks(): AsyncGenerator<Buffer, void, void> {
    try {
      yield* response as AsyncIterable<Buffer>;
      if (guard.signal.aborted) throw reasonOf(guard.signal);
    } catch (error) {
      throw guard.why(error as Error);
    } finally {
      close();
    }
  }
  function close(): void {
    guard.release();
    // What arrives between here and the close of the connection has no reader.
    response.on('error', () => undefined);
    response.destroy();
  }
  return { httpStatus: response.statusCode ?? 0, headers: response.headers, chunks: chunks(), close };
}

function waitFor(error: unknown, request: HttpRequest): number | undefined {
  if (!(error instanceof ApiError)) return undefined;
  if (error.httpStatus === 429) return error.retryAfterMs;
  // The server has waited for this version already, and it does not come by waiting.
  if (error.isVersionTooLarge) return undefined;
  return error.httpStatus >= 500 && request.method === 'GET' ? error.retryAfterMs : undefined;
}

/** The API server sends whole seconds, never a date. */
function retryAfterOf(headers: IncomingHttpHeaders): number | undefined {
  const value = headers['retry-after'];
  return value !== undefined && /^\d+$/.test(value) ? Number(value) * 1000 : undefined;
}

function statusIn(body: Buffer, httpStatus: number): Status {
  const text = body.toString('utf8');
  try {
    const parsed: unknown = JSON.parse(text);
    if (typeof parsed === 'object' && parsed !== null && 'kind' in parsed && parsed.kind === 'Status') return parsed as Status;
  } catch {
    // No Status: something before the API server answered, or the API server in plain text.
  }
  return { message: `HTTP ${httpStatus}${text === '' ? '' : `: ${text.slice(0, 300)}`}`, code: httpStatus };
}
