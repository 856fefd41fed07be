/** Quantities in the canonical form in which the API server gives them back (apimachinery `pkg/api/resource/quantity.go`). */

const binary = ['', 'Ki', 'Mi', 'Gi', 'Ti', 'Pi', 'Ei'];
const decimal: Readonly<Record<string, number>> = { n: -9, u: -6, m: -3, '': 0, k: 3, M: 6, G: 9, T: 12, P: 15, E: 18 };
const nano = 10n ** 9n;

interface Parsed {
  readonly nanos: bigint;
  readonly format: 'binary' | 'decimal' | 'exponent';
}

function parse(text: string): Parsed | undefined {
  const match = /^([+-]?)(\d*)(?:\.(\d*))?(?:([eE])([+-]?\d+)|([numkMGTPE]|[KMGTPE]i)?)$/.exec(text.trim());
  if (match === null) return undefined;
  const [, sign = '', whole = '', fraction = '', exponentMark, exponentText = '0', suffix = ''] = match;
  if (whole === '' && fraction === '') return undefined;
  const digits = BigInt(whole + fraction) * (sign === '-' ? -1n : 1n);
  const power = binary.indexOf(suffix);
  if (suffix !== '' && power > 0)
    return { nanos: divideUp(digits * nano * 1024n ** BigInt(power), 10n ** BigInt(fraction.length)), format: 'binary' };
  const exponent = exponentMark === undefined ? (decimal[suffix] ?? 0) : Number(exponentText);
  const scale = 9 + exponent - fraction.length;
  const nanos = scale >= 0 ? digits * 10n ** BigInt(scale) : divideUp(digits, 10n ** BigInt(-scale));
  return { nanos, format: exponentMark === undefined ? 'decimal' : 'exponent' };
}

function divideUp(value: bigint, by: bigint): bigint {
  const quotient = value / by;
  return value > 0n && value % by !== 0n ? quotient + 1n : quotient;
}

/** Compares two quantities as numbers: negative, zero or positive as for sorting. What cannot be read counts as zero. */
export function compareQuantities(left: string, right: string): number {
  const difference = (parse(left)?.nanos ?? 0n) - (parse(right)?.nanos ?? 0n);
  return difference === 0n ? 0 : difference > 0n ? 1 : -1;
}

/** `1024Mi` as `1Gi`, `0.5` as `500m`; what is no quantity is returned as it is. */
export function canonicalQuantity(text: string): string {
  const parsed = parse(text);
  if (parsed === undefined) return text;
  const { nanos } = parsed;
  const size = nanos < 0n ? -nanos : nanos;
  if (nanos === 0n) return '0';
  // A binary quantity below 1024 or with a fraction of a byte is written in decimal.
  if (parsed.format === 'binary' && size >= 1024n * nano && size % nano === 0n) {
    let value = nanos / nano;
    let power = 0;
    while (value % 1024n === 0n && power < binary.length - 1) {
      value /= 1024n;
      power += 1;
    }
    return `${value}${binary[power] ?? ''}`;
  }
  let value = nanos;
  let exponent = -9;
  while (value % 1000n === 0n && exponent < 18) {
    value /= 1000n;
    exponent += 3;
  }
  if (parsed.format === 'exponent') return exponent === 0 ? `${value}` : `${value}e${exponent}`;
  const suffix = Object.entries(decimal).find(([, power]) => power === exponent)?.[0] ?? '';
  return `${value}${suffix}`;
}
