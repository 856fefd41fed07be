import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { ProtocolError } from './errors.ts';
import { linesOf } from './lines.ts';

async function linesIn(chunks: readonly Buffer[]): Promise<readonly string[]> {
  const lines: string[] = [];
  // oxlint-disable-next-line typescript/require-await
  async function* stream(): AsyncGenerator<Buffer> {
    yield* chunks;
  }
  for await (const line of linesOf(stream())) lines.push(line.toString('utf8'));
  return lines;
}

test('lines: wherever the chunks are cut, the lines are whole', async () => {
  const text = fc.array(
    fc.string({ unit: 'grapheme', minLength: 1 }).filter((line) => !line.includes('\n')),
    { maxLength: 6 },
  );
  await fc.assert(
    fc.asyncProperty(text, fc.array(fc.nat(200), { maxLength: 10 }), async (lines, cuts) => {
      const bytes = Buffer.from(lines.map((line) => `${line}\n`).join(''));
      const places = [0, ...cuts.filter((cut) => cut < bytes.length).toSorted((left, right) => left - right), bytes.length];
      const chunks = places.slice(1).map((place, index) => bytes.subarray(places[index], place));
      assert.deepEqual(await linesIn(chunks), lines);
    }),
  );
});

test('lines: empty lines are left out', async () => {
  assert.deepEqual(await linesIn([Buffer.from('a\n\n\nb\n')]), ['a', 'b']);
});

test('lines: an end inside a line is no end', async () => {
  await assert.rejects(linesIn([Buffer.from('a\nhalf')]), ProtocolError);
});

test('lines: a line that no object can fill is refused before it fills the memory', async () => {
  const chunk = Buffer.alloc(1024 * 1024, 'x');
  await assert.rejects(linesIn(Array.from({ length: 20 }, () => chunk)), /a line of the stream exceeds 16777216 bytes/);
});
