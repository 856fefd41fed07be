/** What a fault does to the bytes of a reply on their way to the client. */
import type { ServerResponse } from 'node:http';
import { proxyStatus, type Fault } from './faults.ts';

/** Takes the bytes of the server's reply and passes on what the fault lets through. */
export interface ReplyStream {
  write(chunk: Buffer): void;
  /** The server's reply has ended. */
  end(): void;
  /** Passes on what is held back. */
  release(): void;
}

export function replyStream(fault: Fault | undefined, response: ServerResponse): ReplyStream {
  switch (fault?.kind) {
    case 'splitChunks':
      return split(response, fault.bytes);
    case 'mergeEvents':
      return hold(response, (held) => (held.length < fault.events ? 0 : held.length), 'flush');
    case 'holdEvent':
      return hold(response, (held) => held.length - 1, 'forget');
    case 'cutWatch':
      return stopAfter(response, fault.afterEvents, (line) => {
        response.write(line.subarray(0, Math.ceil(line.length / 2)), () => response.destroy());
      });
    case 'failWatch': {
      const status = proxyStatus(fault.httpStatus, fault.reason);
      return stopAfter(response, fault.afterEvents, () => response.end(`${JSON.stringify({ type: 'ERROR', object: status })}\n`));
    }
    case undefined:
    case 'drop':
    case 'loseReply':
    case 'stall':
    case 'stallReply':
    case 'answer':
      return { write: (chunk) => void response.write(chunk), end: () => void response.end(), release: () => undefined };
    default:
      return fault satisfies never;
  }
}

function split(response: ServerResponse, bytes: number): ReplyStream {
  return {
    write(chunk) {
      for (let at = 0; at < chunk.length; at += bytes) response.write(chunk.subarray(at, at + bytes));
    },
    end: () => void response.end(),
    release: () => undefined,
  };
}

/** Calls `use` with each complete line, its newline included. */
function lines(use: (line: Buffer) => void): (chunk: Buffer) => void {
  let rest = Buffer.alloc(0);
  return (chunk) => {
    rest = Buffer.concat([rest, chunk]);
    for (let end = rest.indexOf(10); end >= 0; end = rest.indexOf(10)) {
      use(rest.subarray(0, end + 1));
      rest = rest.subarray(end + 1);
    }
  };
}

/**
 * Holds events back; `due` says how many of those held go on. A watch with initial events is left alone until they are complete: what is held back
 * are changes, not the state that a watch begins with.
 *
 * At the end of the reply the rest goes on (`flush`) or is lost (`forget`), as the client will ask for it again from where it is.
 */
function hold(response: ServerResponse, due: (held: readonly Buffer[]) => number, atEnd: 'flush' | 'forget'): ReplyStream {
  let held: Buffer[] = [];
  let started = !(response.req.url ?? '').includes('sendInitialEvents=true');
  const pass = (count: number): void => {
    if (count > 0) response.write(Buffer.concat(held.slice(0, count)));
    held = held.slice(Math.max(count, 0));
  };
  return {
    write: lines((line) => {
      if (!started) {
        response.write(line);
        started = line.includes('"k8s.io/initial-events-end":"true"');
        return;
      }
      held.push(line);
      pass(due(held));
    }),
    end() {
      if (atEnd === 'flush') pass(held.length);
      response.end();
    },
    release: () => pass(held.length),
  };
}

/** Passes so many events on; the line after them goes to `stop`, and nothing after it. */
function stopAfter(response: ServerResponse, events: number, stop: (line: Buffer) => void): ReplyStream {
  let count = 0;
  return {
    write: lines((line) => {
      count += 1;
      if (count <= events) response.write(line);
      else if (count === events + 1) stop(line);
    }),
    end: () => void response.end(),
    release: () => undefined,
  };
}
