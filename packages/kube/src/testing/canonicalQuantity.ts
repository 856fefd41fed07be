/** Quantities in the canonical form in which the API server gives them back (apimachinery 0.34 `pkg/api/resource/quantity.go`). */
import { formatQuantity, parseQuantity, QuantityError } from '../quantity.ts';

const nano = 1_000_000_000n;

/** `1024Mi` as `1Gi`, `0.5` as `500m`; what is no quantity is returned as it is. */
export function canonicalQuantity(text: string): string {
  try {
    const value = parseQuantity(text.trim());
    if (/\d[eE][+-]?\d+$/.test(text)) return withExponent(value);
    // A binary quantity below 1024 is written in decimal.
    const binary = text.endsWith('i') && (value >= 1024n * nano || value <= -1024n * nano);
    return formatQuantity(value, binary ? 'binary' : 'decimal');
  } catch (error) {
    if (error instanceof QuantityError) return text;
    throw error;
  }
}

/** Exponents stay exponents, in steps of three. */
function withExponent(nanoUnits: bigint): string {
  let digits = nanoUnits;
  let exponent = -9;
  while (digits !== 0n && digits % 1000n === 0n && exponent < 18) {
    digits /= 1000n;
    exponent += 3;
  }
  return exponent === 0 || digits === 0n ? String(digits) : `${digits}e${exponent}`;
}
