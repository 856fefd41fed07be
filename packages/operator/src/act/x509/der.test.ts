import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { DerError, derObjectIdentifier, derOctetString, derSequence, derText, derTime, ia5Octets, readDer } from './der.ts';

for (const [length, header] of [
  [0, '0400'],
  [127, '047f'],
  [128, '048180'],
  [255, '0481ff'],
  [256, '04820100'],
  [65_535, '0482ffff'],
  [65_536, '0483010000'],
] as const) {
  test(`der: a content of ${length} octets has the shortest length there is`, () => {
    const written = derOctetString(Buffer.alloc(length, 7));
    assert.equal(written.subarray(0, -length || undefined).toString('hex'), header);
    assert.equal(written.length, header.length / 2 + length);
  });
}

for (const [dotted, hex] of [
  ['2.5.4.3', '0603550403'],
  ['1.2.840.10045.4.3.2', '06082a8648ce3d040302'],
  ['1.2.840.113549.1.1.11', '06092a864886f70d01010b'],
  ['2.5.29.127', '0603551d7f'],
  ['2.5.29.128', '0604551d8100'],
  ['2.5.29.16384', '0605551d818000'],
] as const) {
  test(`der: the object identifier ${dotted} is written in septets`, () => {
    assert.equal(derObjectIdentifier(dotted).toString('hex'), hex);
  });
}

for (const [time, hex] of [
  ['2026-11-21T13:30:47.999Z', Buffer.from('261121133047Z')],
  ['2049-12-31T23:59:59.999Z', Buffer.from('491231235959Z')],
  ['2050-01-01T00:00:00.000Z', Buffer.from('20500101000000Z')],
  ['1950-01-01T00:00:00.000Z', Buffer.from('500101000000Z')],
  ['1949-12-31T23:59:59.000Z', Buffer.from('19491231235959Z')],
  ['9999-12-31T23:59:59.000Z', Buffer.from('99991231235959Z')],
] as const) {
  test(`der: ${time} is a time of ${hex.length === 13 ? 'two' : 'four'} digits a year, in whole seconds`, () => {
    const [written] = readDer(derTime(Date.parse(time)));
    assert.equal(written?.tag, hex.length === 13 ? 0x17 : 0x18);
    assert.equal(written.content.toString(), hex.toString());
  });
}

test('der: a year of five digits is refused', () => {
  assert.throws(() => derTime(Date.UTC(10_000, 0, 1)), DerError);
});

for (const [text, tag] of [
  ["Aa0 '()+,-./:=?", 0x13],
  ['', 0x13],
  ['under_score', 0x0c],
  ['a*b', 0x0c],
  ['größe', 0x0c],
  ['𝕡', 0x0c],
] as const) {
  test(`der: the text "${text}" is a ${tag === 0x13 ? 'PrintableString' : 'UTF8String'}`, () => {
    const [written] = readDer(derText(text));
    assert.equal(written?.tag, tag);
    assert.equal(written.content.toString('utf8'), text);
  });
}

test('der: a domain name outside ASCII is refused instead of being written as another', () => {
  assert.equal(ia5Octets('xn--gre-6ka8l.example').toString(), 'xn--gre-6ka8l.example');
  assert.throws(() => ia5Octets('größe.example'), /größe\.example is not ASCII/);
});

const length = fc.oneof(fc.nat(40), fc.constantFrom(126, 127, 128, 254, 255, 256, 65_534, 65_535, 65_536));

test('der: what was written side by side and nested is read back', () => {
  fc.assert(
    fc.property(fc.array(length, { maxLength: 5 }), (lengths) => {
      const contents = lengths.map((count, index) => Buffer.alloc(count, index));
      const [sequence, ...more] = readDer(derSequence(...contents.map((content) => derOctetString(content))));
      assert.equal(more.length, 0);
      assert.deepEqual(
        readDer(sequence?.content ?? Buffer.alloc(0)).map(({ tag, content, whole }) => [tag, content, whole]),
        contents.map((content) => [0x04, content, derOctetString(content)]),
      );
    }),
    { numRuns: 50 },
  );
});

test('der: bytes that are cut off anywhere are refused', () => {
  const written = derSequence(derOctetString(Buffer.alloc(300)));
  for (let end = 1; end < written.length; end += 1) assert.throws(() => readDer(written.subarray(0, end)), DerError);
});

for (const [what, bytes] of [
  ['an indefinite length', [0x30, 0x80, 0, 0]],
  ['a length of five octets', [0x30, 0x85, 0, 0, 0, 0, 0]],
  ['a tag of several octets', [0x1f, 0x81, 0x01, 0]],
] as const) {
  test(`der: ${what} is refused`, () => {
    assert.throws(() => readDer(Buffer.from(bytes)), DerError);
  });
}
