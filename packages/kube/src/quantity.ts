/**
 * Kubernetes quantities (`500m`, `1.5Gi`, `12e6`), exactly.
 *
 * A quantity is held as a bigint of nano-units, the finest that the API server keeps (apimachinery 0.34 `api/resource`: finer digits round up).
 */

/** Thrown for text that is no quantity. */
export class QuantityError extends RangeError {
  override readonly name = 'QuantityError';
}

const nano = 1_000_000_000n;

const decimalSuffixes: Readonly<Record<string, number>> = { n: -9, u: -6, m: -3, '': 0, k: 3, M: 6, G: 9, T: 12, P: 15, E: 18 };
const binarySuffixes: Readonly<Record<string, bigint>> = { Ki: 10n, Mi: 20n, Gi: 30n, Ti: 40n, Pi: 50n, Ei: 60n };
const syntax = /^([+-]?)(\d*)(?:\.(\d*))?(?:([KMGTPE]i)|[eE]([+-]?\d{1,3})|([numkMGTPE]?))$/;

/**
 * Nano-units of a quantity. Numbers count as their decimal text, since manifests may say `cpu: 2`.
 *
 * @throws QuantityError
 */
export function parseQuantity(quantity: string | number): bigint {
  const text = String(quantity);
  const match = syntax.exec(text);
  const [, sign = '', whole = '', fraction = '', binary, exponent, decimal = ''] = match ?? [];
  if (match === null || (whole === '' && fraction === ''))
    throw new QuantityError(`${JSON.stringify(text)} is no quantity; write for example 500m, 2 or 10Gi`);
  const digits = BigInt(whole + fraction);
  const shift = binary === undefined ? 0n : (binarySuffixes[binary] ?? 0n);
  const power = (exponent === undefined ? (decimalSuffixes[decimal] ?? 0) : Number(exponent)) - fraction.length + 9;
  const scaled = digits << shift;
  const magnitude = power >= 0 ? scaled * 10n ** BigInt(power) : dividedUp(scaled, 10n ** BigInt(-power));
  return sign === '-' ? -magnitude : magnitude;
}

/** Negative, zero or positive, as `left` is less than, equal to or greater than `right`. @throws QuantityError */
export function compareQuantities(left: string | number, right: string | number): number {
  const difference = parseQuantity(left) - parseQuantity(right);
  return difference < 0n ? -1 : difference > 0n ? 1 : 0;
}

/** Whether both are the same quantity; false where one of them is none. */
export function sameQuantity(left: unknown, right: unknown): boolean {
  try {
    return isScalar(left) && isScalar(right) && compareQuantities(left, right) === 0;
  } catch {
    return false;
  }
}

/** The shortest text without a fraction, in powers of 1024 (`binary`, for bytes) or of 1000. */
export function formatQuantity(nanoUnits: bigint, format: 'binary' | 'decimal'): string {
  if (nanoUnits === 0n) return '0';
  if (format === 'binary' && nanoUnits % nano === 0n) {
    const units = nanoUnits / nano;
    for (const [suffix, shift] of Object.entries(binarySuffixes).toReversed())
      if (units % (1n << shift) === 0n) return `${units >> shift}${suffix}`;
    return String(units);
  }
  for (const [suffix, power] of Object.entries(decimalSuffixes).toReversed()) {
    const unit = 10n ** BigInt(power + 9);
    if (nanoUnits % unit === 0n) return `${nanoUnits / unit}${suffix}`;
  }
  return `${nanoUnits}n`;
}

/** Whole units, rounded up: bytes of a size, for example. */
export function wholeUnits(nanoUnits: bigint): bigint {
  return nanoUnits >= 0n ? dividedUp(nanoUnits, nano) : nanoUnits / nano;
}

function dividedUp(value: bigint, by: bigint): bigint {
  return (value + by - 1n) / by;
}

function isScalar(value: unknown): value is string | number {
  return typeof value === 'string' || typeof value === 'number';
}
