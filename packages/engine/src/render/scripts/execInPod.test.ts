import assert from 'node:assert/strict';
import { once } from 'node:events';
import { copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { WebSocketServer, type WebSocket } from 'ws';
import { testCertificates } from '../../testing/certificates.ts';
import { hostileName, runBeside, temporaryFolder, type Ended } from '../../testing/programs.ts';
import { execInPod } from './execInPod.ts';

interface Asked {
  readonly path: string;
  readonly command: readonly string[];
  readonly container: string | null;
  readonly authorization: string | undefined;
  readonly protocols: readonly string[];
}

interface ApiServer {
  /** What the other end of the connection does. */
  readonly serve: (socket: WebSocket) => void;
  readonly protocol?: string;
  /** Answer instead of a connection. */
  readonly refuse?: { readonly status: number; readonly body: string };
}

const send = (socket: WebSocket, channel: number, text: string): void =>
  socket.send(Buffer.concat([Buffer.from([channel]), Buffer.from(text)]));

const end = (socket: WebSocket, status: unknown): void => {
  send(socket, 3, JSON.stringify(status));
  socket.close(1000);
};

const exitCode = (code: number) => ({
  status: 'Failure',
  reason: 'NonZeroExitCode',
  message: `command terminated with non-zero exit code: ${code}`,
  details: { causes: [{ reason: 'ExitCode', message: String(code) }] },
});

const execWith = async (
  context: TestContext,
  server: ApiServer,
  command: readonly string[] = ['true'],
): Promise<Ended & { readonly asked: readonly Asked[] }> => {
  const account = temporaryFolder(context);
  const files = testCertificates(account, ['IP:127.0.0.1']);
  copyFileSync(files.authorities, join(account, 'ca.crt'));
  writeFileSync(join(account, 'token'), 'the-token\n');
  const asked: Asked[] = [];
  const https = createServer({ cert: readFileSync(files.certificate), key: readFileSync(files.privateKey) });
  const sockets = new WebSocketServer({ noServer: true, handleProtocols: () => server.protocol ?? 'v5.channel.k8s.io' });
  https.on('upgrade', (request, socket, head) => {
    const url = new URL(request.url ?? '', 'https://api');
    asked.push({
      path: url.pathname,
      command: url.searchParams.getAll('command'),
      container: url.searchParams.get('container'),
      authorization: request.headers.authorization,
      protocols: (request.headers['sec-websocket-protocol'] ?? '').split(/, */),
    });
    if (server.refuse !== undefined) {
      const { status, body } = server.refuse;
      socket.end(`HTTP/1.1 ${status} Refused\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`);
      return;
    }
    sockets.handleUpgrade(request, socket, head, server.serve);
  });
  https.listen(0, '127.0.0.1');
  await once(https, 'listening');
  context.after(() => {
    sockets.close();
    https.close();
    https.closeAllConnections();
  });
  const ended = await runBeside(['python3', '-uc', execInPod, 'some-namespace', 'hippo-repo-host-0', 'pgbackrest', ...command], {
    KUBERNETES_ACCOUNT: account,
    KUBERNETES_SERVICE_HOST: '127.0.0.1',
    KUBERNETES_SERVICE_PORT: String((https.address() as AddressInfo).port),
  });
  return { ...ended, asked };
};

test('exec: the command arrives word by word, whatever is in the words, with the token of the account', async (context) => {
  const command = ['pgbackrest', '--annotation', hostileName, '', '%41&command=x', 'é'];
  const { status, asked } = await execWith(context, { serve: (socket) => end(socket, { status: 'Success' }) }, command);
  assert.equal(status, 0);
  assert.deepEqual(asked, [
    {
      path: '/api/v1/namespaces/some-namespace/pods/hippo-repo-host-0/exec',
      command,
      container: 'pgbackrest',
      authorization: 'Bearer the-token',
      protocols: ['v5.channel.k8s.io', 'v4.channel.k8s.io'],
    },
  ]);
});

test('exec: output and errors are passed on apart, long ones whole', async (context) => {
  const long = 'é0123456789'.repeat(20_000);
  const { status, output, errors } = await execWith(context, {
    serve: (socket) => {
      send(socket, 1, 'one\n');
      send(socket, 2, 'two\n');
      send(socket, 1, 'x'.repeat(1000));
      send(socket, 1, long);
      end(socket, { status: 'Success' });
    },
  });
  assert.equal(output, `one\n${'x'.repeat(1000)}${long}`);
  assert.equal(errors, 'two\n');
  assert.equal(status, 0);
});

test('exec: the exit status of the command is the exit status here', async (context) => {
  for (const code of [1, 75, 255]) assert.equal((await execWith(context, { serve: (socket) => end(socket, exitCode(code)) })).status, code);
});

test('exec: an API server that speaks only the older protocol serves too', async (context) => {
  const { status } = await execWith(context, { protocol: 'v4.channel.k8s.io', serve: (socket) => end(socket, exitCode(3)) });
  assert.equal(status, 3);
});

test('exec: a message in fragments is put together, with a ping in between', async (context) => {
  const { status, output } = await execWith(context, {
    serve: (socket) => {
      socket.send(Buffer.from('\u0001first '), { fin: false });
      socket.ping('still there?');
      socket.once('pong', () => {
        socket.send(Buffer.from('second'), { fin: true });
        end(socket, { status: 'Success' });
      });
    },
  });
  assert.equal(output, 'first second');
  assert.equal(status, 0);
});

test('exec: a command that could not be started is a failure with its reason', async (context) => {
  const { status, errors } = await execWith(context, {
    serve: (socket) => end(socket, { status: 'Failure', message: 'container not found', reason: 'InternalError' }),
  });
  assert.equal(status, 1);
  assert.match(errors, /container not found/);
});

test('exec: a connection that ends before the command is a failure, not a success', async (context) => {
  for (const serve of [(socket: WebSocket) => socket.terminate(), (socket: WebSocket) => socket.close(1001)]) {
    const { status, errors } = await execWith(context, { serve });
    assert.equal(status, 1);
    assert.match(errors, /Cannot run true in container pgbackrest of pod some-namespace\/hippo-repo-host-0: /);
  }
});

test("exec: what the API server refuses is told in the API server's words", async (context) => {
  const { status, errors } = await execWith(context, {
    serve: () => undefined,
    refuse: { status: 403, body: 'pods "hippo-repo-host-0" is forbidden' },
  });
  assert.equal(status, 1);
  assert.match(errors, /403.*pods "hippo-repo-host-0" is forbidden/);
});
