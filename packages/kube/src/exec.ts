/**
 * Runs a command in a container over the WebSocket protocol `v5.channel.k8s.io` (Kubernetes 1.29 and later; KEP-4006), which alone can tell a program
 * that its standard input has ended.
 *
 * Each message begins with a byte that names its channel: 0 standard input, 1 standard output, 2 standard error, 3 the final Status, 255 the end of the
 * channel that follows.
 */
import type { IncomingMessage } from 'node:http';
import type { WebSocket } from 'ws';
import { queryOf } from './client.ts';
import { reasonOf, systemClock } from './clock.ts';
import type { Clock } from './clock.ts';
import { apiErrorOf, ConnectionError, DeadlineError, KubeError, messageOf, ProtocolError } from './errors.ts';
import type { Status } from './objects.ts';
import type { Transport } from './transport.ts';

export interface ExecOptions {
  readonly namespace: string;
  readonly pod: string;
  readonly container: string;
  /** Program and arguments; no shell. They show in the audit log: hand secrets over by `stdin`. */
  readonly command: readonly string[];
  /** Closed after its end. Absent: the program gets no standard input. */
  readonly stdin?: string | Uint8Array | AsyncIterable<Uint8Array> | undefined;
  /** Gets standard output as it comes, instead of the result; a promise holds further output back. */
  readonly onStdout?: ((chunk: Buffer) => void | Promise<void>) | undefined;
  /** Most that is collected; more makes an OutputLimitError. Default 1 MiB each. */
  readonly stdoutLimitBytes?: number | undefined;
  readonly stderrLimitBytes?: number | undefined;
  /** For all of it. Default 60 s. */
  readonly deadlineMs?: number | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly clock?: Clock | undefined;
}

export interface ExecResult {
  readonly exitCode: number;
  /** Empty if `onStdout` took it. */
  readonly stdout: Buffer;
  readonly stderr: Buffer;
}

/** The kubelet or the container runtime could not run the command, or not to its end. `retryable`: the container may be starting or ending. */
export class ExecFailedError extends KubeError {
  override readonly name = 'ExecFailedError';
  readonly code = 'EXEC_FAILED';
  readonly retryable = true;
}

/** The command wrote more than the caller wants to hold. */
export class OutputLimitError extends KubeError {
  override readonly name = 'OutputLimitError';
  readonly code = 'EXEC_OUTPUT_LIMIT';
  readonly retryable = false;
}

const protocol = 'v5.channel.k8s.io';
const channel = { stdin: 0, stdout: 1, stderr: 2, status: 3, close: 255 } as const;
const defaultLimitBytes = 1024 * 1024;
const defaultDeadlineMs = 60_000;
const stdinChunkBytes = 32 * 1024;
const errorBodyLimitBytes = 64 * 1024;

/**
 * Resolves when the command has ended, whatever its exit code.
 *
 * @throws ApiError when the API server refuses (no such pod, not allowed); ExecFailedError; OutputLimitError; DeadlineError; ConnectionError, after
 * which the command may go on running; the signal's reason, likewise.
 */
export async function exec(transport: Transport, options: ExecOptions): Promise<ExecResult> {
  const clock = options.clock ?? systemClock;
  const deadlineMs = options.deadlineMs ?? defaultDeadlineMs;
  const what = `exec in ${options.namespace}/${options.pod} (${options.container}): ${options.command[0] ?? ''}`;
  const ended = new AbortController();
  const timer = clock.after(deadlineMs, () => ended.abort(new DeadlineError(`${what}: no end within ${deadlineMs} ms`)));
  const onAbort = (): void => ended.abort(reasonOf(options.signal));
  if (options.signal?.aborted === true) onAbort();
  else options.signal?.addEventListener('abort', onAbort, { once: true });
  try {
    const socket = await connect(transport, options, what, ended.signal);
    return await converse(socket, options, what, ended.signal);
  } finally {
    timer.cancel();
    options.signal?.removeEventListener('abort', onAbort);
  }
}

function pathOf(options: ExecOptions): string {
  const query = queryOf({ container: options.container, stdin: options.stdin !== undefined, stdout: true, stderr: true });
  const command = options.command.map((argument) => `&command=${encodeURIComponent(argument)}`).join('');
  return `/api/v1/namespaces/${encodeURIComponent(options.namespace)}/pods/${encodeURIComponent(options.pod)}/exec${query}${command}`;
}

async function connect(transport: Transport, options: ExecOptions, what: string, signal: AbortSignal): Promise<WebSocket> {
  // Only here: a process that never executes anything needs no WebSocket in memory.
  const { WebSocket: Socket } = await import('ws');
  const target = await transport.webSocketTarget();
  if (signal.aborted) throw reasonOf(signal);
  const socket = new Socket(target.url + pathOf(options), [protocol], {
    ...target.tls,
    headers: target.headers,
    perMessageDeflate: false,
    followRedirects: false,
  });
  return new Promise((resolve, reject) => {
    const finish = (settle: () => void): void => {
      signal.removeEventListener('abort', onAbort);
      settle();
    };
    const onAbort = (): void => {
      socket.terminate();
      finish(() => reject(reasonOf(signal)));
    };
    signal.addEventListener('abort', onAbort, { once: true });
    // Also what comes up after we have given the socket up.
    socket.on('error', (error) => finish(() => reject(new ConnectionError(`${what}: ${messageOf(error)}`, { cause: error }))));
    socket.once('unexpected-response', (_, response: IncomingMessage) => {
      // Taken now: once the answer is read, Node keeps the connection for another request, which never comes, and forgets whose it was.
      const connection = response.socket;
      void refusal(response, what).then((error) => {
        connection.destroy();
        return finish(() => reject(error));
      });
    });
    socket.once('open', () => {
      // Nothing may be lost between here and the listener for messages.
      socket.pause();
      finish(() => resolve(socket));
    });
  });
}

async function refusal(response: IncomingMessage, what: string): Promise<Error> {
  const httpStatus = response.statusCode ?? 0;
  const chunks: Buffer[] = [];
  let bytes = 0;
  try {
    for await (const chunk of response as AsyncIterable<Buffer>) {
      bytes += chunk.length;
      if (bytes > errorBodyLimitBytes) break;
      chunks.push(chunk);
    }
  } catch (error) {
    return new ConnectionError(`${what}: ${messageOf(error)}`, { cause: error });
  }
  const text = Buffer.concat(chunks).toString('utf8');
  if (httpStatus < 400) return new ProtocolError(`${what}: the server answered ${httpStatus} instead of switching to a WebSocket`);
  let status: Status = { message: `${what}: HTTP ${httpStatus}: ${text.slice(0, 300)}` };
  try {
    status = JSON.parse(text) as Status;
  } catch {
    // Plain text, as taken above.
  }
  return apiErrorOf({ httpStatus, status: { ...status, message: `${what}: ${status.message ?? `HTTP ${httpStatus}`}` } });
}

function converse(socket: WebSocket, options: ExecOptions, what: string, signal: AbortSignal): Promise<ExecResult> {
  return new Promise((resolve, reject) => {
    const stdout = createCollector('standard output', options.stdoutLimitBytes ?? defaultLimitBytes, what);
    const stderr = createCollector('standard error', options.stderrLimitBytes ?? defaultLimitBytes, what);
    let status: Status | undefined;
    let output = Promise.resolve();
    let untaken = 0;

    function fail(error: Error): void {
      signal.removeEventListener('abort', onAbort);
      socket.terminate();
      reject(error);
    }
    const onAbort = (): void => fail(reasonOf(signal));
    signal.addEventListener('abort', onAbort, { once: true });

    function onMessage(message: Buffer): void {
      const data = message.subarray(1);
      switch (message[0]) {
        case channel.stdout:
          if (options.onStdout === undefined) stdout.push(data);
          else hand(options.onStdout, data);
          break;
        case channel.stderr:
          stderr.push(data);
          break;
        case channel.status:
          status = JSON.parse(data.toString('utf8')) as Status;
          break;
        case channel.close:
        case undefined:
          break;
        default:
          throw new ProtocolError(`${what}: unknown channel ${message[0]}`);
      }
    }

    /** Hands output on and reads no more until it is taken. */
    function hand(take: (chunk: Buffer) => void | Promise<void>, data: Buffer): void {
      socket.pause();
      untaken += 1;
      output = output
        .then(() => take(data))
        .then(() => {
          untaken -= 1;
          return untaken === 0 ? socket.resume() : undefined;
        });
      output.catch((error: unknown) => fail(error instanceof Error ? error : new Error(messageOf(error))));
    }

    socket.on('message', (data: Buffer) => {
      try {
        onMessage(data);
      } catch (error) {
        fail(error instanceof KubeError ? error : new ProtocolError(`${what}: ${messageOf(error)}`, { cause: error }));
      }
    });
    socket.on('error', (error) => fail(new ConnectionError(`${what}: ${messageOf(error)}`, { cause: error })));
    socket.once('close', (code, reason) => {
      signal.removeEventListener('abort', onAbort);
      output.then(finish, () => undefined);
      function finish(): void {
        if (status === undefined) {
          const why = reason.length === 0 ? '' : `, ${reason.toString('utf8')}`;
          reject(new ConnectionError(`${what}: the connection closed before the command ended (${code}${why})`));
          return;
        }
        const exitCode = exitCodeIn(status);
        if (exitCode === undefined) reject(new ExecFailedError(`${what}: ${status.message ?? 'failed without a message'}`));
        else resolve({ exitCode, stdout: stdout.content(), stderr: stderr.content() });
      }
    });
    socket.resume();
    if (options.stdin !== undefined) {
      // A program that ends without reading its input closes the connection; its exit code, not our write, tells how it went.
      send(socket, options.stdin).catch((error: unknown) => {
        if (socket.readyState === socket.OPEN) fail(error instanceof Error ? error : new Error(messageOf(error)));
      });
    }
  });
}

/** Writes the input in pieces, the next when the one before has gone to the network, and closes it. */
async function send(socket: WebSocket, stdin: NonNullable<ExecOptions['stdin']>): Promise<void> {
  const write = (...parts: readonly Uint8Array[]): Promise<void> =>
    new Promise((resolve, reject) => {
      socket.send(Buffer.concat(parts), (error) => (error instanceof Error ? reject(error) : resolve()));
    });
  const stdinByte = Buffer.of(channel.stdin);
  for await (const chunk of piecesOf(stdin)) {
    for (let start = 0; start < chunk.length; start += stdinChunkBytes)
      await write(stdinByte, chunk.subarray(start, start + stdinChunkBytes));
  }
  await write(Buffer.of(channel.close, channel.stdin));
}

async function* piecesOf(stdin: NonNullable<ExecOptions['stdin']>): AsyncGenerator<Uint8Array, void, void> {
  if (typeof stdin === 'string') yield Buffer.from(stdin);
  else if (stdin instanceof Uint8Array) yield stdin;
  else yield* stdin;
}

function createCollector(name: string, limitBytes: number, what: string): { push(chunk: Buffer): void; content(): Buffer } {
  const chunks: Buffer[] = [];
  let bytes = 0;
  return {
    push(chunk) {
      bytes += chunk.length;
      if (bytes > limitBytes) throw new OutputLimitError(`${what}: more than ${limitBytes} bytes of ${name}`);
      chunks.push(chunk);
    },
    content: () => Buffer.concat(chunks),
  };
}

/** undefined: the command did not run to its end. */
function exitCodeIn(status: Status): number | undefined {
  if (status.status === 'Success') return 0;
  if (status.reason !== 'NonZeroExitCode') return undefined;
  const text = status.details?.causes?.find((cause) => cause.reason === 'ExitCode')?.message;
  return text !== undefined && /^\d+$/.test(text) ? Number(text) : undefined;
}
