/** Cuts a byte stream into lines. Works on bytes: a chunk may end inside a character, and only a whole line is decoded. */
import { ProtocolError } from './errors.ts';

const newline = 10;
/** etcd refuses objects above 1.5 MiB, the API server request bodies above 3 MiB; a watch event holds one object. */
const longestLineBytes = 16 * 1024 * 1024;

/**
 * The lines of `chunks` without their newline; empty lines are left out.
 *
 * @throws ProtocolError when the stream ends inside a line, or a line is longer than any object can be.
 */
export async function* linesOf(chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer, void, void> {
  let parts: Buffer[] = [];
  let partsBytes = 0;
  for await (const chunk of chunks) {
    let start = 0;
    for (let end = chunk.indexOf(newline); end >= 0; end = chunk.indexOf(newline, start)) {
      const tail = chunk.subarray(start, end);
      const line = parts.length === 0 ? tail : Buffer.concat([...parts, tail]);
      parts = [];
      partsBytes = 0;
      start = end + 1;
      if (line.length > 0) yield line;
    }
    if (start < chunk.length) {
      parts.push(chunk.subarray(start));
      partsBytes += chunk.length - start;
      if (partsBytes > longestLineBytes) throw new ProtocolError(`a line of the stream exceeds ${longestLineBytes} bytes`);
    }
  }
  if (partsBytes > 0) throw new ProtocolError(`the stream ended inside a line, after ${partsBytes} bytes of it`);
}
