/**
 * A short stable hash of text, for change detection and for names that must not be random.
 *
 * Not for security. The engine runs in the operator, in the command line tool and in a browser, so it takes no hash from a runtime: this
 * is the 53-bit mixing function known as cyrb53, run twice with different seeds for 64 bits.
 */
const mix = (text: string, seed: number): readonly [number, number] => {
  let high = 0xdeadbeef ^ seed;
  let low = 0x41c6ce57 ^ seed;
  for (let index = 0; index < text.length; index++) {
    const unit = text.charCodeAt(index);
    high = Math.imul(high ^ unit, 2654435761);
    low = Math.imul(low ^ unit, 1597334677);
  }
  high = Math.imul(high ^ (high >>> 16), 2246822507) ^ Math.imul(low ^ (low >>> 13), 3266489909);
  low = Math.imul(low ^ (low >>> 16), 2246822507) ^ Math.imul(high ^ (high >>> 13), 3266489909);
  return [high >>> 0, low >>> 0];
};

/** Sixteen hexadecimal digits that depend on every character of `text`. */
export const hashOfText = (text: string): string => {
  const [high, low] = mix(text, 0);
  return high.toString(16).padStart(8, '0') + low.toString(16).padStart(8, '0');
};

/** JSON with the keys of every object in order and without undefined members, so that equal values give equal text. */
export const canonicalJson = (value: unknown): string => {
  if (Array.isArray(value)) return `[${value.map((item) => canonicalJson(item ?? null)).join(',')}]`;
  if (typeof value === 'object' && value !== null) {
    const members = Object.entries(value)
      .filter(([, member]) => member !== undefined)
      .toSorted(([left], [right]) => (left < right ? -1 : 1))
      .map(([key, member]) => `${JSON.stringify(key)}:${canonicalJson(member)}`);
    return `{${members.join(',')}}`;
  }
  return JSON.stringify(value ?? null);
};

/** The hash of a value's canonical JSON. */
export const hashOf = (value: unknown): string => hashOfText(canonicalJson(value));

/** Kubernetes' alphabet for generated names: no vowels and no look-alikes, so no words and no doubts. */
const nameAlphabet = 'bcdfghjklmnpqrstvwxz2456789';

/** `length` characters of Kubernetes' safe alphabet that depend on nothing but `seed`. */
export const suffixFrom = (seed: string, length = 4): string => {
  const [high, low] = mix(seed, 1);
  let rest = BigInt(high) * 4294967296n + BigInt(low);
  const base = BigInt(nameAlphabet.length);
  let suffix = '';
  for (let index = 0; index < length; index++) {
    suffix += nameAlphabet[Number(rest % base)] ?? '';
    rest /= base;
  }
  return suffix;
};
