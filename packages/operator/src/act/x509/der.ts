/**
 * DER (ITU-T X.690), as much of it as certificates need: values are written from the inside out, and read one level at a time.
 * A written value is whole: identifier, length and content.
 */

/** An ASCII text was asked for, or bytes are not DER. */
export class DerError extends Error {
  override readonly name = 'DerError';
  readonly code = 'Der';
  readonly retryable = false;
}

/** The definite form with as few octets as it takes (section 10.1). */
const lengthOctets = (length: number): Buffer => {
  if (length < 0x80) return Buffer.of(length);
  const octets: number[] = [];
  for (let rest = length; rest > 0; rest = Math.floor(rest / 0x100)) octets.unshift(rest % 0x100);
  return Buffer.of(0x80 | octets.length, ...octets);
};

const element = (tag: number, ...contents: readonly Uint8Array[]): Buffer => {
  const length = contents.reduce((sum, { byteLength }) => sum + byteLength, 0);
  return Buffer.concat([Buffer.of(tag), lengthOctets(length), ...contents]);
};

export const derSequence = (...values: readonly Uint8Array[]): Buffer => element(0x30, ...values);

/** Of one value: DER sorts the values of a larger set, and nothing here needs one. */
export const derSetOf = (value: Uint8Array): Buffer => element(0x31, value);

export const derTrue = element(0x01, Buffer.of(0xff));

export const derNull = element(0x05);

/** `octets` is the number in two's complement, most significant first, without needless octets. */
export const derInteger = (octets: Uint8Array): Buffer => element(0x02, octets);

/** `unusedBits` of the last octet do not count. */
export const derBitString = (octets: Uint8Array, unusedBits = 0): Buffer => element(0x03, Buffer.of(unusedBits), octets);

export const derOctetString = (octets: Uint8Array): Buffer => element(0x04, octets);

/** From the dotted form, `2.5.4.3`. */
export const derObjectIdentifier = (dotted: string): Buffer => {
  const [first = 0, second = 0, ...rest] = dotted.split('.').map(Number);
  const octets = [first * 40 + second, ...rest].flatMap((arc) => {
    const septets = [arc % 0x80];
    for (let left = Math.floor(arc / 0x80); left > 0; left = Math.floor(left / 0x80)) septets.unshift((left % 0x80) | 0x80);
    return septets;
  });
  return element(0x06, Buffer.from(octets));
};

/** PrintableString where its few characters suffice, otherwise UTF8String: the two that RFC 5280 (4.1.2.4) lets a new name have. */
export const derText = (text: string): Buffer =>
  /^[A-Za-z0-9 '()+,\-./:=?]*$/.test(text) ? element(0x13, Buffer.from(text, 'ascii')) : element(0x0c, Buffer.from(text, 'utf8'));

/** UTCTime until 2049, then GeneralizedTime; whole seconds (RFC 5280, 4.1.2.5). */
export const derTime = (timeMs: number): Buffer => {
  const iso = new Date(timeMs).toISOString();
  const digits = iso.slice(0, 'yyyy-mm-ddThh:mm:ss'.length).replaceAll(/[-T:]/g, '');
  if (!/^\d{14}$/.test(digits)) throw new DerError(`a certificate cannot name the time ${iso}: its years have four digits`);
  const year = Number(digits.slice(0, 4));
  return year >= 1950 && year < 2050
    ? element(0x17, Buffer.from(`${digits.slice(2)}Z`, 'ascii'))
    : element(0x18, Buffer.from(`${digits}Z`, 'ascii'));
};

/** `[number]` around whole values (EXPLICIT). */
export const derExplicit = (number: number, value: Uint8Array): Buffer => element(0xa0 | number, value);

/** `[number]` in the place of a primitive value's own tag (IMPLICIT). */
export const derImplicit = (number: number, octets: Uint8Array): Buffer => element(0x80 | number, octets);

/** What an IA5String holds, without its tag: ASCII. */
export const ia5Octets = (text: string): Buffer => {
  // oxlint-disable-next-line no-control-regex -- ASCII has control characters
  if (!/^[\x00-\x7f]*$/.test(text)) throw new DerError(`${text} is not ASCII: write a domain name in its ASCII form, xn--…`);
  return Buffer.from(text, 'ascii');
};

export interface DerElement {
  /** The identifier octet: class, whether constructed, number. */
  readonly tag: number;
  readonly content: Buffer;
  /** Identifier, length and content. */
  readonly whole: Buffer;
}

/**
 * The values that stand side by side in `bytes`: those of a sequence, if `bytes` is its content. They share the memory of `bytes`.
 *
 * @throws DerError if `bytes` is not DER, or has tags of several octets, which certificates have not.
 */
export const readDer = (bytes: Buffer): readonly DerElement[] => {
  const elements: DerElement[] = [];
  for (let start = 0; start < bytes.length;) {
    const [tag, first] = [bytes[start], bytes[start + 1]];
    if (tag === undefined || first === undefined || (tag & 0x1f) === 0x1f || first === 0x80 || first > 0x84) {
      throw new DerError(`octet ${start} begins no DER value`);
    }
    const lengthOctetCount = first < 0x80 ? 0 : first & 0x7f;
    const contentStart = start + 2 + lengthOctetCount;
    if (contentStart > bytes.length) throw new DerError(`the DER value at octet ${start} is cut off`);
    const length = lengthOctetCount === 0 ? first : bytes.readUIntBE(start + 2, lengthOctetCount);
    const end = contentStart + length;
    if (end > bytes.length) throw new DerError(`the DER value at octet ${start} is cut off`);
    elements.push({ tag, content: bytes.subarray(contentStart, end), whole: bytes.subarray(start, end) });
    start = end;
  }
  return elements;
};
