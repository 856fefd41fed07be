/**
 * Kubernetes quantities (`500Mi`, `1.5`, `100m`, `1e3`) as numbers, to compare sizes and to tell the impossible ones apart.
 * Grammar: k8s.io/apimachinery v0.34, pkg/api/resource/quantity.go.
 */
const powers: Readonly<Record<string, number>> = {
  n: 1e-9,
  u: 1e-6,
  m: 1e-3,
  '': 1,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  P: 1e15,
  E: 1e18,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
  Pi: 2 ** 50,
  Ei: 2 ** 60,
};

const grammar = /^([+-]?(?:\d+\.?\d*|\.\d+))(?:([eE][+-]?\d{1,3})|([numkMGTPE]|[KMGTPE]i)?)$/;

/** The amount in the quantity's base unit (bytes, cores, pieces); undefined for what is no quantity. Numbers are quantities, too. */
export const parseQuantity = (quantity: unknown): number | undefined => {
  if (typeof quantity === 'number') return Number.isFinite(quantity) ? quantity : undefined;
  if (typeof quantity !== 'string') return undefined;
  const match = grammar.exec(quantity);
  if (match === null) return undefined;
  const [, digits = '', exponent, suffix = ''] = match;
  const amount = exponent === undefined ? Number(digits) * (powers[suffix] ?? Number.NaN) : Number(digits + exponent);
  return Number.isFinite(amount) ? amount : undefined;
};
