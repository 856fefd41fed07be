/** For tests of the API floor: whether the API server refuses what breaks a check of a single field. */
import { said } from './manifests.ts';
import type { Manifest } from './manifests.ts';
import { changed, placeName } from './objects.ts';
import type { Refusal } from './server.ts';
import type { Violation } from './violations.ts';

/** Those of `violations`, made of `valid`, that are not refused for what they are; a line for each. */
export async function misjudged(
  violations: readonly Violation[],
  valid: Manifest,
  check: (manifest: Manifest) => Promise<readonly Refusal[]>,
): Promise<readonly string[]> {
  const judged = violations.map(async ({ name, place, value, blamed, message }) => {
    const found = await check(changed(valid, place, value));
    // What is wrong in one way may be wrong in others too; the field has to be among those named.
    const named = found.some((refusal) => refusal.field === placeName(blamed) && message.test(refusal.message));
    return named ? [] : [`${name}: expected ${placeName(blamed)}: ${String(message)}, got ${said(found)}`];
  });
  return (await Promise.all(judged)).flat();
}
