import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { test } from 'node:test';
import { WebSocketServer } from 'ws';
import type { WebSocket } from 'ws';
import { ConnectionError, DeadlineError, ForbiddenError, NotFoundError, ProtocolError } from './errors.ts';
import { exec, ExecFailedError, OutputLimitError } from './exec.ts';
import type { ExecOptions } from './exec.ts';
import { plainConfig, until } from './testSupport.ts';
import { createTransport } from './transport.ts';

const success = { status: 'Success' };

function frame(channel: number, data: string | Buffer): Buffer {
  return Buffer.concat([Buffer.of(channel), Buffer.from(data)]);
}

interface Container {
  readonly socket: WebSocket;
  readonly request: IncomingMessage;
  readonly send: (channel: number, data: string | Buffer) => void;
  readonly end: (status: object) => void;
}

/** What the API server does with exec: switches protocols and lets `run` play the container, or refuses with a status. */
async function withContainer<T>(
  run: (container: Container) => void,
  use: (
    execute: (options?: Partial<ExecOptions>) => ReturnType<typeof exec>,
    connections: { readonly opened: () => number; readonly refusedAndClosed: () => number },
  ) => Promise<T>,
  refusal?: { readonly httpStatus: number; readonly body: string },
): Promise<T> {
  const sockets = new WebSocketServer({
    noServer: true,
    handleProtocols: (offered) => (offered.has('v5.channel.k8s.io') ? 'v5.channel.k8s.io' : false),
  });
  const server = createServer();
  let opened = 0;
  let closed = 0;
  const refused = new Set<Duplex>();
  server.on('upgrade', (request, socket, head) => {
    if (refusal !== undefined) {
      refused.add(socket);
      socket.on('error', () => undefined);
      socket.on('end', () => {
        closed += 1;
        socket.destroy();
      });
      socket.resume();
      // As the API server does: the connection stays open.
      socket.write(`HTTP/1.1 ${refusal.httpStatus} No\r\nContent-Length: ${Buffer.byteLength(refusal.body)}\r\n\r\n${refusal.body}`);
      return;
    }
    sockets.handleUpgrade(request, socket, head, (webSocket) => {
      opened += 1;
      webSocket.on('error', () => undefined);
      run({
        socket: webSocket,
        request,
        send: (channel, data) => webSocket.send(frame(channel, data)),
        end(status) {
          webSocket.send(frame(3, JSON.stringify(status)));
          webSocket.close(1000);
        },
      });
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const config = plainConfig(`http://127.0.0.1:${(server.address() as AddressInfo).port}`, {
    bearer: { kind: 'token', token: 'secret token' },
  });
  const transport = createTransport({ config, userAgent: 'test/1' });
  try {
    return await use(
      (options = {}) =>
        exec(transport, {
          namespace: 'n',
          pod: 'p',
          container: 'c',
          command: ['psql', '-c', 'select 1 & 2'],
          deadlineMs: 5000,
          ...options,
        }),
      { opened: () => opened, refusedAndClosed: () => closed },
    );
  } finally {
    for (const socket of sockets.clients) socket.terminate();
    for (const socket of refused) socket.destroy();
    server.closeAllConnections();
    await transport[Symbol.asyncDispose]();
    await new Promise((resolve) => server.close(resolve));
  }
}

test('exec: output, errors and exit code come back, and the command arrives as it is', async () => {
  let url = '';
  let authorization: string | undefined;
  const result = await withContainer(
    ({ request, send, end }) => {
      url = request.url ?? '';
      authorization = request.headers.authorization;
      send(1, 'one ');
      send(2, 'warning');
      send(1, 'two');
      end({ status: 'Failure', reason: 'NonZeroExitCode', details: { causes: [{ reason: 'ExitCode', message: '3' }] } });
    },
    (execute) => execute(),
  );
  assert.deepEqual([result.stdout.toString('utf8'), result.stderr.toString('utf8'), result.exitCode], ['one two', 'warning', 3]);
  const query = new URL(url, 'http://x').searchParams;
  assert.deepEqual(query.getAll('command'), ['psql', '-c', 'select 1 & 2']);
  assert.deepEqual([query.get('container'), query.get('stdin'), query.get('stdout'), query.get('stderr')], ['c', 'false', 'true', 'true']);
  assert.equal(authorization, 'Bearer secret token');
});

/** A program that copies its input to its output and ends when the input does. */
function cat({ socket, send, end }: Container): void {
  socket.on('message', (message: Buffer) => {
    if (message[0] === 0) send(1, message.subarray(1));
    else if (message[0] === 255 && message[1] === 0) end(success);
  });
}

test('exec: a program that reads to the end of its input sees the end', async () => {
  const input = 'text with ümlauts\n'.repeat(10_000);
  const result = await withContainer(cat, (execute) => execute({ stdin: input }));
  assert.equal(result.stdout.toString('utf8'), input);
  assert.equal(result.exitCode, 0);
});

test('exec: input may come in pieces', async () => {
  async function* pieces(): AsyncGenerator<Buffer> {
    yield Buffer.from('a');
    await new Promise((resolve) => setImmediate(resolve));
    yield Buffer.from('b');
  }
  const result = await withContainer(cat, (execute) => execute({ stdin: pieces() }));
  assert.equal(result.stdout.toString('utf8'), 'ab');
});

test('exec: input that fails ends the command with its error', async () => {
  // oxlint-disable-next-line require-yield, typescript/require-await
  async function* failing(): AsyncGenerator<Buffer> {
    throw new Error('no more input');
  }
  await withContainer(cat, (execute) => assert.rejects(execute({ stdin: failing() }), /no more input/));
});

test('exec: a program that ends without reading its input is judged by its exit code', async () => {
  const result = await withContainer(
    ({ end }) => end(success),
    (execute) => execute({ stdin: 'x'.repeat(1024 * 1024) }),
  );
  assert.equal(result.exitCode, 0);
});

test('exec: output may be taken as it comes, and slow takers are not overrun', async () => {
  const taken: string[] = [];
  let running = 0;
  const result = await withContainer(
    ({ send, end }) => {
      for (let number = 0; number < 50; number += 1) send(1, `${number} `);
      end(success);
    },
    (execute) =>
      execute({
        async onStdout(chunk) {
          running += 1;
          assert.equal(running, 1);
          await new Promise((resolve) => setImmediate(resolve));
          taken.push(chunk.toString('utf8'));
          running -= 1;
        },
      }),
  );
  assert.equal(taken.join(''), Array.from({ length: 50 }, (_, number) => `${number} `).join(''));
  assert.deepEqual([result.exitCode, result.stdout.length], [0, 0]);
});

test('exec: a taker of output that fails ends the command with its error', async () => {
  await withContainer(
    ({ send }) => send(1, 'x'),
    (execute) => assert.rejects(execute({ onStdout: () => Promise.reject(new Error('full')) }), /full/),
  );
});

test('exec: more output than wanted is an error', async () => {
  for (const channel of [1, 2])
    await withContainer(
      ({ send }) => send(channel, 'x'.repeat(101)),
      (execute) => assert.rejects(execute({ stdoutLimitBytes: 100, stderrLimitBytes: 100 }), OutputLimitError),
    );
});

test('exec: a command that does not end in time, and one that is not wanted any more, are cut off', async () => {
  let closed = 0;
  const hang = ({ socket }: Container): void => void socket.on('close', () => (closed += 1));
  await withContainer(hang, async (execute, { opened }) => {
    await assert.rejects(execute({ deadlineMs: 50 }), (error: unknown) => {
      assert.ok(error instanceof DeadlineError);
      assert.match(error.message, /exec in n\/p \(c\): psql: no end within 50 ms/);
      return true;
    });
    const controller = new AbortController();
    const running = execute({ signal: controller.signal });
    await until(() => opened() === 2, opened);
    controller.abort(new Error('no longer wanted'));
    await assert.rejects(running, /no longer wanted/);
    await assert.rejects(execute({ signal: controller.signal }), /no longer wanted/);
    await until(
      () => closed === 2,
      () => closed,
    );
  });
});

test('exec: a container that fails to run the command is told apart from the command failing', async () => {
  await withContainer(
    ({ end }) => end({ status: 'Failure', reason: 'InternalError', message: 'container not running' }),
    (execute) =>
      assert.rejects(execute(), (error: unknown) => error instanceof ExecFailedError && /container not running/.test(error.message)),
  );
});

test('exec: a connection that breaks before the end is no result', async () => {
  await withContainer(
    ({ socket, send }) => {
      send(1, 'half');
      socket.close(1011, 'node lost');
    },
    (execute) =>
      assert.rejects(execute(), (error: unknown) => error instanceof ConnectionError && /\(1011, node lost\)/.test(error.message)),
  );
  await withContainer(
    ({ socket }) => socket.terminate(),
    (execute) => assert.rejects(execute(), ConnectionError),
  );
});

test('exec: what is no status, or on no channel, is a protocol error', async () => {
  for (const message of [frame(3, 'not json'), frame(9, 'x')])
    await withContainer(
      ({ socket }) => socket.send(message),
      (execute) => assert.rejects(execute(), ProtocolError),
    );
});

test('exec: a refusal of the API server is its error, without arguments or token', async () => {
  const refusals = [
    [403, '{"kind":"Status","reason":"Forbidden","message":"pods \\"p\\" is forbidden"}', ForbiddenError],
    [404, '{"kind":"Status","reason":"NotFound","message":"pods \\"p\\" not found"}', NotFoundError],
    [403, 'plain text', ForbiddenError],
  ] as const;
  for (const [httpStatus, body, kind] of refusals)
    await withContainer(
      () => assert.fail('connected'),
      async (execute, { refusedAndClosed }) => {
        await assert.rejects(execute(), (error: unknown) => {
          assert.ok(error instanceof kind);
          assert.match(error.message, /exec in n\/p \(c\): psql: /);
          assert.doesNotMatch(error.message, /select|secret/);
          return true;
        });
        await until(() => refusedAndClosed() === 1, refusedAndClosed);
      },
      { httpStatus, body },
    );
});
