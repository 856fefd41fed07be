import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import type { IncomingMessage, RequestListener } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { createServer as createTcpServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import {
  ConflictError,
  ConnectionError,
  DeadlineError,
  ForbiddenError,
  ServerError,
  TooManyRequestsError,
  UnauthorizedError,
} from './errors.ts';
import { plainConfig, sendJson, startServer, testCertificate, until } from './testSupport.ts';
import { createTransport } from './transport.ts';
import type { HttpRequest, RequestObservation, TransportOptions } from './transport.ts';

const get: HttpRequest = { method: 'GET', path: '/api/v1/pods/a?secret=query', verb: 'get' };
const post: HttpRequest = { method: 'POST', path: '/api/v1/pods', verb: 'create', body: '{"some":"bödy"}' };

/** A server that answers with the listeners in turn, the last one again and again, and a transport to it. */
async function setUp(listeners: readonly RequestListener[], options: Partial<TransportOptions> = {}) {
  const queue = [...listeners];
  const server = await startServer((request, response) => (queue.length > 1 ? queue.shift() : queue[0])?.(request, response));
  const transport = createTransport({ config: server.config, userAgent: 'test/1', ...options });
  return {
    server,
    transport,
    async [Symbol.asyncDispose]() {
      await transport[Symbol.asyncDispose]();
      await server[Symbol.asyncDispose]();
    },
  };
}

const ok: RequestListener = (_, response) => sendJson(response, 200, { fine: true });

function refuse(httpStatus: number, reason: string, headers: Readonly<Record<string, string>> = {}): RequestListener {
  return (_, response) =>
    sendJson(response, httpStatus, { kind: 'Status', code: httpStatus, reason, message: `because ${reason}` }, headers);
}

test('transport: a call carries its body, media types and user agent', async () => {
  let seen: IncomingMessage | undefined;
  let body = '';
  await using harness = await setUp([
    (request, response) => {
      seen = request;
      request.setEncoding('utf8').on('data', (text: string) => (body += text));
      request.on('end', () => ok(request, response));
    },
  ]);
  const response = await harness.transport.request({ ...post, contentType: 'application/apply-patch+yaml' });
  assert.equal(response.body.toString('utf8'), '{"fine":true}');
  assert.equal(body, post.body);
  assert.equal(seen?.headers['user-agent'], 'test/1');
  assert.equal(seen?.headers['content-type'], 'application/apply-patch+yaml');
  assert.equal(seen?.headers.accept, 'application/json');
  assert.equal(seen?.headers.authorization, undefined);
});

test('transport: calls in a row share one connection', async () => {
  const ports = new Set<number | undefined>();
  await using harness = await setUp([
    (request, response) => {
      ports.add(request.socket.remotePort);
      ok(request, response);
    },
  ]);
  for (let call = 0; call < 3; call += 1) await harness.transport.request(get);
  assert.equal(ports.size, 1);
});

test('transport: a refusal is the error of its situation, and shows neither query nor body', async () => {
  await using harness = await setUp([refuse(409, 'Conflict')]);
  await assert.rejects(harness.transport.request({ ...post, path: '/api/v1/pods?token=hidden' }), (error: unknown) => {
    assert.ok(error instanceof ConflictError);
    assert.deepEqual([error.message, error.code, error.retryable], ['POST /api/v1/pods: because Conflict', 'Conflict', true]);
    return true;
  });
});

test('transport: an answer that is no Status still makes a readable error', async () => {
  await using harness = await setUp([
    (_, response) => {
      response.writeHead(502, { 'Content-Type': 'text/html' });
      response.end('<html>bad gateway</html>');
    },
  ]);
  await assert.rejects(harness.transport.request(get), (error: unknown) => {
    assert.ok(error instanceof ServerError);
    assert.equal(error.message, 'GET /api/v1/pods/a: HTTP 502: <html>bad gateway</html>');
    return true;
  });
});

test('transport: 429 with Retry-After is obeyed for every call, since the server did nothing', async () => {
  await using harness = await setUp([refuse(429, 'TooManyRequests', { 'Retry-After': '0' }), ok]);
  assert.equal((await harness.transport.request(post)).httpStatus, 200);
  assert.equal(harness.server.requests.length, 2);
});

test('transport: a wait that exceeds the deadline is left to the caller, and so are endless refusals', async () => {
  await using harness = await setUp([refuse(429, 'TooManyRequests', { 'Retry-After': '60' }), refuse(429, 'Busy', { 'Retry-After': '0' })]);
  await assert.rejects(harness.transport.request(get), (error: unknown) => {
    assert.ok(error instanceof TooManyRequestsError);
    assert.equal(error.retryAfterMs, 60_000);
    return true;
  });
  await assert.rejects(harness.transport.request(get), TooManyRequestsError);
  assert.equal(harness.server.requests.length, 5);
});

test('transport: 500 with Retry-After is obeyed by reads only, because a write may have happened', async () => {
  await using harness = await setUp([refuse(500, 'InternalError', { 'Retry-After': '0' }), ok]);
  await harness.transport.request(get);
  assert.equal(harness.server.requests.length, 2);
  await using writing = await setUp([refuse(500, 'InternalError', { 'Retry-After': '0' }), ok]);
  await assert.rejects(writing.transport.request(post), ServerError);
  assert.equal(writing.server.requests.length, 1);
});

test('transport: the deadline covers an answer that never comes and one that never ends', async () => {
  const stalls: readonly RequestListener[] = [
    () => undefined,
    (_, response) => {
      response.writeHead(200);
      response.write('{');
    },
  ];
  for (const stall of stalls) {
    await using harness = await setUp([stall]);
    await assert.rejects(harness.transport.request({ ...get, deadlineMs: 50 }), (error: unknown) => {
      assert.ok(error instanceof DeadlineError);
      assert.match(error.message, /GET \/api\/v1\/pods\/a: no complete answer within 50 ms/);
      return true;
    });
  }
});

test('transport: an aborted call ends with the reason of its signal', async () => {
  await using harness = await setUp([() => undefined]);
  const controller = new AbortController();
  const call = harness.transport.request({ ...get, signal: controller.signal });
  await until(
    () => harness.server.requests.length === 1,
    () => harness.server.requests,
  );
  controller.abort(new Error('no longer wanted'));
  await assert.rejects(call, /no longer wanted/);
  await assert.rejects(harness.transport.request({ ...get, signal: controller.signal }), /no longer wanted/);
  assert.equal(harness.server.requests.length, 1);
});

/** A TCP server that breaks the second request of each connection. */
async function startBreaking(): Promise<{ readonly port: number; readonly requests: () => number } & AsyncDisposable> {
  let requests = 0;
  const sockets = new Set<Socket>();
  const server = createTcpServer((socket) => {
    sockets.add(socket);
    let onThis = 0;
    socket.on('error', () => undefined);
    socket.on('data', () => {
      requests += 1;
      onThis += 1;
      if (onThis > 1) socket.resetAndDestroy();
      else socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}');
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    requests: () => requests,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

test('transport: a read that meets a connection which the server has closed is sent again, a write is not', async () => {
  await using server = await startBreaking();
  await using transport = createTransport({ config: plainConfig(`http://127.0.0.1:${server.port}`), userAgent: 'test/1' });
  await transport.request(get);
  await transport.request(get);
  assert.equal(server.requests(), 3);
  await assert.rejects(transport.request(post), ConnectionError);
  assert.equal(server.requests(), 4);
});

test('transport: a server that is not there is a connection error that names no more than it must', async () => {
  await using transport = createTransport({ config: plainConfig('http://127.0.0.1:1'), userAgent: 'test/1' });
  await assert.rejects(transport.request(get), (error: unknown) => {
    assert.ok(error instanceof ConnectionError);
    assert.match(error.message, /^GET \/api\/v1\/pods\/a: connect ECONNREFUSED/);
    return true;
  });
});

test('transport: after 401 the token file is read again and the call repeated, once', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'transport-'));
  try {
    const path = join(directory, 'token');
    writeFileSync(path, 'old');
    const seen: (string | undefined)[] = [];
    const listener: RequestListener = (request, response) => {
      seen.push(request.headers.authorization);
      writeFileSync(path, 'new');
      (request.headers.authorization === 'Bearer new' ? ok : refuse(401, 'Unauthorized'))(request, response);
    };
    await using server = await startServer(listener);
    const config = { ...server.config, bearer: { kind: 'tokenFile', path } } as const;
    await using transport = createTransport({ config, userAgent: 'test/1' });
    await transport.request(post);
    assert.deepEqual(seen, ['Bearer old', 'Bearer new']);
  } finally {
    rmSync(directory, { recursive: true });
  }
});

test('transport: a fixed token that is refused is not tried again, and not shown', async () => {
  await using server = await startServer(refuse(401, 'Unauthorized'));
  const config = { ...server.config, bearer: { kind: 'token', token: 'hidden' } } as const;
  await using transport = createTransport({ config, userAgent: 'test/1' });
  await assert.rejects(transport.request(get), (error: unknown) => {
    assert.ok(error instanceof UnauthorizedError);
    assert.doesNotMatch(`${error.stack} ${JSON.stringify(error)}`, /hidden/);
    return true;
  });
  assert.equal(server.requests.length, 1);
});

test('transport: a stream gives chunks as they come and takes no connection from short calls', async () => {
  await using harness = await setUp(
    [
      (request, response) => {
        if (request.url?.startsWith('/api/v1/pods/a') === true) {
          ok(request, response);
          return;
        }
        response.writeHead(200);
        response.write('one\n');
      },
    ],
    { maxConnections: 1 },
  );
  const stream = await harness.transport.stream({ method: 'GET', path: '/watch', verb: 'watch', deadlineMs: 1000 });
  const chunks = stream.chunks[Symbol.asyncIterator]();
  assert.equal((await chunks.next()).value?.toString('utf8'), 'one\n');
  await harness.transport.request(get);
  stream.close();
});

test('transport: a stream that is refused is an error, one that breaks is a connection error, one that is aborted its reason', async () => {
  await using refused = await setUp([refuse(403, 'Forbidden')]);
  await assert.rejects(refused.transport.stream(get), ForbiddenError);

  await using broken = await setUp([
    (_, response) => {
      response.writeHead(200);
      response.write('half', () => response.destroy());
    },
  ]);
  const stream = await broken.transport.stream(get);
  await assert.rejects(Array.fromAsync(stream.chunks), ConnectionError);

  await using endless = await setUp([
    (_, response) => {
      response.writeHead(200);
      response.write('some');
    },
  ]);
  const controller = new AbortController();
  const open = await endless.transport.stream({ ...get, signal: controller.signal });
  const all = Array.fromAsync(open.chunks);
  controller.abort(new Error('no longer wanted'));
  await assert.rejects(all, /no longer wanted/);
});

test('transport: the deadline of a stream ends with its head', async () => {
  await using harness = await setUp([
    (_, response) => {
      response.writeHead(200);
      response.flushHeaders();
      setTimeout(() => response.end('late'), 150);
    },
  ]);
  const stream = await harness.transport.stream({ ...get, deadlineMs: 100 });
  assert.equal(Buffer.concat(await Array.fromAsync(stream.chunks)).toString('utf8'), 'late');
});

test('transport: every exchange is observed, also one without an answer', async () => {
  const seen: RequestObservation[] = [];
  await using harness = await setUp([refuse(429, 'Busy', { 'Retry-After': '0' }), ok], {
    onRequest: (observation) => seen.push(observation),
  });
  await harness.transport.request(post);
  await harness.transport.stream(get).then((stream) => stream.close());
  await using nowhere = createTransport({
    config: plainConfig('http://127.0.0.1:1'),
    userAgent: 'test/1',
    onRequest: (observation) => seen.push(observation),
  });
  await assert.rejects(nowhere.request(get));
  assert.deepEqual(
    seen.map(({ verb, method, code }) => `${verb} ${method} ${code}`),
    ['create POST 429', 'create POST 200', 'get GET 200', 'get GET <error>'],
  );
  assert.ok(seen.every(({ durationMs, host }) => durationMs >= 0 && host.startsWith('127.0.0.1:')));
});

test('transport: a closed transport makes no more calls', async () => {
  const harness = await setUp([ok]);
  await harness[Symbol.asyncDispose]();
  await assert.rejects(harness.transport.request(get), /the transport is closed/);
});

async function startTls(): Promise<{ readonly server: string; readonly peers: string[] } & AsyncDisposable> {
  const peers: string[] = [];
  const server = createTlsServer(
    {
      cert: testCertificate.certificate,
      key: testCertificate.key,
      ca: testCertificate.certificate,
      requestCert: true,
      rejectUnauthorized: false,
    },
    (request, response) => {
      const subject = (request.socket as Socket & { getPeerCertificate: () => { subject?: { CN?: string } } }).getPeerCertificate().subject;
      peers.push(subject?.CN ?? 'nobody');
      ok(request, response);
    },
  );
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    server: `https://127.0.0.1:${(server.address() as AddressInfo).port}`,
    peers,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

test('transport: TLS is checked against the given authority and server name, and shows the client certificate', async () => {
  await using tls = await startTls();
  const trusting = plainConfig(tls.server, {
    certificateAuthority: testCertificate.certificate,
    tlsServerName: testCertificate.name,
    clientCertificate: { certificate: testCertificate.certificate, key: testCertificate.key },
  });
  for (const config of [trusting, plainConfig(tls.server, { insecureSkipTlsVerify: true })]) {
    await using transport = createTransport({ config, userAgent: 'test/1' });
    await transport.request(get);
    await transport.stream(get).then((stream) => stream.close());
  }
  assert.deepEqual(tls.peers, ['loopback test', 'loopback test', 'nobody', 'nobody']);
});

test('transport: a server of another name or another authority is refused', async () => {
  await using tls = await startTls();
  const distrusting = [
    plainConfig(tls.server, { certificateAuthority: testCertificate.certificate }),
    plainConfig(tls.server, { tlsServerName: testCertificate.name }),
  ];
  for (const config of distrusting) {
    await using transport = createTransport({ config, userAgent: 'test/1' });
    await assert.rejects(transport.request(get), ConnectionError);
  }
  assert.deepEqual(tls.peers, []);
});
