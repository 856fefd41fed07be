/**
 * Resource versions of one kind are decimal numbers of any length and may be compared (apimachinery 0.34 `util/resourceversion`, promised since
 * Kubernetes 1.35). They outgrow 2^53, so they stay strings.
 */

/** Negative, zero or positive, as `left` is older than, the same as or newer than `right`. An empty version is older than any other. */
export function compareResourceVersions(left: string, right: string): number {
  if (left.length !== right.length) return left.length - right.length;
  return left < right ? -1 : left > right ? 1 : 0;
}
